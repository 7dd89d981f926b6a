"""Limits of CloudWatch Logs."""

from typing import Final

RETENTION_DAYS: Final = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
"""Retention times in days that CloudWatch Logs accepts.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""


def check_retention(days: int | None) -> None:
    """:raises ValueError: for a retention that CloudWatch Logs doesn't accept. None stands for the posture's."""
    if days is not None and days not in RETENTION_DAYS:
        raise ValueError(f"retention_days must be one of {', '.join(map(str, RETENTION_DAYS))}, got {days}.")
