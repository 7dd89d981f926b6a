"""What can be chosen; the defaults work in an empty account."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook import fields
from patternbook.ec2_capacity import (
    DEFAULT_TYPES,
    Architecture,
    InstanceTypeName,
    OperatingSystem,
    TaskSize,
    check_instance_types,
    check_room,
)
from patternbook.fields import EachOnce, Percent, Unit, Whole, YesNo
from patternbook.service_settings import FrontSettings, OperationSettings, ScalingSettings, Tasks, TaskSettings
from patternbook.task import check_paths

WEB_PATH = "/www"
"""Where the demonstration has its page."""

Instances = Annotated[Whole, Field(ge=0, le=1000), Unit("instances")]
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters_ec2.html
Cpu = Annotated[Whole, Field(ge=128, le=4096), Unit("CPU units")]
MemoryMib = Annotated[Whole, Field(ge=64, le=16384), Unit("MiB")]


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class EcsEc2Settings(OperationSettings, ScalingSettings, FrontSettings, TaskSettings):
    """Of two services, and of the instances that both run on. What has no "worker" in its name is about web."""

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
    target_capacity_percent: Annotated[Whole, Field(ge=1, le=100), Unit("%")] = 100
    """Share of the instances that tasks keep busy; the rest stands by."""
    protect_busy_instances: YesNo | None = None
    """Keep instances that run a task from scale-in and from replacement by age; by posture where it is not set
    (sandbox no, production yes). The group cannot be deleted before its tasks have stopped."""
    min_instances: Instances = 2
    """Instances at least."""
    max_instances: Annotated[Whole, Field(ge=1, le=1000), Unit("instances")] = 6
    """Instances at most; they have to have room for all tasks at once, and one more of each service to roll."""

    @field_validator("health_check_path")
    @classmethod
    def _served(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("image", "") is None and value != "/":
            raise ValueError('expected "/", the only page of the demonstration, or an image of yours')
        return value

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

    @field_validator("max_instances")
    @classmethod
    def _room(cls, value: int, info: ValidationInfo) -> int:
        given = info.data
        if value < given.get("min_instances", 0):
            raise ValueError(f"expected at least min_instances, which is {given['min_instances']}")
        needed = ("max_tasks", "cpu", "memory_mib", "max_workers", "worker_cpu", "worker_memory_mib", "scheduled_tasks")
        if not {*needed, "architecture", "instance_types", "eni_trunking"} <= given.keys():
            return value
        # One more of each: a deployment starts a new task before it stops an old one.
        most = max([given["max_tasks"], *(schedule.max_tasks for schedule in given["scheduled_tasks"])])
        check_room(
            [
                TaskSize(most + 1, given["cpu"], given["memory_mib"]),
                TaskSize(given["max_workers"] + 1, given["worker_cpu"], given["worker_memory_mib"]),
            ],
            names=given["instance_types"] or DEFAULT_TYPES[given["architecture"]],
            max_instances=value,
            eni_trunking=given["eni_trunking"],
        )
        return value
