"""Limits of consumers of queues, and of uploads by form, each with its source."""

from typing import Final

from patternbook.limits.limit import Limit
from patternbook.limits.queues import VISIBILITY_TIMEOUT

CONSUMERS: Final = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"

BATCH_SIZE: Final = Limit(
    "batch size of a queue without a batching window",
    1,
    10,
    "messages",
    "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html",
)
FIFO_BATCH: Final = 10
"""The largest batch of a FIFO queue, in messages:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html"""
MAX_CONCURRENCY: Final = Limit(
    "maximum concurrency of an event source",
    2,
    1_000,
    "concurrent executions",
    "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html",
)
VISIBILITY_FACTOR: Final = 6
"""The visibility timeout of a queue as a multiple of its consumer's timeout, which AWS recommends (:data:`CONSUMERS`).
The extra time lets Lambda retry while the function is throttled.
"""
MIN_RECEIVES: Final = 5
"""The lowest maxReceiveCount that AWS recommends for a queue with a function (:data:`CONSUMERS`)."""
SOURCE_RETENTION_DAYS: Final = 4
"""The retention of messages that SQS sets by default, and that the work queues keep:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""


def visibility_timeout(timeout_seconds: int) -> int:
    """The visibility timeout in seconds of a queue whose consumer has this timeout.

    :raises ValueError: see :data:`patternbook.limits.queues.VISIBILITY_TIMEOUT`.
    """
    seconds = VISIBILITY_FACTOR * timeout_seconds
    VISIBILITY_TIMEOUT.check(f"{VISIBILITY_FACTOR} times timeout_seconds", seconds)
    return seconds
