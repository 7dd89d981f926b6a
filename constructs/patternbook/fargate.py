"""Images from any registry."""

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from patternbook.image_uris import PRIVATE_ECR


def container_image(scope: Construct, construct_id: str, uri: str) -> ecs.ContainerImage:
    """The image of a URI. From a private ECR repository the task's execution role gets permission to pull it,
    which ``ContainerImage.from_registry`` does not give.
    """
    match = PRIVATE_ECR.fullmatch(uri)
    if match is None:
        return ecs.ContainerImage.from_registry(uri)
    partition = "aws-cn" if match["suffix"].endswith(".cn") else "aws"
    repository = ecr.Repository.from_repository_attributes(
        scope,
        construct_id,
        repository_arn=f"arn:{partition}:ecr:{match['region']}:{match['account']}:repository/{match['name']}",
        repository_name=match["name"],
    )
    return ecs.ContainerImage.from_ecr_repository(repository, match["digest"] or match["tag"])
