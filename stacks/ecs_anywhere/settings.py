"""What can be chosen; the defaults work in an empty account, and without a machine."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from patternbook.data.settings import LogSettings
from patternbook.ecs.anywhere import HIGHEST_PORT, RESERVED_PORTS, check_host_port
from patternbook.ecs.settings import TaskSettings
from patternbook.ecs.task import check_paths
from patternbook.limits.instance_types import Architecture
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings import fields
from patternbook.settings.fields import Expected, Unit, Whole

PAGES = "/srv/www"
"""Where the demonstration has its page."""

# What a user of other patterns, or of ECS elsewhere, would try, by why it cannot be:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html#ecs-anywhere-considerations
# Of scaling, CDK says "Autoscaling not supported for external service", and AWS documents it nowhere.
_REFUSED = {
    "tasks run in bridge network mode, for ECS Anywhere supports no awsvpc; host_port fixes a port": (
        *("network_mode", "assign_public_ip", "security_groups", "subnets", "vpc_cidr", "vpc_id"),
    ),
    "ECS Anywhere supports no load balancer; host_port is where a machine serves the tasks": (
        *("load_balancer", "target_group", "health_check_path", "allowed_cidrs", "certificate_arn", "web_acl_arn"),
        *("allow_plain_http", "response_time_steps", "target_requests_per_minute"),
    ),
    "ECS Anywhere supports neither service discovery nor Service Connect": (
        *("service_discovery", "service_connect", "cloud_map_namespace", "namespace"),
    ),
    "external services do not scale by themselves; desired_count is the number of tasks": (
        *("min_tasks", "max_tasks", "scheduled_tasks", "target_cpu_percent", "target_memory_percent"),
    ),
    "ECS Anywhere supports no capacity providers; machines register by themselves": (
        *("capacity_provider", "capacity_providers", "instance_type", "on_demand_base", "spot_percent"),
    ),
    "ECS Anywhere supports no EFS volumes": ("efs", "file_system", "file_system_id", "mount_path"),
}


class EcsAnywhereSettings(AlarmSettings, LogSettings, TaskSettings):
    """Of one service, on machines outside of AWS."""

    refused: ClassVar[Mapping[str, str]] = {
        name: f"no setting of this pattern: {why}" for why, names in _REFUSED.items() for name in names
    }

    architecture: Architecture = "x86_64"
    """CPU architecture of the machines, and of the image."""
    desired_count: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")] = 0
    """Tasks to run; 0 until a machine has registered, or the deployment waits for it, for hours."""
    min_healthy_percent: fields.Percent = 100
    """Tasks that a deployment leaves running; less than 100 where no machine can be spared for one more."""
    host_port: Annotated[
        Whole,
        Field(ge=0, le=HIGHEST_PORT),
        Expected(f"0, or a port from 1 to {HIGHEST_PORT} but for {', '.join(map(str, RESERVED_PORTS[:3]))}"),
    ] = 0
    """Port of a machine that leads to the task, of which it then runs one; with 0 each task gets a free one."""
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters_ec2.html#task_size_ec2
    cpu: Annotated[Whole, Field(ge=128, le=10240), Unit("CPU units")] = 256
    """CPU of a task; 1,024 units are one vCPU of a machine."""
    memory_mib: Annotated[Whole, Field(ge=128, le=1_048_576), Unit("MiB")] = 256
    """Memory of a task."""

    @field_validator("writable_paths")
    @classmethod
    def _apart_from_the_demonstration(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if "image" in info.data and info.data["image"] is None:
            check_paths([*value, PAGES])
        return value

    @field_validator("host_port")
    @classmethod
    def _not_the_machine_s_own(cls, value: int) -> int:
        if value:
            check_host_port(value)
        return value
