"""Limits of DynamoDB tables, each with its source."""

from typing import Final

from patternbook.limits.limit import Limit

# The API states the minimum. The default quota of a table in most Regions is the maximum, and AWS raises it on request:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
REQUEST_UNITS: Final = Limit(
    "maximum request units of a table on demand",
    1,
    40_000,
    "request units per second",
    "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_OnDemandThroughput.html",
)
RECOVERY_DAYS: Final = 35
"""The longest recovery period of point-in-time recovery, and its default:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
"""


def check_request_units(argument: str, value: int | None) -> None:
    """:raises ValueError: for request units outside of DynamoDB's range. None stands for no maximum."""
    if value is not None:
        REQUEST_UNITS.check(argument, value)
