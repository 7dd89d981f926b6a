"""What can be chosen; the defaults work in an empty account."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook.aws_lambda.function import TrafficShift, check_environment, check_provisioned, check_reserved
from patternbook.aws_lambda.package import check_handler, check_package
from patternbook.data.settings import LogSettings
from patternbook.limits.aws_lambda import (
    ACCOUNT_CONCURRENCY,
    EPHEMERAL_STORAGE,
    EVENT_AGE,
    MEMORY,
    NEW_ACCOUNT_CONCURRENCY,
    RETRY_ATTEMPTS,
    TIMEOUT,
)
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings import fields
from patternbook.settings.base import SettingsModel, posture_of
from patternbook.settings.fields import EachOnce, Unit, Whole, YesNo, within

DEMONSTRATION = Path(__file__).with_name("runtime")

Executions = Annotated[Whole, Field(ge=0, le=100_000), Unit("concurrent executions")]
Environments = Annotated[Whole, Field(ge=0, le=100_000), Unit("environments")]


class ScheduledEnvironments(SettingsModel):
    """Other bounds of provisioned concurrency, from a time on."""

    cron: fields.Cron
    """When, as six cron fields."""
    time_zone: fields.TimeZone = "Etc/UTC"
    """In which time zone the cron fields are."""
    # Not 0: the next deployment would fail, https://github.com/aws/aws-cdk/issues/29992
    min_provisioned: Annotated[Whole, Field(ge=1, le=100_000), Unit("environments")]
    """Environments at least, from then on."""
    max_provisioned: Annotated[Whole, Field(ge=1, le=100_000), Unit("environments")]
    """Environments at most, from then on."""

    @field_validator("max_provisioned")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("min_provisioned", 0):
            raise ValueError(f"expected at least min_provisioned, which is {info.data['min_provisioned']}")
        return value


class LambdaConcurrencySettings(AlarmSettings, LogSettings):
    """Of the function: its code, its size, how much of it runs at once, and who may call it."""

    direct_upload: YesNo = True
    """Whether the package has to fit Lambda's limit for a direct upload too, as by `aws lambda update-function-code
    --zip-file`; the CDK uploads by way of S3, which takes more."""
    code_path: Annotated[
        str | None, fields.Expected('a folder or a .zip file with code, such as "mine", from where cdk runs')
    ] = None
    """Code of your own, in Python; without it, the demonstration."""
    handler: Annotated[
        str, fields.matching(r"(?=.{3,128}\Z)\w+([./]\w+)*\.\w+", 'module.function, such as "work.handler"')
    ] = "work.handler"
    """Function in the code that Lambda calls."""
    environment: dict[
        Annotated[
            str,
            fields.matching(r"(?!__proto__$)[A-Za-z]\w+", 'a name of an environment variable, such as "TABLE_NAME"'),
        ],
        Annotated[str, fields.prose(4096)],
    ] = Field(default={}, max_length=100)
    """Environment variables; no secrets, which belong into Secrets Manager."""
    memory_mb: Annotated[Whole, within(MEMORY), Unit("MB")] = 256
    """Memory of an environment, and CPU in proportion: 1,769 MB come with one vCPU."""
    timeout_seconds: Annotated[Whole, within(TIMEOUT), Unit("seconds")] = 30
    """How long a call may take."""
    ephemeral_storage_mb: Annotated[Whole, within(EPHEMERAL_STORAGE), Unit("MB")] = 512
    """Room in /tmp, for files that are too large for the package."""
    account_concurrency: Annotated[Whole, Field(ge=NEW_ACCOUNT_CONCURRENCY, le=100_000), Unit("executions")] = (
        ACCOUNT_CONCURRENCY
    )
    """Quota of the account in the Region, to check the next settings against; a new account may have less."""
    reserved_concurrency: Executions | None = None
    """Executions at once that are kept for this function, and its maximum; by posture where it is not set (sandbox
    nothing, production 100)."""
    provisioned_concurrency: Environments | None = None
    """Environments that are kept initialized, or their minimum where they scale; by posture where it is not set
    (sandbox 0, production 2)."""
    max_provisioned_concurrency: Environments | None = None
    """Environments at most; with it their number scales, without it is fixed."""
    provisioned_utilization_percent: Annotated[Whole, Field(ge=10, le=90), Unit("%")] = 70
    """Share of these environments in use that scaling keeps."""
    scheduled_provisioned: Annotated[tuple[ScheduledEnvironments, ...], Field(max_length=20)] = ()
    """Scheduled scaling, of environments that scale."""
    max_event_age_seconds: Annotated[Whole, within(EVENT_AGE), Unit("seconds")] = 3600
    """How long Lambda tries to deliver an asynchronous event, before it goes to the queue of failures."""
    retry_attempts: Annotated[Whole, within(RETRY_ATTEMPTS)] = 2
    """How often an asynchronous event is repeated whose call failed, before it goes there."""
    invoke_principals: Annotated[tuple[fields.PrincipalArn, ...], EachOnce, Field(max_length=20)] = ()
    """Accounts, roles and users that may call the function by its URL; those of the stack's account need only a policy
    of their own."""
    traffic_shift: TrafficShift = "Canary10Percent5Minutes"
    """How CodeDeploy moves traffic to a new version."""
    duration_alarm_percent: Annotated[Whole, Field(ge=10, le=100), Unit("%")] = 80
    """Share of the timeout from which on a call is too slow."""

    @field_validator("code_path")
    @classmethod
    def _fits(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return value
        package = Path(value)
        # A name at least: the folder where cdk runs, or the whole disk, is nobody's code.
        if not package.name or not (package.is_dir() or (package.suffix == ".zip" and package.is_file())):
            raise ValueError('expected a folder or a .zip file with code, such as "mine", from where cdk runs')
        check_package(package, direct_upload=info.data.get("direct_upload", True))
        return value

    @field_validator("handler")
    @classmethod
    def _is_there(cls, value: str, info: ValidationInfo) -> str:
        if "code_path" in info.data:
            check_handler(package_of(info.data["code_path"]), value)
        return value

    @field_validator("environment")
    @classmethod
    def _taken_by_lambda(cls, value: dict[str, str]) -> dict[str, str]:
        check_environment(value)
        return value

    @field_validator("reserved_concurrency")
    @classmethod
    def _leaves_others_some(cls, value: int | None, info: ValidationInfo) -> int | None:
        reserved = posture_of(info).reserved_concurrency if value is None else value
        if reserved is not None and "account_concurrency" in info.data:
            check_reserved(reserved, account_concurrency=info.data["account_concurrency"])
        return reserved

    @field_validator("provisioned_concurrency")
    @classmethod
    def _provisioned_fits(cls, value: int | None, info: ValidationInfo) -> int:
        provisioned = posture_of(info).provisioned_concurrency if value is None else value
        _check_provisioned(provisioned, info)
        return provisioned

    @field_validator("max_provisioned_concurrency")
    @classmethod
    def _maximum_fits(cls, value: int | None, info: ValidationInfo) -> int | None:
        least = info.data.get("provisioned_concurrency", 1)
        if value is not None and not 1 <= least <= value:
            raise ValueError(
                f"expected at least provisioned_concurrency, which is {least}, and that at least 1: scaling keeps one"
            )
        _check_provisioned(value or 0, info)
        return value

    @field_validator("scheduled_provisioned")
    @classmethod
    def _schedules_fit(
        cls, value: tuple[ScheduledEnvironments, ...], info: ValidationInfo
    ) -> tuple[ScheduledEnvironments, ...]:
        if value and info.data.get("max_provisioned_concurrency", 0) is None:
            raise ValueError("expected max_provisioned_concurrency with it: a schedule moves the bounds of scaling")
        times = [(schedule.cron, schedule.time_zone) for schedule in value]
        if len(set(times)) < len(times):
            raise ValueError("expected times that no other schedule has; which bounds would hold then?")
        for schedule in value:
            _check_provisioned(schedule.max_provisioned, info)
        return value


def package_of(code_path: str | None) -> Path:
    """Where the code is."""
    return DEMONSTRATION if code_path is None else Path(code_path)


def _check_provisioned(provisioned: int, info: ValidationInfo) -> None:
    if provisioned and {"account_concurrency", "reserved_concurrency"} <= info.data.keys():
        check_provisioned(
            provisioned,
            reserved=info.data["reserved_concurrency"],
            account_concurrency=info.data["account_concurrency"],
        )
