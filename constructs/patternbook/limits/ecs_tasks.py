"""Limits of ECS tasks and services on any kind of capacity."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import PurePosixPath
from typing import Final

from patternbook.limits.given import shown

EXEC_VOLUMES: Final = {"exec-state": "/var/lib/amazon", "exec-logs": "/var/log/amazon"}
"""Volumes that ECS Exec needs. Its agent runs as root and writes to these paths, even if the root file system is
read-only.

https://github.com/aws-containers/amazon-ecs-exec-checker
"""

SPOT_NOTICE_SECONDS: Final = 120
"""Time between the notice that Spot reclaims an instance or a Fargate task and its end.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
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


def _named(path: PurePosixPath) -> str:
    return f"{shown(path)}{' (of ECS Exec)' if str(path) in EXEC_VOLUMES.values() else ''}"


def check_host_port(port: int) -> None:
    """:raises ValueError: if a container instance does not offer this port to tasks."""
    if not 1 <= port <= HIGHEST_PORT or port in RESERVED_PORTS:
        reserved = ", ".join(str(number) for number in RESERVED_PORTS if number <= HIGHEST_PORT)
        raise ValueError(
            f"host_port must be 1 to {HIGHEST_PORT} except {reserved}, which the machine itself uses, got {port}."
        )
