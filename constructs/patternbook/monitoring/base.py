"""A CloudWatch dashboard, and alarms that notify an SNS topic."""

from collections.abc import Callable, Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct
from typing_extensions import Self

from patternbook.monitoring.settings import AlarmSettings
from patternbook.monitoring.topic import NotificationTopic

MINUTE = cdk.Duration.minutes(1)


class MonitoringBase(Construct):
    """A dashboard, and alarms that notify a topic. The dashboard shows each alarm on the graph of its metric."""

    def __init__(
        self, scope: Construct, construct_id: str, *, email: str | None = None, key: kms.Key | None = None
    ) -> None:
        """:param email: e-mail address for alarms.
        :param key: encrypts the notifications, see :func:`patternbook.data.encryption.data_key`.
        """
        super().__init__(scope, construct_id)
        self._notifications = NotificationTopic(self, "Alarms", email=email, key=key)
        self.topic = self._notifications.topic
        # The policy that requires TLS replaces the default policy, which would let alarms publish.
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

    @classmethod
    def from_settings(
        cls, scope: Construct, construct_id: str, settings: AlarmSettings, *, key: kms.Key | None = None
    ) -> Self:
        return cls(scope, construct_id, email=settings.alarm_email, key=key)

    @property
    def dashboard_url(self) -> str:
        """The URL of the dashboard in the AWS console."""
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
        """Adds an alarm on a metric, and a graph of it.

        :param threshold: the alarm rings above it, in the unit of the metric.
        :param minutes: number of consecutive breaching minutes before the alarm rings.
        :param missing_data_breaches: whether a minute without data counts as breaching.
        """
        missing_data = cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=minutes,
            treat_missing_data=missing_data.BREACHING if missing_data_breaches else missing_data.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(self._action)  # ty: ignore[invalid-argument-type]
        alarm.add_ok_action(self._action)  # ty: ignore[invalid-argument-type]
        self.dashboard.add_widgets(
            cloudwatch.GraphWidget(title=description, left=[metric], left_annotations=[alarm.to_annotation()], width=8)
        )
        return alarm

    def graph(self, title: str, metrics: Sequence[cloudwatch.IMetric]) -> None:
        """Adds a graph without an alarm."""
        self.dashboard.add_widgets(cloudwatch.GraphWidget(title=title, left=metrics, width=8))

    def notify_on_event(
        self, name: str, pattern: events.EventPattern, *, description: str, message: str
    ) -> events.Rule:
        """See :meth:`patternbook.monitoring.topic.NotificationTopic.notify_on_event`."""
        return self._notifications.notify_on_event(self, name, pattern, description=description, message=message)


def metrics_of(namespace: str, dimensions: Mapping[str, str]) -> Callable[[str, str], cloudwatch.Metric]:
    """Makes metrics with these dimensions and a period of one minute, from a name and a statistic."""

    def metric(name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace, metric_name=name, dimensions_map=dimensions, statistic=statistic, period=MINUTE
        )

    return metric
