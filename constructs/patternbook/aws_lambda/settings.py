"""Settings of Lambda functions."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from patternbook.aws_lambda.package import check_handler, check_package
from patternbook.limits.aws_lambda import (
    ACCOUNT_CONCURRENCY,
    EPHEMERAL_STORAGE,
    EVENT_AGE,
    MEMORY,
    NEW_ACCOUNT_CONCURRENCY,
    RETRY_ATTEMPTS,
    TIMEOUT,
    LogLevel,
    check_environment,
    check_provisioned,
    check_reserved,
)
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, SettingsModel, posture_of
from patternbook.settings.fields import Whole, YesNo
from patternbook.settings.ranges import checked_maximum
from patternbook.settings.validators import Expected, Unit, matching, prose, within

_CODE = 'a folder or a .zip file with code, such as "mine", relative to where cdk runs'
Executions = Annotated[Whole, Field(ge=0, le=100_000), Unit("concurrent executions")]
Environments = Annotated[Whole, Field(ge=0, le=100_000), Unit("environments")]


class CodeSettings(PatternSettings):
    """Settings of the code of a function."""

    demonstration: ClassVar[Path | None] = None
    """Folder with the code of a pattern's demonstration, the default of ``code_path``."""

    direct_upload: YesNo = True
    """Check Lambda's limit for a direct upload, too, as by `aws lambda update-function-code --zip-file`. Without the
    check, the package may be larger, because the CDK uploads by way of S3."""
    code_path: Annotated[str | None, Expected(_CODE)] = None
    """Folder or .zip file with your Python code. Defaults to the demonstration."""
    handler: Annotated[
        str, matching(r"(?=.{3,128}\Z)\w+([./]\w+)*\.\w+", 'a module and its function, such as "work.handler"')
    ] = "work.handler"
    """Function in the code that Lambda calls."""
    environment: dict[
        Annotated[
            str,
            matching(r"(?!__proto__$)[A-Za-z]\w+", 'a name of an environment variable, such as "TABLE_NAME"'),
        ],
        Annotated[str, prose(4096)],
    ] = Field(default={}, max_length=100)
    """Environment variables. Keep secrets in AWS Secrets Manager instead."""

    @property
    def package(self) -> Path:
        return _package(self.code_path, self.demonstration)

    @field_validator("code_path")
    @classmethod
    def _within_limits(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            if cls.demonstration is None:
                raise ValueError(f"Must be {_CODE}, got none. Set it.")
            return value
        path = Path(value)
        if not _is_package(path):
            raise ValueError(f"Must be {_CODE}.")
        check_package(path, direct_upload=info.data.get("direct_upload", True))
        return value

    @field_validator("handler")
    @classmethod
    def _in_package(cls, value: str, info: ValidationInfo) -> str:
        if "code_path" in info.data:
            check_handler(_package(info.data["code_path"], cls.demonstration), value)
        return value

    @field_validator("environment")
    @classmethod
    def _accepted_by_lambda(cls, value: dict[str, str]) -> dict[str, str]:
        check_environment(value)
        return value


class ScheduledEnvironments(SettingsModel):
    """A scheduled change of the range of provisioned concurrency."""

    cron: fields.Cron
    """Time of the change, as six cron fields."""
    time_zone: fields.TimeZone = "Etc/UTC"
    """Time zone of the cron fields."""
    # At least 1, because the next deployment would fail with 0: https://github.com/aws/aws-cdk/issues/29992
    min_provisioned: Annotated[Whole, Field(ge=1, le=100_000), Unit("environments")]
    """Minimum number of environments from then on."""
    max_provisioned: Annotated[Whole, Field(ge=1, le=100_000), Unit("environments")]
    """Maximum number of environments from then on."""

    @field_validator("max_provisioned")
    @classmethod
    def _not_below_minimum(cls, value: int, info: ValidationInfo) -> int:
        return checked_maximum(value, info)


class ConcurrencySettings(PatternSettings):
    """Settings of reserved and provisioned concurrency."""

    account_concurrency: Annotated[
        Whole, Field(ge=NEW_ACCOUNT_CONCURRENCY, le=100_000), Unit("concurrent executions")
    ] = ACCOUNT_CONCURRENCY
    """Quota of concurrent executions of the account in the Region, against which reserved and provisioned
    concurrency are checked. New accounts may have a lower quota."""
    reserved_concurrency: Executions | None = None
    """Concurrent executions that are reserved for the function, and its maximum. Defaults to none in sandbox and 100 in
    production."""
    provisioned_concurrency: Environments | None = None
    """Number of environments that Lambda keeps initialized, or their minimum if they scale. Defaults to 0 in sandbox
    and 2 in production."""
    max_provisioned_concurrency: Environments | None = None
    """Maximum number of environments. Leave unset for a fixed number."""
    target_utilization_percent: Annotated[Whole, Field(ge=10, le=90), Unit("%")] = 70
    """Target utilization of the environments, if they scale."""
    scheduled_provisioned: Annotated[tuple[ScheduledEnvironments, ...], Field(max_length=20)] = ()
    """Scheduled changes of the range of environments, if they scale."""

    @field_validator("reserved_concurrency")
    @classmethod
    def _reserved_within_account(cls, value: int | None, info: ValidationInfo) -> int | None:
        reserved = posture_of(info).reserved_concurrency if value is None else value
        if reserved is not None and "account_concurrency" in info.data:
            check_reserved(reserved, account_concurrency=info.data["account_concurrency"])
        return reserved

    @field_validator("provisioned_concurrency")
    @classmethod
    def _provisioned_within_reserved(cls, value: int | None, info: ValidationInfo) -> int:
        provisioned = posture_of(info).provisioned_concurrency if value is None else value
        _check_provisioned("provisioned_concurrency", provisioned, info)
        return provisioned

    @field_validator("max_provisioned_concurrency")
    @classmethod
    def _maximum_within_reserved(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is None:
            return value
        minimum = info.data.get("provisioned_concurrency", 1)
        if minimum < 1:
            raise ValueError(
                f"Requires provisioned_concurrency of at least 1, got {minimum}. Scaling keeps at least 1."
            )
        if value < minimum:
            raise ValueError(
                f"Must be at least provisioned_concurrency ({minimum}), got {value}. Raise it, or lower "
                "provisioned_concurrency."
            )
        _check_provisioned("max_provisioned_concurrency", value, info)
        return value

    @field_validator("scheduled_provisioned")
    @classmethod
    def _schedules_within_reserved(
        cls, value: tuple[ScheduledEnvironments, ...], info: ValidationInfo
    ) -> tuple[ScheduledEnvironments, ...]:
        if value and info.data.get("max_provisioned_concurrency", 0) is None:
            raise ValueError(
                "Requires max_provisioned_concurrency, because a schedule changes a range. Set both, or neither."
            )
        times = [(schedule.cron, schedule.time_zone) for schedule in value]
        if len(set(times)) < len(times):
            raise ValueError("Must not contain two schedules for the same time. Remove one of them.")
        for schedule in value:
            _check_provisioned("max_provisioned", schedule.max_provisioned, info)
        return value


class FunctionSettings(ConcurrencySettings, CodeSettings):
    """Settings of a :class:`patternbook.aws_lambda.function.LiveFunction`."""

    memory_mib: Annotated[Whole, within(MEMORY), Unit("MiB")] = 256
    """Memory of an environment. CPU is proportional to it: 1,769 MiB come with one vCPU."""
    timeout_seconds: Annotated[Whole, within(TIMEOUT), Unit("seconds")] = 30
    """Maximum duration of a call."""
    ephemeral_storage_mib: Annotated[Whole, within(EPHEMERAL_STORAGE), Unit("MiB")] = 512
    """Size of /tmp, for files that are too large for the package."""
    log_level: LogLevel = "INFO"
    """Lowest level of logs of the function that Lambda keeps. The function finds it in AWS_LAMBDA_LOG_LEVEL. DEBUG also
    logs the requests of boto3, with their contents."""
    max_event_age_seconds: Annotated[Whole, within(EVENT_AGE), Unit("seconds")] = 3600
    """Maximum age of an asynchronous event. Older events go to the failure queue."""
    retry_attempts: Annotated[Whole, within(RETRY_ATTEMPTS), Unit("retries")] = 2
    """Number of retries of an asynchronous event whose call failed, before it goes to the failure queue."""


def _is_package(path: Path) -> bool:
    try:
        # A path without a name is the working directory or the whole disk, which is never a package.
        return bool(path.name) and (path.is_dir() or (path.suffix == ".zip" and path.is_file()))
    except (OSError, ValueError):  # a name that no file can have, such as one of 6,000 characters
        return False


def _package(code_path: str | None, demonstration: Path | None) -> Path:
    return demonstration if code_path is None and demonstration is not None else Path(code_path or "")


def _check_provisioned(setting: str, provisioned: int, info: ValidationInfo) -> None:
    if provisioned and {"account_concurrency", "reserved_concurrency"} <= info.data.keys():
        check_provisioned(
            setting,
            provisioned,
            reserved=info.data["reserved_concurrency"],
            account_concurrency=info.data["account_concurrency"],
        )
