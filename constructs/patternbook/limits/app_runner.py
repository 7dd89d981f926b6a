"""Limits of AWS App Runner, each with its source, and checks of them. They work without the CDK."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, Literal

from patternbook.limits.given import listed, shown
from patternbook.limits.limit import Limit
from patternbook.limits.scaling import check_order

CLOSED_TO_NEW_CUSTOMERS: Final = date(2026, 4, 30)
"""Since this day, only accounts that already used App Runner can create services.

https://docs.aws.amazon.com/apprunner/latest/dg/apprunner-availability-change.html
"""
SUCCESSOR: Final = "Amazon ECS Express Mode"
"""The service that AWS recommends instead, on the same page."""

# Size and number of instances.

MEMORY_MIB: Final[Mapping[int, tuple[int, ...]]] = {
    256: (512, 1024),
    512: (1024,),
    1024: (2048, 3072, 4096),
    2048: (4096, 6144),
    4096: (8192, 10240, 12288),
}
"""Memory sizes in MiB that App Runner offers with a number of CPU units (1,024 units are one vCPU).

https://docs.aws.amazon.com/apprunner/latest/dg/architecture.html#architecture.vcpu-memory
https://docs.aws.amazon.com/cdk/api/v2/docs/@aws-cdk_aws-apprunner-alpha.Memory.html
"""

_SCALING: Final = "https://docs.aws.amazon.com/apprunner/latest/api/API_CreateAutoScalingConfiguration.html"
MAX_CONCURRENCY: Final = Limit("MaxConcurrency", 1, 200, "requests", _SCALING)
MIN_INSTANCES: Final = Limit("MinSize", 1, 25, "instances", _SCALING)
MAX_INSTANCES_MINIMUM: Final = 1
"""Minimum of MaxSize, on the same page. The page names no maximum."""
DEFAULT_MAX_INSTANCES: Final = 25
"""Maximum number of instances if a service sets none, on the same page."""

_ENCRYPTION: Final = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-properties-apprunner-service-encryptionconfiguration.html"
)

# Health checks.

_HEALTH_CHECK: Final = "https://docs.aws.amazon.com/apprunner/latest/api/API_HealthCheckConfiguration.html"
Protocol = Literal["TCP", "HTTP"]
HEALTH_CHECK_PROTOCOLS: Final[tuple[Protocol, ...]] = ("TCP", "HTTP")
HEALTH_CHECK_SECONDS: Final = Limit("Interval and Timeout", 1, 20, "seconds", _HEALTH_CHECK)
HEALTH_CHECK_THRESHOLD: Final = Limit("HealthyThreshold and UnhealthyThreshold", 1, 20, "checks", _HEALTH_CHECK)

# Encryption.


def check_key(key_arn: str | None) -> None:
    """:raises ValueError: for a multi-Region key, which App Runner refuses."""
    if key_arn is not None and ":key/mrk-" in key_arn:
        raise ValueError(
            f"key_arn must be a single-Region key, got {shown(key_arn)}. App Runner takes no multi-Region key "
            f"({_ENCRYPTION}). Set it to another key."
        )


# Sources.

Runtime = Literal["PYTHON_311", "NODEJS_22", "CORRETTO_11", "CORRETTO_8"]
RUNTIMES: Final[tuple[Runtime, ...]] = ("PYTHON_311", "NODEJS_22", "CORRETTO_11", "CORRETTO_8")
"""Managed runtimes in support.

https://docs.aws.amazon.com/apprunner/latest/api/API_CodeConfigurationValues.html
"""
ENDED_RUNTIMES: Final[Mapping[str, date]] = dict.fromkeys(
    (
        *("PYTHON_3", "NODEJS_12", "NODEJS_14", "NODEJS_16", "NODEJS_18"),
        *("GO_1", "DOTNET_6", "PHP_81", "RUBY_31"),
    ),
    date(2025, 12, 1),
)
"""Runtimes that the API still lists, each with the day on which its support ended.

https://docs.aws.amazon.com/apprunner/latest/dg/service-source-code.html#service-source-code.managed-platforms.eos
"""

ECR_IMAGE: Final = (
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z]+(-[a-z]+)+-\d)\.amazonaws\.com/(?P<repository>[a-z0-9]+([._/-]"
    r"[a-z0-9]+)*)"
)
"""Regular expression for the beginning of an image in a private ECR repository. App Runner pulls from no other private
registry.

https://docs.aws.amazon.com/apprunner/latest/api/API_ImageRepository.html
"""
ECR_PUBLIC_IMAGE: Final = r"public\.ecr\.aws/[^/]+/.+"
"""Regular expression for an image of ECR Public, the only public registry of App Runner, on the same page."""
RESERVED_VARIABLES: Final = "AWSAPPRUNNER"
"""Prefix of environment variables that App Runner reserves.

https://docs.aws.amazon.com/apprunner/latest/api/API_ImageConfiguration.html
"""


def check_size(cpu: int, memory_mib: int) -> None:
    """:raises ValueError: if App Runner doesn't offer these CPU units with this memory."""
    if cpu not in MEMORY_MIB:
        raise ValueError(f"cpu must be one of {_listed(MEMORY_MIB)}, got {cpu}.")
    if memory_mib not in MEMORY_MIB[cpu]:
        offered = _listed(MEMORY_MIB[cpu])
        raise ValueError(f"memory_mib must be one of {offered} with {cpu} CPU units, got {memory_mib}.")


def check_scaling(*, max_concurrency: int, min_instances: int, max_instances: int) -> None:
    """:raises ValueError: if App Runner doesn't take these numbers, or the minimum is above the maximum."""
    MAX_CONCURRENCY.check("max_concurrency", max_concurrency)
    MIN_INSTANCES.check("min_instances", min_instances)
    check_order("instances", minimum=min_instances, maximum=max_instances)


def check_health_check_path(*, protocol: Protocol, path: str | None) -> None:
    """:raises ValueError: if a TCP check has a path."""
    if protocol == "TCP" and path is not None:
        raise ValueError(
            f"health_check_path requires protocol HTTP, got {shown(path)} with TCP. Remove the path or change the "
            "protocol."
        )


def is_private(image: str) -> bool:
    """Whether an image comes from a private repository of Amazon ECR."""
    return re.match(rf"{ECR_IMAGE}([:@]|$)", image) is not None


def check_one_source(*, image: str | None, repository: object | None) -> None:
    """:raises ValueError: if there are both an image and a source repository, or neither."""
    if image is not None and repository is not None:
        raise ValueError(
            f"The source must be an image or a repository, got both (image {shown(image)}). Remove one of the two."
        )
    if image is None and repository is None:
        raise ValueError("The source must be an image or a repository, got neither. Set one of the two.")


def check_image(image: str) -> None:
    """:raises ValueError: if App Runner cannot pull an image from its registry."""
    if not (is_private(image) or re.fullmatch(ECR_PUBLIC_IMAGE, image)):
        raise ValueError(
            f"image must be in Amazon ECR or ECR Public, got {shown(image)}. App Runner pulls from no other registry. "
            "Use an ECR pull-through cache for images of other registries."
        )


def check_automatic_deployments(*, enabled: bool, image: str | None) -> None:
    """:raises ValueError: for an image that App Runner doesn't watch, or that cannot change.

    https://docs.aws.amazon.com/apprunner/latest/api/API_SourceConfiguration.html
    """
    if not enabled or image is None:
        return
    if not is_private(image):
        raise ValueError(
            "automatic_deployments must be false with an image of ECR Public, got true. App Runner watches private "
            "repositories only."
        )
    if "@" in image:
        raise ValueError(
            "automatic_deployments must be false with an image digest, got true. A digest never changes. Name the "
            "image by a tag."
        )


def check_commands(*, runtime: str | None, start_command: str | None, build_command: str | None) -> None:
    """Checks the commands for a source repository.

    :raises ValueError: for commands without a runtime, a runtime without a start command, and a runtime that has ended.
    """
    if runtime is None:
        commands = {"start_command": start_command, "build_command": build_command}
        given = " and ".join(name for name, value in commands.items() if value is not None)
        if given:
            raise ValueError(
                f"{given} must be unset without a runtime. Set runtime, or write the command into apprunner.yaml."
            )
        return
    if runtime in ENDED_RUNTIMES:
        ended = ENDED_RUNTIMES[runtime]
        raise ValueError(f"runtime must be one of {_listed(RUNTIMES)}, got {runtime}. Its support ended on {ended}.")
    if runtime not in RUNTIMES:
        raise ValueError(f"runtime must be one of {_listed(RUNTIMES)}, got {runtime}.")
    if start_command is None:
        raise ValueError(
            f"start_command must be set with runtime {runtime}, got none. App Runner doesn't read apprunner.yaml then."
        )


def check_variables(names: Iterable[str]) -> None:
    """:raises ValueError: for environment variables that App Runner reserves."""
    reserved = sorted(name for name in names if name.startswith(RESERVED_VARIABLES))
    if reserved:
        raise ValueError(
            f"Environment variables must not begin with {RESERVED_VARIABLES}, got {listed(reserved)}. Rename them."
        )


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
