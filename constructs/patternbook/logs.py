"""Log groups that say how long they keep what they hold."""

from typing import Final

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from patternbook.posture import Posture

RETENTION: Final = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1096: logs.RetentionDays.THREE_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    2192: logs.RetentionDays.SIX_YEARS,
    2557: logs.RetentionDays.SEVEN_YEARS,
    2922: logs.RetentionDays.EIGHT_YEARS,
    3288: logs.RetentionDays.NINE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}
"""The retention times, in days, that CloudWatch Logs knows.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""


def check_retention(days: int | None) -> None:
    """:raises ValueError: for a retention time that CloudWatch Logs does not know. None stands for the posture's."""
    if days is not None and days not in RETENTION:
        raise ValueError(f"retention_days: {days} is not one of {', '.join(map(str, RETENTION))}")


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

    :param retention_days: one of :data:`RETENTION`; the posture's where it is None.
    :param key: a key that lets CloudWatch Logs use it, see :func:`patternbook.encryption.data_key`.
    :param name: where a service writes to a group of this name and no other; it has to be another for each time that
        the stack is made.
    :raises ValueError: see :func:`check_retention`.
    """
    check_retention(retention_days)
    days = posture.log_retention_days if retention_days is None else retention_days
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=RETENTION[days],
        removal_policy=posture.removal_policy,
        encryption_key=key,
    )
