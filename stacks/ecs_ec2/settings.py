"""Settings of EcsEc2Stack. The defaults work in an empty account."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook.data.settings import KeySettings
from patternbook.ecs.capacity_settings import Ec2CapacitySettings
from patternbook.ecs.container_settings import WebHealthCheck
from patternbook.ecs.demonstration import WEB_PATH
from patternbook.ecs.settings import DESIRED, ScalingSettings, SharedFilesSettings, Tasks
from patternbook.limits.ecs_tasks import check_spot_notice
from patternbook.limits.instance_types import DEFAULT_TYPES, TaskSize, check_room
from patternbook.limits.queues import check_work
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings, PublicLoadBalancerSettings
from patternbook.settings import fields
from patternbook.settings.fields import Number, Whole, YesNo
from patternbook.settings.ranges import checked_maximum
from patternbook.settings.validators import Unit

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters_ec2.html
Cpu = Annotated[Whole, Field(ge=128, le=4096), Unit("CPU units")]
MemoryMib = Annotated[Whole, Field(ge=64, le=16384), Unit("MiB")]


class WebTaskSettings(SharedFilesSettings):
    """Settings of the web task."""

    demonstration_paths: ClassVar[tuple[str, ...]] = (WEB_PATH,)
    own_variables: ClassVar[tuple[str, ...]] = ("AWS_REGION", "QUEUE_URL")

    cpu: Cpu = 256
    """CPU units of a web task. 1,024 units are one vCPU."""
    memory_mib: MemoryMib = 256
    """Memory of a web task."""
    shared_files: YesNo = False
    """Give the tasks of both services a shared EFS file system."""


class WorkerSettings(WebTaskSettings):
    """Settings of the worker."""

    worker_image: fields.ImageUri | None = None
    """Container image that consumes the queue QUEUE_URL. Defaults to the demonstration."""
    worker_cpu: Cpu = 256
    """CPU units of a worker task. 1,024 units are one vCPU."""
    worker_memory_mib: MemoryMib = 512
    """Memory of a worker task."""
    min_workers: Tasks = 1
    """Minimum number of worker tasks."""
    max_workers: Tasks = 3
    """Maximum number of worker tasks."""
    max_work_seconds: Annotated[Whole, Field(ge=5, le=43_199), Unit("seconds")] = 30
    """Longest time that a worker task works on one message. A stopping task has this time to finish, up to 120 seconds.
    Raise visibility_timeout_seconds with it."""
    visibility_timeout_seconds: Annotated[Whole, Field(ge=6, le=43_200), Unit("seconds")] = 60
    """Time after which SQS delivers a message again if nobody has deleted it. It must be above max_work_seconds."""
    seconds_per_message: Annotated[Number, Field(ge=0.001, le=600), Unit("seconds")] = 3
    """Average time in which a worker task finishes one message. For a task that works on several at once, divide by
    their number."""
    # From 10 minutes on, the alarm on old messages rings.
    acceptable_delay_seconds: Annotated[Whole, Field(ge=1, le=600), Unit("seconds")] = 300
    """Acceptable time that a message waits in the queue. Scaling adds worker tasks when the backlog of each would take
    longer."""

    @field_validator("visibility_timeout_seconds")
    @classmethod
    def _longer_than_work(cls, value: int, info: ValidationInfo) -> int:
        if "max_work_seconds" in info.data:
            check_work(max_work_seconds=info.data["max_work_seconds"], visibility_timeout_seconds=value)
        return value

    @field_validator("seconds_per_message")
    @classmethod
    def _within_longest(cls, value: float, info: ValidationInfo) -> float:
        longest = info.data.get("max_work_seconds", value)
        if value > longest:
            raise ValueError(f"Must be at most max_work_seconds ({longest}). Raise max_work_seconds, or lower it.")
        return value

    @field_validator("acceptable_delay_seconds")
    @classmethod
    def _one_message_at_least(cls, value: int, info: ValidationInfo) -> int:
        average = info.data.get("seconds_per_message", value)
        if value < average:
            raise ValueError(f"Must be at least seconds_per_message ({average:g}). Raise it.")
        return value

    @field_validator("max_workers")
    @classmethod
    def _ordered_workers(cls, value: int, info: ValidationInfo) -> int:
        return checked_maximum(value, info)


# Base classes validate from last to first, and a validator sees only the fields before it: the numbers of instances are
# checked against those of tasks, and health_check against image.
class EcsEc2Settings(
    KeySettings,
    Ec2CapacitySettings,
    AlarmSettings,
    NetworkSettings,
    ScalingSettings,
    PublicLoadBalancerSettings,
    WorkerSettings,
):
    """Settings of both services and their instances. Settings without the prefix ``worker_`` configure the web
    service.
    """

    health_check: WebHealthCheck = WebHealthCheck()
    """Health checks of the web tasks, and the time that they have to start and to stop."""

    refused: ClassVar[Mapping[str, str]] = {
        "desired_instances": DESIRED.format("instances"),
        "desired_workers": DESIRED.format("workers"),
        "backlog_messages": "Not supported: set acceptable_delay_seconds and seconds_per_message, from which the "
        "target backlog of a worker task follows.",
    }

    @field_validator("operating_system")
    @classmethod
    def _mounts_shared_files(cls, value: str, info: ValidationInfo) -> str:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-bottlerocket.html
        if value == "bottlerocket" and info.data.get("shared_files"):
            raise ValueError(
                "Must be al2023 with shared_files, because Bottlerocket supports no EFS with TLS. Set it to al2023, or "
                "shared_files to false."
            )
        return value

    @field_validator("spot_percent")
    @classmethod
    def _stops_before_spot_ends(cls, value: int, info: ValidationInfo) -> int:
        if value and "health_check" in info.data:
            check_spot_notice(stop_timeout_seconds=info.data["health_check"].stop_timeout_seconds)
        return value

    @field_validator("min_instances")
    @classmethod
    def _room_to_begin_with(cls, value: int, info: ValidationInfo) -> int:
        if info.data.get("capacity_provider", True):
            return value
        try:
            # A deployment starts a new task before it stops an old one, so it needs room for one more.
            _check_room(info.data, instances=value, web="min_tasks", workers="min_workers", more=(1, 0))
        except ValueError as error:
            raise ValueError(f"Without a capacity provider, waiting tasks add no instance. {error}") from error
        return value

    @field_validator("max_instances")
    @classmethod
    def _room(cls, value: int, info: ValidationInfo) -> int:
        # A deployment of each service starts a new task before it stops an old one, so both need room for one more.
        _check_room(info.data, instances=value, web="max_tasks", workers="max_workers", more=(1, 1))
        return value


def _check_room(
    given: Mapping[str, Any],
    *,
    instances: int,
    web: Literal["min_tasks", "max_tasks"],
    workers: str,
    more: tuple[int, int],
) -> None:
    """Whether the instances have room for the tasks of both services, and some more of each.

    :param given: the valid settings. If one is missing, nothing is checked.
    :param web: name of the setting with the number of web tasks. Schedules have it, too.
    :param workers: name of the setting with the number of worker tasks.
    """
    needed = ("cpu", "memory_mib", "worker_cpu", "worker_memory_mib", "architecture", "instance_types", "eni_trunking")
    if not {web, workers, "scheduled_tasks", *needed} <= given.keys():
        return
    most = max([given[web], *(getattr(schedule, web) for schedule in given["scheduled_tasks"])])
    check_room(
        [
            TaskSize(most + more[0], given["cpu"], given["memory_mib"]),
            TaskSize(given[workers] + more[1], given["worker_cpu"], given["worker_memory_mib"]),
        ],
        names=given["instance_types"] or DEFAULT_TYPES[given["architecture"]],
        instances=instances,
        eni_trunking=given["eni_trunking"],
    )
