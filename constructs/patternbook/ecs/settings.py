"""Settings of tasks and services. The settings of a pattern inherit from those that apply, and add their own."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, ClassVar, Final

from pydantic import Field, ValidationInfo, field_validator

from patternbook.data.settings import SecretSettings
from patternbook.ecs.task import check_paths
from patternbook.limits.fargate import Cpu, check_task_size
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, SettingsModel
from patternbook.settings.fields import Expected, Number, Unit, Whole

Tasks = Annotated[Whole, Field(ge=1, le=1000), Unit("tasks")]
TargetPercent = Annotated[Whole, Field(ge=10, le=90), Unit("%")]


class ContainerSettings(PatternSettings):
    """What a task runs."""

    image: fields.ImageUri | None = None
    """Container image that serves HTTP; without one, the demonstration."""
    container_port: Annotated[Whole, Field(ge=1024, le=65535)] = 8080
    """Port that the image listens on; a non-root process can listen on no port below 1024."""
    health_check_command: Annotated[tuple[Annotated[str, fields.prose(1024)], ...], Field(max_length=20)] = ()
    """Health check inside the container, beginning with CMD or CMD-SHELL; an image of yours needs none."""
    writable_paths: Annotated[tuple[fields.AbsolutePath, ...], Field(max_length=10)] = ()
    """Paths that the image writes to; each a tmpfs of 64 MiB out of the task's memory."""

    @field_validator("health_check_command")
    @classmethod
    def _begins_with_cmd(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        right = not value or (value[0] == "CMD" and len(value) > 1) or (value[0] == "CMD-SHELL" and len(value) == 2)
        if not right:
            raise ValueError('expected CMD and arguments, or CMD-SHELL and one line, such as ["CMD", "/healthy"]')
        return value

    @field_validator("writable_paths")
    @classmethod
    def _apart(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_paths(value)
        return value


class TaskSettings(SecretSettings, ContainerSettings):
    """What a task runs, and what comes to it, see :class:`patternbook.ecs.task.Task`."""


class FargateSizeSettings(PatternSettings):
    """How large tasks on Fargate are."""

    cpu: Annotated[Cpu, Unit("CPU units")] = 256
    """CPU of a task; 1,024 units are one vCPU."""
    memory_mib: Annotated[Whole, Expected("a size that Fargate offers with this cpu"), Unit("MiB")] = 512
    """Memory of a task; which sizes there are depends on cpu."""

    @field_validator("memory_mib")
    @classmethod
    def _offered_with_cpu(cls, value: int, info: ValidationInfo) -> int:
        if "cpu" in info.data:
            check_task_size(info.data["cpu"], value)
        return value


class FargateSettings(FargateSizeSettings):
    """And how much of it is Spot, see :class:`patternbook.ecs.service.FargateService`."""

    on_demand_base: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")] = 2
    """Tasks that always run on demand, before any runs on Spot."""
    spot_percent: fields.Percent = 50
    """Share of Fargate Spot in the tasks beyond the base."""


class ScheduledTasks(SettingsModel):
    """Other bounds of the number of tasks, from a time on."""

    cron: fields.Cron
    """When, as six cron fields."""
    time_zone: fields.TimeZone = "Etc/UTC"
    """In which time zone the cron fields are."""
    min_tasks: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")]
    """Tasks at least, from then on."""
    max_tasks: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")]
    """Tasks at most, from then on."""

    @field_validator("max_tasks")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        return _not_below_minimum(value, info)


class ResponseTimeStep(SettingsModel):
    """A step of step scaling."""

    above_seconds: Annotated[Number, Field(ge=0.01, le=60), Unit("seconds")]
    """From which response time (90th percentile of a minute) on."""
    add_tasks: Annotated[Whole, Field(ge=1, le=100), Unit("tasks")]
    """How many tasks are added."""


DESIRED: Final = (
    "no setting of this pattern: scaling owns how many {0} run, and a deployment would reset it; "
    "set min_{0} and max_{0}, the same to keep a number"
)
"""Why a desired number of what scales is refused."""


class TaskCountSettings(PatternSettings):
    """How many tasks a service runs at least and at most."""

    refused: ClassVar[Mapping[str, str]] = {
        name: DESIRED.format("tasks") for name in ("desired_tasks", "desired_count")
    }

    min_tasks: Tasks = 2
    """Tasks at least."""
    max_tasks: Tasks = 6
    """Tasks at most."""

    @field_validator("max_tasks")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        return _not_below_minimum(value, info)


class UtilizationScalingSettings(TaskCountSettings):
    """What any service scales by, see :class:`patternbook.ecs.scaling.ServiceScaling`."""

    target_cpu_percent: TargetPercent = 60
    """Average CPU utilization that scaling keeps."""
    target_memory_percent: TargetPercent = 70
    """Average memory utilization that scaling keeps."""
    scheduled_tasks: Annotated[tuple[ScheduledTasks, ...], Field(max_length=20)] = ()
    """Scheduled scaling."""


class ScalingSettings(UtilizationScalingSettings):
    """How many tasks a service behind an Application Load Balancer runs, which counts and times requests."""

    target_requests_per_minute: Annotated[Whole, Field(ge=1, le=1_000_000), Unit("requests per minute")] = 1000
    """Requests to each task that scaling keeps."""
    response_time_steps: Annotated[tuple[ResponseTimeStep, ...], Field(max_length=10)] = ()
    """Step scaling."""

    @field_validator("response_time_steps")
    @classmethod
    def _rising(cls, value: tuple[ResponseTimeStep, ...]) -> tuple[ResponseTimeStep, ...]:
        for lower, higher in pairwise(value):
            if not (lower.above_seconds < higher.above_seconds and lower.add_tasks < higher.add_tasks):
                raise ValueError(
                    "expected steps in rising order: each later, and adding more tasks, than the one before"
                )
        return value


def _not_below_minimum(value: int, info: ValidationInfo) -> int:
    if value < info.data.get("min_tasks", 0):
        raise ValueError(f"expected at least min_tasks, which is {info.data['min_tasks']}")
    return value
