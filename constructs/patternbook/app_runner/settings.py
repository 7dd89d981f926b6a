"""Settings of App Runner services."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook.data.settings import SecretSettings
from patternbook.limits.app_runner import (
    HEALTH_CHECK_SECONDS,
    HEALTH_CHECK_THRESHOLD,
    MAX_CONCURRENCY,
    MAX_INSTANCES_MINIMUM,
    MIN_INSTANCES,
    Protocol,
    Runtime,
    check_automatic_deployments,
    check_commands,
    check_health_check_path,
    check_image,
    check_one_source,
    check_size,
    check_variables,
)
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings
from patternbook.settings.fields import EachOnce, Whole, YesNo
from patternbook.settings.ranges import checked_maximum
from patternbook.settings.validators import Expected, Text, Unit, arn, matching, within

Seconds = Annotated[Whole, within(HEALTH_CHECK_SECONDS), Unit("seconds")]
Checks = Annotated[Whole, within(HEALTH_CHECK_THRESHOLD), Unit("checks")]
Command = Annotated[
    str,
    Text(
        "one line of 1 to 2,048 characters",
        lambda value: 1 <= len(value) <= 2048 and value.isprintable() and "${Token[" not in value,
    ),
]
RepositoryUrl = Annotated[
    str,
    matching(
        r"https://(github\.com|bitbucket\.org)/[\w.-]+/[\w.-]+",
        'the URL of a repository at GitHub or Bitbucket, such as "https://github.com/team/app"',
    ),
]
ConnectionArn = Annotated[
    str,
    arn(
        "apprunner",
        r"connection/[A-Za-z0-9][\w-]{3,31}/[0-9a-f]{32}",
        "arn:aws:apprunner:eu-west-1:111122223333:connection/github/0123456789abcdef0123456789abcdef",
        same_region="https://docs.aws.amazon.com/apprunner/latest/dg/manage-connections.html",
    ),
]


class SourceSettings(SecretSettings):
    """Settings of the source of a service: exactly one of an image and a source repository."""

    demonstration_image: ClassVar[str | None] = None
    """Default of ``image`` in a pattern that has a demonstration. A source repository takes its place."""

    image: fields.ImageUri | None = None
    """Container image in ECR Public or in a private ECR repository, built for x86_64."""
    repository_url: RepositoryUrl | None = None
    """Source repository at GitHub or Bitbucket that App Runner builds, instead of an image."""
    connection_arn: ConnectionArn | None = None
    """App Runner connection that may read the source repository."""
    branch: Annotated[str, matching(r"[\w./-]{1,250}", 'the name of a branch such as "main"')] = "main"
    """Branch of the source repository."""
    source_directory: Annotated[str, matching(r"/([\w.-]+(/[\w.-]+)*)?", 'a path such as "/" or "/app"')] = "/"
    """Directory of the code and of apprunner.yaml in the source repository."""
    runtime: Runtime | None = None
    """Managed runtime for the source repository. If unset, apprunner.yaml sets commands, port and variables."""
    build_command: Command | None = None
    """Command that builds the source repository. Requires runtime."""
    start_command: Command | None = None
    """Command that starts the application. Required with runtime; overrides the start command of an image."""
    automatic_deployments: YesNo = False
    """Deploy each push to the branch, or to the tag of an image in a private repository of the same account."""
    container_port: Annotated[Whole, Field(ge=1, le=65535)] = 8080
    """Port that the application listens on."""

    @field_validator("secrets", "parameters")
    @classmethod
    def _names_not_reserved(cls, value: dict[str, str]) -> dict[str, str]:
        check_variables(value)
        return value

    @field_validator("image")
    @classmethod
    def _in_ecr(cls, value: str | None) -> str | None:
        if value is not None:
            check_image(value)
        return value

    @field_validator("repository_url")
    @classmethod
    def _one_source(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "image" in info.data:
            image = info.data["image"]
            check_one_source(image=None if value and image == cls.demonstration_image else image, repository=value)
        return value

    @field_validator("connection_arn")
    @classmethod
    def _connection_with_repository(cls, value: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("repository_url") and value is None:
            raise ValueError(
                "Must be the ARN of an App Runner connection that may read repository_url, got none. Set it."
            )
        return _only_with_repository(value, info)

    @field_validator("runtime", "build_command")
    @classmethod
    def _build_of_repository(cls, value: str | None, info: ValidationInfo) -> str | None:
        return _only_with_repository(value, info)

    @field_validator("start_command")
    @classmethod
    def _commands_with_runtime(cls, value: str | None, info: ValidationInfo) -> str | None:
        given = info.data
        if given.get("repository_url") and {"runtime", "build_command"} <= given.keys():
            check_commands(runtime=given["runtime"], start_command=value, build_command=given["build_command"])
        return value

    @field_validator("automatic_deployments")
    @classmethod
    def _watched_by_app_runner(cls, value: bool, info: ValidationInfo) -> bool:
        if {"image", "repository_url"} <= info.data.keys():
            image = None if info.data["repository_url"] else info.data["image"]
            check_automatic_deployments(enabled=value, image=image)
        return value


class PrivateIngressSettings(PatternSettings):
    """Settings of a :class:`patternbook.app_runner.vpc.PrivateIngress`."""

    private_ingress: YesNo = False
    """Make the service private: reachable from a VPC through an interface endpoint, and not from the internet."""
    allowed_cidrs: Annotated[tuple[fields.PrivateCidr, ...], EachOnce, Field(max_length=20)] = ()
    """IPv4 CIDR blocks that may connect to the interface endpoint. Defaults to the CIDR block of the VPC."""

    @field_validator("allowed_cidrs")
    @classmethod
    def _only_with_private_ingress(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and info.data.get("private_ingress") is False:
            raise ValueError(
                "Must be empty without private_ingress. App Runner then admits the whole internet; use web_acl_arn to "
                "filter clients by address."
            )
        return value


class ServiceSettings(PrivateIngressSettings, SourceSettings):
    """Settings of an :class:`patternbook.app_runner.service.AppRunnerService`."""

    cpu: Annotated[Literal[256, 512, 1024, 2048, 4096], Unit("CPU units")] = 256
    """CPU units of an instance. 1,024 units are one vCPU."""
    memory_mib: Annotated[Whole, Expected("a size that App Runner offers with this cpu"), Unit("MiB")] = 512
    """Memory of an instance. The sizes on offer depend on cpu."""
    max_concurrency: Annotated[Whole, within(MAX_CONCURRENCY), Unit("requests")] = 100
    """Maximum number of concurrent requests to an instance. Above it, App Runner starts another instance."""
    min_instances: Annotated[Whole, within(MIN_INSTANCES), Unit("instances")] = 2
    """Minimum number of instances. They are always ready, in different AZs if there are several."""
    max_instances: Annotated[Whole, Field(ge=MAX_INSTANCES_MINIMUM, le=1000), Unit("instances")] = 6
    """Maximum number of instances. More than 25 need a higher quota of the account."""
    health_check_protocol: Protocol = "HTTP"
    """Protocol of the health check."""
    health_check_path: fields.UrlPath | None = None
    """URL path of the HTTP health check. It must answer 200 without authentication. Defaults to "/"."""
    health_check_interval_seconds: Seconds = 5
    """Time between two health checks."""
    health_check_timeout_seconds: Seconds = 2
    """Time that an instance has to answer a health check."""
    healthy_threshold: Checks = 1
    """Number of consecutive successful health checks that make an instance healthy."""
    unhealthy_threshold: Checks = 5
    """Number of consecutive failed health checks that make an instance unhealthy."""
    tracing: YesNo = True
    """Send OpenTelemetry traces of the application to AWS X-Ray."""
    web_acl_arn: fields.WebAclArn | None = None
    """Regional AWS WAF web ACL in front of the service."""

    @field_validator("memory_mib")
    @classmethod
    def _offered_with_cpu(cls, value: int, info: ValidationInfo) -> int:
        if "cpu" in info.data:
            check_size(info.data["cpu"], value)
        return value

    @field_validator("max_instances")
    @classmethod
    def _not_below_minimum(cls, value: int, info: ValidationInfo) -> int:
        return checked_maximum(value, info)

    @field_validator("health_check_path")
    @classmethod
    def _only_with_http(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "health_check_protocol" in info.data:
            check_health_check_path(protocol=info.data["health_check_protocol"], path=value)
        return value


def _only_with_repository(value: str | None, info: ValidationInfo) -> str | None:
    if value is not None and info.data.get("repository_url", "") is None:
        raise ValueError(
            "Must be unset without repository_url, because an image is already built. Remove it, or set repository_url."
        )
    return value
