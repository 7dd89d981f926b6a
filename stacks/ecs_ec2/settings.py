"""What can be chosen; the defaults work in an empty account."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook.ecs.ec2_capacity import OperatingSystem, check_scaling
from patternbook.ecs.settings import (
    DESIRED,
    ScalingSettings,
    TargetPercent,
    Tasks,
    TaskSettings,
)
from patternbook.ecs.task import check_paths
from patternbook.limits.instance_types import (
    DEFAULT_TYPES,
    Architecture,
    InstanceTypeName,
    TaskSize,
    check_instance_types,
    check_room,
)
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings, PublicLoadBalancerSettings
from patternbook.settings import fields
from patternbook.settings.fields import EachOnce, Percent, Unit, Whole, YesNo

WEB_PATH = "/www"
"""Where the demonstration has its page."""

Instances = Annotated[Whole, Field(ge=0, le=1000), Unit("instances")]
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters_ec2.html
Cpu = Annotated[Whole, Field(ge=128, le=4096), Unit("CPU units")]
MemoryMib = Annotated[Whole, Field(ge=64, le=16384), Unit("MiB")]


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class EcsEc2Settings(AlarmSettings, NetworkSettings, ScalingSettings, PublicLoadBalancerSettings, TaskSettings):
    """Of two services, and of the instances that both run on. What has no "worker" in its name is about web."""

    refused: ClassVar[Mapping[str, str]] = {
        **ScalingSettings.refused,
        "desired_instances": DESIRED.format("instances"),
        "desired_workers": DESIRED.format("workers"),
    }

    cpu: Cpu = 256
    """CPU of a web task; 1,024 units are one vCPU."""
    memory_mib: MemoryMib = 256
    """Memory of a web task."""
    shared_files: YesNo = False
    """Let the tasks of both services share an EFS file system."""
    mount_path: fields.AbsolutePath = "/shared"
    """Where containers see the shared files."""
    worker_image: fields.ImageUri | None = None
    """Container image that works off the queue QUEUE_URL; without one, the demonstration."""
    worker_cpu: Cpu = 256
    """CPU of a worker task; 1,024 units are one vCPU."""
    worker_memory_mib: MemoryMib = 512
    """Memory of a worker task."""
    min_workers: Tasks = 1
    """Worker tasks at least."""
    max_workers: Tasks = 3
    """Worker tasks at most."""
    backlog_messages: Annotated[Whole, Field(ge=1, le=1_000_000), Unit("messages")] = 100
    """How many messages wait before a worker task is added; from ten times as many on, four are."""
    operating_system: OperatingSystem = "al2023"
    """Operating system of the instances, from the ECS-optimized AMI."""
    architecture: Architecture = "arm64"
    """Architecture of AMI, instances and images."""
    eni_trunking: YesNo = False
    """Whether the account setting awsvpcTrunking is on, so that instances hold more tasks; it is not the stack's."""
    instance_types: Annotated[
        tuple[InstanceTypeName, ...],
        EachOnce,
        Field(max_length=10),
    ] = ()
    """Instance types in order of preference; without any, the two smallest of the architecture."""
    on_demand_base: Instances = 2
    """Instances that run on demand before any runs on Spot."""
    spot_percent: Percent = 0
    """Share of Spot in the instances beyond the base."""
    capacity_provider: YesNo = True
    """Let a capacity provider scale the instances, by their tasks; without one the group does, by their CPU."""
    target_capacity_percent: Annotated[Whole, Field(ge=1, le=100), Unit("%")] | None = None
    """Share of the instances that tasks keep busy, by a capacity provider; the rest stands by. 100 where it is not
    set."""
    protect_busy_instances: YesNo | None = None
    """Keep instances that run a task from scale-in and from replacement by age, by a capacity provider; by posture
    where it is not set (sandbox no, production yes). The group cannot be deleted before its tasks have stopped."""
    target_instance_cpu_percent: TargetPercent | None = None
    """Average CPU utilization of the instances that scaling keeps without a capacity provider; 50 where it is not
    set."""
    min_instances: Instances = 2
    """Instances at least."""
    max_instances: Annotated[Whole, Field(ge=1, le=1000), Unit("instances")] = 6
    """Instances at most; they have to have room for all tasks at once, and one more of each service to roll."""

    @field_validator("mount_path")
    @classmethod
    def _apart_from_the_rest(cls, value: str, info: ValidationInfo) -> str:
        own = [WEB_PATH] if info.data.get("image", "") is None else []
        check_paths([value, *own, *info.data.get("writable_paths", ())])
        return value

    @field_validator("max_workers")
    @classmethod
    def _workers_ordered(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("min_workers", 0):
            raise ValueError(f"expected at least min_workers, which is {info.data['min_workers']}")
        return value

    @field_validator("operating_system")
    @classmethod
    def _mounts_shared_files(cls, value: str, info: ValidationInfo) -> str:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-bottlerocket.html
        if value == "bottlerocket" and info.data.get("shared_files"):
            raise ValueError(
                "expected al2023 with shared_files: Bottlerocket mounts no EFS with TLS, or for awsvpc tasks"
            )
        return value

    @field_validator("instance_types")
    @classmethod
    def _run_the_ami(cls, value: tuple[InstanceTypeName, ...], info: ValidationInfo) -> tuple[InstanceTypeName, ...]:
        if {"architecture", "eni_trunking"} <= info.data.keys():
            architecture = info.data["architecture"]
            names = value or DEFAULT_TYPES[architecture]
            check_instance_types(names, architecture=architecture, eni_trunking=info.data["eni_trunking"])
        return value

    @field_validator("target_capacity_percent", "protect_busy_instances", "target_instance_cpu_percent")
    @classmethod
    def _one_way_of_scaling(cls, value: Any, info: ValidationInfo) -> Any:
        if info.field_name and "capacity_provider" in info.data:
            check_scaling(capacity_provider=info.data["capacity_provider"], **{info.field_name: value})
        return value

    @field_validator("min_instances")
    @classmethod
    def _room_to_begin_with(cls, value: int, info: ValidationInfo) -> int:
        if info.data.get("capacity_provider", True):
            return value
        try:
            # One more: a deployment starts a new task before it stops an old one.
            _check_room(info.data, instances=value, web="min_tasks", workers="min_workers", more=(1, 0))
        except ValueError as error:
            raise ValueError(f"without a capacity provider, tasks without room bring no instance: {error}") from error
        return value

    @field_validator("max_instances")
    @classmethod
    def _room(cls, value: int, info: ValidationInfo) -> int:
        given = info.data
        if value < given.get("min_instances", 0):
            raise ValueError(f"expected at least min_instances, which is {given['min_instances']}")
        # One more of each: a deployment starts a new task before it stops an old one.
        _check_room(given, instances=value, web="max_tasks", workers="max_workers", more=(1, 1))
        return value


def _check_room(
    given: Mapping[str, Any],
    *,
    instances: int,
    web: Literal["min_tasks", "max_tasks"],
    workers: str,
    more: tuple[int, int],
) -> None:
    """Whether instances have room for the tasks of both services, and some more of each.

    :param given: the settings that are right; where one is missing, nothing is checked.
    :param web: the setting that says how many, of a schedule too.
    :param workers: the setting that says how many.
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
