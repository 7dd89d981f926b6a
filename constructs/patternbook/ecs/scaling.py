"""ECS service auto scaling: target tracking, step scaling and scheduled scaling."""

from collections.abc import Hashable, Mapping
from typing import Final, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_applicationautoscaling as appscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct, IValidation
from typing_extensions import Self

from patternbook.ecs.metric_queries import Query, identity, queries
from patternbook.ecs.settings import ScalingSettings, UtilizationScalingSettings
from patternbook.limits.scaling import check_order
from patternbook.network.request_shifting import response_time, slowest_response_time, total_of_both

TARGET_TRACKING = "target tracking"
STEP_SCALING = "step scaling"
BACKLOG_PER_TASK: Final = "messages / IF(FILL(running, REPEAT) > 0, FILL(running, REPEAT), 1)"
"""Container Insights sends nothing about a service without running tasks. The last number counts until it sends again,
and a service without tasks counts as one task."""


class ServiceScaling(Construct):
    """Scales the number of tasks of a service between a minimum and a maximum, by any of the three kinds of policy.

    *Target tracking* keeps a metric near a target, in both directions. *Step scaling* adds tasks by how far a metric is
    above a threshold. *Scheduled scaling* changes the limits at a time of day. They combine: Application Auto Scaling
    takes the largest number that any policy asks for, and removes tasks only if every target tracking policy agrees
    (https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html).

    A step policy has no vote in that, so target tracking on other metrics would remove the tasks that it adds
    (https://github.com/aws/aws-cdk/issues/20706). Each step policy therefore brings a target tracking policy that
    agrees only while the metric is below the first step.

    Combinations that contradict each other are refused: two policies on one metric, and two schedules at the same time.
    Step scaling without target tracking is refused at synth, because nothing would remove tasks one by one.
    """

    SCALE_OUT_COOLDOWN = cdk.Duration.seconds(60)
    SCALE_IN_COOLDOWN = cdk.Duration.minutes(5)

    def __init__(
        self, scope: Construct, construct_id: str, *, service: ecs.BaseService, min_tasks: int, max_tasks: int
    ) -> None:
        """:raises ValueError: if ``min_tasks`` is above ``max_tasks`` or below 0."""
        check_order("tasks", minimum=min_tasks, maximum=max_tasks)
        super().__init__(scope, construct_id)
        self._service = service
        self.target = service.auto_scale_task_count(min_capacity=min_tasks, max_capacity=max_tasks)
        self.fewest_tasks = min_tasks
        """The lowest minimum at any time of day."""
        self._policies: dict[Hashable, str] = {}
        """The kind of policy of each metric in use."""
        self._schedules: set[tuple[str, str]] = set()
        self._needs_tasks = False
        self.node.add_validation(_Contradictions(self))

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: UtilizationScalingSettings,
        *,
        service: ecs.BaseService,
        targets: elbv2.ApplicationTargetGroup | None = None,
        alternate: elbv2.ApplicationTargetGroup | None = None,
    ) -> Self:
        """Scales by CPU and memory utilization and, behind an Application Load Balancer, by requests and response time.

        :param targets: target group of the service, needed for :class:`patternbook.ecs.settings.ScalingSettings`.
        :param alternate: second target group, to which deployments shift requests.
        :raises ValueError: if ``targets`` is missing.
        """
        by_load = settings if isinstance(settings, ScalingSettings) else None
        if by_load and targets is None:
            raise ValueError(
                f"targets must be the target group of the service with {type(settings).__name__}, got None."
            )
        scaling = cls(scope, construct_id, service=service, min_tasks=settings.min_tasks, max_tasks=settings.max_tasks)
        scaling.on_cpu(percent=settings.target_cpu_percent)
        scaling.on_memory(percent=settings.target_memory_percent)
        for index, schedule in enumerate(settings.scheduled_tasks):
            scaling.on_schedule(f"Schedule{index}", **schedule.model_dump())
        if by_load and targets is not None:
            scaling.on_requests(targets, alternate, per_minute=by_load.target_requests_per_minute)
            if by_load.response_time_steps:
                add_tasks = {step.above_seconds: step.add_tasks for step in by_load.response_time_steps}
                slow = slowest_response_time(targets, alternate) if alternate else response_time(targets.metrics)
                scaling.on_steps("ResponseTime", slow, add_tasks=add_tasks)
        return scaling

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

    def on_requests(
        self,
        target_group: elbv2.ApplicationTargetGroup,
        alternate: elbv2.ApplicationTargetGroup | None = None,
        *,
        per_minute: int,
    ) -> None:
        """Keeps the number of requests per task near ``per_minute``.

        :param alternate: second target group, to which deployments shift requests. AWS's own metric would stay with
            the first (https://github.com/aws/containers-roadmap/issues/1681), so both are added up.
        """
        self._take("requests per target", TARGET_TRACKING)
        if alternate:
            per_task = queries(
                "per_task", total_of_both(target_group, alternate, lambda each: each.request_count_per_target())
            )
            self._track_expression("Requests", "per_task", per_task, target=per_minute)
            return
        self.target.scale_on_request_count(
            "Requests",
            target_group=target_group,
            requests_per_target=per_minute,
            scale_out_cooldown=self.SCALE_OUT_COOLDOWN,
            scale_in_cooldown=self.SCALE_IN_COOLDOWN,
        )

    def on_metric(self, construct_id: str, metric: cloudwatch.Metric, *, target: float) -> None:
        """Keeps a metric near ``target``, in its unit. More tasks must lower the metric, as with the backlog per task.

        :raises ValueError: if another policy of this service uses the metric.
        """
        self._take(identity(metric), TARGET_TRACKING)
        self.target.scale_to_track_custom_metric(
            construct_id,
            metric=metric,
            target_value=target,
            scale_out_cooldown=self.SCALE_OUT_COOLDOWN,
            scale_in_cooldown=self.SCALE_IN_COOLDOWN,
        )

    def on_backlog(self, messages: cloudwatch.Metric, *, per_task: float) -> None:
        """Keeps the backlog of a queue near ``per_task`` messages per running task. Needs Container Insights.

        It is the policy that AWS recommends for workers of an SQS queue. It scales in both directions, also while the
        tasks wait for something other than the CPU:
        https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking-metric-math.html

        :param messages: number of messages that wait to be received.
        :param per_task: the acceptable delay of a message divided by the average time that a task takes for one:
            https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-using-sqs-queue.html
        :raises ValueError: if ``per_task`` is not above 0, or another policy of this service uses the metric.
        """
        if per_task <= 0:
            raise ValueError(f"per_task must be above 0, got {per_task}.")
        self._take(identity(messages), TARGET_TRACKING)
        self._needs_tasks = True
        running = cloudwatch.Metric(
            namespace="ECS/ContainerInsights",
            metric_name="RunningTaskCount",
            dimensions_map={
                "ClusterName": self._service.cluster.cluster_name,
                "ServiceName": self._service.service_name,
            },
        )
        counts = [*queries("messages", messages), *queries("running", running)]
        self._track_expression("Backlog", BACKLOG_PER_TASK, counts, target=per_task)

    def on_steps(self, construct_id: str, metric: cloudwatch.IMetric, *, add_tasks: Mapping[float, int]) -> None:
        """Adds tasks by an alarm: ``{0.5: 1, 2.0: 4}`` adds 1 task from a metric of 0.5, and 4 tasks from 2.0.

        Step scaling only adds tasks. Target tracking policies remove them again, once the metric is below the first
        step.

        :raises ValueError: if there is no step, if a step does not add more tasks than the one before, or if another
            policy of this service uses the metric.
        """
        steps = sorted(add_tasks.items())
        counts = [count for _, count in steps]
        if not steps or counts[0] < 1 or counts != sorted(set(counts)):
            raise ValueError(
                f"add_tasks must have steps that each add at least 1 task and more than the step before, got "
                f"{dict(steps)}."
            )
        self._take(identity(metric), STEP_SCALING)
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
        # 1 equals the target, so nothing scales in or out. 0 agrees to scale in. Without data the metric is not high.
        self._track_expression(
            f"{construct_id}Hold",
            f"IF(FILL(stepped, 0) >= {steps[0][0]}, 1, 0)",
            queries("stepped", metric),
            target=1,
        )

    def on_schedule(self, construct_id: str, *, cron: str, time_zone: str, min_tasks: int, max_tasks: int) -> None:
        """Changes the limits at the times of ``cron`` (six fields) in ``time_zone`` (IANA).

        https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html

        :raises ValueError: if ``min_tasks`` is above ``max_tasks``, or another schedule has the same times.
        """
        check_order("tasks", minimum=min_tasks, maximum=max_tasks)
        if (cron, time_zone) in self._schedules:
            raise ValueError(
                f"cron and time_zone must differ between schedules, got {cron!r} and {time_zone!r} twice. Change one."
            )
        self._schedules.add((cron, time_zone))
        self.fewest_tasks = min(self.fewest_tasks, min_tasks)
        self.target.scale_on_schedule(
            construct_id,
            schedule=appscaling.Schedule.expression(f"cron({cron})"),
            time_zone=cdk.TimeZone.of(time_zone),
            min_capacity=min_tasks,
            max_capacity=max_tasks,
        )

    def contradictions(self) -> list[str]:
        """The mistakes that only all policies and schedules together show."""
        found: list[str] = []
        if set(self._policies.values()) == {STEP_SCALING}:
            found.append("Step scaling only adds tasks, and nothing removes them. Add a target tracking policy.")
        if self._needs_tasks and self.fewest_tasks < 1:
            found.append(
                f"min_tasks must be at least 1 with on_backlog, also in schedules, got {self.fewest_tasks}, because "
                "without a task nobody consumes the queue. Raise min_tasks."
            )
        return found

    def _track_expression(self, construct_id: str, expression: str, inputs: list[Query], *, target: float) -> None:
        """Target tracking on metric math, which the L2 refuses (https://github.com/aws/aws-cdk/issues/20659)."""
        scalable = cast("appscaling.ScalableTarget", self.target.node.find_child("Target"))
        policy = appscaling.CfnScalingPolicy
        policy(
            self,
            construct_id,
            policy_name=f"{cdk.Names.unique_id(self)}{construct_id}",
            policy_type="TargetTrackingScaling",
            scaling_target_id=scalable.scalable_target_id,
            target_tracking_scaling_policy_configuration=policy.TargetTrackingScalingPolicyConfigurationProperty(
                customized_metric_specification=policy.CustomizedMetricSpecificationProperty(
                    metrics=[*inputs, Query(id="tracked", expression=expression, return_data=True)]
                ),
                target_value=target,
                scale_out_cooldown=self.SCALE_OUT_COOLDOWN.to_seconds(),
                scale_in_cooldown=self.SCALE_IN_COOLDOWN.to_seconds(),
            ),
        )

    def _take(self, metric: Hashable, kind: str) -> None:
        if metric in self._policies:
            shown = metric if isinstance(metric, str) else "this metric"
            raise ValueError(
                f"{kind} cannot use {shown}, because {self._policies[metric]} already does. Use another metric, or one "
                "policy."
            )
        self._policies[metric] = kind


@jsii.implements(IValidation)
class _Contradictions:
    """Refuses at synth what only all policies and schedules together show."""

    def __init__(self, scaling: ServiceScaling) -> None:
        self._scaling = scaling

    def validate(self) -> list[str]:
        return self._scaling.contradictions()
