"""SQS queues: work queues with their dead-letter queue, and queues for failed events."""

from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct

from patternbook.limits.queues import VISIBILITY_TIMEOUT
from patternbook.nag import acknowledge
from patternbook.posture import Posture

MINUTE: Final = cdk.Duration.minutes(1)
MAX_RETENTION: Final = cdk.Duration.days(14)
"""Maximum retention of messages in SQS."""


class WorkQueue(Construct):
    """An SQS queue with a dead-letter queue. Both take messages over TLS only, and encrypt them at rest.

    A role may either send or consume messages. It gets only the actions that it needs for that.
    """

    ATTEMPTS = 5
    """Number of times that a message is received before it moves to the dead-letter queue."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        key: kms.IKey | None = None,
        visibility_timeout_seconds: int = 60,
    ) -> None:
        """:param key: encrypts the messages. Defaults to keys of SQS.
        :param visibility_timeout_seconds: time for which a received message is hidden from other consumers. It must be
            longer than the work on any message.
        :raises ValueError: see :data:`patternbook.limits.queues.VISIBILITY_TIMEOUT`.
        """
        VISIBILITY_TIMEOUT.check("visibility_timeout_seconds", visibility_timeout_seconds)
        super().__init__(scope, construct_id)
        self._key = key
        self.visibility_timeout_seconds = visibility_timeout_seconds
        self.dead_letters = _queue(self, "DeadLetters", posture=posture, key=key, retention_period=MAX_RETENTION)
        self.queue = _queue(
            self,
            "Queue",
            posture=posture,
            key=key,
            visibility_timeout=cdk.Duration.seconds(visibility_timeout_seconds),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=self.ATTEMPTS),
        )

    def grant_send(self, role: iam.IGrantable) -> None:
        """Lets a role send messages, but not receive them."""
        _grant_send(role, self.queue, self._key)

    def grant_consume(self, role: iam.IGrantable) -> None:
        """Lets a role receive and delete messages, but not send them."""
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
        _grant(role, self.queue, self._key, actions, ["kms:Decrypt"])

    def admit(self, topic: sns.ITopic) -> None:
        """Lets an SNS topic send messages to the queue.

        The policy of the queue's key must admit SNS, see :func:`patternbook.data.encryption.data_key`.

        https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
        """
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AdmitTopic",
                principals=[iam.ServicePrincipal("sns.amazonaws.com")],  # ty: ignore[invalid-argument-type]
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": topic.topic_arn}},
            )
        )

    @property
    def policies(self) -> list[IConstruct]:
        """The policies of both queues."""
        return [queue.node.find_child("Policy") for queue in (self.queue, self.dead_letters)]

    @property
    def redrive_command(self) -> str:
        """Moves all messages from the dead-letter queue back to the queue.

        The destination is given, because messages that SNS could not deliver have no queue that they came from.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
        """
        return (
            f"aws sqs start-message-move-task --source-arn {self.dead_letters.queue_arn}"
            f" --destination-arn {self.queue.queue_arn}"
        )

    def backlog(self) -> cloudwatch.Metric:
        """Number of messages that wait to be received."""
        return self.queue.metric_approximate_number_of_messages_visible(statistic="max", period=MINUTE)

    def dead_letter_count(self) -> cloudwatch.Metric:
        """Number of messages in the dead-letter queue."""
        return self.dead_letters.metric_approximate_number_of_messages_visible(statistic="max", period=MINUTE)

    def age_of_oldest(self) -> cloudwatch.Metric:
        """Age of the oldest message in seconds."""
        return self.queue.metric_approximate_age_of_oldest_message(statistic="max", period=MINUTE)

    def age_of_oldest_dead_letter(self) -> cloudwatch.Metric:
        """Time in seconds since the oldest message of the dead-letter queue was moved there."""
        return self.dead_letters.metric_approximate_age_of_oldest_message(statistic="max", period=MINUTE)


@jsii.implements(lambda_.IDestination)
class FailureQueue(Construct):
    """An SQS queue that keeps failed events for 14 days, until a person looks at them.

    It takes messages over TLS only and encrypts them at rest. It is a destination for events that a Lambda function
    could not process. The function's role may only send. (CDK's own ``SqsDestination`` would also let the role encrypt
    and re-encrypt anything with the key.)
    """

    def __init__(self, scope: Construct, construct_id: str, *, posture: Posture, key: kms.IKey | None = None) -> None:
        """:param key: encrypts the messages. Defaults to keys of SQS."""
        super().__init__(scope, construct_id)
        self._key = key
        self.queue = _queue(self, "Queue", posture=posture, key=key, retention_period=MAX_RETENTION)
        acknowledge(
            self.queue, "SQS3", "It is a queue of failures itself: an alarm rings for each, and people read it."
        )

    def bind(
        self,
        _scope: Construct,
        fn: lambda_.IFunction,
        *,
        type: lambda_.DestinationType | None = None,  # noqa: A002, ARG002
    ) -> lambda_.DestinationConfig:
        """CDK calls this for the function's asynchronous invocation."""
        _grant_send(fn.grant_principal, self.queue, self._key)
        return lambda_.DestinationConfig(destination=self.queue.queue_arn)

    def grant_consume(self, role: iam.IGrantable) -> None:
        """Lets a role receive, delete and count events, but not send them."""
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        _grant(role, self.queue, self._key, actions, ["kms:Decrypt"])

    def backlog(self) -> cloudwatch.Metric:
        """Number of events in the queue."""
        return self.queue.metric_approximate_number_of_messages_visible(statistic="max", period=MINUTE)


def _queue(scope: Construct, construct_id: str, *, posture: Posture, key: kms.IKey | None, **more: object) -> sqs.Queue:
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=key,
        enforce_ssl=True,
        removal_policy=posture.removal_policy,
        **more,  # ty: ignore[invalid-argument-type]
    )


def _grant_send(role: iam.IGrantable, queue: sqs.Queue, key: kms.IKey | None) -> None:
    _grant(role, queue, key, ["sqs:SendMessage"], ["kms:Decrypt", "kms:GenerateDataKey"])


def _grant(
    role: iam.IGrantable, queue: sqs.Queue, key: kms.IKey | None, actions: list[str], key_actions: list[str]
) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html"""
    iam.Grant.add_to_principal(grantee=role, actions=actions, resource_arns=[queue.queue_arn])
    if key:
        iam.Grant.add_to_principal(grantee=role, actions=key_actions, resource_arns=[key.key_arn])
