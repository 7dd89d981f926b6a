"""Service auto scaling: how many tasks a service runs."""

from collections.abc import Hashable, Mapping

import aws_cdk as cdk
import jsii
from aws_cdk import aws_applicationautoscaling as appscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct, IValidation

from patternbook.ecs.settings import ScalingSettings, UtilizationScalingSettings
from patternbook.network.public_load_balancer import response_time

TARGET_TRACKING = "target tracking"
STEP_SCALING = "step scaling"


def _check_bounds(min_tasks: int, max_tasks: int) -> None:
    if not 0 <= min_tasks <= max_tasks:
        raise ValueError(f"min_tasks and max_tasks: {min_tasks} and {max_tasks} given, 0 <= min <= max required")


class ServiceScaling(Construct):
    """The number of tasks of a service, between two bounds, by any of the three kinds of policy.

    *Target tracking* keeps a metric near a value, in both directions. *Step scaling* adds tasks by how far a
    metric is beyond a threshold. *Scheduled scaling* moves the bounds at a time of day. They combine:
    Application Auto Scaling takes the largest number that any policy asks for, and removes tasks only when
    every target tracking policy agrees
    (https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html).

    Combinations that fight each other are refused: two policies on one metric, of which each undoes what the other
    did, and two schedules for the same moment, of which either may be the last. So is step scaling without target
    tracking, at synth: nothing would ever take a task away.
    """

    SCALE_OUT_COOLDOWN = cdk.Duration.seconds(60)
    SCALE_IN_COOLDOWN = cdk.Duration.minutes(5)

    def __init__(
        self, scope: Construct, construct_id: str, *, service: ecs.BaseService, min_tasks: int, max_tasks: int
    ) -> None:
        """:raises ValueError: for ``min_tasks`` above ``max_tasks``, or below 0."""
        _check_bounds(min_tasks, max_tasks)
        super().__init__(scope, construct_id)
        self.target = service.auto_scale_task_count(min_capacity=min_tasks, max_capacity=max_tasks)
        self._policies: dict[Hashable, str] = {}
        """Kinds of policy, by the metric that each goes by."""
        self._schedules: set[tuple[str, str]] = set()
        self.node.add_validation(_NeverShrinks(self._policies))

    def on_cpu(self, *, percent: int) -> None:
        """Keeps the average CPU utilization of the tasks near ``percent`` of what is reserved."""
        self._take("CPU utilization", TARGET_TRACKING)
        self.target.scale_on_cpu_utilization(
            "Cpu",
            target_utilization_percent=percent,
            scale_out_cooldown=self.SCALE_OUT_COOLDOWN,
            scale_in_cooldown=self.SCALE_IN_COOLDOWN,
        )

    def on_memory(self, *, percent: int) -> None:
        """Keeps the average memory utilization of the tasks near ``percent`` of what is reserved."""
        self._take("memory utilization", TARGET_TRACKING)
        self.target.scale_on_memory_utilization(
            "Memory",
            target_utilization_percent=percent,
            scale_out_cooldown=self.SCALE_OUT_COOLDOWN,
            scale_in_cooldown=self.SCALE_IN_COOLDOWN,
        )

    def on_requests(self, target_group: elbv2.ApplicationTargetGroup, *, per_minute: int) -> None:
        """Keeps the requests that a load balancer sends to each task near ``per_minute``."""
        self._take("requests per target", TARGET_TRACKING)
        self.target.scale_on_request_count(
            "Requests",
            target_group=target_group,
            requests_per_target=per_minute,
            scale_out_cooldown=self.SCALE_OUT_COOLDOWN,
            scale_in_cooldown=self.SCALE_IN_COOLDOWN,
        )

    def on_metric(self, construct_id: str, metric: cloudwatch.Metric, *, target: float) -> None:
        """Keeps any metric near ``target``, in its unit: one that falls when there are more tasks, such as a backlog
        for each of them.

        :raises ValueError: for a metric that another policy of this service goes by.
        """
        self._take(_identity(metric), TARGET_TRACKING)
        self.target.scale_to_track_custom_metric(
            construct_id,
            metric=metric,
            target_value=target,
            scale_out_cooldown=self.SCALE_OUT_COOLDOWN,
            scale_in_cooldown=self.SCALE_IN_COOLDOWN,
        )

    def on_steps(self, construct_id: str, metric: cloudwatch.IMetric, *, add_tasks: Mapping[float, int]) -> None:
        """Adds tasks by an alarm: ``{0.5: 1, 2.0: 4}`` adds 1 task from a metric of 0.5 on, and 4 from 2.0 on.

        It only adds; a target tracking policy takes tasks away again.

        :raises ValueError: without a step, for a step that adds no task, or no more than a lower one, or for a metric
            that another policy of this service goes by.
        """
        steps = sorted(add_tasks.items())
        counts = [count for _, count in steps]
        if not steps or counts[0] < 1 or counts != sorted(set(counts)):
            raise ValueError(
                f"add_tasks: {dict(steps)} given; each step adds at least 1 task, and more than a lower one"
            )
        self._take(_identity(metric), STEP_SCALING)
        self.target.scale_on_metric(
            construct_id,
            metric=metric,
            adjustment_type=appscaling.AdjustmentType.CHANGE_IN_CAPACITY,
            cooldown=self.SCALE_OUT_COOLDOWN,
            scaling_steps=[
                appscaling.ScalingInterval(upper=steps[0][0], change=0),
                *(appscaling.ScalingInterval(lower=threshold, change=count) for threshold, count in steps),
            ],
        )

    def on_schedule(self, construct_id: str, *, cron: str, time_zone: str, min_tasks: int, max_tasks: int) -> None:
        """Sets the bounds at the times of ``cron`` (six fields) in ``time_zone`` (IANA).

        https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html

        :raises ValueError: for ``min_tasks`` above ``max_tasks``, or times that another schedule has too.
        """
        _check_bounds(min_tasks, max_tasks)
        if (cron, time_zone) in self._schedules:
            raise ValueError(f"cron and time_zone: {cron!r} and {time_zone!r} given twice; which bounds hold then?")
        self._schedules.add((cron, time_zone))
        self.target.scale_on_schedule(
            construct_id,
            schedule=appscaling.Schedule.expression(f"cron({cron})"),
            time_zone=cdk.TimeZone.of(time_zone),
            min_capacity=min_tasks,
            max_capacity=max_tasks,
        )

    def _take(self, metric: Hashable, kind: str) -> None:
        if metric in self._policies:
            shown = metric if isinstance(metric, str) else "this metric"
            raise ValueError(
                f"{kind} on {shown} given, but {self._policies[metric]} goes by it already: one is allowed"
            )
        self._policies[metric] = kind


def _identity(metric: cloudwatch.IMetric) -> Hashable:
    """What two metrics that are the same have in common, whatever their statistic and period."""
    config = metric.to_metric_config()
    if config.metric_stat is None:
        assert config.math_expression is not None
        inner = config.math_expression.using_metrics
        return config.math_expression.expression, frozenset((name, _identity(inner[name])) for name in inner)
    stat = config.metric_stat
    dimensions = frozenset((dimension.name, str(dimension.value)) for dimension in stat.dimensions or ())
    return stat.namespace, stat.metric_name, dimensions


@jsii.implements(IValidation)
class _NeverShrinks:
    """Step scaling only adds: see :meth:`ServiceScaling.on_steps`."""

    def __init__(self, policies: Mapping[Hashable, str]) -> None:
        self._policies = policies

    def validate(self) -> list[str]:
        kinds = set(self._policies.values())
        if kinds == {STEP_SCALING}:
            return ["step scaling adds tasks, and nothing takes them away: add a target tracking policy"]
        return []


def scale_by_utilization(
    scope: Construct, construct_id: str, *, service: ecs.BaseService, settings: UtilizationScalingSettings
) -> ServiceScaling:
    """By CPU and memory, within bounds that schedules may move."""
    scaling = ServiceScaling(
        scope, construct_id, service=service, min_tasks=settings.min_tasks, max_tasks=settings.max_tasks
    )
    scaling.on_cpu(percent=settings.target_cpu_percent)
    scaling.on_memory(percent=settings.target_memory_percent)
    for index, schedule in enumerate(settings.scheduled_tasks):
        scaling.on_schedule(f"Schedule{index}", **schedule.model_dump())
    return scaling


def scale_by_load(
    scope: Construct,
    construct_id: str,
    *,
    service: ecs.BaseService,
    targets: elbv2.ApplicationTargetGroup,
    settings: ScalingSettings,
) -> ServiceScaling:
    """By utilization, and by what an Application Load Balancer sends: requests, and how long they take."""
    scaling = scale_by_utilization(scope, construct_id, service=service, settings=settings)
    scaling.on_requests(targets, per_minute=settings.target_requests_per_minute)
    if settings.response_time_steps:
        add_tasks = {step.above_seconds: step.add_tasks for step in settings.response_time_steps}
        scaling.on_steps("ResponseTime", response_time(targets.metrics), add_tasks=add_tasks)
    return scaling
