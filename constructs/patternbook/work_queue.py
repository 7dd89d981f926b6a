"""A queue between those who have work and those who do it."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from patternbook.posture import Posture


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

        def queue(name: str, **more: object) -> sqs.Queue:
            return sqs.Queue(
                self,
                name,
                encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
                encryption_master_key=key,  # ty: ignore[invalid-argument-type]
                enforce_ssl=True,
                removal_policy=posture.removal_policy,
                **more,  # ty: ignore[invalid-argument-type]
            )

        self.dead_letters = queue("DeadLetters", retention_period=cdk.Duration.days(14))
        self.queue = queue(
            "Queue",
            visibility_timeout=visibility_timeout or cdk.Duration.seconds(60),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=self.ATTEMPTS),
        )

    def grant_send(self, role: iam.IGrantable) -> None:
        """Lets ``role`` send messages, and not read any."""
        self._grant(role, ["sqs:SendMessage"], ["kms:Decrypt", "kms:GenerateDataKey"])

    def grant_work_off(self, role: iam.IGrantable) -> None:
        """Lets ``role`` receive messages and delete them once they are worked off, and not send any."""
        self._grant(role, ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"], ["kms:Decrypt"])

    def _grant(self, role: iam.IGrantable, actions: list[str], key_actions: list[str]) -> None:
        """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html"""
        iam.Grant.add_to_principal(grantee=role, actions=actions, resource_arns=[self.queue.queue_arn])
        if self._key:
            iam.Grant.add_to_principal(grantee=role, actions=key_actions, resource_arns=[self._key.key_arn])

    def waiting(self) -> cloudwatch.Metric:
        """How many messages nobody has received yet."""
        return self.queue.metric_approximate_number_of_messages_visible(statistic="max", period=cdk.Duration.minutes(1))

    def given_up(self) -> cloudwatch.Metric:
        """How many messages were received :attr:`ATTEMPTS` times without being deleted."""
        return self.dead_letters.metric_approximate_number_of_messages_visible(
            statistic="max", period=cdk.Duration.minutes(1)
        )

    def age_of_oldest(self) -> cloudwatch.Metric:
        """How long, in seconds, the oldest message has been waiting."""
        return self.queue.metric_approximate_age_of_oldest_message(statistic="max", period=cdk.Duration.minutes(1))
