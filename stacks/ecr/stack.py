"""A repository, what guards it, and what surrounds it in the registry."""

import json

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct
from typing_extensions import Unpack

from patternbook import NotificationTopic, PatternStack, Posture, StackOptions, data_key
from patternbook.nag import acknowledge
from stacks.ecr.findings import continuous_findings, findings_at_push
from stacks.ecr.lifecycle import lifecycle_rules
from stacks.ecr.settings import EcrSettings, PublicRepository

DOCKER_HUB = "registry-1.docker.io"


class EcrStack(PatternStack):
    """A private repository, what guards it, and optionally what surrounds it in the registry."""

    title = "ECR repository with scanning and lifecycle rules"
    settings_type = EcrSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EcrSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
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
