"""Settings of EcrStack. The defaults work in an empty account."""

from itertools import combinations
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, ValidationInfo, field_validator

from patternbook import SettingsModel
from patternbook.data.settings import KeySettings
from patternbook.limits.given import shown
from patternbook.monitoring.settings import TopicSettings
from patternbook.settings import fields
from patternbook.settings.fields import EachOnce, Whole
from patternbook.settings.validators import Unit, prose

ECR_PUBLIC_REGION = "us-east-1"

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED"]
# The name that only the other kind of scanning has for findings without a severity.
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html
# https://docs.aws.amazon.com/inspector/v2/APIReference/API_Finding.html
UNKNOWN_TO = {"basic": "UNTRIAGED", "enhanced": "UNDEFINED"}

# AWS documents no maximum for an age in days. Ten years mean never.
Days = Annotated[Whole, Field(ge=1, le=3650), Unit("days")]


class Cache(NamedTuple):
    """An upstream registry of a pull-through cache, and the settings that are about it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-rule.html
    """

    name: str
    """Beginning of the names of its resources and outputs."""
    upstream: str
    prefix: str
    """Setting with the prefix of its repositories."""
    secret: str | None = None
    """Setting with its credentials, for a registry that requires them."""


CACHES = (
    Cache("EcrPublic", "public.ecr.aws", "cache_ecr_public_prefix"),
    Cache("DockerHub", "registry-1.docker.io", "cache_docker_hub_prefix", "cache_docker_hub_secret_arn"),
    Cache("Kubernetes", "registry.k8s.io", "cache_kubernetes_prefix"),
    Cache("Quay", "quay.io", "cache_quay_prefix"),
    Cache("GitHub", "ghcr.io", "cache_github_prefix", "cache_github_secret_arn"),
)
"""The upstream registries, in the order of their settings."""


class Release(SettingsModel):
    """Images with a common tag prefix, of which the newest are kept."""

    prefix: fields.ImageTagPrefix
    """Prefix of the tags of these images."""
    # The maximum is the default quota of images per repository: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
    keep: Annotated[Whole, Field(ge=1, le=100_000), Unit("images")]
    """Number of newest images that are kept."""


class PublicRepository(SettingsModel):
    """A repository in the ECR Public Gallery, with its catalog data.

    https://docs.aws.amazon.com/AmazonECR/latest/public/public-repository-catalog-data.html
    """

    name: fields.RepositoryName | None = None
    """Name of the repository. Defaults to a name that CloudFormation generates."""
    description: Annotated[str, prose(1024)] | None = None
    """Short description in search results."""
    about: Annotated[str, prose(25_600)] | None = None
    """Description of the image, in Markdown."""
    usage: Annotated[str, prose(25_600)] | None = None
    """Usage of the image, in Markdown."""
    architectures: Annotated[tuple[Literal["ARM", "ARM 64", "x86", "x86-64"], ...], Field(max_length=4), EachOnce] = ()
    """Supported architectures."""
    operating_systems: Annotated[tuple[Literal["Linux", "Windows"], ...], Field(max_length=2), EachOnce] = ()
    """Supported operating systems."""


class EcrSettings(KeySettings, TopicSettings):
    """Settings of the pattern. The defaults change nothing that other repositories of the registry share."""

    alarm_email: fields.Email | None = None
    """E-mail address for findings of image scans. Its owner must confirm the subscription."""

    repository_name: fields.RepositoryName | None = None
    """Name of the repository. Defaults to a name that CloudFormation generates, so that the stack can be deployed again
    beside a repository that it retained."""
    mutable_tags: Annotated[tuple[fields.ImageTagFilter, ...], Field(max_length=5), EachOnce] = ()
    """Tags that a push may move to another image, such as "latest". A * matches any characters."""

    untagged_days: Days = 14
    """Age at which untagged images expire."""
    # 48 and the two other rules make 50, the maximum. Even with the longest prefixes the policy stays below 30,720
    # characters, its maximum.
    releases: Annotated[tuple[Release, ...], Field(max_length=48)] = (Release(prefix="v", keep=30),)
    """Tag prefixes of releases. For each, the newest images are kept and the others expire."""
    other_days: Days | None = None
    """Age at which tagged images expire that are not a release. If unset, they never expire."""
    archive_days: Days | None = None
    """Days without a pull after which ECR archives images that are not a release, in place of other_days. Archived
    images cost less, and nobody can pull them until they are restored."""

    scanning: Literal["basic", "enhanced"] = "basic"
    """Scanning at each push ("basic"), or continuously by Amazon Inspector ("enhanced"). Enhanced scanning replaces the
    scanning configuration of the whole registry, so at most one stack per account and Region can own it."""
    signing: bool = False
    """Whether AWS Signer signs each pushed image, with a signing profile of the stack. This replaces the signing
    configuration of the whole registry, so at most one stack per account and Region can own it."""
    scan_severities: Annotated[tuple[Severity, ...], Field(min_length=1, max_length=6), EachOnce] = ("CRITICAL", "HIGH")
    """Severities of findings that are reported. UNDEFINED exists in basic scanning only, UNTRIAGED in enhanced only."""

    pull_account_ids: Annotated[tuple[fields.AccountId, ...], Field(max_length=100), EachOnce] = ()
    """Other accounts that may pull. Their principals also need IAM policies of their own."""
    pull_organization_id: fields.OrganizationId | None = None
    """ID of an AWS Organization whose accounts may all pull."""

    cache_ecr_public_prefix: fields.CachePrefix | None = None
    """Repository prefix of a pull-through cache for ECR Public. If unset, there is no such cache."""
    cache_docker_hub_prefix: fields.CachePrefix | None = None
    """Repository prefix of a pull-through cache for Docker Hub. If unset, there is no such cache."""
    cache_docker_hub_secret_arn: fields.CacheSecretArn | None = None
    """Secret with username and accessToken for Docker Hub, in the account and Region of the stack."""
    cache_kubernetes_prefix: fields.CachePrefix | None = None
    """Repository prefix of a pull-through cache for registry.k8s.io. If unset, there is no such cache."""
    cache_quay_prefix: fields.CachePrefix | None = None
    """Repository prefix of a pull-through cache for Quay. If unset, there is no such cache."""
    cache_github_prefix: fields.CachePrefix | None = None
    """Repository prefix of a pull-through cache for the GitHub Container Registry. If unset, there is no such cache."""
    cache_github_secret_arn: fields.CacheSecretArn | None = None
    """Secret with username and accessToken for GitHub, in the account and Region of the stack."""
    cache_days: Days = 30
    """Age at which cached images expire. The next pull caches them again."""

    public_repository: PublicRepository | None = None
    """Public repository beside the private one. It moves the whole stack to us-east-1."""
    replicate_to_regions: Annotated[tuple[fields.Region, ...], Field(max_length=25), EachOnce] = ()
    """Other Regions of the account to which each pushed image is replicated. This replaces the replication
    configuration of the whole registry, so at most one stack per account and Region can own it."""

    @field_validator("releases")
    @classmethod
    def _no_prefix_covered(cls, value: tuple[Release, ...]) -> tuple[Release, ...]:
        for earlier, later in combinations(value, 2):
            if later.prefix.startswith(earlier.prefix):
                raise ValueError(
                    f'Must not list prefix "{shown(later.prefix)}" after "{shown(earlier.prefix)}", whose rule '
                    "selects the same"
                    " images. Swap or merge them."
                )
        return value

    @field_validator("scan_severities")
    @classmethod
    def _known_to_scanning(cls, value: tuple[Severity, ...], info: ValidationInfo) -> tuple[Severity, ...]:
        scanning = info.data.get("scanning")
        if scanning and UNKNOWN_TO[scanning] in value:
            raise ValueError(f"Must list severities of {scanning} scanning, got {UNKNOWN_TO[scanning]}. Remove it.")
        return value

    @field_validator("archive_days")
    @classmethod
    def _one_rule_for_others(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("other_days") is not None:
            raise ValueError("Must be unset if other_days is set, because both are about the same images. Unset one.")
        return value

    @field_validator(*(cache.prefix for cache in CACHES[1:]))
    @classmethod
    def _different_prefix(cls, value: str | None, info: ValidationInfo) -> str | None:
        for cache in CACHES:
            if cache.prefix == info.field_name:
                break
            if value is not None and value == info.data.get(cache.prefix):
                raise ValueError(f"Must differ from {cache.prefix}, got {value} for both. Change one.")
        return value

    @field_validator(*(cache.secret for cache in CACHES if cache.secret))
    @classmethod
    def _with_prefix(cls, value: str | None, info: ValidationInfo) -> str | None:
        [name] = [cache.prefix for cache in CACHES if cache.secret == info.field_name]
        prefix = info.data.get(name)
        if prefix is not None and value is None:
            raise ValueError(f"Must be the ARN of a secret, because {name} is set. Set both, or neither.")
        if prefix is None and value is not None and name in info.data:
            raise ValueError(f"Must be unset without {name}. Set both, or neither.")
        return value

    @field_validator("replicate_to_regions")
    @classmethod
    def _elsewhere(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("public_repository") is not None and ECR_PUBLIC_REGION in value:
            raise ValueError(
                f"Must not list {ECR_PUBLIC_REGION}, the Region of the stack because of public_repository. Remove it."
            )
        return value

    @property
    def pinned_region(self) -> str | None:
        """ECR Public exists in this Region only."""
        return ECR_PUBLIC_REGION if self.public_repository else None
