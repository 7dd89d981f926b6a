"""The roles that GitHub Actions assumes, and the conditions of their trust."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.nag import acknowledge
from stacks.deploy_role.settings import DeployRoleSettings

ISSUER: Final = "token.actions.githubusercontent.com"
AUDIENCE: Final = "sts.amazonaws.com"
"""The audience that aws-actions/configure-aws-credentials asks for.

https://docs.github.com/en/actions/security-for-github-actions/security-hardening-your-deployments/configuring-openid-connect-in-amazon-web-services
"""
DEPLOYING: Final = ("deploy", "file-publishing", "image-publishing", "lookup")
"""The roles of a bootstrap stack that the CDK CLI assumes. CloudFormation has the fifth one."""
DEPLOYMENT_HOURS: Final = 4
"""Session time of a deployment, which waits for clusters, databases and alarms. The default of IAM is one hour."""


def conditions(settings: DeployRoleSettings, environment: str) -> dict[str, dict[str, object]]:
    """The conditions on a token of GitHub: all must hold, and a claim that is missing fulfils none.

    The subject has the numbers of the repository and its owner, or only the names, as the repository is configured:
    https://github.com/github/docs/pull/45221. AWS evaluates the other claims since January 2026:
    https://cageyv.dev/posts/aws-sts-oidc-claim-validation.

    :param environment: the environment of GitHub that the job is in.
    """
    owner, _, name = (settings.repository or "").partition("/")
    subjects = [f"repo:{owner}/{name}:environment:{environment}"]
    claims: dict[str, object] = {"aud": AUDIENCE, "ref": f"refs/heads/{settings.branch}"}
    if ids := settings.repository_ids:
        subjects.append(f"repo:{owner}@{ids.owner}/{name}@{ids.repository}:environment:{environment}")
        claims["repository_id"] = ids.repository
    claims["sub"] = subjects
    return {"StringEquals": {f"{ISSUER}:{claim}": value for claim, value in claims.items()}}


class DeployRole(iam.Role):
    """The role of a stage. It may assume the roles of the bootstrap stack, in each bootstrapped Region."""

    def __init__(
        self, scope: Construct, construct_id: str, *, provider_arn: str, settings: DeployRoleSettings, environment: str
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            assumed_by=_workflows(provider_arn, settings, environment),
            description=f"Deploys the stage {environment} by GitHub Actions",
            max_session_duration=cdk.Duration.hours(DEPLOYMENT_HOURS),
        )
        _grant_bootstrap_roles(self, settings.qualifier, DEPLOYING)


class ReviewRole(iam.Role):
    """Prepares change sets of a stage, for a person to approve them. It cannot execute them.

    The CDK CLI goes on with the permissions of this role where it may not assume the role that deploys.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, provider_arn: str, settings: DeployRoleSettings, environment: str
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            assumed_by=_workflows(provider_arn, settings, f"{environment}-review"),
            description=f"Prepares change sets of the stage {environment} by GitHub Actions",
        )
        _grant_bootstrap_roles(self, settings.qualifier, DEPLOYING[1:])
        stack = cdk.Stack.of(self)
        execution = _arn(stack, "iam", f"role/cdk-{settings.qualifier}-cfn-exec-role-{stack.account}-*")
        stacks = _arn(stack, "cloudformation", f"stack/{environment}-*/*", region="*")
        # CreateChangeSet asks for the stack. The role keeps whoever prepares from choosing stronger permissions.
        self.add_to_policy(
            iam.PolicyStatement(
                actions=["cloudformation:CreateChangeSet"],
                resources=[stacks],
                conditions={"ArnLike": {"cloudformation:RoleArn": execution}},
            )
        )
        self.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    *("cloudformation:DeleteChangeSet", "cloudformation:DescribeChangeSet"),
                    *("cloudformation:DescribeEvents", "cloudformation:DescribeStacks"),
                    "cloudformation:GetTemplate",
                    "cloudformation:UpdateTerminationProtection",  # the CLI sets it as soon as a stack has a change set
                ],
                resources=[stacks],
            )
        )
        self.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[execution],
                conditions={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
            )
        )
        self.add_to_policy(
            iam.PolicyStatement(
                actions=["ssm:GetParameter"],
                resources=[_arn(stack, "ssm", f"parameter/cdk-bootstrap/{settings.qualifier}/version", region="*")],
            )
        )
        reasons = {
            execution: "The role of CloudFormation has the Region at the end of its name, and a stage has several.",
            stacks: "The stacks of one stage, whose other names are known to the app alone, in all of its Regions.",
            _arn(stack, "ssm", f"parameter/cdk-bootstrap/{settings.qualifier}/version", region="*"): (
                "The version of the bootstrap stack, in each Region of the stage."
            ),
        }
        for arn, reason in reasons.items():
            _acknowledge_wildcard(self, arn, reason)


def _workflows(provider_arn: str, settings: DeployRoleSettings, environment: str) -> iam.IPrincipal:
    """The workflows of the repository in an environment of GitHub."""
    return iam.WebIdentityPrincipal(  # ty: ignore[invalid-explicit-return]
        provider_arn, conditions(settings, environment)
    )


def _grant_bootstrap_roles(role: iam.Role, qualifier: str, names: tuple[str, ...]) -> None:
    stack = cdk.Stack.of(role)
    arns = [_arn(stack, "iam", f"role/cdk-{qualifier}-{name}-role-{stack.account}-*") for name in names]
    role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=arns))
    for arn in arns:
        _acknowledge_wildcard(role, arn, "Roles of the bootstrap stacks, which have the Region at the end of the name.")


def _arn(stack: cdk.Stack, service: str, resource: str, *, region: str = "") -> str:
    return f"arn:{stack.partition}:{service}:{region}:{stack.account}:{resource}"


def _acknowledge_wildcard(role: iam.Role, arn: str, reason: str) -> None:
    stack = cdk.Stack.of(role)
    written = arn.replace(stack.partition, "<AWS::Partition>").replace(stack.account, "<AWS::AccountId>")
    acknowledge(role, f"IAM5[Resource::{written}]", reason)
