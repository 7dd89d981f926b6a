"""Alarms of SQS queues."""

from aws_cdk import aws_cloudwatch as cloudwatch

from patternbook.data.queues import WorkQueue
from patternbook.monitoring.base import MonitoringBase


class QueueAlarms(MonitoringBase):
    """Alarms on old messages and dead letters."""

    def watch_queue(self, work: WorkQueue, *, name: str = "") -> list[cloudwatch.Alarm]:
        """Adds alarms on old messages and on the dead-letter queue, and a graph of the backlog.

        SQS sends no metrics of a queue that nobody has called for six hours, so without data the alarms keep their
        state: a message in the dead-letter queue is still there.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html

        :param name: beginning of the names of the alarms, if there are several queues.
        :return: the alarms that tell of a bad deployment, see :func:`patternbook.ecs.service.roll_back_on`.
        """
        of = f" of {name}" if name else ""
        old = self.watch(
            f"{name}OldMessages",
            work.age_of_oldest(),
            threshold=600,
            breaching_minutes=3,
            missing_data=cloudwatch.TreatMissingData.IGNORE,
            named=True,
            description=f"A message{of} waits for longer than 10 minutes",
            remedy="Look at the log group of the workers for errors, and raise their maximum number if all are busy.",
        )
        self.watch(
            f"{name}DeadLetters",
            work.dead_letter_count(),
            threshold=0,
            minutes=1,
            missing_data=cloudwatch.TreatMissingData.IGNORE,
            description=f"The dead-letter queue{of} is not empty",
            remedy="Receive a message to see what failed, mend the worker, and start a redrive to the queue.",
        )
        self.graph(f"Backlog{of}", [work.backlog()])
        return [old]
