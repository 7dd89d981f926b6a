"""Limits of Step Functions workflows and of the queues that they ask people by, each with its source."""

from typing import Final

from patternbook.limits.limit import Limit

MESSAGE_SECONDS: Final = Limit(
    "retention period of a queue",
    60,
    14 * 86_400,
    "seconds",
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html",
)
"""The time for which a workflow can wait for a person, because the question is a message in a queue."""
