"""Settings of tasks, services and service auto scaling. The settings of a pattern inherit from those that it needs."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from patternbook.data.settings import SecretSettings
from patternbook.ecs.container_settings import (
    DEFAULT_SIZE_MIB,
    BalancedHealthCheck,
    ContainerHealthCheck,
    ContainerSettings,
    ExpressHealthCheck,
    paths_of,
)
from patternbook.limits.ecs_express import MAX_REQUESTS_PER_TARGET, ScalingMetric, check_target
from patternbook.limits.ecs_tasks import (
    FARGATE_STOP_TIMEOUT_SECONDS,
    HIGHEST_PORT,
    RESERVED_PORTS,
    check_host_port,
    check_memory_of_paths,
    check_paths,
)
from patternbook.limits.fargate import MEMORY_MIB, check_cpu, check_task_size
from patternbook.limits.given import listed
from patternbook.limits.instance_types import Architecture
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, SettingsModel, posture_of
from patternbook.settings.fields import Number, Whole, YesNo
from patternbook.settings.ranges import checked_maximum
from patternbook.settings.validators import Expected, Unit

Tasks = Annotated[Whole, Field(ge=1, le=1000), Unit("tasks")]
DeploymentName = Literal["rolling", "blue_green", "canary", "linear"]
TargetPercent = Annotated[Whole, Field(ge=10, le=90), Unit("%")]
FargateCpu = Annotated[
    Whole, AfterValidator(check_cpu), Expected(f"one of {', '.join(map(str, MEMORY_MIB))}"), Unit("CPU units")
]


class TaskSettings(SecretSettings, ContainerSettings):
    """Settings of a :class:`patternbook.ecs.task.Task`. Each kind of capacity sets bounds of its own on the sizes."""

    cpu: Annotated[Whole, Unit("CPU units")] = 256
    """CPU units of a task. 1,024 units are one vCPU."""
    memory_mib: Annotated[Whole, Unit("MiB")] = 512
    """Memory of a task."""

    @field_validator("secrets", "parameters")
    @classmethod
    def _not_in_environment(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        clashing = sorted(value.keys() & {*info.data.get("environment", {}), *cls.own_variables})
        if clashing:
            raise ValueError(
                f"Must not repeat names of environment or of the pattern's own variables, got {listed(clashing)}. "
                "Remove one of each."
            )
        return value

    @field_validator("memory_mib")
    @classmethod
    def _beyond_writable_paths(cls, value: int, info: ValidationInfo) -> int:
        sizes = [each.size_mib for each in info.data.get("writable_paths", ())]
        sizes += [DEFAULT_SIZE_MIB] * len(cls._demonstration_paths(info))
        check_memory_of_paths(sizes, memory_mib=value)
        return value


class SharedFilesSettings(TaskSettings):
    """Settings of a task with a :class:`patternbook.data.file_system.SharedFileSystem`."""

    mount_path: fields.AbsolutePath = "/shared"
    """Path of the shared file system in the container."""

    @field_validator("mount_path")
    @classmethod
    def _apart_from_others(cls, value: str, info: ValidationInfo) -> str:
        check_paths([value, *paths_of(info.data.get("writable_paths", ())), *cls._demonstration_paths(info)])
        return value


class FargateTaskSettings(TaskSettings):
    """Settings of a task on Fargate."""

    cpu: FargateCpu = 256
    """CPU units of a task. 1,024 units are one vCPU."""
    memory_mib: Annotated[Whole, Expected("a size that Fargate offers with this cpu"), Unit("MiB")] = 512
    """Memory of a task. The sizes on offer depend on cpu."""

    @field_validator("health_check")
    @classmethod
    def _stops_in_time(cls, value: ContainerHealthCheck) -> ContainerHealthCheck:
        FARGATE_STOP_TIMEOUT_SECONDS.check("stop_timeout_seconds", value.stop_timeout_seconds)
        return value

    @field_validator("memory_mib")
    @classmethod
    def _offered_with_cpu(cls, value: int, info: ValidationInfo) -> int:
        if "cpu" in info.data:
            check_task_size(info.data["cpu"], value)
        return value


class FargateSettings(FargateTaskSettings):
    """Settings of a :class:`patternbook.ecs.service.FargateService` behind a load balancer, and its task."""

    health_check: BalancedHealthCheck = BalancedHealthCheck()
    """Health checks of the tasks, and the time that they have to start and to stop."""
    on_demand_base: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")] = 2
    """Number of tasks that run on demand before any task runs on Fargate Spot."""
    spot_percent: fields.Percent | None = None
    """Share of Fargate Spot in the tasks beyond on_demand_base. These tasks do not start without Spot capacity.
    Defaults to 50 in sandbox and 0 in production."""

    @field_validator("spot_percent")
    @classmethod
    def _share_of_posture(cls, value: int | None, info: ValidationInfo) -> int:
        return posture_of(info).fargate_spot_percent if value is None else value


class DeploymentSettings(FargateSettings):
    """Settings of a :class:`patternbook.ecs.service.FargateService` that can shift requests to new tasks."""

    deployment: DeploymentName = "rolling"
    """Strategy of deployments. rolling replaces tasks one after another. The others start all new tasks beside the old
    ones and then shift the requests: at once (blue_green), first 5 % (canary), or in steps of 10 % (linear)."""

    @property
    def shifts_requests(self) -> bool:
        """Whether a deployment shifts requests from one target group to another."""
        return self.deployment != "rolling"


class ScheduledTasks(SettingsModel):
    """A scheduled change of the task limits."""

    cron: fields.Cron
    """Time of the change, as six cron fields."""
    time_zone: fields.TimeZone = "Etc/UTC"
    """Time zone of the cron fields."""
    min_tasks: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")]
    """Minimum number of tasks from then on."""
    max_tasks: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")]
    """Maximum number of tasks from then on."""

    @field_validator("max_tasks")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        return checked_maximum(value, info)


class ResponseTimeStep(SettingsModel):
    """A step of step scaling."""

    above_seconds: Annotated[Number, Field(ge=0.01, le=60), Unit("seconds")]
    """Response time (90th percentile of a minute) from which the step applies."""
    add_tasks: Annotated[Whole, Field(ge=1, le=100), Unit("tasks")]
    """Number of tasks to add."""


DESIRED: Final = (
    "Not supported: auto scaling owns the number of {0}, and a deployment would reset it. To pin it, set "
    "min_{0} = max_{0}."
)
"""The reason for refusing a desired number of what scales."""


class TaskCountSettings(PatternSettings):
    """Limits of the number of tasks of a service."""

    refused: ClassVar[Mapping[str, str]] = {
        name: DESIRED.format("tasks") for name in ("desired_tasks", "desired_count")
    }

    min_tasks: Tasks = 2
    """Minimum number of tasks."""
    max_tasks: Tasks = 6
    """Maximum number of tasks."""

    @field_validator("max_tasks")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        return checked_maximum(value, info)


class UtilizationScalingSettings(TaskCountSettings):
    """Settings of :class:`patternbook.ecs.scaling.ServiceScaling` for any service."""

    target_cpu_percent: TargetPercent = 60
    """Target average CPU utilization of the tasks."""
    target_memory_percent: TargetPercent = 70
    """Target average memory utilization of the tasks."""
    scheduled_tasks: Annotated[tuple[ScheduledTasks, ...], Field(max_length=20)] = ()
    """Scheduled changes of the task limits."""


class ScalingSettings(UtilizationScalingSettings):
    """Settings of :class:`patternbook.ecs.scaling.ServiceScaling` for a service behind an Application Load Balancer."""

    target_requests_per_minute: Annotated[Whole, Field(ge=1, le=1_000_000), Unit("requests per minute")] = 1000
    """Target number of requests per task."""
    response_time_steps: Annotated[tuple[ResponseTimeStep, ...], Field(max_length=10)] = ()
    """Tasks to add while responses are slow."""

    @field_validator("response_time_steps")
    @classmethod
    def _rising(cls, value: tuple[ResponseTimeStep, ...]) -> tuple[ResponseTimeStep, ...]:
        for lower, higher in pairwise(value):
            if not (lower.above_seconds < higher.above_seconds and lower.add_tasks < higher.add_tasks):
                raise ValueError(
                    "Must be in rising order: each step must begin later than the one before, and add more tasks."
                )
        return value


class ExpressSettings(TaskCountSettings, FargateTaskSettings):
    """Settings of an :class:`patternbook.ecs.express.ExpressService` and its task."""

    health_check: ExpressHealthCheck = ExpressHealthCheck()
    """Health checks of the tasks, and the time that they have to start and to stop."""

    architecture: Architecture = "x86_64"
    """CPU architecture of the tasks and of the image. App Runner images are for x86_64; arm64 costs less."""
    private_ingress: YesNo = False
    """Serve the VPC only, instead of the internet. The tasks have no public addresses then. A change creates a new
    service with a new URL."""
    scaling_metric: ScalingMetric = "cpu"
    """Metric to scale by: average CPU or memory utilization of the tasks, or requests per task."""
    scaling_target: Annotated[Whole, Field(ge=1, le=MAX_REQUESTS_PER_TARGET), Unit("% or requests per minute")] = 60
    """Target of scaling_metric: 10 to 90 % for cpu and memory, or requests per minute per task."""
    web_acl_arn: fields.WebAclArn | None = None
    """Regional AWS WAF web ACL for the load balancer."""

    @field_validator("scaling_target")
    @classmethod
    def _within_metric(cls, value: int, info: ValidationInfo) -> int:
        if "scaling_metric" in info.data:
            check_target(info.data["scaling_metric"], value)
        return value


class AnywhereSettings(TaskSettings):
    """Settings of an :class:`patternbook.ecs.anywhere.AnywhereService` and its task."""

    architecture: Architecture = "x86_64"
    """CPU architecture of the machines and of the image."""
    desired_count: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")] = 0
    """Number of tasks. Keep it at 0 until a machine has registered, or the deployment waits for hours."""
    min_healthy_percent: fields.Percent = 100
    """Share of the tasks that keeps running in a deployment. Lower it if no machine is free for one more task."""
    host_port: Annotated[
        Whole,
        Field(ge=0, le=HIGHEST_PORT),
        Expected(f"0, or a port from 1 to {HIGHEST_PORT} except {', '.join(map(str, RESERVED_PORTS[:3]))}"),
    ] = 0
    """Port of a machine that leads to the task, so a machine runs one task. With 0 each task gets any free port."""
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters_ec2.html#task_size_ec2
    cpu: Annotated[Whole, Field(ge=128, le=10240), Unit("CPU units")] = 256
    """CPU units of a task. 1,024 units are one vCPU of a machine."""
    memory_mib: Annotated[Whole, Field(ge=128, le=1_048_576), Unit("MiB")] = 256
    """Memory of a task."""

    @field_validator("host_port")
    @classmethod
    def _free(cls, value: int) -> int:
        if value:
            check_host_port(value)
        return value
