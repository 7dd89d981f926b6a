"""Settings of WebApiStack. The defaults work in an empty account."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook.api.settings import ApiSettings, SignInSettings
from patternbook.data.settings import KeySettings, LogSettings, TableSettings
from patternbook.limits.aws_lambda import (
    ACCOUNT_CONCURRENCY,
    MEMORY,
    NEW_ACCOUNT_CONCURRENCY,
    TrafficShift,
    check_reserved,
)
from patternbook.limits.http_api import FUNCTION_TIMEOUT
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings.base import posture_of
from patternbook.settings.fields import Whole
from patternbook.settings.validators import Unit, within

FUNCTIONS = ("read", "write")
"""The functions, as the OpenAPI document names them."""


class WebApiSettings(AlarmSettings, KeySettings, LogSettings, TableSettings, SignInSettings, ApiSettings):
    """Settings of the pattern beyond those of its constructs."""

    memory_mib: Annotated[Whole, within(MEMORY), Unit("MiB")] = 512
    """Memory of an environment of each function. CPU is proportional to it, and so is the time of a cold start."""
    timeout_seconds: Annotated[Whole, Field(ge=10, le=FUNCTION_TIMEOUT.maximum), Unit("seconds")] = 10
    """Maximum duration of a call. The functions wait 9 seconds for the table, and API Gateway 30 seconds for them."""
    account_concurrency: Annotated[
        Whole, Field(ge=NEW_ACCOUNT_CONCURRENCY, le=100_000), Unit("concurrent executions")
    ] = ACCOUNT_CONCURRENCY
    """Quota of concurrent executions of the account in the Region, against which the reserved concurrency of both
    functions is checked."""
    reserved_concurrency: Annotated[Whole, Field(ge=1, le=100_000), Unit("concurrent executions")] | None = None
    """Concurrent executions that are reserved for each function, and its maximum. Defaults to none in sandbox and 100
    in production."""
    traffic_shift: TrafficShift = "Canary10Percent5Minutes"
    """CodeDeploy deployment configuration, by which traffic shifts to a new version of a function."""
    duration_alarm_percent: Annotated[Whole, Field(ge=10, le=100), Unit("%")] = 60
    """Share of the timeout above which a call counts as slow."""

    @field_validator("reserved_concurrency")
    @classmethod
    def _reserved_within_account(cls, value: int | None, info: ValidationInfo) -> int | None:
        reserved = posture_of(info).reserved_concurrency if value is None else value
        if reserved is not None and "account_concurrency" in info.data:
            quota = info.data["account_concurrency"]
            check_reserved(reserved, account_concurrency=quota, functions=len(FUNCTIONS))
        return reserved
