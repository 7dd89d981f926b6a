"""Features of the registry around the repository: enhanced scanning, pull-through caches and replication."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct


def enhanced_scanning(scope: Construct, construct_id: str, *, repository: ecr.Repository) -> None:
    """Lets Amazon Inspector scan the repository continuously. This is the scanning configuration of the registry."""
    this_repository = {"filter": repository.repository_name, "filterType": "WILDCARD"}
    ecr.CfnRegistryScanningConfiguration(
        scope,
        construct_id,
        scan_type="ENHANCED",
        rules=[{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [this_repository]}],
    )


def pull_through_cache(
    scope: Construct, construct_id: str, *, upstream: str, prefix: str, days: int, secret_arn: str | None = None
) -> str:
    """A pull-through cache, and a template for the repositories that ECR creates for its images.

    The stack doesn't own these repositories, so their lifecycle rule limits the cost of the images.

    :param upstream: URL of the upstream registry.
    :param days: age at which cached images expire.
    :param secret_arn: credentials for the upstream registry.
    :return: the URI to pull from instead of ``upstream``.
    """
    expire = {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    template = ecr.CfnRepositoryCreationTemplate(
        scope,
        f"{construct_id}Template",
        prefix=prefix,
        applied_for=["PULL_THROUGH_CACHE"],
        lifecycle_policy=json.dumps(
            {"rules": [{"rulePriority": 1, "selection": expire, "action": {"type": "expire"}}]}
        ),
    )
    cache = ecr.CfnPullThroughCacheRule(
        scope,
        f"{construct_id}Cache",
        ecr_repository_prefix=prefix,
        upstream_registry_url=upstream,
        credential_arn=secret_arn,
    )
    cache.node.add_dependency(template)
    stack = cdk.Stack.of(scope)
    return f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}/{prefix}"


def replication(scope: Construct, construct_id: str, *, repository: ecr.Repository, regions: Sequence[str]) -> None:
    """Copies new images of the repository to other Regions. This is the replication configuration of the registry."""
    this_repository = {"filter": repository.repository_name, "filterType": "PREFIX_MATCH"}
    destinations = [{"region": region, "registryId": cdk.Stack.of(scope).account} for region in regions]
    ecr.CfnReplicationConfiguration(
        scope,
        construct_id,
        replication_configuration={"rules": [{"destinations": destinations, "repositoryFilters": [this_repository]}]},
    )
