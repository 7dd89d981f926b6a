"""Settings of EcsAnywhereStack. The defaults work in an empty account without a machine."""

from collections.abc import Mapping
from typing import ClassVar

from patternbook.data.settings import KeySettings, LogSettings
from patternbook.ecs.settings import AnywhereSettings
from patternbook.monitoring.settings import AlarmSettings

PAGES = "/srv/www"
"""Folder of the demonstration's page."""

# Settings that other patterns, or ECS elsewhere, have, by the reason why ECS Anywhere does not support them:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html#ecs-anywhere-considerations
# CDK refuses auto scaling ("Autoscaling not supported for external service"), and AWS does not document it.
_REFUSED = {
    "ECS Anywhere supports no awsvpc, so tasks run in bridge network mode. Set host_port to fix a port.": (
        *("network_mode", "assign_public_ip", "security_groups", "subnets", "vpc_cidr", "vpc_id"),
    ),
    "ECS Anywhere supports no load balancer. Set host_port to serve on a port of the machine.": (
        *(
            "load_balancer",
            "target_group",
            "health_check_path",
            "health_check_protocol",
            "allowed_cidrs",
            "certificate_arn",
            "domain_name",
            "hosted_zone_id",
            "web_acl_arn",
        ),
        *("allow_plain_http", "response_time_steps", "target_requests_per_minute"),
    ),
    "ECS Anywhere supports neither service discovery nor Service Connect.": (
        *("service_discovery", "service_connect", "cloud_map_namespace", "namespace"),
    ),
    "external services have no auto scaling. Set desired_count to the number of tasks.": (
        *("min_tasks", "max_tasks", "scheduled_tasks", "target_cpu_percent", "target_memory_percent"),
    ),
    "ECS Anywhere supports no capacity providers. Machines register by themselves.": (
        *("capacity_provider", "capacity_providers", "instance_type", "on_demand_base", "spot_percent"),
    ),
    "ECS Anywhere supports no EFS volumes.": ("efs", "file_system", "file_system_id", "mount_path"),
}


class EcsAnywhereSettings(KeySettings, AlarmSettings, LogSettings, AnywhereSettings):
    """Settings of a service on machines outside of AWS."""

    demonstration_paths: ClassVar[tuple[str, ...]] = (PAGES,)

    refused: ClassVar[Mapping[str, str]] = {
        name: f"Not supported: {why}" for why, names in _REFUSED.items() for name in names
    }
