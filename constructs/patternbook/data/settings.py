"""Settings of log groups, secrets and tables."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook.limits.dynamodb import REQUEST_UNITS
from patternbook.limits.given import listed
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings
from patternbook.settings.fields import Whole
from patternbook.settings.validators import Unit, within


class LogSettings(PatternSettings):
    """Settings of a :class:`patternbook.data.logs.LogGroup`."""

    log_retention_days: fields.LogRetentionDays | None = None
    """Retention of logs. Defaults to 7 days in sandbox and 365 in production."""


class KeySettings(PatternSettings):
    """Settings of the key for a stack's data at rest, see :func:`patternbook.data.encryption.data_key`."""

    key_arn: fields.KeyArn | None = None
    """ARN of an existing symmetric KMS key in the Region of the stack, which encrypts the data of the stack. Its key
    policy needs the statements that a warning prints. Defaults to AWS managed keys in sandbox and a key of the stack in
    production. Set it before the first deployment: another key replaces EFS and FSx file systems, ECR repositories, EKS
    clusters and App Runner services by empty ones."""


class SecretSettings(PatternSettings):
    """Secrets and parameters that a container reads as environment variables. No template contains their values."""

    secrets: dict[fields.EnvironmentName, fields.SecretArn] = Field(default={}, max_length=50)
    """Environment variables from AWS Secrets Manager, each with the full ARN of its secret."""
    parameters: dict[fields.EnvironmentName, fields.ParameterArn] = Field(default={}, max_length=50)
    """Environment variables from SSM Parameter Store, each with the ARN of its parameter in the stack's Region."""
    secret_key_arns: Annotated[tuple[fields.KeyArn, ...], Field(max_length=10)] = ()
    """Customer managed KMS keys in the stack's Region that encrypt these secrets and parameters."""

    @field_validator("parameters")
    @classmethod
    def _not_twice(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        twice = sorted(value.keys() & info.data.get("secrets", {}).keys())
        if twice:
            raise ValueError(f"Must not repeat names of secrets, got {listed(twice)} in both. Remove one of each.")
        return value


RequestUnits = Annotated[Whole, within(REQUEST_UNITS), Unit("request units per second")]


class TableSettings(PatternSettings):
    """Settings of a :class:`patternbook.data.tables.SingleTable`."""

    max_read_request_units: RequestUnits = 1_000
    """Maximum read capacity of the table, which limits its cost. One unit is a strongly consistent read of 4 KB."""
    max_write_request_units: RequestUnits = 1_000
    """Maximum write capacity of the table, which limits its cost. One unit is a write of 1 KB."""
