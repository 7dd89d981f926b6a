"""The SNS topic that notifies people of alarms and events."""

from functools import cached_property

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct
from typing_extensions import Self

from patternbook.monitoring.settings import TopicSettings


class NotificationTopic(Construct):
    """An SNS topic that takes messages over TLS only, with an optional subscription by e-mail.

    Without ``key``, KMS doesn't encrypt the messages at rest: the AWS managed key for SNS doesn't let CloudWatch and
    EventBridge publish, and their messages would be lost without a trace
    (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, email: str | None = None, key: kms.IKey | None = None
    ) -> None:
        """:param email: e-mail address of the subscription, which its owner must confirm.
        :param key: encrypts the messages, see :func:`patternbook.data.encryption.data_key`.
        """
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True, master_key=key)
        if email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))  # ty: ignore[invalid-argument-type]
        self._key = key

    @classmethod
    def from_settings(
        cls, scope: Construct, construct_id: str, settings: TopicSettings, *, key: kms.IKey | None = None
    ) -> Self:
        return cls(scope, construct_id, email=settings.alarm_email, key=key)

    def notify_on_event(
        self, scope: Construct, construct_id: str, pattern: events.EventPattern, *, description: str, message: str
    ) -> events.Rule:
        """Sends a message for each event. :class:`aws_cdk.aws_events.EventField` puts values of the event into it."""
        rule = events.Rule(scope, construct_id, description=description, event_pattern=pattern)
        rule.add_target(
            targets.SnsTopic(  # ty: ignore[invalid-argument-type]
                self.topic,  # ty: ignore[invalid-argument-type]
                message=events.RuleTargetInput.from_text(message),
                # CDK would add kms:GenerateDataKey* to the policy.
                role=self._publisher.without_policy_updates(),
            )
        )
        return rule

    @cached_property
    def _publisher(self) -> iam.Role:
        """The role of EventBridge. A grant to the service would let it use the key for any topic of any account.

        https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        """
        role = iam.Role(
            self,
            "Publisher",
            assumed_by=iam.ServicePrincipal("events.amazonaws.com"),  # ty: ignore[invalid-argument-type]
        )
        iam.Grant.add_to_principal(grantee=role, actions=["sns:Publish"], resource_arns=[self.topic.topic_arn])
        if self._key is not None:
            iam.Grant.add_to_principal(
                grantee=role, actions=["kms:Decrypt", "kms:GenerateDataKey"], resource_arns=[self._key.key_arn]
            )
        return role
