"""What can be chosen; the defaults work in an empty account."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final

from pydantic import Field, ValidationInfo, field_validator

from patternbook.ecs.express import ScalingMetric, check_target
from patternbook.ecs.settings import (
    FargateSizeSettings,
    TaskCountSettings,
    TaskSettings,
)
from patternbook.ecs.task import check_paths
from patternbook.limits.ecs_express import MAX_REQUESTS_PER_TARGET
from patternbook.limits.instance_types import Architecture
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import HealthCheckSettings, NetworkSettings
from patternbook.settings import fields
from patternbook.settings.fields import Unit, Whole, YesNo

WEB_PATH = "/www"
"""Where the demonstration has its page."""

OF_THE_LOAD_BALANCER: Final = (
    "no setting of this pattern: the load balancer is ECS's own; {0} is one of FargateEfsStack"
)


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class EcsExpressSettings(
    AlarmSettings, NetworkSettings, TaskCountSettings, FargateSizeSettings, HealthCheckSettings, TaskSettings
):
    """Of the service. What ECS decides in Express Mode is no setting."""

    refused: ClassVar[Mapping[str, str]] = {
        **TaskCountSettings.refused,
        **{
            name: OF_THE_LOAD_BALANCER.format(name)
            for name in ("certificate_arn", "allowed_cidrs", "allow_plain_http", "response_time_steps")
        },
        **dict.fromkeys(
            ("target_cpu_percent", "target_memory_percent", "target_requests_per_minute"),
            "no setting of this pattern: Express Mode scales by one metric; set scaling_metric and scaling_target",
        ),
        **{
            name: f"no setting of this pattern: Express Mode does not have it; {name} is one of FargateEfsStack"
            for name in ("scheduled_tasks", "on_demand_base", "spot_percent")
        },
    }

    architecture: Architecture = "x86_64"
    """Architecture of the tasks, and of the image; images for App Runner are for x86_64, arm64 costs less."""
    command: Annotated[tuple[Annotated[str, fields.prose(1024)], ...], Field(max_length=20)] = ()
    """Command of the container, in place of the image's own."""
    private_ingress: YesNo = False
    """Whether only the VPC reaches the service, and not the internet; tasks have no public addresses then. A change
    makes another service, with another URL."""
    scaling_metric: ScalingMetric = "cpu"
    """What scaling goes by: average CPU or memory utilization of the tasks, or the requests to each."""
    scaling_target: Annotated[Whole, Field(ge=1, le=MAX_REQUESTS_PER_TARGET), Unit("% or requests per minute")] = 60
    """What scaling keeps of it; 10 to 90 % of CPU or memory."""
    web_acl_arn: fields.WebAclArn | None = None
    """Regional AWS WAF web ACL in front of the load balancer."""

    @field_validator("writable_paths")
    @classmethod
    def _apart_from_the_page(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("image", "") is None:
            check_paths([WEB_PATH, *value])
        return value

    @field_validator("command")
    @classmethod
    def _of_an_image(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and info.data.get("image", "") is None:
            raise ValueError("expected none for the demonstration, or an image of yours")
        return value

    @field_validator("scaling_target")
    @classmethod
    def _of_the_metric(cls, value: int, info: ValidationInfo) -> int:
        if "scaling_metric" in info.data:
            check_target(info.data["scaling_metric"], value)
        return value
