"""ECR: a registry for container images that cannot change under a tag, are scanned, and do not pile up.

Choose it wherever images are built for ECS, EKS, App Runner or Lambda. Choose a registry outside AWS where most
pulls come from outside AWS, which ECR charges as data transfer; CDK's own assets for images that one CDK app both
builds and deploys.

This creates:

- **Private repository**: immutable tags, except those of ``mutable_tags``. Encrypted at rest, with a customer
  managed key in production. ``cdk destroy`` empties and deletes it in sandbox; production retains it.
- **Scanning**: basic, of each image at its push; or enhanced (Amazon Inspector), again whenever a vulnerability
  becomes known, which is a setting of the whole registry.
- **Findings**: those of chosen severities reach an SNS topic, encrypted in production and TLS only, with an
  optional e-mail, through an EventBridge rule that sees this repository only.
- **Lifecycle**: untagged images expire after some days, the newest of each kind of release are kept, and
  optionally everything else expires by age.
- **Sharing**, off by default: a repository policy that lets other accounts, or an organization, pull, and
  nothing else; replication to other Regions.
- **Pull-through cache**, off by default: images of ECR Public and Docker Hub from this registry, each expiring
  some days after it was cached.
- **Public repository**, off by default: one in the ECR Public Gallery, with catalog data. ECR Public is in
  us-east-1 only, so the whole stack then goes there.

To leave it running in us-east-1 costs 0.10 USD a GB and month of images, and in production 1 USD a month for the
key (more once it has rotated). Basic scanning is free; enhanced costs about 0.09 USD an image, and 0.01 USD each
time it scans it again.
"""

import json
from itertools import combinations
from typing import Annotated, Literal

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from pydantic import Field, ValidationInfo, field_validator

from patternbook import NotificationTopic, PatternSettings, PatternStack, Posture, SettingsModel, data_key, fields
from patternbook.fields import EachOnce, Unit, Whole
from patternbook.findings import acknowledge

ECR_PUBLIC_REGION = "us-east-1"
DOCKER_HUB = "registry-1.docker.io"

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


class EcrStack(PatternStack):
    """A private repository, what guards it, and optionally what surrounds it in the registry."""

    title = "ECR repository with scanning and lifecycle rules"
    settings_type = EcrSettings

    def __init__(self, scope: cdk.App, construct_id: str, *, settings: EcrSettings, posture: Posture) -> None:
        region = ECR_PUBLIC_REGION if settings.public_repository else None
        super().__init__(scope, construct_id, posture=posture, region=region)
        key = data_key(self, "Key", posture=posture)
        mutability = ecr.TagMutability
        mutable_tags = [ecr.ImageTagMutabilityExclusionFilter.wildcard(tag) for tag in settings.mutable_tags]
        repository = ecr.Repository(
            self,
            "Repository",
            repository_name=settings.repository_name,
            image_tag_mutability=mutability.IMMUTABLE_WITH_EXCLUSION if mutable_tags else mutability.IMMUTABLE,
            image_tag_mutability_exclusion_filters=mutable_tags or None,
            image_scan_on_push=True,
            lifecycle_rules=lifecycle_rules(settings),
            encryption_key=key,
            removal_policy=posture.removal_policy,
            empty_on_delete=posture.removal_policy == cdk.RemovalPolicy.DESTROY,
        )
        for account_id in settings.pull_account_ids:
            repository.grant_pull(iam.AccountPrincipal(account_id))
        if settings.pull_organization_id:
            repository.grant_pull(iam.OrganizationPrincipal(settings.pull_organization_id))
            acknowledge(
                repository,
                "ECR1",
                "The principal is *, as there is none for an organization; aws:PrincipalOrgID narrows it to that.",
            )
        self._notify_of_findings(settings, repository, key)

        if settings.scanning == "enhanced":
            self._scan_continuously(repository)
        if settings.cache_ecr_public_prefix:
            self._cache("EcrPublic", "public.ecr.aws", settings.cache_ecr_public_prefix, settings.cache_days)
        if settings.cache_docker_hub_prefix:
            cache = self._cache("DockerHub", DOCKER_HUB, settings.cache_docker_hub_prefix, settings.cache_days)
            cache.credential_arn = settings.cache_docker_hub_secret_arn
        if settings.replicate_to_regions:
            self._replicate(repository, settings.replicate_to_regions)
        if settings.public_repository:
            self._publish(settings.public_repository, posture)

        image = f"{repository.repository_uri}:v1.0.0"
        self.output("RepositoryUri", repository.repository_uri, "What images are tagged with")
        self.output(
            "LoginCommand",
            f"aws ecr get-login-password --region {self.region}"
            f" | docker login --username AWS --password-stdin {repository.registry_uri}",
            "Lets Docker push and pull for 12 hours",
        )
        self.output("BuildCommand", f"docker build --tag {image} .", "Builds the image of a Dockerfile")
        self.output("PushCommand", f"docker push {image}", "Pushes it; the tag is then taken, the next is another")

    def _notify_of_findings(self, settings: EcrSettings, repository: ecr.Repository, key: kms.Key | None) -> None:
        topic = NotificationTopic(self, "Findings", email=settings.findings_email, key=key).topic
        pattern, sentence = (continuous_findings if settings.scanning == "enhanced" else findings_at_push)(
            repository, settings.scan_severities
        )
        console = f"https://{self.region}.console.aws.amazon.com/ecr/private-registry/repositories?region={self.region}"
        rule = events.Rule(self, "FindingsRule", description="Findings of image scans", event_pattern=pattern)
        # By a role: otherwise the grant lets EventBridge use the key for every topic of every account.
        # Ignored below: the stubs of CDK name some parameters otherwise in an interface than in its classes.
        target = targets.SnsTopic(
            topic,  # ty: ignore[invalid-argument-type]
            message=events.RuleTargetInput.from_text(f"{sentence} {console}"),
            authorize_using_role=True,
        )
        rule.add_target(target)  # ty: ignore[invalid-argument-type]
        if key is not None:
            acknowledge(
                rule, "IAM5[Action::kms:GenerateDataKey*]", "CDK grants both variants, on this stack's key only."
            )

    def _scan_continuously(self, repository: ecr.Repository) -> None:
        this_repository = {"filter": repository.repository_name, "filterType": "WILDCARD"}
        ecr.CfnRegistryScanningConfiguration(
            self,
            "Scanning",
            scan_type="ENHANCED",
            rules=[{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [this_repository]}],
        )

    def _cache(self, name: str, upstream: str, prefix: str, days: int) -> ecr.CfnPullThroughCacheRule:
        # ECR makes a repository for each image pulled. No stack owns these: the template bounds what they cost.
        expire = {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
        template = ecr.CfnRepositoryCreationTemplate(
            self,
            f"{name}Template",
            prefix=prefix,
            applied_for=["PULL_THROUGH_CACHE"],
            lifecycle_policy=json.dumps(
                {"rules": [{"rulePriority": 1, "selection": expire, "action": {"type": "expire"}}]}
            ),
        )
        cache = ecr.CfnPullThroughCacheRule(
            self, f"{name}Cache", ecr_repository_prefix=prefix, upstream_registry_url=upstream
        )
        cache.node.add_dependency(template)
        registry = f"{self.account}.dkr.ecr.{self.region}.{self.url_suffix}"
        self.output(f"{name}CacheUri", f"{registry}/{prefix}", f"Pull from here instead of {upstream}")
        return cache

    def _replicate(self, repository: ecr.Repository, regions: tuple[str, ...]) -> None:
        this_repository = {"filter": repository.repository_name, "filterType": "PREFIX_MATCH"}
        destinations = [{"region": region, "registryId": self.account} for region in regions]
        ecr.CfnReplicationConfiguration(
            self,
            "Replication",
            replication_configuration={
                "rules": [{"destinations": destinations, "repositoryFilters": [this_repository]}]
            },
        )

    def _publish(self, public: PublicRepository, posture: Posture) -> None:
        catalog = {
            "RepositoryDescription": public.description,
            "AboutText": public.about,
            "UsageText": public.usage,
            "Architectures": list(public.architectures),
            "OperatingSystems": list(public.operating_systems),
        }
        repository = ecr.CfnPublicRepository(
            self,
            "Public",
            repository_name=public.name,
            repository_catalog_data={name: value for name, value in catalog.items() if value} or None,
        )
        repository.apply_removal_policy(posture.removal_policy)
        # The alias of the account's public registry, a part of the URI, is an attribute of no resource.
        self.output(
            "PublicUriCommand",
            f"aws ecr-public describe-repositories --region {self.region} --repository-names {repository.ref}"
            " --query 'repositories[0].repositoryUri' --output text",
            "Tells what public images are tagged with",
        )
        self.output(
            "PublicLoginCommand",
            f"aws ecr-public get-login-password --region {self.region}"
            " | docker login --username AWS --password-stdin public.ecr.aws",
            "Lets Docker push to the public repository for 12 hours",
        )


def lifecycle_rules(settings: EcrSettings) -> list[ecr.LifecycleRule]:
    """Rules in order of priority. What a rule selects by its tags is out of reach of those after it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
    """
    days = cdk.Duration.days
    untagged = ecr.LifecycleRule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=days(settings.untagged_days))
    releases = [
        ecr.LifecycleRule(tag_prefix_list=[release.prefix], max_image_count=release.keep)
        for release in settings.releases
    ]
    if settings.other_days is None:
        return [untagged, *releases]
    return [
        untagged,
        *releases,
        ecr.LifecycleRule(tag_status=ecr.TagStatus.ANY, max_image_age=days(settings.other_days)),
    ]


def findings_at_push(repository: ecr.Repository, severities: tuple[Severity, ...]) -> tuple[events.EventPattern, str]:
    """Which events of basic scanning to report, and in which words: one event a scan, with counts.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
    """
    counts = [{"finding-severity-counts": {severity: events.Match.greater_than(0)}} for severity in severities]
    pattern = events.EventPattern(
        source=["aws.ecr"],
        detail_type=["ECR Image Scan"],
        detail={
            "scan-status": ["COMPLETE"],
            "repository-name": [repository.repository_name],
            # A single alternative is no $or, but a field of that name.
            **(counts[0] if len(counts) == 1 else {"$or": counts}),
        },
    )
    of = events.EventField.from_path
    image = f"{repository.repository_uri}@{of('$.detail.image-digest')}, tags {of('$.detail.image-tags')}"
    return pattern, f"{of('$.detail.finding-severity-counts')} findings in {image}."


def continuous_findings(
    repository: ecr.Repository, severities: tuple[Severity, ...]
) -> tuple[events.EventPattern, str]:
    """Which events of enhanced scanning to report, and in which words: one event a finding.

    Inspector sends it after the first scan, and when it learns of a vulnerability later; the event of a finished
    scan ("Inspector2 Scan") only comes after the first.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
    https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html
    """
    pattern = events.EventPattern(
        source=["aws.inspector2"],
        detail_type=["Inspector2 Finding"],
        # An image's ARN: its repository's, and the digest. Without that, "app" would also match "app/other".
        resources=events.Match.prefix(f"{repository.repository_arn}/sha256:"),
        detail={"status": ["ACTIVE"], "severity": list(severities)},
    )
    of = events.EventField.from_path
    return pattern, f"{of('$.detail.severity')}: {of('$.detail.title')}, in {of('$.resources[0]')}."
