"""Alarms of topics and of the consumers of queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_cloudwatch as cloudwatch

from patternbook.monitoring.functions import FunctionAlarms
from patternbook.monitoring.queues import QueueAlarms

if TYPE_CHECKING:  # a stack that does not use the services does not load their constructs
    from patternbook.messaging.consumer import QueueConsumer
    from patternbook.messaging.topic import EventTopic

FORGOTTEN_DAYS: Final = 7
"""Days after which people are reminded of a dead letter. SQS deletes a message 14 days after it was sent first."""


class MessagingAlarms(FunctionAlarms, QueueAlarms):
    """Alarms on events that SNS cannot deliver, and on messages that a function cannot handle."""

    def watch_topic(self, topic: EventTopic) -> None:
        """Adds an alarm on deliveries that fail, and a graph of all events.

        https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
        """
        self.watch(
            "Undelivered",
            topic.metric("NumberOfNotificationsFailed"),
            threshold=0,
            minutes=1,
            description="SNS cannot deliver an event to a queue",
            remedy="Compare the policies of the queues and of their key with the template, and start a redrive.",
        )
        self.graph(
            "Events",
            [
                topic.metric("NumberOfMessagesPublished"),
                topic.metric("NumberOfNotificationsDelivered"),
                topic.metric("NumberOfNotificationsFilteredOut"),
            ],
        )

    def watch_consumer(self, consumer: QueueConsumer, *, slow_percent: int, name: str) -> None:
        """Adds the alarms of its function and its queue, an alarm on messages that fail again and again, and a reminder
        of dead letters.

        The alarm on old messages does not see a message that fails, because SQS leaves messages out of that metric that
        were received three times.

        :param slow_percent: see :meth:`patternbook.monitoring.functions.FunctionAlarms.watch_function`.
        :param name: beginning of the names of the alarms.
        """
        self.watch_function(consumer.live, slow_percent=slow_percent, name=name)
        self.watch_queue(consumer.work, name=name)
        self.watch(
            f"{name}FailedMessages",
            consumer.metric("FailedMessages"),
            threshold=0,
            minutes=15,
            breaching_minutes=3,
            description=f"Messages of {name} fail again and again",
            remedy="Read the reason in the log group, and repair the function before the last attempt.",
        )
        self.watch(
            f"{name}ForgottenDeadLetters",
            consumer.work.age_of_oldest_dead_letter(),
            threshold=FORGOTTEN_DAYS * 86_400,
            minutes=1,
            missing_data=cloudwatch.TreatMissingData.IGNORE,
            description=f"A dead letter of {name} is {FORGOTTEN_DAYS} days old, and SQS deletes it after 14",
            remedy="Start a redrive, or keep a copy of the message.",
        )
        self.graph(f"Messages of {name}", [consumer.metric("HandledMessages"), consumer.metric("FailedMessages")])
