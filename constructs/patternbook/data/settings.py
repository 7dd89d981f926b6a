"""Settings of log groups, and of secrets that a workload reads."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook.settings import fields
from patternbook.settings.base import PatternSettings


class LogSettings(PatternSettings):
    """How long log groups keep what they hold."""

    log_retention_days: fields.LogRetentionDays | None = None
    """How long logs are kept; by posture where it is not set (sandbox 7, production 365)."""


class SecretSettings(PatternSettings):
    """What comes to a container from elsewhere, and is in no template."""

    secrets: dict[fields.EnvironmentName, fields.SecretArn] = Field(default={}, max_length=50)
    """Environment variables from Secrets Manager, each with the full ARN of its secret."""
    parameters: dict[fields.EnvironmentName, fields.ParameterArn] = Field(default={}, max_length=50)
    """Environment variables from SSM Parameter Store, each with the ARN of its parameter, in the stack's Region."""
    secret_key_arns: Annotated[tuple[fields.KeyArn, ...], Field(max_length=10)] = ()
    """Customer managed keys that these secrets and parameters are encrypted with."""

    @field_validator("parameters")
    @classmethod
    def _not_twice(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        twice = sorted(value.keys() & info.data.get("secrets", {}).keys())
        if twice:
            raise ValueError(f"expected names that secrets does not have too; both have {', '.join(twice)}")
        return value
