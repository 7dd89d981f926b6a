"""CloudWatch log groups with a retention."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct
from typing_extensions import Self

from patternbook.data.settings import LogSettings
from patternbook.limits.logs import RETENTION_DAYS, check_retention
from patternbook.posture import Posture

_RETENTION: Final = dict(
    zip(
        RETENTION_DAYS,
        (
            logs.RetentionDays.ONE_DAY,
            logs.RetentionDays.THREE_DAYS,
            logs.RetentionDays.FIVE_DAYS,
            logs.RetentionDays.ONE_WEEK,
            logs.RetentionDays.TWO_WEEKS,
            logs.RetentionDays.ONE_MONTH,
            logs.RetentionDays.TWO_MONTHS,
            logs.RetentionDays.THREE_MONTHS,
            logs.RetentionDays.FOUR_MONTHS,
            logs.RetentionDays.FIVE_MONTHS,
            logs.RetentionDays.SIX_MONTHS,
            logs.RetentionDays.ONE_YEAR,
            logs.RetentionDays.THIRTEEN_MONTHS,
            logs.RetentionDays.EIGHTEEN_MONTHS,
            logs.RetentionDays.TWO_YEARS,
            logs.RetentionDays.THREE_YEARS,
            logs.RetentionDays.FIVE_YEARS,
            logs.RetentionDays.SIX_YEARS,
            logs.RetentionDays.SEVEN_YEARS,
            logs.RetentionDays.EIGHT_YEARS,
            logs.RetentionDays.NINE_YEARS,
            logs.RetentionDays.TEN_YEARS,
        ),
        strict=True,
    )
)


class LogGroup(logs.LogGroup):
    """A log group with a retention, an encryption key, and the removal policy of the posture.

    It has no fixed name, so a stack can be deployed beside its own retained logs.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        retention_days: int | None = None,
        key: kms.IKey | None = None,
        name: str | None = None,
    ) -> None:
        """:param retention_days: one of :data:`patternbook.limits.logs.RETENTION_DAYS`. Defaults to the posture's.
        :param key: key that CloudWatch Logs may use, see :func:`patternbook.data.encryption.data_key`.
        :param name: for a service that writes to a log group of this name only. Two stacks must not share it.
        :raises ValueError: see :func:`patternbook.limits.logs.check_retention`.
        """
        check_retention(retention_days)
        days = posture.log_retention_days if retention_days is None else retention_days
        super().__init__(
            scope,
            construct_id,
            log_group_name=name,
            retention=_RETENTION[days],
            removal_policy=posture.removal_policy,
            encryption_key=key,
        )

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: LogSettings,
        *,
        posture: Posture,
        key: kms.IKey | None = None,
        name: str | None = None,
    ) -> Self:
        return cls(scope, construct_id, posture=posture, retention_days=settings.log_retention_days, key=key, name=name)


def vended_name(scope: Construct, service: str) -> str:
    """A name for a log group that an AWS service delivers to by a resource policy of CloudWatch Logs, such as API
    Gateway for access logs. Each creation of the stack gets another name.

    AWS adds each log group to a policy of the account and the Region, which has at most 5,120 characters. In an account
    with many APIs, it is full, and the deployment fails (https://github.com/serverless/serverless/issues/10469). One
    entry serves all names that begin with ``/aws/vendedlogs/``
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html).
    """
    stack = cdk.Stack.of(scope)
    guid = cdk.Fn.select(2, cdk.Fn.split("/", stack.stack_id))
    return f"/aws/vendedlogs/{service}/{stack.stack_name}-{guid}"
