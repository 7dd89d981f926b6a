"""Limits of Firehose streams that deliver to S3, and of Athena, each with its source."""

from typing import Final

from patternbook.limits.limit import Limit

BUFFER_SECONDS: Final = Limit(
    "buffer interval of a Firehose stream with dynamic partitioning",
    60,
    900,
    "seconds",
    "https://docs.aws.amazon.com/firehose/latest/dev/buffering.html",
)
BUFFER_MIB: Final = Limit(
    "buffer size of a Firehose stream with dynamic partitioning or format conversion",
    64,
    128,
    "MiB",
    "https://docs.aws.amazon.com/firehose/latest/dev/buffering.html",
)
SLOWEST_DELIVERY: Final = 1.5
"""How many buffer intervals a delivery with dynamic partitioning can take:
https://docs.aws.amazon.com/firehose/latest/dev/buffering.html
"""
TRANSFORM_SECONDS: Final = Limit(
    "timeout of a function that transforms records",
    1,
    300,
    "seconds",
    "https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html",
)
SCANNED_BYTES: Final = Limit(
    "data usage limit of a query",
    10_000_000,
    7_000_000_000_000_000,
    "bytes",
    "https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html",
)
ALARM_MINUTES: Final = Limit(
    "minutes that an alarm with a period of 5 minutes looks back",
    5,
    1_440,
    "minutes",
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
)
