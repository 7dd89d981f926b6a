"""Settings of EcsManagedInstancesStack. The defaults work in an empty account."""

from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from patternbook.data.settings import KeySettings
from patternbook.ecs.capacity_settings import ManagedInstancesSettings
from patternbook.ecs.container_settings import WebHealthCheck
from patternbook.ecs.demonstration import WEB_PATH
from patternbook.ecs.settings import ScalingSettings, TaskSettings
from patternbook.limits.ecs_capacity import CapacityOption, check_fits
from patternbook.limits.ecs_tasks import check_spot_notice
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings, PublicLoadBalancerSettings
from patternbook.settings.fields import Whole
from patternbook.settings.validators import Unit


# Base classes validate from last to first, and a validator sees only the fields before it: max_memory_gib is checked
# against cpu and memory_mib, and health_check against image.
class EcsManagedInstancesSettings(
    KeySettings,
    ManagedInstancesSettings,
    AlarmSettings,
    NetworkSettings,
    ScalingSettings,
    PublicLoadBalancerSettings,
    TaskSettings,
):
    """Settings of the service, and of the instances that ECS may choose for it."""

    demonstration_paths: ClassVar[tuple[str, ...]] = (WEB_PATH,)

    health_check: WebHealthCheck = WebHealthCheck()
    """Health checks of the tasks, and the time that they have to start and to stop."""
    cpu: Annotated[Whole, Field(ge=128, le=196608), Unit("CPU units")] = 256
    """CPU units of a task. 1,024 units are one vCPU."""
    memory_mib: Annotated[Whole, Field(ge=64, le=1_048_576), Unit("MiB")] = 256
    """Memory of a task."""

    @field_validator("capacity_option")
    @classmethod
    def _stops_before_spot_ends(cls, value: CapacityOption, info: ValidationInfo) -> CapacityOption:
        if value == "spot" and "health_check" in info.data:
            check_spot_notice(stop_timeout_seconds=info.data["health_check"].stop_timeout_seconds)
        return value

    @field_validator("max_memory_gib")
    @classmethod
    def _holds_a_task(cls, value: int, info: ValidationInfo) -> int:
        given = info.data
        if {"cpu", "memory_mib", "max_vcpus"} <= given.keys():
            check_fits(
                cpu=given["cpu"], memory_mib=given["memory_mib"], max_vcpus=given["max_vcpus"], max_memory_gib=value
            )
        return value
