"""What can be chosen; the defaults work in an empty account, and touch nothing that others share."""

from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook import PatternSettings, SettingsModel
from patternbook.settings import fields
from patternbook.settings.fields import EachOnce, Unit, Whole

ECR_PUBLIC_REGION = "us-east-1"

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED"]
# What each kind of scanning calls a finding that it has no severity for, and the other does not know.
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html
# https://docs.aws.amazon.com/inspector/v2/APIReference/API_Finding.html
UNKNOWN_TO = {"basic": "UNTRIAGED", "enhanced": "UNDEFINED"}

# No maximum is documented for an age in days; ten years mean never.
Days = Annotated[Whole, Field(ge=1, le=3650), Unit("days")]


class Release(SettingsModel):
    """A kind of image whose newest are kept."""

    prefix: fields.ImageTagPrefix
    """How the tags of these images begin."""
    # As many as a repository holds, by default: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
    keep: Annotated[Whole, Field(ge=1, le=100_000), Unit("images")]
    """How many are kept."""


class PublicRepository(SettingsModel):
    """A repository in the ECR Public Gallery, and what the gallery says of it.

    https://docs.aws.amazon.com/AmazonECR/latest/public/public-repository-catalog-data.html
    """

    name: fields.RepositoryName | None = None
    """Name of the repository; CloudFormation makes one up where it is not set."""
    description: Annotated[str, fields.prose(1024)] | None = None
    """A line for search results."""
    about: Annotated[str, fields.prose(25_600)] | None = None
    """What the image is, in Markdown."""
    usage: Annotated[str, fields.prose(25_600)] | None = None
    """How to use the image, in Markdown."""
    architectures: Annotated[tuple[Literal["ARM", "ARM 64", "x86", "x86-64"], ...], Field(max_length=4), EachOnce] = ()
    """Architectures that the image is for."""
    operating_systems: Annotated[tuple[Literal["Linux", "Windows"], ...], Field(max_length=2), EachOnce] = ()
    """Operating systems that the image is for."""


class EcrSettings(PatternSettings):
    """The defaults work in an empty account, and touch nothing that the registry's other repositories share."""

    repository_name: fields.RepositoryName | None = None
    """Name of the repository. CloudFormation makes one up where it is not set, so that the stack can be deployed
    again beside a repository that it retained."""
    mutable_tags: Annotated[tuple[fields.ImageTagFilter, ...], Field(max_length=5), EachOnce] = ()
    """Tags that a push may move to another image, such as "latest"; a * stands for any characters."""

    untagged_days: Days = 14
    """Age at which images without a tag expire."""
    # With the two other rules 50; with the longest prefixes still below the 30,720 characters that a policy may have.
    releases: Annotated[tuple[Release, ...], Field(max_length=48)] = (Release(prefix="v", keep=30),)
    """Kinds of release, each by a prefix of its tags; the newest of each are kept, the others expire."""
    other_days: Days | None = None
    """Age at which all images expire that have a tag but none of a release; they stay where it is not set."""

    scanning: Literal["basic", "enhanced"] = "basic"
    """Scan images at their push, or by Amazon Inspector continuously. The latter replaces the scanning
    configuration of the whole registry: at most one stack of an account and Region can own that."""
    scan_severities: Annotated[tuple[Severity, ...], Field(min_length=1, max_length=6), EachOnce] = ("CRITICAL", "HIGH")
    """Severities of findings to hear of; UNDEFINED exists in basic scanning only, UNTRIAGED in enhanced only."""
    findings_email: fields.Email | None = None
    """Address that hears of findings, once it has confirmed."""

    pull_account_ids: Annotated[tuple[fields.AccountId, ...], Field(max_length=100), EachOnce] = ()
    """Other accounts that may pull; which of their principals do is up to their own IAM policies."""
    pull_organization_id: fields.OrganizationId | None = None
    """AWS Organizations id, all accounts of which may pull."""

    cache_ecr_public_prefix: fields.CachePrefix | None = None
    """Prefix under which images of ECR Public are cached in this registry; no cache where it is not set."""
    cache_docker_hub_prefix: fields.CachePrefix | None = None
    """Prefix under which images of Docker Hub are cached in this registry; no cache where it is not set."""
    cache_docker_hub_secret_arn: fields.CacheSecretArn | None = None
    """Secret, of this account and Region, with username and accessToken for Docker Hub."""
    cache_days: Days = 30
    """Age at which cached images expire; the next pull caches them again."""

    public_repository: PublicRepository | None = None
    """A public repository besides the private one; moves the whole stack to us-east-1."""
    replicate_to_regions: Annotated[tuple[fields.Region, ...], Field(max_length=25), EachOnce] = ()
    """Other Regions of this account that get a copy of each image pushed. Replaces the replication configuration
    of the whole registry: at most one stack of an account and Region can own that."""

    @field_validator("releases")
    @classmethod
    def _reachable(cls, value: tuple[Release, ...]) -> tuple[Release, ...]:
        for earlier, later in combinations(value, 2):
            if later.prefix.startswith(earlier.prefix):
                raise ValueError(
                    f'expected no prefix after one that covers it: the rule for "{earlier.prefix}" leaves'
                    f' nothing to that for "{later.prefix}"'
                )
        return value

    @field_validator("scan_severities")
    @classmethod
    def _known_to_scanning(cls, value: tuple[Severity, ...], info: ValidationInfo) -> tuple[Severity, ...]:
        scanning = info.data.get("scanning")
        if scanning and UNKNOWN_TO[scanning] in value:
            raise ValueError(f"expected severities of {scanning} scanning, which has no {UNKNOWN_TO[scanning]}")
        return value

    @field_validator("cache_docker_hub_prefix")
    @classmethod
    def _own_prefix(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and value == info.data.get("cache_ecr_public_prefix"):
            raise ValueError("expected another prefix than cache_ecr_public_prefix has")
        return value

    @field_validator("cache_docker_hub_secret_arn")
    @classmethod
    def _with_prefix(cls, value: str | None, info: ValidationInfo) -> str | None:
        prefix = info.data.get("cache_docker_hub_prefix")
        if prefix is not None and value is None:
            raise ValueError(
                "expected the ARN of a secret, which Docker Hub's cache needs, with cache_docker_hub_prefix"
            )
        if prefix is None and value is not None and "cache_docker_hub_prefix" in info.data:
            raise ValueError("expected cache_docker_hub_prefix with it")
        return value

    @field_validator("replicate_to_regions")
    @classmethod
    def _elsewhere(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("public_repository") is not None and ECR_PUBLIC_REGION in value:
            raise ValueError(f"expected other Regions than {ECR_PUBLIC_REGION}, where public_repository puts the stack")
        return value

    @property
    def pinned_region(self) -> str | None:
        """ECR Public has its repositories in one Region."""
        return ECR_PUBLIC_REGION if self.public_repository else None
