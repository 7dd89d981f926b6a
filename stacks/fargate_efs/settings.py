"""What can be chosen; the defaults work in an empty account."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook import fields
from patternbook.fargate import Cpu, check_task_size
from patternbook.fields import Expected, Percent, Unit, Whole
from patternbook.service_settings import FrontSettings, OperationSettings, ScalingSettings, TaskSettings
from patternbook.task import check_paths


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class FargateEfsSettings(OperationSettings, ScalingSettings, FrontSettings, TaskSettings):
    """Of one service, by what takes them."""

    cpu: Annotated[Cpu, Unit("CPU units")] = 256
    """CPU of a task; 1,024 units are one vCPU."""
    memory_mib: Annotated[Whole, Expected("a size that Fargate offers with this cpu"), Unit("MiB")] = 512
    """Memory of a task; which sizes there are depends on cpu."""
    mount_path: fields.AbsolutePath = "/shared"
    """Where the container sees the shared file system."""
    on_demand_base: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")] = 2
    """Tasks that always run on demand, before any runs on Spot."""
    spot_percent: Percent = 50
    """Share of Fargate Spot in the tasks beyond the base."""

    @field_validator("health_check_path")
    @classmethod
    def _served(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("image", "") is None and value != "/":
            raise ValueError('expected "/", the only page of the demonstration, or an image of yours')
        return value

    @field_validator("memory_mib")
    @classmethod
    def _offered_with_cpu(cls, value: int, info: ValidationInfo) -> int:
        if "cpu" in info.data:
            check_task_size(info.data["cpu"], value)
        return value

    @field_validator("mount_path")
    @classmethod
    def _apart_from_the_rest(cls, value: str, info: ValidationInfo) -> str:
        check_paths([value, *info.data.get("writable_paths", ())])
        return value
