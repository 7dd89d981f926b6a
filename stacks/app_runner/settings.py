"""Settings of AppRunnerStack. The defaults work in an empty account that used App Runner before it closed."""

from typing import Annotated, ClassVar, Final

from pydantic import Field, ValidationInfo, field_validator

from patternbook.app_runner.settings import ServiceSettings
from patternbook.data.settings import KeySettings
from patternbook.limits.app_runner import check_key
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings
from patternbook.settings import fields
from patternbook.settings.fields import Whole, YesNo

DEMONSTRATION_IMAGE: Final = "public.ecr.aws/aws-containers/hello-app-runner:latest"
"""A page by AWS: https://github.com/aws-containers/hello-app-runner"""
DEMONSTRATION_PORT: Final = 8000


class AppRunnerSettings(KeySettings, AlarmSettings, NetworkSettings, ServiceSettings):
    """Settings of the pattern beyond those of its constructs."""

    demonstration_image: ClassVar[str | None] = DEMONSTRATION_IMAGE

    image: fields.ImageUri | None = DEMONSTRATION_IMAGE
    """Container image in ECR Public or in a private ECR repository, built for x86_64. Defaults to the demonstration
    page, unless repository_url is set."""
    container_port: Annotated[Whole, Field(ge=1, le=65535)] = DEMONSTRATION_PORT
    """Port that the application listens on. The demonstration listens on 8000."""
    log_retention_days: fields.LogRetentionDays | None = None
    """Retention of flow logs, and of App Runner's log groups once you run the output RetentionCommand. Defaults to 7
    days in sandbox and 365 in production."""
    existing_customer: YesNo = False
    """Omit the warning that App Runner takes no new customers. Set it if the account used App Runner before it
    closed."""
    vpc_connector: YesNo = False
    """Send the traffic of the application through a VPC."""

    @field_validator("key_arn")
    @classmethod
    def _single_region(cls, value: str | None) -> str | None:
        check_key(value)
        return value

    @field_validator("container_port")
    @classmethod
    def _port_of_demonstration(cls, value: int, info: ValidationInfo) -> int:
        if _is_demonstration(info) and value != DEMONSTRATION_PORT:
            raise ValueError(
                f"Must be {DEMONSTRATION_PORT}, the port of the demonstration. Set image to use another port."
            )
        return value

    @field_validator("health_check_path")
    @classmethod
    def _page_of_demonstration(cls, value: str | None, info: ValidationInfo) -> str | None:
        if _is_demonstration(info) and value not in (None, "/"):
            raise ValueError('Must be "/", the only page of the demonstration. Set image to use another path.')
        return value


def _is_demonstration(info: ValidationInfo) -> bool:
    return info.data.get("image") == DEMONSTRATION_IMAGE and info.data.get("repository_url", "") is None
