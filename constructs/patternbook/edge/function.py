"""A Lambda function that CloudFront runs near the viewer, and the package of files that it is."""

import io
import tempfile
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from patternbook.limits.edge import (
    EVENTS,
    LAMBDA_QUOTAS_URL,
    MIN_MEMORY_MIB,
    PRINCIPALS,
    REGION,
    RESTRICTIONS_URL,
    VIEWER,
)
from patternbook.nag import acknowledge

EdgeEvent = Literal["viewer-request", "origin-request", "origin-response", "viewer-response"]
_EVENT_TYPES: Final[Mapping[str, cloudfront.LambdaEdgeEventType]] = {
    "viewer-request": cloudfront.LambdaEdgeEventType.VIEWER_REQUEST,
    "origin-request": cloudfront.LambdaEdgeEventType.ORIGIN_REQUEST,
    "origin-response": cloudfront.LambdaEdgeEventType.ORIGIN_RESPONSE,
    "viewer-response": cloudfront.LambdaEdgeEventType.VIEWER_RESPONSE,
}
# An older one than Lambda has: CloudFront takes a new one later, and says so only at a deployment.
RUNTIME: Final = lambda_.Runtime.PYTHON_3_13


def package_bytes(files: Mapping[str, str]) -> int:
    """The size of a package, compressed as the CDK CLI does."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.tell()


def check_package(event: EdgeEvent, files: Mapping[str, str]) -> None:
    """:raises ValueError: for a package that is too large for an event, with the quota and its source."""
    size, most = package_bytes(files), EVENTS[event].package_bytes
    if size > most:
        raise ValueError(
            f"the package of the {event} function has {size:,} bytes, compressed; CloudFront takes {most:,} at most "
            f"({LAMBDA_QUOTAS_URL})"
        )


def check_size(event: EdgeEvent, *, memory_mib: int, timeout_seconds: int) -> None:
    """:raises ValueError: for what CloudFront does not take at an event, with the quota and its source."""
    limits = EVENTS[event]
    for name, value, low, high in (
        ("memory_mib", memory_mib, MIN_MEMORY_MIB, limits.memory_mib),
        ("timeout_seconds", timeout_seconds, 1, limits.timeout_seconds),
    ):
        if not low <= value <= high:
            raise ValueError(
                f"{name}: {value} given; a function at {event} takes {low} to {high:,} ({LAMBDA_QUOTAS_URL})"
            )


def check_region(stack: cdk.Stack) -> None:
    """:raises ValueError: for a stack that is not in the one Region that CloudFront takes functions from."""
    if stack.region != REGION:
        given = "no Region" if cdk.Token.is_unresolved(stack.region) else stack.region
        raise ValueError(f"functions at the edge have to be in {REGION}; the stack has {given} ({RESTRICTIONS_URL})")


class EdgeFunction(Construct):
    """A function in Python, and a version of it that CloudFront can replicate.

    It has no environment variables, VPC, layers or tracing, for there are none at the edge: what it has to know is in
    its package. A changed package is a new version, and the distribution then changes over to it.

    Function and versions outlive the stack: replicas stay for some hours after the last distribution has gone, and
    keep both from deletion (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-delete-replicas.html).
    They cost nothing when nobody calls them, and have no fixed names, so that they are in the way of no other stack.

    Replicas log in the Region nearest to the viewer, where Lambda makes ``/aws/lambda/us-east-1.<function>``, kept
    for ever. The role may do that, and nothing else.
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
        """:param event: that CloudFront calls it at.
        :param files: the package: text by name.
        :param handler: ``module.function`` in the package.
        :raises ValueError: in another Region than us-east-1, for what is beyond a quota (see :func:`check_package`,
            :func:`check_size`), and for a handler whose module is not in the package.
        """
        check_region(cdk.Stack.of(scope))
        check_size(event, memory_mib=memory_mib, timeout_seconds=timeout_seconds)
        check_package(event, files)
        module = handler.partition(".")[0]
        if f"{module}.py" not in files:
            raise ValueError(f"handler: {handler} given, and no {module}.py among {', '.join(sorted(files))}")
        super().__init__(scope, construct_id)
        # A log group of the function's own name would stay empty: replicas write to others.
        self.node.set_context("@aws-cdk/aws-lambda:useCdkManagedLogGroup", False)
        self._event = event
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.CompositePrincipal(*(iam.ServicePrincipal(principal) for principal in PRINCIPALS)),  # ty: ignore[invalid-argument-type]
            description=f"What the function at {event} may do: log, in each Region",
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
        acknowledge(self.function, "L1", "CloudFront takes a new runtime later than Lambda; this one is in support.")
        self._let_log()
        self.version = self.function.current_version

    @property
    def log_group_name(self) -> str:
        """Of the log groups, one in each Region with viewers. Lambda makes them, and keeps what they hold for ever."""
        return f"/aws/lambda/{REGION}.{self.function.function_name}"

    @property
    def association(self) -> cloudfront.EdgeLambda:
        """For a behavior of a distribution."""
        return cloudfront.EdgeLambda(event_type=_EVENT_TYPES[self._event], function_version=self.version)  # ty: ignore[invalid-argument-type]

    def _let_log(self) -> None:
        stack = cdk.Stack.of(self)
        # In any Region: where viewers are says in which. The name is known, so no other group is meant.
        group = stack.format_arn(
            service="logs",
            region="*",
            resource="log-group",
            resource_name=self.log_group_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        # A policy of its own: one of the role would come before the function whose name it has.
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
        name = stack.get_logical_id(self.function.node.default_child)  # ty: ignore[invalid-argument-type]
        for ending in ("", ":*"):
            acknowledge(
                policy,
                f"IAM5[Resource::arn:aws:logs:*:<AWS::AccountId>:log-group:/aws/lambda/{REGION}.<{name}>{ending}]",
                "Replicas log in the Region nearest to the viewer, into one group of this function's name.",
            )


@contextmanager
def packed(files: Mapping[str, str]) -> Generator[lambda_.Code, None, None]:
    """A package as code for a function, which copies it into the cloud assembly when it is made."""
    with tempfile.TemporaryDirectory(prefix="patternbook-package-") as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        yield lambda_.Code.from_asset(folder)
