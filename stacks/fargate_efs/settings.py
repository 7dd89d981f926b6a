"""Settings of FargateEfsStack. The defaults work in an empty account."""

from patternbook.data.settings import KeySettings
from patternbook.ecs.container_settings import WebHealthCheck
from patternbook.ecs.settings import DeploymentSettings, ScalingSettings, SharedFilesSettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings, PublicLoadBalancerSettings


# Base classes validate from last to first, and a validator sees only the fields before it: health_check is checked
# against image.
class FargateEfsSettings(
    KeySettings,
    AlarmSettings,
    NetworkSettings,
    ScalingSettings,
    PublicLoadBalancerSettings,
    DeploymentSettings,
    SharedFilesSettings,
):
    """Settings of the service, its load balancer, its network and its alarms."""

    health_check: WebHealthCheck = WebHealthCheck()
    """Health checks of the tasks, and the time that they have to start and to stop."""
