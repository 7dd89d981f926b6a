"""Amazon SQS.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html:
metrics are sent only while the queue is active. The age of the oldest message is reported only with a message in the
queue, and does not see poison pills: messages that were received three times and not deleted. In a dead-letter queue
the age counts from the move. A queue is active for six hours after the last message or request
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html).
"""

from dataclasses import dataclass

from patternbook.testing.drills.emitters.reports import Report, report


@dataclass(frozen=True)
class Messages:
    """The messages of a queue in one minute."""

    active: bool = True
    visible: int = 0
    in_flight: int = 0
    oldest_seconds: int | None = None
    """Age of the oldest message that is no poison pill. None without one."""

    sent: int = 0
    received: int = 0
    deleted: int = 0
    empty_receives: int = 0


@dataclass(frozen=True)
class Queue:
    name: str

    def metrics(self, messages: Messages) -> Report:
        if not messages.active:
            return {}
        values = {
            "ApproximateNumberOfMessagesVisible": messages.visible,
            "ApproximateNumberOfMessagesNotVisible": messages.in_flight,
            "ApproximateNumberOfMessagesDelayed": 0,
            "ApproximateAgeOfOldestMessage": messages.oldest_seconds,
            "NumberOfMessagesSent": messages.sent,
            "NumberOfMessagesReceived": messages.received,
            "NumberOfMessagesDeleted": messages.deleted,
            "NumberOfEmptyReceives": messages.empty_receives,
        }
        return report("AWS/SQS", {"QueueName": self.name}, values)
