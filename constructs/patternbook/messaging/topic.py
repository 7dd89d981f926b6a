"""An SNS topic for events of S3 buckets, with a filter for each queue."""

from collections.abc import Mapping
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from patternbook.data.queues import WorkQueue

MINUTE: Final = cdk.Duration.minutes(1)


class EventTopic(Construct):
    """An SNS topic that takes events of S3 buckets of the account, over TLS only.

    *Delivery.* Each queue gets the events that its filter admits, as S3 wrote them. An event that SNS cannot deliver to
    a queue goes to the dead-letter queue of that queue.

    *Key.* Its policy must admit S3, see :func:`patternbook.data.encryption.data_key`. The AWS managed key of SNS does
    not admit S3, so without a key KMS does not encrypt the events at rest
    (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey | None = None) -> None:
        """:param key: encrypts the events."""
        super().__init__(scope, construct_id)
        self._key = key
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True, master_key=key)
        # Not the ARN of the bucket: the bucket can only be created after this policy, because S3 tests the topic then.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AdmitBuckets",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],  # ty: ignore[invalid-argument-type]
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account},
                    "ArnLike": {
                        "aws:SourceArn": cdk.Stack.of(self).format_arn(
                            service="s3", region="", account="", resource="*"
                        )
                    },
                },
            )
        )

    def notify_of(self, bucket: s3.Bucket, *event_types: str) -> None:
        """Publishes events of a bucket, such as ``s3:ObjectCreated:*``.

        This is a property of the bucket. The CDK's ``add_event_notification`` would make a function for it, which may
        change the notifications of every bucket of the account.
        """
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            topic_configurations=[
                s3.CfnBucket.TopicConfigurationProperty(event=event, topic=self.topic.topic_arn)
                for event in event_types
            ]
        )
        # S3 publishes a test event when it gets the configuration, and refuses it if that fails.
        resource.node.add_dependency(self.topic.node.find_child("Policy"))
        if isinstance(self._key, kms.Key):
            resource.node.add_dependency(self._key)

    def subscribe(self, work: WorkQueue, *, filter_policy: Mapping[str, sns.FilterOrPolicy]) -> sns.Subscription:
        """Delivers events to a queue.

        ``SqsSubscription`` of the CDK would add the topic to the policy of the queue's key. A topic with the same key
        could then not be created.

        :param filter_policy: the events that the queue gets, by their content:
            https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html. SNS applies a change of it within 15
            minutes.
        """
        work.admit(self.topic)  # ty: ignore[invalid-argument-type]
        subscription = sns.Subscription(
            work,
            "Subscription",
            topic=self.topic,  # ty: ignore[invalid-argument-type]
            protocol=sns.SubscriptionProtocol.SQS,
            endpoint=work.queue.queue_arn,
            raw_message_delivery=True,
            filter_policy_with_message_body=filter_policy,
            dead_letter_queue=work.dead_letters,
        )
        # SNS confirms the subscription at once, and delivers what comes next.
        subscription.node.add_dependency(*work.policies)
        return subscription

    def metric(self, name: str) -> cloudwatch.Metric:
        """The sum of a metric of the topic in each minute.

        https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
        """
        return self.topic.metric(name, statistic="sum", period=MINUTE)
