"""What can be chosen; the defaults work in an empty account that App Runner knows."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook.app_runner.service import (
    Protocol,
    check_automatic_deployments,
    check_commands,
    check_health_check_path,
    check_image,
    check_one_source,
    check_variables,
)
from patternbook.data.settings import SecretSettings
from patternbook.limits.app_runner import (
    HEALTH_CHECK_SECONDS,
    HEALTH_CHECK_THRESHOLD,
    LEAST_MAX_INSTANCES,
    MAX_CONCURRENCY,
    MIN_INSTANCES,
    Runtime,
    check_size,
)
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings
from patternbook.settings import fields
from patternbook.settings.fields import EachOnce, Expected, Text, Unit, Whole, YesNo

DEMONSTRATION_IMAGE = "public.ecr.aws/aws-containers/hello-app-runner:latest"
"""A page by AWS: https://github.com/aws-containers/hello-app-runner"""
DEMONSTRATION_PORT = 8000

Seconds = Annotated[Whole, Field(ge=HEALTH_CHECK_SECONDS[0], le=HEALTH_CHECK_SECONDS[1]), Unit("seconds")]
Checks = Annotated[Whole, Field(ge=HEALTH_CHECK_THRESHOLD[0], le=HEALTH_CHECK_THRESHOLD[1]), Unit("checks")]
Command = Annotated[
    str,
    Text(
        "one line of 1 to 2,048 characters",
        lambda value: 1 <= len(value) <= 2048 and value.isprintable() and "${Token[" not in value,
    ),
]
RepositoryUrl = Annotated[
    str,
    fields.matching(
        r"https://(github\.com|bitbucket\.org)/[\w.-]+/[\w.-]+",
        'the address of a repository of GitHub or Bitbucket, such as "https://github.com/team/app"',
    ),
]
ConnectionArn = Annotated[
    str,
    fields.arn(
        "apprunner",
        r"connection/[A-Za-z0-9][\w-]{3,31}/[0-9a-f]{32}",
        "arn:aws:apprunner:eu-west-1:111122223333:connection/github/0123456789abcdef0123456789abcdef",
    ),
]


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class AppRunnerSettings(AlarmSettings, NetworkSettings, SecretSettings):
    """Of the service: what it runs, on what, and who reaches it."""

    log_retention_days: fields.LogRetentionDays | None = None
    """How long flow logs are kept, and what the output RetentionCommand gives to App Runner's own log groups; by
    posture where it is not set (sandbox 7, production 365)."""
    existing_customer: YesNo = False
    """Whether the account used App Runner before it closed to new customers: synth says nothing of that then."""
    image: fields.ImageUri | None = DEMONSTRATION_IMAGE
    """Container image of ECR Public or of a private ECR repository, for x86_64; the demonstration gives way to a
    source repository, and null is none."""
    repository_url: RepositoryUrl | None = None
    """Source repository to build from, in place of an image."""
    connection_arn: ConnectionArn | None = None
    """App Runner connection that may read the source repository."""
    branch: Annotated[str, fields.matching(r"[\w./-]{1,250}", 'the name of a branch such as "main"')] = "main"
    """Branch of the source repository."""
    source_directory: Annotated[str, fields.matching(r"/([\w.-]+(/[\w.-]+)*)?", 'a path such as "/" or "/app"')] = "/"
    """Where the code and apprunner.yaml are in the source repository."""
    runtime: Runtime | None = None
    """Managed runtime to build the source with; without one, apprunner.yaml says how, with its port and variables."""
    build_command: Command | None = None
    """Command that builds the source, with a runtime."""
    start_command: Command | None = None
    """Command that starts the application: in place of the image's own, or with a runtime."""
    automatic_deployments: YesNo = False
    """Whether each push to the image's tag, in a private repository of the same account, or to the branch is
    deployed."""
    container_port: Annotated[Whole, Field(ge=1, le=65535)] = DEMONSTRATION_PORT
    """Port that the application listens on; 8000 is the demonstration's."""
    cpu: Annotated[Literal[256, 512, 1024, 2048, 4096], Unit("CPU units")] = 256
    """CPU of an instance; 1,024 units are one vCPU."""
    memory_mib: Annotated[Whole, Expected("a size that App Runner offers with this cpu"), Unit("MiB")] = 512
    """Memory of an instance; which sizes there are depends on cpu."""
    max_concurrency: Annotated[Whole, Field(ge=MAX_CONCURRENCY[0], le=MAX_CONCURRENCY[1]), Unit("requests")] = 100
    """Requests at once that an instance gets before App Runner starts another."""
    min_instances: Annotated[Whole, Field(ge=MIN_INSTANCES[0], le=MIN_INSTANCES[1]), Unit("instances")] = 2
    """Instances that are always ready, in different AZs where there are several."""
    max_instances: Annotated[Whole, Field(ge=LEAST_MAX_INSTANCES, le=1000), Unit("instances")] = 6
    """Instances at most; more than 25 where AWS has raised the quota of the account."""
    health_check_protocol: Protocol = "HTTP"
    """What App Runner checks health by."""
    health_check_path: fields.UrlPath | None = None
    """Path that answers 200, to everybody, while the instance is well, for checks by HTTP; / where it is not set."""
    health_check_interval_seconds: Seconds = 5
    """Time between two health checks."""
    health_check_timeout_seconds: Seconds = 2
    """Time that an instance has to answer a health check."""
    healthy_threshold: Checks = 1
    """Health checks in a row that make an instance healthy."""
    unhealthy_threshold: Checks = 5
    """Health checks in a row that make an instance unhealthy."""
    tracing: YesNo = True
    """Whether spans that the application sends by OpenTelemetry go to X-Ray."""
    vpc_connector: YesNo = False
    """Whether what the application sends goes through a VPC."""
    private_ingress: YesNo = False
    """Whether only a VPC reaches the service, by an interface endpoint, and not the internet."""
    allowed_cidrs: Annotated[tuple[fields.PrivateCidr, ...], EachOnce, Field(max_length=20)] = ()
    """IPv4 blocks that may connect by private_ingress; the VPC's own where it is empty."""
    web_acl_arn: fields.WebAclArn | None = None
    """Regional AWS WAF web ACL in front of the service."""

    @field_validator("secrets", "parameters")
    @classmethod
    def _of_the_application(cls, value: dict[str, str]) -> dict[str, str]:
        check_variables(list(value))
        return value

    @field_validator("image")
    @classmethod
    def _pulled(cls, value: str | None) -> str | None:
        if value is not None:
            check_image(value)
        return value

    @field_validator("repository_url")
    @classmethod
    def _one_source(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "image" in info.data:
            image = info.data["image"]
            check_one_source(image=None if value and image == DEMONSTRATION_IMAGE else image, repository=value)
        return value

    @field_validator("connection_arn")
    @classmethod
    def _with_a_repository(cls, value: str | None, info: ValidationInfo) -> str | None:
        given = info.data.get("repository_url")
        if given and value is None:
            raise ValueError("expected the ARN of an App Runner connection, by which repository_url is read")
        return _of_repository(value, info)

    @field_validator("runtime", "build_command")
    @classmethod
    def _of_source_code(cls, value: str | None, info: ValidationInfo) -> str | None:
        return _of_repository(value, info)

    @field_validator("start_command")
    @classmethod
    def _starts(cls, value: str | None, info: ValidationInfo) -> str | None:
        given = info.data
        if given.get("repository_url") and {"runtime", "build_command"} <= given.keys():
            check_commands(runtime=given["runtime"], start_command=value, build_command=given["build_command"])
        return value

    @field_validator("automatic_deployments")
    @classmethod
    def _watched(cls, value: bool, info: ValidationInfo) -> bool:
        if {"image", "repository_url"} <= info.data.keys():
            image = None if info.data["repository_url"] else info.data["image"]
            check_automatic_deployments(enabled=value, image=image)
        return value

    @field_validator("container_port")
    @classmethod
    def _listened_on(cls, value: int, info: ValidationInfo) -> int:
        if _is_demonstration(info) and value != DEMONSTRATION_PORT:
            raise ValueError(f"expected {DEMONSTRATION_PORT}, the port of the demonstration, or an image of yours")
        return value

    @field_validator("memory_mib")
    @classmethod
    def _offered_with_cpu(cls, value: int, info: ValidationInfo) -> int:
        if "cpu" in info.data:
            check_size(info.data["cpu"], value)
        return value

    @field_validator("max_instances")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("min_instances", 0):
            raise ValueError(f"expected at least min_instances, which is {info.data['min_instances']}")
        return value

    @field_validator("health_check_path")
    @classmethod
    def _served(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "health_check_protocol" in info.data:
            check_health_check_path(protocol=info.data["health_check_protocol"], path=value)
        if _is_demonstration(info) and value not in (None, "/"):
            raise ValueError('expected "/", the only page of the demonstration, or an image of yours')
        return value

    @field_validator("allowed_cidrs")
    @classmethod
    def _by_the_endpoint(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and info.data.get("private_ingress") is False:
            raise ValueError(
                "expected none without private_ingress: App Runner admits the whole internet then; "
                "web_acl_arn can tell addresses apart"
            )
        return value


def _of_repository(value: str | None, info: ValidationInfo) -> str | None:
    if value is not None and info.data.get("repository_url", "") is None:
        raise ValueError("expected none without repository_url: an image is built already")
    return value


def _is_demonstration(info: ValidationInfo) -> bool:
    return info.data.get("image") == DEMONSTRATION_IMAGE and info.data.get("repository_url", "") is None
