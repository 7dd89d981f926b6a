"""Alarms, the dashboard beside them, and the topic that people hear of them through."""

from collections.abc import Callable, Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as event_targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from patternbook.nag import acknowledge

MINUTE = cdk.Duration.minutes(1)


class NotificationTopic(Construct):
    """An SNS topic that takes messages over TLS only, with an optional subscriber.

    Without ``key`` its messages are not encrypted at rest by KMS: the AWS managed key for SNS does not let
    CloudWatch and EventBridge publish, and they would fail without a trace
    (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
    """

    def __init__(self, scope: Construct, construct_id: str, *, email: str | None, key: kms.Key | None) -> None:
        """:param email: gets the messages, once its owner has confirmed the subscription."""
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True, master_key=key)  # ty: ignore[invalid-argument-type]
        if email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))  # ty: ignore[invalid-argument-type]


class MonitoringBase(Construct):
    """A dashboard, and alarms that notify a topic. Every alarm is a line on the graph that it watches."""

    def __init__(
        self, scope: Construct, construct_id: str, *, email: str | None = None, key: kms.Key | None = None
    ) -> None:
        """:param email: hears of alarms.
        :param key: encrypts the notifications, see :func:`patternbook.data.encryption.data_key`.
        """
        super().__init__(scope, construct_id)
        self.topic = NotificationTopic(self, "Alarms", email=email, key=key).topic
        # The policy that refuses plain transport takes the place of the default one, which would let alarms publish.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],  # ty: ignore[invalid-argument-type]
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard")
        self._action = actions.SnsAction(self.topic)  # ty: ignore[invalid-argument-type]
        self._key = key

    @property
    def dashboard_url(self) -> str:
        """The dashboard in the AWS console."""
        stack = cdk.Stack.of(self)
        return (
            f"https://{stack.region}.console.aws.amazon.com/cloudwatch/home"
            f"?region={stack.region}#dashboards/dashboard/{self.dashboard.dashboard_name}"
        )

    def watch(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        threshold: float,
        description: str,
        minutes: int = 5,
        missing_data_breaches: bool = False,
    ) -> cloudwatch.Alarm:
        """An alarm on a metric, and its graph.

        A minute without data breaches nothing, unless ``missing_data_breaches``.

        :param threshold: in the metric's unit; the alarm rings above it.
        :param minutes: for how long, without a break, before it rings. The metric's period is one minute.
        """
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=minutes,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING
            if missing_data_breaches
            else cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(self._action)  # ty: ignore[invalid-argument-type]
        alarm.add_ok_action(self._action)  # ty: ignore[invalid-argument-type]
        self.dashboard.add_widgets(
            cloudwatch.GraphWidget(title=description, left=[metric], left_annotations=[alarm.to_annotation()], width=8)
        )
        return alarm

    def graph(self, title: str, metrics: Sequence[cloudwatch.IMetric]) -> None:
        """A graph without an alarm."""
        self.dashboard.add_widgets(cloudwatch.GraphWidget(title=title, left=metrics, width=8))

    def notify_on_event(
        self, name: str, pattern: events.EventPattern, *, description: str, message: str
    ) -> events.Rule:
        """Sends events to the topic, in words of one's own; :class:`aws_cdk.aws_events.EventField` fills them in."""
        rule = events.Rule(self, name, description=description, event_pattern=pattern)
        # By a role: otherwise the grant lets EventBridge use the key for every topic of every account.
        rule.add_target(
            event_targets.SnsTopic(  # ty: ignore[invalid-argument-type]
                self.topic,  # ty: ignore[invalid-argument-type]
                message=events.RuleTargetInput.from_text(message),
                authorize_using_role=True,
            )
        )
        if self._key is not None:
            acknowledge(
                rule, "IAM5[Action::kms:GenerateDataKey*]", "CDK grants both variants, on this stack's key only."
            )
        return rule


def metrics_of(namespace: str, dimensions: Mapping[str, str]) -> Callable[[str, str], cloudwatch.Metric]:
    """The metrics of one thing, by name and statistic, for each minute."""

    def metric(name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace, metric_name=name, dimensions_map=dimensions, statistic=statistic, period=MINUTE
        )

    return metric
