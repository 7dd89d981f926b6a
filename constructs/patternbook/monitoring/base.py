"""A CloudWatch dashboard, and alarms that notify an SNS topic."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct
from typing_extensions import Self

from patternbook.monitoring.failures import MINUTE, Failures, failures_beyond_tolerance
from patternbook.monitoring.settings import AlarmSettings
from patternbook.monitoring.topic import NotificationTopic
from patternbook.partitions import console_url
from patternbook.posture import Posture

WARM_UP_MARGIN: Final = 5
"""Number of minutes in which the first task starts, after the alarm exists."""
ANCHOR = "#what-rings-and-when"
"""The section of a page that says what to do when an alarm rings."""


class MonitoringBase(Construct):
    """A dashboard, and alarms that notify a topic. The dashboard shows each alarm on the graph of its metric.

    If the posture requires an address for alarms and there is none, an error annotation makes the CDK CLI refuse the
    stack, unless ``allow_silent_alarms`` permits it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        email: str | None = None,
        allow_silent_alarms: bool = False,
        key: kms.IKey | None = None,
        page: str | None = None,
    ) -> None:
        """:param email: e-mail address for alarms.
        :param allow_silent_alarms: no address even if the posture requires one.
        :param key: encrypts the notifications, see :func:`patternbook.data.encryption.data_key`.
        :param page: page with the section "What rings, and when". Each alarm's description ends with its anchor.
        """
        super().__init__(scope, construct_id)
        if email is None and posture.require_alarm_address and not allow_silent_alarms:
            cdk.Annotations.of(self).add_error(
                f"Posture {posture.name} requires an address for alarms, and there is none. Set alarm_email to an "
                "e-mail address, or subscribe to the topic in another way and set allow_silent_alarms to true."
            )
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
        self._graphs = _RowsOfThree()
        self.dashboard.add_widgets(self._graphs)  # ty: ignore[invalid-argument-type]
        self._page = [f"{page}{ANCHOR}"] if page else []
        self._action = actions.SnsAction(self.topic)  # ty: ignore[invalid-argument-type]

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: AlarmSettings,
        *,
        posture: Posture,
        key: kms.IKey | None = None,
        page: str | None = None,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            posture=posture,
            email=settings.alarm_email,
            allow_silent_alarms=settings.allow_silent_alarms,
            key=key,
            page=page,
        )

    @property
    def dashboard_url(self) -> str:
        """The URL of the dashboard in the AWS console."""
        return f"{console_url(self, 'cloudwatch/home')}#dashboards/dashboard/{self.dashboard.dashboard_name}"

    def watch(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        threshold: float,
        description: str,
        remedy: str | None = None,
        minutes: int = 5,
        breaching_minutes: int | None = None,
        missing_data: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
        named: bool = False,
        generation: str | None = None,
    ) -> cloudwatch.Alarm:
        """Adds an alarm on a metric, and a graph of it.

        It is an "M out of N" alarm: it rings when ``breaching_minutes`` of the last ``minutes`` breach
        (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html).

        :param threshold: the alarm rings above it, in the unit of the metric.
        :param description: what has happened, without a full stop.
        :param remedy: one sentence that says where to look and what to do.
        :param minutes: number of most recent minutes that are evaluated.
        :param breaching_minutes: how many of them have to breach, in any order. Defaults to three, or to all if there
            are fewer. A metric that is sent only for calls leaves minutes without data, so an alarm on all of five
            minutes never rings for a function that is called every other minute.
        :param missing_data: how a minute without data counts.
        :param named: give the alarm a name of its own, so that a service can name it without depending on it.
        :param generation: ends the name of the alarm, so that another generation has a new alarm. An update would keep
            the state of the alarm
            (https://docs.aws.amazon.com/cli/latest/reference/cloudwatch/put-metric-alarm.html).
        :raises ValueError: if ``breaching_minutes`` is below 1 or above ``minutes``.
        """
        if breaching_minutes is None:
            breaching_minutes = min(3, minutes)
        if not 1 <= breaching_minutes <= minutes:
            raise ValueError(f"breaching_minutes must be 1 to minutes ({minutes}), got {breaching_minutes}.")
        explained = " ".join([f"{description}.", *([remedy] if remedy else []), *self._page])
        has_own_name = named or generation is not None
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=self._name_of("-".join(filter(None, [name, generation]))) if has_own_name else None,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=minutes,
            datapoints_to_alarm=None if breaching_minutes == minutes else breaching_minutes,
            treat_missing_data=missing_data,
            alarm_description=explained if remedy or self._page else description,
        )
        if missing_data == cloudwatch.TreatMissingData.BREACHING:
            # The alarm looks back on minutes before its metric began, and would ring at its birth:
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html
            cast(
                "cloudwatch.CfnAlarm", alarm.node.default_child
            ).warm_up_configuration = cloudwatch.CfnAlarm.WarmUpConfigurationProperty(
                warm_up_period_duration_in_minutes=minutes + WARM_UP_MARGIN,
                # FILL makes up data, which would end the warm-up early.
                only_start_evaluating_after_warm_up_period_ends=True,
            )
        alarm.add_alarm_action(self._action)  # ty: ignore[invalid-argument-type]
        alarm.add_ok_action(self._action)  # ty: ignore[invalid-argument-type]
        self._graphs.add(title=description, left=[metric], left_annotations=[alarm.to_annotation()])
        return alarm

    def _watch_failures(
        self,
        name: str,
        counts: Sequence[Failures],
        *,
        breaching_minutes: int,
        description: str,
        remedy: str,
        late_minutes: int = 0,
        named: bool = False,
    ) -> cloudwatch.Alarm:
        """Adds an alarm on failures of the last 15 minutes, see :func:`failures_beyond_tolerance`.

        :param late_minutes: minutes after which a failure may still be reported. The alarm looks back further by them.
        """
        return self.watch(
            name,
            failures_beyond_tolerance(counts),
            threshold=0,
            minutes=15 + late_minutes,
            breaching_minutes=breaching_minutes,
            description=description,
            remedy=remedy,
            named=named,
        )

    def graph(self, title: str, metrics: Sequence[cloudwatch.IMetric]) -> None:
        """Adds a graph without an alarm."""
        self._graphs.add(title=title, left=metrics)

    def _name_of(self, name: str) -> str:
        """A name that is unique in the account and Region, as the name of the stack is."""
        stack = cdk.Stack.of(self)
        path = self.node.path.removeprefix(f"{stack.node.path}/").replace("/", "-")
        return f"{stack.stack_name}-{path}-{name}"

    def notify_on_event(
        self, name: str, pattern: events.EventPattern, *, description: str, message: str
    ) -> events.Rule:
        """See :meth:`patternbook.monitoring.topic.NotificationTopic.notify_on_event`."""
        message = " ".join([message, *self._page])
        return self._notifications.notify_on_event(self, name, pattern, description=description, message=message)


class _RowsOfThree(cloudwatch.Row):
    """Graphs side by side, in rows of three. CDK's own row places a widget that is added later below all others."""

    WIDTH, HEIGHT = 8, 6

    def __init__(self) -> None:
        super().__init__()
        self._all: list[cloudwatch.GraphWidget] = []
        self._placed: tuple[float, float, int] | None = None

    def add(self, **properties: Any) -> None:
        graph = cloudwatch.GraphWidget(width=self.WIDTH, height=self.HEIGHT, **properties)
        self._all.append(graph)
        self.add_widget(graph)

    def position(self, x: float, y: float) -> None:
        # The CDK says the same several times. To place the graphs each time would slow down every synth.
        place = (x, y, len(self._all))
        if place == self._placed:
            return
        self._placed = place
        for number, graph in enumerate(self._all):
            graph.position(x + self.WIDTH * (number % 3), y + self.HEIGHT * (number // 3))


def metrics_of(namespace: str, dimensions: Mapping[str, str]) -> Callable[[str, str], cloudwatch.Metric]:
    """Makes metrics with these dimensions and a period of one minute, from a name and a statistic."""

    def metric(name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace, metric_name=name, dimensions_map=dimensions, statistic=statistic, period=MINUTE
        )

    return metric
