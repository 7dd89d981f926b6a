"""Features of the registry around the repository: enhanced scanning, pull-through caches and replication."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from patternbook import PatternStack
from stacks.ecr.settings import EcrSettings


def warn_of_shared_registry(stack: PatternStack, settings: EcrSettings) -> None:
    """Warns at synth if a stack of another stage asks for the same part of the same registry.

    An account has one registry in each Region, with one scanning and one replication configuration, and each name of a
    repository and each prefix of a cache once. The second deployment fails, or overrides the first one in silence.
    """
    for other in stack.counterparts():
        if stack.environment != other.environment or not isinstance(other.settings, EcrSettings):
            continue
        theirs = other.settings
        shared = {
            "scanning": settings.scanning == theirs.scanning == "enhanced",
            "replicate_to_regions": bool(settings.replicate_to_regions and theirs.replicate_to_regions),
            "public_repository": _public_name(settings) is not None and _public_name(settings) == _public_name(theirs),
            **{
                name: getattr(settings, name) is not None and getattr(settings, name) == getattr(theirs, name)
                for name in ("repository_name", "cache_ecr_public_prefix", "cache_docker_hub_prefix")
            },
        }
        if names := [name for name, is_shared in shared.items() if is_shared]:
            cdk.Annotations.of(stack).add_warning_v2(
                "patternbook:sharedRegistry",
                f"{other.node.path} sets {', '.join(names)}, too. An account has one registry in each Region, so only "
                "one of the two stacks can own this. Set it in one stage, or give the stages accounts of their own.",
            )


def _public_name(settings: EcrSettings) -> str | None:
    return settings.public_repository.name if settings.public_repository else None


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
    if (own := cdk.Stack.of(scope).region) in regions:
        cdk.Annotations.of(scope).add_error(
            f"replicate_to_regions must not list {own}, the Region of the stack, got {', '.join(regions)}. Remove it."
        )
    this_repository = {"filter": repository.repository_name, "filterType": "PREFIX_MATCH"}
    destinations = [{"region": region, "registryId": cdk.Stack.of(scope).account} for region in regions]
    ecr.CfnReplicationConfiguration(
        scope,
        construct_id,
        replication_configuration={"rules": [{"destinations": destinations, "repositoryFilters": [this_repository]}]},
    )
