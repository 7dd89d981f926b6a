"""A Lambda@Edge function, and the package of its files."""

import hashlib
import json
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from patternbook.limits.edge import (
    PRINCIPALS,
    REGION,
    RESTRICTIONS_URL,
    VIEWER,
    EdgeEvent,
    check_package,
    check_size,
)
from patternbook.nag import acknowledge

_EVENT_TYPES: Final[Mapping[EdgeEvent, cloudfront.LambdaEdgeEventType]] = {
    "viewer-request": cloudfront.LambdaEdgeEventType.VIEWER_REQUEST,
    "origin-request": cloudfront.LambdaEdgeEventType.ORIGIN_REQUEST,
    "origin-response": cloudfront.LambdaEdgeEventType.ORIGIN_RESPONSE,
    "viewer-response": cloudfront.LambdaEdgeEventType.VIEWER_RESPONSE,
}
# CloudFront supports a new runtime later than Lambda does. It refuses a runtime that is too new only at deployment.
RUNTIME: Final = lambda_.Runtime.PYTHON_3_13


def check_region(stack: cdk.Stack) -> None:
    """:raises ValueError: if a stack is not in the one Region from which CloudFront takes functions."""
    if stack.region != REGION:
        given = "no Region" if cdk.Token.is_unresolved(stack.region) else stack.region
        raise ValueError(f"The stack of a function at the edge must be in {REGION}, got {given} ({RESTRICTIONS_URL}).")


class EdgeFunction(Construct):
    """A Python function, and a version of it that CloudFront replicates.

    Lambda@Edge has no environment variables, VPC, layers or tracing, so the package contains the configuration. A
    changed package is a new function with one version, which the distribution then uses. A new version of the same
    function would block the retry of a failed deployment: its replicas keep it for hours after the roll-back, and
    Lambda publishes no second version of the same code (https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html).

    Functions and their versions outlive the stack, because CloudFront deletes its replicas only some hours after the
    last distribution is gone, and Lambda refuses to delete a function with replicas
    (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-delete-replicas.html). They cost
    nothing while they are not called, and don't block another stack, because they have no fixed names.

    Replicas write to CloudWatch Logs in the Region nearest to the viewer. Lambda creates the log group
    ``/aws/lambda/us-east-1.<function>`` there, without an expiry. The role permits this and nothing else. The
    permission to write the logs of a function comes before its version and goes after it, as long as CloudFormation
    deploys. So the function may write them whenever a distribution uses it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        event: EdgeEvent,
        files: Mapping[str, str],
        handler: str,
        description: str,
        memory_mib: int = VIEWER.memory_mib,
        timeout_seconds: int = VIEWER.timeout_seconds,
    ) -> None:
        """:param event: event at which CloudFront calls the function.
        :param files: package of the function: the text of each file by its name.
        :param handler: ``module.function`` in the package.
        :raises ValueError: in another Region than us-east-1, for values beyond a quota (see
            :mod:`patternbook.limits.edge`), and for a handler whose module is not in the package.
        """
        check_region(cdk.Stack.of(scope))
        check_size(event, memory_mib=memory_mib, timeout_seconds=timeout_seconds)
        check_package(event, files)
        module = handler.partition(".")[0]
        if f"{module}.py" not in files:
            raise ValueError(
                f"handler must name a function in a module of the package, got {handler}. There is no {module}.py "
                f"among {', '.join(sorted(files))}."
            )
        super().__init__(scope, construct_id)
        # CDK's log group with the function's name would stay empty, because replicas write to other log groups.
        self.node.set_context("@aws-cdk/aws-lambda:useCdkManagedLogGroup", False)
        self._event = event
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.CompositePrincipal(*(iam.ServicePrincipal(principal) for principal in PRINCIPALS)),  # ty: ignore[invalid-argument-type]
            description=f"Permissions of the {event} function: logs in each Region",
        )
        retain = cdk.RemovalPolicy.RETAIN
        with packed(files) as code:
            self.function = lambda_.Function(
                self,
                "Function",
                description=description,
                runtime=RUNTIME,
                architecture=lambda_.Architecture.X86_64,
                handler=handler,
                code=code,
                memory_size=memory_mib,
                timeout=cdk.Duration.seconds(timeout_seconds),
                role=self.role,  # ty: ignore[invalid-argument-type]
                current_version_options=lambda_.VersionOptions(removal_policy=retain),
            )
        self.function.apply_removal_policy(retain)
        self._digest = _digest(files, handler, description, RUNTIME.name, memory_mib, timeout_seconds)
        self._renew(cast("lambda_.CfnFunction", self.function.node.default_child))
        acknowledge(self.function, "L1", "CloudFront takes a new runtime later than Lambda; this one is in support.")
        logs = self._grant_logs()
        self.version = self.function.current_version
        self.version.node.add_dependency(logs)

    @property
    def log_group_name(self) -> str:
        """Name of the log groups. Lambda creates one in each Region with viewers, without an expiry."""
        return f"/aws/lambda/{REGION}.{self.function.function_name}"

    @property
    def association(self) -> cloudfront.EdgeLambda:
        """The association of the version with a cache behavior."""
        return cloudfront.EdgeLambda(event_type=_EVENT_TYPES[self._event], function_version=self.version)  # ty: ignore[invalid-argument-type]

    def _renew(self, resource: cdk.CfnResource) -> None:
        """Gives a resource a new logical id with each change of the function, so that CloudFormation makes another."""
        resource.override_logical_id(f"{cdk.Stack.of(self).get_logical_id(resource)}{self._digest}")

    def _grant_logs(self) -> iam.Policy:
        stack = cdk.Stack.of(self)
        # Any Region: logs go to the Region nearest to the viewer.
        group = stack.format_arn(
            service="logs",
            region="*",
            resource="log-group",
            resource_name=self.log_group_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        # A separate policy, because an inline policy of the role cannot refer to the function, which needs the role.
        policy = iam.Policy(
            self,
            "Logs",
            roles=[self.role],  # ty: ignore[invalid-argument-type]
            statements=[
                iam.PolicyStatement(
                    actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[group, f"{group}:*"],
                )
            ],
        )
        # The old function needs its own policy until the distribution uses the new function.
        self._renew(cast("iam.CfnPolicy", policy.node.default_child))
        name = stack.resolve(cast("lambda_.CfnFunction", self.function.node.default_child).logical_id)
        for ending in ("", ":*"):
            acknowledge(
                policy,
                f"IAM5[Resource::arn:aws:logs:*:<AWS::AccountId>:log-group:/aws/lambda/{REGION}.<{name}>{ending}]",
                "Replicas log in the Region nearest to the viewer, into one group of this function's name.",
            )
        return policy


def _digest(files: Mapping[str, str], *configuration: object) -> str:
    """Eight characters that change with the package and the configuration of a function."""
    content = json.dumps([dict(files), *configuration], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:8]


@contextmanager
def packed(files: Mapping[str, str]) -> Generator[lambda_.Code, None, None]:
    """The code of a function with these files. The function must be created inside of the ``with`` block."""
    with tempfile.TemporaryDirectory(prefix="patternbook-package-") as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        yield lambda_.Code.from_asset(folder)
