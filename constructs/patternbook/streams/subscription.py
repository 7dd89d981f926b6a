"""The messages of an SNS topic as records of a stream."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from patternbook.data.queues import FailureQueue
from patternbook.posture import Posture
from patternbook.streams.stream import EventStream


class StreamSubscription(Construct):
    """Delivers the messages of an existing SNS topic to a stream, as they were published.

    SNS puts them with a role that may do nothing else. What SNS cannot deliver is in a queue for 14 days. SNS gives up
    at once if it may not put records, and after 23 days if the stream does not answer
    (https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stream: EventStream,
        topic_arn: str,
        posture: Posture,
        key: kms.IKey | None = None,
    ) -> None:
        """:param topic_arn: a standard topic in the account and the Region of the stack.
        :param key: encrypts the queue. Its policy must admit SNS, see :func:`patternbook.data.encryption.data_key`.
        """
        super().__init__(scope, construct_id)
        self.failures = FailureQueue(self, "Failures", posture=posture, key=key)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("sns.amazonaws.com"))  # ty: ignore[invalid-argument-type]
        # The actions that SNS documents, but for ListDeliveryStreams, which no resource can limit:
        # https://docs.aws.amazon.com/sns/latest/dg/prereqs-kinesis-data-firehose.html
        iam.Grant.add_to_principal(
            grantee=role,
            actions=[
                "firehose:DescribeDeliveryStream",
                "firehose:ListTagsForDeliveryStream",
                "firehose:PutRecord",
                "firehose:PutRecordBatch",
            ],
            resource_arns=[stream.stream.delivery_stream_arn],
        )
        self.subscription = sns.Subscription(
            self,
            "Subscription",
            topic=sns.Topic.from_topic_arn(self, "Topic", topic_arn),
            protocol=sns.SubscriptionProtocol.FIREHOSE,
            endpoint=stream.stream.delivery_stream_arn,
            subscription_role_arn=role.role_arn,
            raw_message_delivery=True,
            dead_letter_queue=self.failures.queue,
        )
        # SNS confirms the subscription at once, and delivers what comes next.
        self.subscription.node.add_dependency(role, self.failures.queue.node.find_child("Policy"))

    def undelivered(self) -> cloudwatch.Metric:
        """Number of messages that SNS could not deliver."""
        return self.failures.backlog()
