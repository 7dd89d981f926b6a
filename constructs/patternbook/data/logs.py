"""Log groups that say how long they keep what they hold."""

from typing import Final

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

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


def log_group(
    scope: Construct,
    construct_id: str,
    *,
    posture: Posture,
    retention_days: int | None,
    key: kms.Key | None,
    name: str | None = None,
) -> logs.LogGroup:
    """A log group without a fixed name, so that a stack can be deployed beside its own retained logs.

    :param retention_days: one of :data:`patternbook.limits.logs.RETENTION_DAYS`; the posture's where it is None.
    :param key: a key that lets CloudWatch Logs use it, see :func:`patternbook.data.encryption.data_key`.
    :param name: where a service writes to a group of this name and no other; it has to be another for each time that
        the stack is made.
    :raises ValueError: see :func:`patternbook.limits.logs.check_retention`.
    """
    check_retention(retention_days)
    days = posture.log_retention_days if retention_days is None else retention_days
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=_RETENTION[days],
        removal_policy=posture.removal_policy,
        encryption_key=key,
    )
