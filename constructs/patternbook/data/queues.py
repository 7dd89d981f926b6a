"""Queues: between those who have work and those who do it, and for what failed."""

from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from patternbook.nag import acknowledge
from patternbook.posture import Posture

MINUTE: Final = cdk.Duration.minutes(1)
LONGEST: Final = cdk.Duration.days(14)
"""For how long SQS keeps a message at most."""


class WorkQueue(Construct):
    """An SQS queue that takes messages over TLS only, encrypted at rest, with a queue for those that nobody could work
    off. A role may either send or receive, and gets no action that it does not need for that.
    """

    ATTEMPTS = 5

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        key: kms.Key | None = None,
        visibility_timeout: cdk.Duration | None = None,
    ) -> None:
        """:param key: encrypts the messages; SQS does it by keys of its own where it is None.
        :param visibility_timeout: how long a message is hidden from others once it was received; 60 seconds where it
            is None.
        """
        super().__init__(scope, construct_id)
        self._key = key
        self.dead_letters = _queue(self, "DeadLetters", posture=posture, key=key, retention_period=LONGEST)
        self.queue = _queue(
            self,
            "Queue",
            posture=posture,
            key=key,
            visibility_timeout=visibility_timeout or cdk.Duration.seconds(60),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=self.ATTEMPTS),
        )

    def grant_send(self, role: iam.IGrantable) -> None:
        """Lets ``role`` send messages, and not read any."""
        _grant_send(role, self.queue, self._key)

    def grant_consume(self, role: iam.IGrantable) -> None:
        """Lets ``role`` receive messages and delete them once they are worked off, and not send any."""
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
        _grant(role, self.queue, self._key, actions, ["kms:Decrypt"])

    def backlog(self) -> cloudwatch.Metric:
        """How many messages nobody has received yet."""
        return self.queue.metric_approximate_number_of_messages_visible(statistic="max", period=MINUTE)

    def dead_letter_count(self) -> cloudwatch.Metric:
        """How many messages were received :attr:`ATTEMPTS` times without being deleted."""
        return self.dead_letters.metric_approximate_number_of_messages_visible(statistic="max", period=MINUTE)

    def age_of_oldest(self) -> cloudwatch.Metric:
        """How long, in seconds, the oldest message has been waiting."""
        return self.queue.metric_approximate_age_of_oldest_message(statistic="max", period=MINUTE)


@jsii.implements(lambda_.IDestination)
class FailureQueue(Construct):
    """An SQS queue for what failed, until a person looks: as of :class:`WorkQueue`, for up to 14 days.

    It is a destination for events that a Lambda function could not do. The function's role may send, and no more:
    CDK's own ``SqsDestination`` would let it use the key to encrypt anything, and re-encrypt.
    """

    def __init__(self, scope: Construct, construct_id: str, *, posture: Posture, key: kms.Key | None = None) -> None:
        """:param key: as of :class:`WorkQueue`."""
        super().__init__(scope, construct_id)
        self._key = key
        self.queue = _queue(self, "Queue", posture=posture, key=key, retention_period=LONGEST)
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
        """Called by the construct of the function's asynchronous invocation."""
        _grant_send(fn.grant_principal, self.queue, self._key)
        return lambda_.DestinationConfig(destination=self.queue.queue_arn)

    def backlog(self) -> cloudwatch.Metric:
        """How many failures nobody has taken out yet."""
        return self.queue.metric_approximate_number_of_messages_visible(statistic="max", period=MINUTE)


def _queue(scope: Construct, construct_id: str, *, posture: Posture, key: kms.Key | None, **more: object) -> sqs.Queue:
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=key,  # ty: ignore[invalid-argument-type]
        enforce_ssl=True,
        removal_policy=posture.removal_policy,
        **more,  # ty: ignore[invalid-argument-type]
    )


def _grant_send(role: iam.IGrantable, queue: sqs.Queue, key: kms.Key | None) -> None:
    _grant(role, queue, key, ["sqs:SendMessage"], ["kms:Decrypt", "kms:GenerateDataKey"])


def _grant(
    role: iam.IGrantable, queue: sqs.Queue, key: kms.Key | None, actions: list[str], key_actions: list[str]
) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html"""
    iam.Grant.add_to_principal(grantee=role, actions=actions, resource_arns=[queue.queue_arn])
    if key:
        iam.Grant.add_to_principal(grantee=role, actions=key_actions, resource_arns=[key.key_arn])
