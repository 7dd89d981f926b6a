"""Settings of log groups, secrets, tables and databases."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from patternbook.limits.aurora import (
    ACU_STEP,
    BACKUP_DAYS,
    ENGINE_VERSION,
    MAX_ACU,
    PAUSE_SECONDS,
    READERS,
    EngineVersion,
    check_pause,
)
from patternbook.limits.dynamodb import REQUEST_UNITS
from patternbook.limits.given import listed
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, posture_of
from patternbook.settings.fields import Number, Whole
from patternbook.settings.validators import Unit, within


def _in_steps(value: float) -> float:
    if value % ACU_STEP:
        raise ValueError(f"Must be a multiple of {ACU_STEP:g}.")
    return value


InSteps = AfterValidator(_in_steps)


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
    clusters and App Runner services by empty ones, and an Aurora cluster refuses it."""


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


class DatabaseSettings(LogSettings):
    """Settings of a :class:`patternbook.data.databases.ServerlessDatabase`."""

    engine_version: EngineVersion = ENGINE_VERSION
    """Version of Aurora PostgreSQL. A higher one upgrades the database in place, with an outage. A lower one is
    refused by Aurora."""
    min_acu: Annotated[Number, Field(ge=0, le=MAX_ACU), InSteps, Unit("ACUs")] | None = None
    """Minimum capacity, in steps of 0.5. With 0, the database pauses. Defaults to 0 in sandbox and 2 in production."""
    max_acu: Annotated[Number, Field(ge=1, le=MAX_ACU), InSteps, Unit("ACUs")] = 8
    """Maximum capacity of each instance, in steps of 0.5. It also determines the maximum number of connections."""
    pause_after_seconds: Annotated[Whole, within(PAUSE_SECONDS), Unit("seconds")] | None = None
    """Time without a connection after which the database pauses. It requires min_acu of 0. Defaults to 300 then."""
    readers: Annotated[Whole, within(READERS), Unit("readers")] | None = None
    """Number of readers, in other AZs than the writer. One of them takes over if the writer fails. Defaults to 0 in
    sandbox and 1 in production."""
    backup_retention_days: Annotated[Whole, within(BACKUP_DAYS), Unit("days")] | None = None
    """Time for which the database can be restored to any second. Defaults to 1 day in sandbox and 14 in production."""
    snapshot_arn: fields.ClusterSnapshotArn | None = None
    """Snapshot to create the database from. Set it before the first deployment, and keep it for as long as the stack
    exists."""

    @field_validator("min_acu")
    @classmethod
    def _of_posture(cls, value: float | None, info: ValidationInfo) -> float:
        return posture_of(info).database_min_acu if value is None else value

    @field_validator("max_acu")
    @classmethod
    def _not_below_minimum(cls, value: float, info: ValidationInfo) -> float:
        minimum = info.data.get("min_acu", 0)
        if value < minimum:
            raise ValueError(f"Must be at least min_acu ({minimum:g}), got {value:g}. Raise max_acu or lower min_acu.")
        return value

    @field_validator("pause_after_seconds")
    @classmethod
    def _only_with_a_pause(cls, value: int | None, info: ValidationInfo) -> int | None:
        if "min_acu" in info.data:
            check_pause(value, min_acu=info.data["min_acu"])
        return value


RequestUnits = Annotated[Whole, within(REQUEST_UNITS), Unit("request units per second")]


class TableSettings(PatternSettings):
    """Settings of a :class:`patternbook.data.tables.SingleTable`."""

    max_read_request_units: RequestUnits = 1_000
    """Maximum read capacity of the table, which limits its cost. One unit is a strongly consistent read of 4 KB."""
    max_write_request_units: RequestUnits = 1_000
    """Maximum write capacity of the table, which limits its cost. One unit is a write of 1 KB."""
