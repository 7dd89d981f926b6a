"""docker push → private ECR repository → image scan → EventBridge rule → SNS topic; other accounts and Regions pull."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct
from typing_extensions import Unpack

from patternbook import NotificationTopic, PatternStack, Posture, StackOptions, data_key
from patternbook.limits.regions import ECR_PUBLIC, ECR_SIGNING
from patternbook.nag import acknowledge
from stacks.ecr.caches import pull_through_caches
from stacks.ecr.lifecycle_rules import lifecycle_policy
from stacks.ecr.public_repository import public_repository
from stacks.ecr.registry import enhanced_scanning, managed_signing, replication, warn_of_shared_registry
from stacks.ecr.scan_findings import basic_scan_findings, enhanced_scan_findings
from stacks.ecr.settings import CACHES, EcrSettings


class EcrStack(PatternStack):
    """A private repository, and optional features of the registry around it."""

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
        warn_of_shared_registry(self, settings)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn, services=())
        mutability = ecr.TagMutability
        mutable_tags = [ecr.ImageTagMutabilityExclusionFilter.wildcard(tag) for tag in settings.mutable_tags]
        self.repository = ecr.Repository(
            self,
            "Repository",
            repository_name=settings.repository_name,
            image_tag_mutability=mutability.IMMUTABLE_WITH_EXCLUSION if mutable_tags else mutability.IMMUTABLE,
            image_tag_mutability_exclusion_filters=mutable_tags or None,
            image_scan_on_push=True,
            encryption_key=self.key,
            removal_policy=posture.removal_policy,
            empty_on_delete=posture.removal_policy == cdk.RemovalPolicy.DESTROY,
        )
        cast(
            "ecr.CfnRepository", self.repository.node.default_child
        ).lifecycle_policy = ecr.CfnRepository.LifecyclePolicyProperty(lifecycle_policy_text=lifecycle_policy(settings))
        self._grant_pull(settings)
        self.findings = NotificationTopic.from_settings(self, "Findings", settings, key=self.key)
        is_enhanced = settings.scanning == "enhanced"
        scan_findings = enhanced_scan_findings if is_enhanced else basic_scan_findings
        pattern, message = scan_findings(self.repository, settings.scan_severities)
        self.findings.notify_on_event(
            self, "FindingsRule", pattern, description="Findings of image scans", message=message
        )
        if is_enhanced:
            caches = [f"{prefix}/*" for cache in CACHES if (prefix := getattr(settings, cache.prefix))]
            enhanced_scanning(self, "Scanning", filters=[self.repository.repository_name, *caches])
        if settings.signing:
            self.refuse_where_missing(ECR_SIGNING)
            profile = managed_signing(self, "Signing", repository=self.repository, posture=posture)
            self.output("SigningProfileArn", profile.signing_profile_arn, "Who pushes needs signer:SignPayload on it")
        pull_through_caches(self, settings, key=self.key)
        if settings.replicate_to_regions:
            replication(self, "Replication", repository=self.repository, regions=settings.replicate_to_regions)
        self.public_repository = None
        if settings.public_repository:
            self.refuse_where_missing(ECR_PUBLIC)
            self.public_repository = public_repository(
                self, "Public", catalog=settings.public_repository, posture=posture
            )
            self._public_outputs(self.public_repository)

        image = f"{self.repository.repository_uri}:v1.0.0"
        self.output("RepositoryUri", self.repository.repository_uri, "URI of the repository, for tagging images")
        self.output(
            "LoginCommand",
            f"aws ecr get-login-password --region {self.region} | docker login --username AWS --password-stdin "
            f"{self.repository.registry_uri}",
            "Logs Docker in to the registry for 12 hours",
        )
        self.output("BuildCommand", f"docker build --tag {image} .", "Builds an image from a Dockerfile")
        taken = "Pushes the image. Its tag is then taken, so the next image needs another one"
        self.output("PushCommand", f"docker push {image}", taken)

    def _grant_pull(self, settings: EcrSettings) -> None:
        for account_id in settings.pull_account_ids:
            self.repository.grant_pull(iam.AccountPrincipal(account_id))
        if settings.pull_organization_id:
            self.repository.grant_pull(iam.OrganizationPrincipal(settings.pull_organization_id))
            acknowledge(
                self.repository,
                "ECR1",
                "The principal is *, as there is none for an organization; aws:PrincipalOrgID narrows it to that.",
            )

    def _public_outputs(self, repository: ecr.CfnPublicRepository) -> None:
        # A command, because no resource has the alias of the account's public registry, which is a part of the URI.
        self.output(
            "PublicUriCommand",
            f"aws ecr-public describe-repositories --region {self.region} --repository-names {repository.ref}"
            " --query 'repositories[0].repositoryUri' --output text",
            "Shows the URI of the public repository",
        )
        self.output(
            "PublicLoginCommand",
            f"aws ecr-public get-login-password --region {self.region}"
            " | docker login --username AWS --password-stdin public.ecr.aws",
            "Logs Docker in to ECR Public for 12 hours",
        )
