"""A queue for messages that people answer."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from patternbook.limits.step_functions import MESSAGE_SECONDS
from patternbook.nag import acknowledge
from patternbook.posture import Posture


class PeopleQueue(Construct):
    """An SQS queue for messages that a person reads, answers and deletes, such as a question with a task token.

    It keeps a message for as long as the workflow waits for the answer, so an old question is not answered in vain. It
    takes messages over TLS only, and encrypts them at rest.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        retention_seconds: int,
        key: kms.IKey | None = None,
    ) -> None:
        """:param retention_seconds: time for which the workflow waits for an answer.
        :param key: encrypts the messages. Defaults to keys of SQS.
        :raises ValueError: see :data:`patternbook.limits.step_functions.MESSAGE_SECONDS`.
        """
        MESSAGE_SECONDS.check("retention_seconds", retention_seconds)
        super().__init__(scope, construct_id)
        self.retention_seconds = retention_seconds
        self._key = key
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=cdk.Duration.seconds(retention_seconds),
            removal_policy=posture.removal_policy,
        )
        acknowledge(self.queue, "SQS3", "People work the queue off, and its age has an alarm. No consumer can fail.")

    def grant_send(self, role: iam.IGrantable) -> None:
        """Lets a role send messages, but not receive them.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
        """
        iam.Grant.add_to_principal(grantee=role, actions=["sqs:SendMessage"], resource_arns=[self.queue.queue_arn])
        if self._key is not None:
            stack = cdk.Stack.of(self)
            iam.Grant.add_to_principal(
                grantee=role,
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resource_arns=[self._key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": f"sqs.{stack.region}.{stack.url_suffix}"}},
            )

    def metric(self, name: str) -> cloudwatch.Metric:
        """The maximum of a metric of the queue in each minute."""
        return self.queue.metric(name, statistic="max", period=cdk.Duration.minutes(1))
