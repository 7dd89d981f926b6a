"""Container images from any registry."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from patternbook.limits.images import PRIVATE_ECR
from patternbook.partitions import partition_of


def container_image(scope: Construct, construct_id: str, uri: str) -> ecs.ContainerImage:
    """The image with this URI. The execution role may pull it from a private ECR repository, which
    ``ContainerImage.from_registry`` does not allow.
    """
    match = PRIVATE_ECR.fullmatch(uri)
    if match is None:
        return ecs.ContainerImage.from_registry(uri)
    return ecs.ContainerImage.from_ecr_repository(
        private_repository(scope, construct_id, uri), match["digest"] or match["tag"]
    )


def private_repository(scope: Construct, construct_id: str, uri: str) -> ecr.IRepository:
    """The private ECR repository that an image comes from.

    :raises ValueError: if the image comes from another registry, see :func:`patternbook.limits.images.is_private_ecr`.
    """
    match = PRIVATE_ECR.fullmatch(uri)
    if match is None:
        raise ValueError(f"uri must be an image in a private ECR repository, got {uri}.")
    partition = partition_of(match["region"]) or cdk.Stack.of(scope).partition
    return ecr.Repository.from_repository_attributes(
        scope,
        construct_id,
        repository_arn=f"arn:{partition}:ecr:{match['region']}:{match['account']}:repository/{match['name']}",
        repository_name=match["name"],
    )
