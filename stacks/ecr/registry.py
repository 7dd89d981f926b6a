"""Features of the registry around the repository: enhanced scanning, signing and replication."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_signer as signer
from constructs import Construct

from patternbook import PatternStack, Posture
from stacks.ecr.settings import CACHES, EcrSettings


def warn_of_shared_registry(stack: PatternStack, settings: EcrSettings) -> None:
    """Warns at synth if a stack of another stage asks for the same part of the same registry.

    An account has one registry in each Region, with one configuration of scanning, of signing and of replication, and
    each name of a repository and each prefix of a cache once. The second deployment fails, or overrides the first one
    in silence.
    """
    for other in stack.counterparts():
        if stack.environment != other.environment or not isinstance(other.settings, EcrSettings):
            continue
        theirs = other.settings
        shared = {
            "scanning": settings.scanning == theirs.scanning == "enhanced",
            "signing": settings.signing and theirs.signing,
            "replicate_to_regions": bool(settings.replicate_to_regions and theirs.replicate_to_regions),
            "public_repository": _public_name(settings) is not None and _public_name(settings) == _public_name(theirs),
            **{
                name: getattr(settings, name) is not None and getattr(settings, name) == getattr(theirs, name)
                for name in ("repository_name", *(cache.prefix for cache in CACHES))
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


def enhanced_scanning(scope: Construct, construct_id: str, *, filters: Sequence[str]) -> None:
    """Lets Amazon Inspector scan repositories continuously. This is the scanning configuration of the registry.

    CloudFormation restores basic scanning when it deletes the configuration, and that disables Amazon Inspector for
    images of the whole account. So it keeps the configuration when the stack is deleted, or leaves enhanced scanning.

    :param filters: names of repositories, in which a * matches any characters.
    """
    configuration = ecr.CfnRegistryScanningConfiguration(
        scope,
        construct_id,
        scan_type="ENHANCED",
        rules=[
            {
                "scanFrequency": "CONTINUOUS_SCAN",
                "repositoryFilters": [{"filter": each, "filterType": "WILDCARD"} for each in filters],
            }
        ],
    )
    configuration.apply_removal_policy(cdk.RemovalPolicy.RETAIN)


def managed_signing(
    scope: Construct, construct_id: str, *, repository: ecr.Repository, posture: Posture
) -> signer.SigningProfile:
    """Lets AWS Signer sign each image that is pushed. This is the signing configuration of the registry.

    ECR signs with the permissions of whoever pushes, who needs ``signer:SignPayload`` on the profile:
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
    """
    profile = signer.SigningProfile(scope, f"{construct_id}Profile", platform=signer.Platform.NOTATION_OCI_SHA384_ECDSA)
    profile.apply_removal_policy(posture.removal_policy)
    this_repository = {"filter": repository.repository_name, "filterType": "WILDCARD_MATCH"}
    ecr.CfnSigningConfiguration(
        scope,
        construct_id,
        rules=[{"signingProfileArn": profile.signing_profile_arn, "repositoryFilters": [this_repository]}],
    )
    return profile


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
