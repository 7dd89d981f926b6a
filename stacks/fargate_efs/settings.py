"""What can be chosen; the defaults work in an empty account."""

from pydantic import ValidationInfo, field_validator

from patternbook.ecs.settings import FargateSettings, ScalingSettings, TaskSettings
from patternbook.ecs.task import check_paths
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings, PublicLoadBalancerSettings
from patternbook.settings import fields


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class FargateEfsSettings(
    FargateSettings, AlarmSettings, NetworkSettings, ScalingSettings, PublicLoadBalancerSettings, TaskSettings
):
    """Of one service, by what takes them."""

    mount_path: fields.AbsolutePath = "/shared"
    """Where the container sees the shared file system."""

    @field_validator("mount_path")
    @classmethod
    def _apart_from_the_rest(cls, value: str, info: ValidationInfo) -> str:
        check_paths([value, *info.data.get("writable_paths", ())])
        return value
