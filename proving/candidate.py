"""A stack that is to be proven, and what is asked before anything is deployed. All of it only reads."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from patternbook.leftovers.stacks import EXPIRES, made_by_proof
from patternbook.preflight.access import Identity, identity_of, region_of
from patternbook.preflight.account import Account as AskedAccount
from patternbook.preflight.stack import assembly_of
from proving.account import UserAccount
from proving.fingerprint import FILE
from proving.proof import RecordedReport
from proving.record import Record, now
from rehearsal.account import ROOT
from rehearsal.interruption import Interruption
from rehearsal.plan import AS_CONFIGURED, CHANGED
from rehearsal.plan import SANDBOX as IN_APP
from rehearsal.running import RehearsalError
from tools.assembly import pin_environment, template_files

EXPIRES_AFTER: Final = timedelta(days=1)
CLI: Final = ROOT / "node_modules" / "aws-cdk" / "package.json"
"""Has the version of the CLI, which takes a second to say it itself."""
SYNTH_SECONDS: Final = 300
ASK_SECONDS: Final = 120


class RefusedError(Exception):
    """Nothing is deployed. The message is written for the person who called the command."""


@dataclass
class Candidate:
    """A stack that is to be proven, before anything is deployed."""

    account: UserAccount
    assemblies: Path
    pattern: str
    stage: str

    @cached_property
    def template_file(self) -> Path:
        return template_files(self.assemblies / AS_CONFIGURED)[self.path]

    @property
    def path(self) -> str:
        return f"{self.stage}/{self.pattern}" if self.stage else self.pattern

    @property
    def name(self) -> str:
        return self.path.replace("/", "-")

    @cached_property
    def described(self) -> dict[str, str]:
        """The posture and the fingerprint."""
        return json.loads((self.assemblies / FILE).read_text(encoding="utf-8"))

    def state(self) -> Mapping[str, Any] | None:
        """The stack in the account, if it exists."""
        try:
            return self.account.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def removal(self) -> str:
        """The commands that remove the stack."""
        region = self.account.region
        lines = [f"aws cloudformation delete-stack --stack-name {self.name} --region {region}"]
        if self.described["posture"] == "production":
            lines.insert(0, "# first what the page of the pattern says under `cdk destroy`, to lift the protection")
        lines.append(f'make leftovers ARGS="--region {region} --stack {self.name}"')
        return "\n".join(f"    {line}" for line in lines)


def synthesized(
    session: boto3.Session, pattern: str, stage: str, folder: Path, interruption: Interruption
) -> Candidate:
    """Synthesizes the stack as it is configured, and with the changed settings.

    The synth is in another process, because the CDK's Node would keep running in this one.

    :raises RefusedError: if the settings have a mistake, or the CDK CLI would refuse the stack.
    """
    assemblies = folder / "assemblies"
    expires = f"{datetime.now(timezone.utc) + EXPIRES_AFTER:%Y-%m-%d}"
    # The Region is known after the synth only, because a stage may have one.
    account = UserAccount(session, Identity("", ""), region="", folder=folder, interruption=interruption)
    result = account.run(
        *(sys.executable, "-m", "proving.assemblies", str(assemblies), pattern, stage, expires),
        folder=ROOT,
        environment={**account.environment, "CDK_VALIDATION": "false"},  # the CLI validates again
        seconds=SYNTH_SECONDS,
    )
    if result.status:
        raise RefusedError(result.output.strip())
    path = f"{stage}/{pattern}" if stage else pattern
    region = region_of(session, None, assembly_of(str(template_files(assemblies / AS_CONFIGURED)[path])).region)
    identity = identity_of(AskedAccount(session, region, seconds=ASK_SECONDS), region)
    pin_account(assemblies, path, identity.account_id, region)
    account = UserAccount(
        boto3.Session(region_name=region), identity, region=region, folder=folder, interruption=interruption
    )
    for name in (AS_CONFIGURED, CHANGED):
        checked = account.run("cdk", "synth", "--app", str(assemblies / name), path, "--quiet")
        if checked.status:
            raise RefusedError(checked.output.strip())
    return Candidate(account, assemblies, pattern, stage)


def pin_account(assemblies: Path, path: str, account_id: str, region: str) -> None:
    """Ties the apps to the account that the user confirms, even if the credentials of the CLI change in between.

    :raises RefusedError: if the stage is for another account, into which the CLI may assume a role.
    """
    configured = assembly_of(str(template_files(assemblies / AS_CONFIGURED)[path])).account_id
    if configured not in ("", account_id):
        raise RefusedError(
            f"{path} must be proven in the account {configured}, which its stage in cdk.json has, but your credentials "
            f"are of the account {account_id}. Set AWS_PROFILE to a profile of {configured}."
        )
    for name in (AS_CONFIGURED, CHANGED):
        pin_environment(assemblies / name, account_id, region)


def record_of(candidate: Candidate) -> Record:
    """A record without steps."""
    commit = candidate.account.run("git", "describe", "--always", "--dirty", folder=ROOT, seconds=ASK_SECONDS)
    return Record(
        pattern=candidate.pattern,
        stage=candidate.stage or IN_APP,
        posture=candidate.described["posture"],
        region=candidate.account.region,
        versions={
            "patternbook": version("patternbook"),
            "commit": commit.output.strip() if commit.status == 0 else "unknown",
            "aws-cdk-lib": version("aws-cdk-lib"),
            "cdk": json.loads(CLI.read_text(encoding="utf-8"))["version"],
            "fingerprint": candidate.described["fingerprint"],
        },
        began=now(),
        emulated=candidate.account.is_emulated,
    )


def left_by_earlier_proof(candidate: Candidate) -> bool:
    """Whether an earlier proof has left its stack.

    :raises RefusedError: if there is a stack that ``make prove`` has not made, or that is changing now.
    """
    found = candidate.state()
    if found is None:
        return False
    exists = f"{candidate.name} exists already in {candidate.account.region} ({found['StackStatus']})"
    if not made_by_proof(found):
        raise RefusedError(
            f"{exists}, and make prove has not made it: its description is not that of the book, or it has no tag "
            f"{EXPIRES}. Choose another Region or another stage, or destroy it yourself."
        )
    if found["StackStatus"].endswith("_IN_PROGRESS"):
        raise RefusedError(f"{exists}. Another make prove may be at work. Start again when CloudFormation is done.")
    return True


def preflight(candidate: Candidate, report: RecordedReport) -> None:
    """Asks the account what would stop the deployment, and that of the change.

    :raises RehearsalError: if something would.
    """
    files = [str(template_files(candidate.assemblies / name)[candidate.path]) for name in (AS_CONFIGURED, CHANGED)]
    with report.step("preflight") as details:
        for file in files:
            command = (sys.executable, "-m", "patternbook.cli", "preflight", "--json", file)
            result = candidate.account.run(
                *command, "--region", candidate.account.region, folder=ROOT, seconds=ASK_SECONDS
            )
            try:
                answers = [each for stack in json.loads(result.output)["stacks"] for each in stack["answers"]]
            except ValueError:
                raise RehearsalError(f"The preflight asked nothing.\n{result.output.strip()}") from None
            stops = [f"{each['message']}\n    {each['fix']}" for each in answers if each["verdict"] == "stops"]
            if stops:
                raise RehearsalError("The preflight found what stops the deployment:\n" + "\n".join(stops))
            for each in answers:
                if each["verdict"] in ("may", "unknown"):
                    details.append(f"{each['verdict']}: {each['message']}")
        details[:] = list(dict.fromkeys(details))
