"""What App Runner offers, in numbers and names. It imports nothing but Python, so that anything can import it."""

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal

CLOSED_TO_NEW_CUSTOMERS: Final = date(2026, 4, 30)
"""From this day on only accounts that already used App Runner can create services.

https://docs.aws.amazon.com/apprunner/latest/dg/apprunner-availability-change.html
"""

SUCCESSOR: Final = "Amazon ECS Express Mode"
"""What AWS recommends in place of it, on the same page."""

MEMORY_MIB: Final[Mapping[int, tuple[int, ...]]] = {
    256: (512, 1024),
    512: (1024,),
    1024: (2048, 3072, 4096),
    2048: (4096, 6144),
    4096: (8192, 10240, 12288),
}
"""Memory sizes, in MiB, that App Runner offers with a number of CPU units (1,024 are one vCPU).

https://docs.aws.amazon.com/apprunner/latest/dg/architecture.html#architecture.vcpu-memory
https://docs.aws.amazon.com/cdk/api/v2/docs/@aws-cdk_aws-apprunner-alpha.Memory.html
"""

MAX_CONCURRENCY: Final = (1, 200)
"""Concurrent requests that an instance can get before another one is started, at least and at most.

https://docs.aws.amazon.com/apprunner/latest/api/API_CreateAutoScalingConfiguration.html
"""
MIN_INSTANCES: Final = (1, 25)
"""Instances that can be kept ready, at least and at most; the same page."""
LEAST_MAX_INSTANCES: Final = 1
"""The least that the number of instances can be bounded to; the same page knows no most."""
DEFAULT_MAX_INSTANCES: Final = 25
"""The most instances of a service that says nothing; the same page."""

HEALTH_CHECK_PROTOCOLS: Final = ("TCP", "HTTP")
"""https://docs.aws.amazon.com/apprunner/latest/api/API_HealthCheckConfiguration.html"""
HEALTH_CHECK_SECONDS: Final = (1, 20)
"""Interval and timeout of a health check, in seconds, at least and at most; the same page."""
HEALTH_CHECK_THRESHOLD: Final = (1, 20)
"""Health checks in a row that turn the health of an instance, at least and at most; the same page."""

Runtime = Literal["PYTHON_311", "NODEJS_22", "CORRETTO_11", "CORRETTO_8"]
RUNTIMES: Final[tuple[Runtime, ...]] = ("PYTHON_311", "NODEJS_22", "CORRETTO_11", "CORRETTO_8")
"""Managed runtimes that are still supported.

https://docs.aws.amazon.com/apprunner/latest/api/API_CodeConfigurationValues.html
"""
ENDED_RUNTIMES: Final[Mapping[str, date]] = dict.fromkeys(
    (
        *("PYTHON_3", "NODEJS_12", "NODEJS_14", "NODEJS_16", "NODEJS_18"),
        *("GO_1", "DOTNET_6", "PHP_81", "RUBY_31"),
    ),
    date(2025, 12, 1),
)
"""Runtimes that the API still knows, each with the day on which its support ended.

https://docs.aws.amazon.com/apprunner/latest/dg/service-source-code.html#service-source-code.managed-platforms.eos
"""

ECR_IMAGE: Final = (
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z]+(-[a-z]+)+-\d)\.amazonaws\.com/(?P<repository>[a-z0-9]+([._/-]"
    r"[a-z0-9]+)*)"
)
"""How an image of a private ECR repository begins, as a regular expression; other private registries App Runner
cannot pull from.

https://docs.aws.amazon.com/apprunner/latest/api/API_ImageRepository.html
"""
ECR_PUBLIC_IMAGE: Final = r"public\.ecr\.aws/[^/]+/.+"
"""An image of ECR Public, the only public registry of App Runner; the same page."""


def check_size(cpu: int, memory_mib: int) -> None:
    """:raises ValueError: for CPU units and memory that App Runner does not offer together."""
    if cpu not in MEMORY_MIB:
        raise ValueError(f"cpu: {cpu} is not one of {', '.join(map(str, MEMORY_MIB))}")
    if memory_mib not in MEMORY_MIB[cpu]:
        offered = ", ".join(map(str, MEMORY_MIB[cpu]))
        raise ValueError(f"App Runner offers with {cpu} CPU units these sizes, in MiB: {offered}")
