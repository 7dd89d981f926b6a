"""What Fargate offers, and images from any registry."""

import re
from typing import Final, Literal

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from constructs import Construct

Cpu = Literal[256, 512, 1024, 2048, 4096, 8192, 16384, 32768]

MEMORY_MIB: Final[dict[int, tuple[int, ...]]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
    32768: (61440, 122880, 249856),
}
"""Memory sizes, in MiB, that Fargate offers with a number of CPU units (1,024 are one vCPU).

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""


def check_task_size(cpu: int, memory_mib: int) -> None:
    """:raises ValueError: for CPU units and memory that Fargate does not offer together."""
    if cpu not in MEMORY_MIB:
        raise ValueError(f"cpu: {cpu} is not one of {', '.join(map(str, MEMORY_MIB))}")
    if memory_mib not in MEMORY_MIB[cpu]:
        offered = ", ".join(map(str, MEMORY_MIB[cpu]))
        raise ValueError(f"Fargate offers with {cpu} CPU units these sizes, in MiB: {offered}")


_PRIVATE_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<suffix>amazonaws\.com(\.cn)?)"
    r"/(?P<name>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>.+))?"
)


def is_private_ecr(uri: str) -> bool:
    """Whether an image comes from a private ECR repository."""
    return _PRIVATE_ECR.fullmatch(uri) is not None


def container_image(scope: Construct, construct_id: str, uri: str) -> ecs.ContainerImage:
    """The image of a URI. From a private ECR repository the task's execution role gets permission to pull it,
    which ``ContainerImage.from_registry`` does not give.
    """
    match = _PRIVATE_ECR.fullmatch(uri)
    if match is None:
        return ecs.ContainerImage.from_registry(uri)
    return ecs.ContainerImage.from_ecr_repository(
        private_repository(scope, construct_id, uri), match["digest"] or match["tag"]
    )


def private_repository(scope: Construct, construct_id: str, uri: str) -> ecr.IRepository:
    """The private ECR repository that an image comes from.

    :raises ValueError: for an image that comes from elsewhere, see :func:`is_private_ecr`.
    """
    match = _PRIVATE_ECR.fullmatch(uri)
    if match is None:
        raise ValueError(f"expected an image of a private ECR repository, unlike {uri}")
    partition = "aws-cn" if match["suffix"].endswith(".cn") else "aws"
    return ecr.Repository.from_repository_attributes(
        scope,
        construct_id,
        repository_arn=f"arn:{partition}:ecr:{match['region']}:{match['account']}:repository/{match['name']}",
        repository_name=match["name"],
    )
