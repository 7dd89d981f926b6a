"""Pull-through caches, and the settings of the repositories that ECR creates for them."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook import PatternStack
from patternbook.nag import acknowledge
from stacks.ecr.lifecycle_rules import cache_policy
from stacks.ecr.settings import CACHES, EcrSettings

MUTABLE_TAG = "latest"
"""The tag of cached images that follows the upstream registry."""


def pull_through_caches(stack: PatternStack, settings: EcrSettings, *, key: kms.IKey | None) -> None:
    """A cache for each upstream registry with a prefix, and an output with the URI to pull from instead.

    :param key: encrypts the cached images.
    """
    prefixes = {cache: prefix for cache in CACHES if (prefix := getattr(settings, cache.prefix))}
    role = _creator(stack, key, list(prefixes.values())) if key is not None and prefixes else None
    for cache, prefix in prefixes.items():
        secret = getattr(settings, cache.secret) if cache.secret else None
        rule = ecr.CfnPullThroughCacheRule(
            stack,
            f"{cache.name}Cache",
            ecr_repository_prefix=prefix,
            upstream_registry_url=cache.upstream,
            credential_arn=secret,
        )
        rule.node.add_dependency(
            _template(stack, f"{cache.name}Template", prefix=prefix, days=settings.cache_days, key=key, role=role)
        )
        uri = f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}/{prefix}"
        stack.output(f"{cache.name}CacheUri", uri, f"URI to pull from instead of {cache.upstream}")


def _template(
    scope: Construct, construct_id: str, *, prefix: str, days: int, key: kms.IKey | None, role: iam.Role | None
) -> ecr.CfnRepositoryCreationTemplate:
    """The settings of the repositories that ECR creates with a prefix.

    The stack doesn't own these repositories, so their lifecycle rule limits the cost of the images. A template has no
    setting for scanning.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html
    """
    template = ecr.CfnRepositoryCreationTemplate
    made = template(
        scope,
        construct_id,
        prefix=prefix,
        applied_for=["PULL_THROUGH_CACHE"],
        image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
        image_tag_mutability_exclusion_filters=[
            template.ImageTagMutabilityExclusionFilterProperty(
                image_tag_mutability_exclusion_filter_type="WILDCARD",
                image_tag_mutability_exclusion_filter_value=MUTABLE_TAG,
            )
        ],
        lifecycle_policy=cache_policy(days),
        encryption_configuration=template.EncryptionConfigurationProperty(encryption_type="KMS", kms_key=key.key_arn)
        if key is not None
        else None,
        custom_role_arn=role.role_arn if role is not None else None,
    )
    if role is not None:
        made.node.add_dependency(role)
    return made


def _creator(stack: cdk.Stack, key: kms.IKey, prefixes: list[str]) -> iam.Role:
    """The role by which ECR creates repositories that are encrypted with a customer managed key.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create.html
    """
    role = iam.Role(
        stack,
        "CacheRole",
        assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"),  # ty: ignore[invalid-argument-type]
        description="Creates the repositories of cached images",
    )
    repositories = [stack.format_arn(service="ecr", resource=f"repository/{prefix}/*") for prefix in prefixes]
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"], resources=repositories
        )
    )
    role.add_to_policy(
        iam.PolicyStatement(actions=["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"], resources=[key.key_arn])
    )
    for prefix in prefixes:
        pattern = f"arn:<AWS::Partition>:ecr:<AWS::Region>:<AWS::AccountId>:repository/{prefix}/*"
        acknowledge(role, f"IAM5[Resource::{pattern}]", "ECR names a repository after the image that is pulled.")
    return role
