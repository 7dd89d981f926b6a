"""GitHub Actions → IAM OIDC provider → role of a stage → roles of the bootstrap stack → CloudFormation."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct
from typing_extensions import Unpack

from patternbook import PatternStack, Posture, StackOptions
from stacks.deploy_role.roles import AUDIENCE, ISSUER, DeployRole, ReviewRole
from stacks.deploy_role.settings import DeployRoleSettings


class DeployRoleStack(PatternStack):
    """The provider for GitHub, and two roles for each stage: one deploys, and one prepares the review."""

    title = "Roles by which GitHub Actions deploys"
    settings_type = DeployRoleSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DeployRoleSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.deploy_roles: dict[str, DeployRole] = {}
        self.review_roles: dict[str, ReviewRole] = {}
        provider_arn = self._provider_arn(settings)
        if settings.repository is None:
            cdk.Annotations.of(self).add_warning_v2(
                "patternbook:noRepository",
                "Without repository, the stack has no role, and nothing can deploy by it. Set it to the repository on "
                "GitHub, such as octo-org/shop, and repository_ids to its numbers.",
            )
            return
        for name in settings.environments:
            title = "".join(part.capitalize() for part in name.split("-"))
            self.deploy_roles[name] = DeployRole(
                self, f"{title}Deploy", provider_arn=provider_arn, settings=settings, environment=name
            )
            self.review_roles[name] = ReviewRole(
                self, f"{title}Review", provider_arn=provider_arn, settings=settings, environment=name
            )
            self.output(
                f"{title}DeployRoleArn",
                self.deploy_roles[name].role_arn,
                f"Variable AWS_ROLE_ARN of the environment {name} on GitHub",
            )
            self.output(
                f"{title}ReviewRoleArn",
                self.review_roles[name].role_arn,
                f"Variable AWS_ROLE_ARN of the environment {name}-review on GitHub",
            )

    def _provider_arn(self, settings: DeployRoleSettings) -> str:
        """The ARN of the provider, which has the same form in each account.

        IAM verifies GitHub's certificate by its own library of authorities, so there is no thumbprint to keep:
        https://github.com/aws-actions/configure-aws-credentials/issues/763
        """
        if settings.existing_provider:
            return f"arn:{self.partition}:iam::{self.account}:oidc-provider/{ISSUER}"
        provider = iam.OidcProviderNative(self, "Provider", url=f"https://{ISSUER}", client_ids=[AUDIENCE])
        return provider.oidc_provider_arn
