"""Limits of ECS tasks and services on any kind of capacity."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import PurePosixPath
from typing import Final

from patternbook.limits.given import shown
from patternbook.limits.limit import Limit
from patternbook.limits.load_balancers import DEREGISTRATION_DELAY_SECONDS

EXEC_VOLUMES: Final = {
    "exec-agent": "/managed-agents",
    "exec-state": "/var/lib/amazon",
    "exec-logs": "/var/log/amazon",
}
"""Volumes that the agent of ECS Exec writes to, as root, if the root file system is read-only.

AWS does not support ECS Exec with a read-only root file system
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations). With these three
paths it works, as users report (https://github.com/aws/containers-roadmap/issues/1359). The two last ones are parents
of the agent's own folders ``ssm``, because on EC2 the ECS agent itself mounts ``/var/log/amazon/ssm``, and no path can
be mounted twice (https://github.com/aws/amazon-ecs-agent, ``agent/engine/execcmd``).
"""

_HEALTH_CHECK: Final = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html"
START_PERIOD_SECONDS: Final = Limit("startPeriod", 0, 300, "seconds", _HEALTH_CHECK)
FARGATE_STOP_TIMEOUT_SECONDS: Final = Limit(
    "stopTimeout on Fargate",
    2,
    120,
    "seconds",
    "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html",
)
HIGHEST_STOP_TIMEOUT_SECONDS: Final = 3600
"""Our maximum on other capacity, for which AWS documents none."""
HIGHEST_GRACE_PERIOD_SECONDS: Final = 3600
"""Our maximum. AWS takes up to 2,147,483,647 seconds, in which no broken task would be replaced.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
"""
SPOT_NOTICE_SECONDS: Final = 120
"""Time between the notice that Spot reclaims an instance or a Fargate task and its end.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/spot-instance-draining-linux-container.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
"""

RESERVED_PORTS: Final = (22, 2375, 2376, 51678, 51679, 51680)
"""Ports of a container instance that its SSH server, Docker and the ECS agent use.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
"""
HIGHEST_PORT: Final = 32767
"""Highest host port. Container instances assign the ports above it dynamically (see the same document)."""


def check_paths(paths: Sequence[str]) -> None:
    """:raises ValueError: if one path contains another, or overlaps the paths that ECS Exec needs."""
    for inner, outer in permutations(map(PurePosixPath, [*paths, *EXEC_VOLUMES.values()]), 2):
        if inner.is_relative_to(outer):
            said = f"{_named(outer)} is there twice" if inner == outer else f"{_named(outer)} contains {_named(inner)}"
            raise ValueError(f"Paths must not contain each other, but {said}. Choose another path.")


def check_memory_of_paths(sizes_mib: Sequence[int], *, memory_mib: int) -> None:
    """A tmpfs counts against the memory of its task, whose containers are killed when it is used up.

    :raises ValueError: if full writable paths would leave no memory to the container.
    """
    total = sum(sizes_mib)
    if total >= memory_mib:
        raise ValueError(
            f"memory_mib must be above the {total:,} MiB that the writable paths can take, got {memory_mib:,}. Raise "
            "memory_mib, or lower size_mib in writable_paths."
        )


def check_grace_period(
    grace_period_seconds: int, *, start_period_seconds: int, interval_seconds: int, healthy_threshold: int
) -> None:
    """:raises ValueError: if the grace period ends before the load balancer has seen a started task healthy."""
    needed = lowest_grace_period(
        start_period_seconds=start_period_seconds,
        interval_seconds=interval_seconds,
        healthy_threshold=healthy_threshold,
    )
    if grace_period_seconds < needed:
        raise ValueError(
            f"grace_period_seconds must be at least {needed} (start_period_seconds {start_period_seconds} + "
            f"healthy_threshold {healthy_threshold} x interval_seconds {interval_seconds}), got "
            f"{grace_period_seconds}. With less, ECS replaces a task before the load balancer calls it healthy. Raise "
            "it, or leave it out."
        )


def lowest_grace_period(*, start_period_seconds: int, interval_seconds: int, healthy_threshold: int) -> int:
    """The time after which the load balancer calls a task healthy that answers at the end of its start period.

    The checks before have failed, so the target is unhealthy until ``healthy_threshold`` checks in a row succeed:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    return start_period_seconds + healthy_threshold * interval_seconds


def check_spot_notice(*, stop_timeout_seconds: int) -> None:
    """:raises ValueError: if a task that drains from a Spot instance can be cut off.

    ECS drains the instance at the notice. It stops a task once the load balancer has deregistered it.
    """
    longest = SPOT_NOTICE_SECONDS - DEREGISTRATION_DELAY_SECONDS
    if stop_timeout_seconds > longest:
        raise ValueError(
            f"stop_timeout_seconds must be at most {longest} on Spot instances, got {stop_timeout_seconds}. AWS "
            f"reclaims an instance {SPOT_NOTICE_SECONDS} seconds after its notice, and the load balancer takes "
            f"{DEREGISTRATION_DELAY_SECONDS} of them. Lower it in health_check, or use no Spot."
        )


def _named(path: PurePosixPath) -> str:
    return f"{shown(path)}{' (of ECS Exec)' if str(path) in EXEC_VOLUMES.values() else ''}"


def check_host_port(port: int) -> None:
    """:raises ValueError: if a container instance does not offer this port to tasks."""
    if not 1 <= port <= HIGHEST_PORT or port in RESERVED_PORTS:
        reserved = ", ".join(str(number) for number in RESERVED_PORTS if number <= HIGHEST_PORT)
        raise ValueError(
            f"host_port must be 1 to {HIGHEST_PORT} except {reserved}, which the machine itself uses, got {port}."
        )
