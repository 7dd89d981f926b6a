"""A repository in the ECR Public Gallery."""

from aws_cdk import aws_ecr as ecr
from constructs import Construct

from patternbook import Posture
from stacks.ecr.settings import PublicRepository


def public_repository(
    scope: Construct, construct_id: str, *, catalog: PublicRepository, posture: Posture
) -> ecr.CfnPublicRepository:
    data = {
        "RepositoryDescription": catalog.description,
        "AboutText": catalog.about,
        "UsageText": catalog.usage,
        "Architectures": list(catalog.architectures),
        "OperatingSystems": list(catalog.operating_systems),
    }
    repository = ecr.CfnPublicRepository(
        scope,
        construct_id,
        repository_name=catalog.name,
        repository_catalog_data={name: value for name, value in data.items() if value} or None,
    )
    repository.apply_removal_policy(posture.removal_policy)
    return repository
