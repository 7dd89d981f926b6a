"""Settings of EcsExpressStack. The defaults work in an empty account."""

from collections.abc import Mapping
from typing import Any, ClassVar

from patternbook.data.settings import KeySettings
from patternbook.ecs.demonstration import WEB_PATH
from patternbook.ecs.settings import ExpressSettings
from patternbook.limits.networks import Tier
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings


class EcsExpressSettings(KeySettings, AlarmSettings, NetworkSettings, ExpressSettings):
    """Settings of the service, its network and its alarms. ECS decides about the rest."""

    demonstration_paths: ClassVar[tuple[str, ...]] = (WEB_PATH,)

    refused: ClassVar[Mapping[str, str]] = {
        **{
            name: f"Not supported: ECS owns the load balancer. Use FargateEfsStack for {name}."
            for name in (
                "certificate_arn",
                "domain_name",
                "hosted_zone_id",
                "allowed_cidrs",
                "allow_plain_http",
                "response_time_steps",
            )
        },
        **dict.fromkeys(
            ("target_cpu_percent", "target_memory_percent", "target_requests_per_minute"),
            "Not supported: Express Mode scales by one metric. Set scaling_metric and scaling_target.",
        ),
        **{
            name: f"Not supported by Express Mode. Use FargateEfsStack for {name}."
            for name in ("scheduled_tasks", "on_demand_base", "spot_percent")
        },
    }

    @classmethod
    def tiers(cls, given: Mapping[str, Any]) -> tuple[Tier, ...]:
        """Express Mode puts tasks and load balancer into the same subnets."""
        return ("private_subnets",) if given.get("private_ingress") else ("public_subnets",)
