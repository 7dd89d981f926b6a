"""Alarms of SQS queues."""

from patternbook.data.queues import WorkQueue
from patternbook.monitoring.base import MonitoringBase


class QueueAlarms(MonitoringBase):
    """Alarms on old messages and dead letters."""

    def watch_queue(self, work: WorkQueue) -> None:
        """Adds alarms on old messages and on the dead-letter queue, and a graph of the backlog.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
        """
        self.watch(
            "OldMessages",
            work.age_of_oldest(),
            threshold=600,
            description="A message waits for longer than 10 minutes",
        )
        self.watch(
            "DeadLetters",
            work.dead_letter_count(),
            threshold=0,
            minutes=1,
            description="The dead-letter queue is not empty",
        )
        self.graph("Backlog", [work.backlog()])
