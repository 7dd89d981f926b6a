"""Provisioned concurrency of an alias: a fixed number, or a range for Application Auto Scaling."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as appscaling
from aws_cdk import aws_lambda as lambda_

from patternbook.limits.aws_lambda import check_provisioned


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A scheduled change of the range."""

    cron: str
    """Six cron fields."""
    time_zone: str
    """IANA time zone of the cron fields."""
    min_environments: int
    max_environments: int


@dataclass(frozen=True, kw_only=True)
class Provisioned:
    """The number of execution environments that Lambda keeps initialized for an alias."""

    min_environments: int
    max_environments: int | None = None
    """With a maximum, Application Auto Scaling sets the number. Without, it is always ``min_environments``."""
    target_utilization_percent: int = 70
    """Target utilization of the environments."""
    schedules: Sequence[Schedule] = ()

    @property
    def fixed(self) -> int | None:
        """The number, if it doesn't scale."""
        return self.min_environments if self.max_environments is None else None

    def check(self, *, reserved: int | None, account_concurrency: int) -> None:
        """:raises ValueError: for a range that Lambda or Application Auto Scaling refuses."""
        if self.schedules and self.max_environments is None:
            raise ValueError("schedules require max_environments, because they change a range. Set max_environments.")
        ranges = [(self.min_environments, self.max_environments or self.min_environments)]
        ranges += [(schedule.min_environments, schedule.max_environments) for schedule in self.schedules]
        for low, high in ranges:
            if low < 1:
                raise ValueError(f"min_environments must be at least 1, got {low}.")
            if high < low:
                raise ValueError(f"max_environments must be at least min_environments ({low}), got {high}.")
            check_provisioned("max_environments", high, reserved=reserved, account_concurrency=account_concurrency)

    def scale(self, alias: lambda_.Alias) -> None:
        """Lets Application Auto Scaling set the number, if there is a maximum."""
        if self.max_environments is None:
            return
        scaling = alias.add_auto_scaling(min_capacity=self.min_environments, max_capacity=self.max_environments)
        scaling.scale_on_utilization(utilization_target=self.target_utilization_percent / 100)
        self._track_maximum(scaling, alias)
        for index, schedule in enumerate(self.schedules):
            scaling.scale_on_schedule(
                f"Schedule{index}",
                schedule=appscaling.Schedule.expression(f"cron({schedule.cron})"),
                time_zone=cdk.TimeZone.of(schedule.time_zone),
                min_capacity=schedule.min_environments,
                max_capacity=schedule.max_environments,
            )

    def _track_maximum(self, scaling: lambda_.IScalableFunctionAttribute, alias: lambda_.Alias) -> None:
        """Lets the policy look at the busiest moment of each minute.

        CDK's policy tracks the predefined metric, which is an average. A short burst disappears in it, and its calls
        start environments. The policy keeps its place in the template, because another scalable target of the same
        alias would be deregistered together with the old one.

        https://gist.github.com/georgmao/195845b63af0adb287cec8fb92b0c20b
        """
        name = alias.version.lambda_.function_name
        tracking = appscaling.CfnScalingPolicy
        made = scaling.node.find_child("Target").node.find_child("Tracking").node.default_child
        policy = cast("appscaling.CfnScalingPolicy", made)
        policy.target_tracking_scaling_policy_configuration = tracking.TargetTrackingScalingPolicyConfigurationProperty(
            target_value=self.target_utilization_percent / 100,
            customized_metric_specification=tracking.CustomizedMetricSpecificationProperty(
                namespace="AWS/Lambda",
                metric_name="ProvisionedConcurrencyUtilization",
                statistic="Maximum",
                dimensions=[
                    tracking.MetricDimensionProperty(name="FunctionName", value=name),
                    tracking.MetricDimensionProperty(name="Resource", value=f"{name}:{alias.alias_name}"),
                ],
            ),
        )
