"""Limits of SQS queues, and of their consumers."""

from typing import Final

from patternbook.limits.limit import Limit

VISIBILITY_TIMEOUT: Final = Limit(
    "VisibilityTimeout",
    0,
    43_200,
    "seconds",
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html",
)


def check_work(*, max_work_seconds: int, visibility_timeout_seconds: int) -> None:
    """:raises ValueError: if SQS would deliver a message again while its consumer still works on it.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
    """
    if visibility_timeout_seconds <= max_work_seconds:
        raise ValueError(
            f"visibility_timeout_seconds must be above max_work_seconds ({max_work_seconds}), got "
            f"{visibility_timeout_seconds}, because SQS would deliver a message again during the work. Raise it."
        )
