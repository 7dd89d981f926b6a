"""Settings of EventPipelineStack. The defaults work in an empty account."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook.api.settings import Origin
from patternbook.data.settings import KeySettings, LogSettings, TableSettings
from patternbook.limits.aws_lambda import (
    ACCOUNT_CONCURRENCY,
    MEMORY,
    NEW_ACCOUNT_CONCURRENCY,
    TIMEOUT,
    check_reserved,
)
from patternbook.limits.messaging import BATCH_SIZE, MAX_CONCURRENCY
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings import fields
from patternbook.settings.base import posture_of
from patternbook.settings.fields import EachOnce, Whole
from patternbook.settings.validators import Unit, matching, within

CONSUMERS = ("process", "audit")
"""The consumers of events. Each has a queue and a function."""
ContentType = Annotated[
    str, matching(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,63}", 'a media type without parameters, such as "text/csv"')
]


class EventPipelineSettings(AlarmSettings, KeySettings, LogSettings, TableSettings):
    """Settings of the pattern beyond those of its constructs."""

    upload_principals: Annotated[tuple[fields.PrincipalArn, ...], EachOnce, Field(max_length=20)] = ()
    """Accounts, roles and users that may get a form for an upload. Principals of the stack's account need only a policy
    of their own."""
    allowed_origins: Annotated[tuple[Origin, ...], EachOnce, Field(max_length=50)] = ()
    """Websites whose scripts may upload by a form. Defaults to none."""
    content_types: Annotated[tuple[ContentType, ...], EachOnce, Field(min_length=1, max_length=20)] = (
        *("application/json", "application/pdf", "image/jpeg", "image/png", "text/csv"),
    )
    """Media types of uploads. The processing refuses objects of other types."""
    max_upload_mib: Annotated[Whole, Field(ge=1, le=100), Unit("MiB")] = 10
    """Maximum size of an upload. The function holds one object in memory at a time, so memory_mib must be larger."""
    memory_mib: Annotated[Whole, within(MEMORY), Unit("MiB")] = 512
    """Memory of an environment of each function. CPU is proportional to it."""
    timeout_seconds: Annotated[Whole, Field(ge=5, le=TIMEOUT.maximum), Unit("seconds")] = 30
    """Maximum duration of a batch. A message that fails is tried again after six times as long."""
    batch_size: Annotated[Whole, within(BATCH_SIZE), Unit("messages")] = 10
    """Maximum number of messages that a consumer gets at once."""
    account_concurrency: Annotated[
        Whole, Field(ge=NEW_ACCOUNT_CONCURRENCY, le=100_000), Unit("concurrent executions")
    ] = ACCOUNT_CONCURRENCY
    """Quota of concurrent executions of the account in the Region, against which max_concurrency is checked."""
    max_concurrency: Annotated[Whole, within(MAX_CONCURRENCY), Unit("concurrent executions")] = 10
    """Maximum number of batches that each consumer works on at a time. In production, it is reserved for each."""
    audit_retention_days: Annotated[Whole, Field(ge=1, le=3650), Unit("days")] = 90
    """Retention of entries of the audit trail."""
    duration_alarm_percent: Annotated[Whole, Field(ge=10, le=100), Unit("%")] = 80
    """Share of the timeout above which a call counts as slow."""

    @field_validator("memory_mib")
    @classmethod
    def _holds_an_object(cls, value: int, info: ValidationInfo) -> int:
        least = 2 * info.data.get("max_upload_mib", 0) + MEMORY.minimum
        if value < least:
            raise ValueError(
                f"Must be at least {least}, twice max_upload_mib and {MEMORY.minimum} MiB for Python, got {value}. "
                "Raise it, or lower max_upload_mib."
            )
        return value

    @field_validator("max_concurrency")
    @classmethod
    def _reservable(cls, value: int, info: ValidationInfo) -> int:
        if posture_of(info).reserved_concurrency is not None and "account_concurrency" in info.data:
            check_reserved(len(CONSUMERS) * value, account_concurrency=info.data["account_concurrency"])
        return value
