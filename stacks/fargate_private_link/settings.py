"""Settings of FargatePrivateLinkStack. The defaults work in an empty account."""

from pydantic import ValidationInfo, field_validator

from patternbook.data.settings import KeySettings
from patternbook.ecs.container_settings import ConnectionHealthCheck, WritablePath, is_demonstration
from patternbook.ecs.settings import FargateSettings, UtilizationScalingSettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import EndpointSettings, NetworkSettings


# Base classes validate from last to first, and a validator sees only the fields before it: health_check is checked
# against image.
class FargatePrivateLinkSettings(
    KeySettings, AlarmSettings, NetworkSettings, UtilizationScalingSettings, EndpointSettings, FargateSettings
):
    """Settings of the service, its load balancer, its endpoint service, its network and its alarms."""

    health_check: ConnectionHealthCheck = ConnectionHealthCheck()
    """Health checks of the tasks, and the time that they have to start and to stop."""

    @field_validator("writable_paths")
    @classmethod
    def _of_a_user(cls, value: tuple[WritablePath, ...], info: ValidationInfo) -> tuple[WritablePath, ...]:
        if value and is_demonstration(info):
            raise ValueError("Must be empty for the demonstration. Set image to use paths of your own.")
        return value

    @field_validator("proxy_protocol")
    @classmethod
    def _understood(cls, value: bool, info: ValidationInfo) -> bool:
        if value and is_demonstration(info):
            raise ValueError("Must be false for the demonstration, which serves plain HTTP. Set image to use it.")
        return value
