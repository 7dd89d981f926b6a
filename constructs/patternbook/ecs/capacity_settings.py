"""Settings of the EC2 instances that tasks run on."""

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from patternbook.ecs.settings import TargetPercent
from patternbook.limits.ecs_capacity import CapacityOption, check_scaling
from patternbook.limits.instance_types import DEFAULT_TYPES, Architecture, InstanceTypeName, check_instance_types
from patternbook.limits.operating_systems import OperatingSystem
from patternbook.settings.base import PatternSettings
from patternbook.settings.fields import EachOnce, Percent, Whole, YesNo
from patternbook.settings.ranges import checked_maximum
from patternbook.settings.validators import Unit, matching

Instances = Annotated[Whole, Field(ge=0, le=1000), Unit("instances")]
Vcpus = Annotated[Whole, Field(ge=1, le=192), Unit("vCPUs")]
MemoryGib = Annotated[Whole, Field(ge=1, le=1536), Unit("GiB")]


class Ec2CapacitySettings(PatternSettings):
    """Settings of an :class:`patternbook.ecs.ec2_capacity.Ec2Capacity`."""

    operating_system: OperatingSystem = "al2023"
    """Operating system of the instances. They run its ECS-optimized AMI."""
    architecture: Architecture = "arm64"
    """CPU architecture of the AMI, the instances and the images."""
    eni_trunking: YesNo = False
    """Count on the account setting awsvpcTrunking, with which instances have room for more tasks. Turn it on first: the
    stack does not change it."""
    instance_types: Annotated[tuple[InstanceTypeName, ...], EachOnce, Field(max_length=10)] = ()
    """Instance types in order of preference. Defaults to the two smallest types of the architecture."""
    on_demand_base: Instances = 2
    """Number of instances that run on demand before any instance runs on Spot."""
    spot_percent: Percent = 0
    """Share of Spot in the instances beyond on_demand_base."""
    capacity_provider: YesNo = True
    """Scale instances by the tasks that wait for room; if false, by instance CPU."""
    target_capacity_percent: Annotated[Whole, Field(ge=1, le=100), Unit("%")] | None = None
    """Target utilization of the instances by tasks, for the capacity provider. Lower it to keep room for sudden tasks.
    Defaults to 100."""
    protect_busy_instances: YesNo | None = None
    """Protect instances that run a task from scale-in and from replacement by age. The group cannot be deleted before
    its tasks have stopped. Defaults to false in sandbox and true in production."""
    target_instance_cpu_percent: TargetPercent | None = None
    """Target average CPU utilization of the instances without a capacity provider. Defaults to 50."""
    min_instances: Instances = 2
    """Minimum number of instances."""
    max_instances: Annotated[Whole, Field(ge=1, le=1000), Unit("instances")] = 6
    """Maximum number of instances. They must have room for all tasks, and for one more task of each service while it
    deploys."""

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

    @field_validator("max_instances")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        return checked_maximum(value, info)


class ManagedInstancesSettings(PatternSettings):
    """Settings of :class:`patternbook.ecs.managed_instances.ManagedInstances`."""

    architecture: Architecture = "arm64"
    """CPU architecture of the instances and of the image."""
    burstable: YesNo = True
    """Let ECS choose T instance types, which are cheap and slow down when their CPU credits are used up."""
    allowed_instance_types: Annotated[
        tuple[
            Annotated[
                str,
                matching(
                    r"[a-z0-9*][a-z0-9.*-]{0,29}",
                    'the name of an instance type, in which * matches any characters, such as "m8g.*"',
                ),
            ],
            ...,
        ],
        EachOnce,
        Field(max_length=400),
    ] = ()
    """Names of the instance types that ECS may choose, with * for any characters. Defaults to all types within the
    bounds."""
    capacity_option: CapacityOption = "on-demand"
    """Purchase option of the instances. Spot is cheaper, and AWS may reclaim the instances."""
    min_vcpus: Vcpus = 1
    """Minimum number of vCPUs of an instance."""
    max_vcpus: Vcpus = 4
    """Maximum number of vCPUs of an instance."""
    min_memory_gib: MemoryGib = 1
    """Minimum memory of an instance."""
    max_memory_gib: MemoryGib = 16
    """Maximum memory of an instance."""
    # 80 GiB is the default of AWS, which accepts less than images need, and 16,384 GiB is the maximum of gp3 volumes.
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedInstancesStorageConfiguration.html
    volume_gib: Annotated[Whole, Field(ge=30, le=16384), Unit("GiB")] = 80
    """Size of an instance's EBS volume, for images and the files of containers."""

    @field_validator("max_vcpus")
    @classmethod
    def _vcpus_ordered(cls, value: int, info: ValidationInfo) -> int:
        return checked_maximum(value, info)

    @field_validator("max_memory_gib")
    @classmethod
    def _memory_ordered(cls, value: int, info: ValidationInfo) -> int:
        return checked_maximum(value, info)
