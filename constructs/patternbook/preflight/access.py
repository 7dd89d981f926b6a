"""The credentials and the Region of a command that asks an account."""

import difflib
import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import boto3

    from patternbook.preflight.account import Account


class NoAccessError(Exception):
    """Nothing can be asked. The message is written for the person who called the command."""


class Identity(NamedTuple):
    """Whose credentials these are."""

    account_id: str
    arn: str


def session_of(profile: str | None) -> "boto3.Session":
    """A session with credentials.

    :raises NoAccessError: if there are none, or boto3 is not installed.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise NoAccessError("This command asks AWS by boto3, which is not installed: pip install boto3") from None
    try:
        session = boto3.Session(profile_name=profile)
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise NoAccessError(f"There are no AWS credentials: {error}.") from None
    if credentials is None:
        raise NoAccessError(
            "There are no AWS credentials. Set AWS_PROFILE or --profile to a profile, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY: https://docs.aws.amazon.com/boto3/latest/guide/credentials.html"
        )
    return session


def region_of(session: "boto3.Session", given: str | None, of_stack: str = "") -> str:
    """The Region that was asked for, or that of the stack, or that of the environment.

    :raises NoAccessError: if there is none, or AWS has no such Region.
    """
    region = given or of_stack or os.environ.get("AWS_REGION") or session.region_name
    if not region:
        raise NoAccessError("There is no Region. Set --region or AWS_REGION to the Region of the deployment.")
    known = [
        each
        for partition in session.get_available_partitions()
        for each in session.get_available_regions("ec2", partition_name=partition)
    ]
    if region not in known:
        close = difflib.get_close_matches(region, known, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise NoAccessError(
            f"The Region must be one of AWS, got {region!r}.{hint} If it is new, update boto3: pip install -U boto3"
        )
    return region


def identity_of(account: "Account", region: str) -> Identity:
    """Whose credentials an account is asked with.

    :raises NoAccessError: if AWS does not say it.
    """
    from patternbook.preflight.account import CouldNotAskError

    try:
        answer = account.ask("sts.get_caller_identity")
    except CouldNotAskError as error:
        raise NoAccessError(
            f"AWS does not say in {region} whose credentials these are: {error}. They may have expired, the account "
            f"may not have enabled the Region (aws account get-region-opt-status --region-name {region}), or the "
            "network does not reach AWS."
        ) from None
    return Identity(answer["Account"], answer["Arn"])


def partition_of(region: str) -> str:
    """The partition of a Region, by its name."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
    return next((each for prefix, each in prefixes.items() if region.startswith(prefix)), "aws")
