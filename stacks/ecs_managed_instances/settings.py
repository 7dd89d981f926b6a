"""What can be chosen; the defaults work in an empty account."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook.ecs.managed_instances import CapacityOption, check_fits
from patternbook.ecs.settings import ScalingSettings, TaskSettings
from patternbook.ecs.task import check_paths
from patternbook.limits.instance_types import Architecture
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings, PublicLoadBalancerSettings
from patternbook.settings import fields
from patternbook.settings.fields import EachOnce, Unit, Whole, YesNo

WEB_PATH = "/www"
"""Where the demonstration has its page."""

Vcpus = Annotated[Whole, Field(ge=1, le=192), Unit("vCPUs")]
MemoryGib = Annotated[Whole, Field(ge=1, le=1536), Unit("GiB")]


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class EcsManagedInstancesSettings(
    AlarmSettings, NetworkSettings, ScalingSettings, PublicLoadBalancerSettings, TaskSettings
):
    """Of the service, and of the instances that ECS may choose for it."""

    cpu: Annotated[Whole, Field(ge=128, le=196608), Unit("CPU units")] = 256
    """CPU of a task; 1,024 units are one vCPU."""
    memory_mib: Annotated[Whole, Field(ge=64, le=1_048_576), Unit("MiB")] = 256
    """Memory of a task."""
    architecture: Architecture = "arm64"
    """Architecture of the instances, and of the image."""
    burstable: YesNo = True
    """Whether ECS may choose types of the T families, which are cheap and slow down when their credits are used up."""
    allowed_instance_types: Annotated[
        tuple[Annotated[str, fields.matching(r"[a-z0-9*][a-z0-9.*-]{0,29}", 'a name of types such as "m8g.*"')], ...],
        EachOnce,
        Field(max_length=400),
    ] = ()
    """Names of the types to choose from, with * for any characters; all within the bounds where it is empty."""
    capacity_option: CapacityOption = "on-demand"
    """Whether instances run on demand or on Spot, at a lower price and until AWS takes them back."""
    min_vcpus: Vcpus = 1
    """vCPUs of an instance at least."""
    max_vcpus: Vcpus = 4
    """vCPUs of an instance at most."""
    min_memory_gib: MemoryGib = 1
    """Memory of an instance at least."""
    max_memory_gib: MemoryGib = 16
    """Memory of an instance at most."""
    # AWS takes less, too little for images; 80 is its own default, and 16,384 the most of a gp3 volume.
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedInstancesStorageConfiguration.html
    volume_gib: Annotated[Whole, Field(ge=30, le=16384), Unit("GiB")] = 80
    """Volume of an instance, for images and what containers write."""

    @field_validator("writable_paths")
    @classmethod
    def _apart_from_the_page(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("image", "") is None:
            check_paths([WEB_PATH, *value])
        return value

    @field_validator("max_vcpus")
    @classmethod
    def _vcpus_ordered(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("min_vcpus", 0):
            raise ValueError(f"expected at least min_vcpus, which is {info.data['min_vcpus']}")
        return value

    @field_validator("max_memory_gib")
    @classmethod
    def _holds_a_task(cls, value: int, info: ValidationInfo) -> int:
        given = info.data
        if value < given.get("min_memory_gib", 0):
            raise ValueError(f"expected at least min_memory_gib, which is {given['min_memory_gib']}")
        if {"cpu", "memory_mib", "max_vcpus"} <= given.keys():
            check_fits(
                cpu=given["cpu"], memory_mib=given["memory_mib"], max_vcpus=given["max_vcpus"], max_memory_gib=value
            )
        return value
