"""Settings of FargatePrivateLinkStack. The defaults work in an empty account."""

from pydantic import ValidationInfo, field_validator

from patternbook.ecs.settings import FargateSettings, UtilizationScalingSettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import EndpointSettings, NetworkSettings


# Base classes validate from last to first, and a validator sees only the fields before it: the health check is checked
# against image.
class FargatePrivateLinkSettings(
    AlarmSettings, NetworkSettings, UtilizationScalingSettings, EndpointSettings, FargateSettings
):
    """Settings of the service, its load balancer, its endpoint service, its network and its alarms."""

    @field_validator("writable_paths")
    @classmethod
    def _of_an_image(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and _is_demonstration(info):
            raise ValueError("Must be empty for the demonstration. Set image to use paths of your own.")
        return value

    @field_validator("health_check_protocol", "health_check_path", "proxy_protocol")
    @classmethod
    def _understood(cls, value: str | bool | None, info: ValidationInfo) -> str | bool | None:
        if _is_demonstration(info) and value not in ("TCP", "HTTP", None, "/", False):
            raise ValueError(
                "Must suit the demonstration, which serves plain HTTP on /. Set image to use another value."
            )
        return value


def _is_demonstration(info: ValidationInfo) -> bool:
    return info.data.get("image", "") is None
