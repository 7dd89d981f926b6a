"""Rules for Lambda@Edge functions. A rule follows the association in a distribution to the version and the function."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from patternbook.limits.edge import (
    ARCHITECTURE,
    EPHEMERAL_STORAGE_MIB,
    EVENTS,
    FORBIDDEN_PROPERTIES,
    PRINCIPALS,
    REGION,
    RUNTIME_FAMILIES,
)
from patternbook.rules.aws_lambda import FUNCTION
from patternbook.rules.cloudfront import DISTRIBUTION
from patternbook.rules.permissions import ROLE, trusted_services
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Node, PartialText, Problem, Reference, Resource, Template

VERSION: Final = "AWS::Lambda::Version"


@dataclass(frozen=True)
class _Association:
    """A Lambda function that a cache behavior runs at an event."""

    event: str | None
    arn: Node
    version: Resource | None
    function: Resource | None


def _behaviors(template: Template) -> Iterator[Node]:
    for distribution in template.of_type(DISTRIBUTION):
        config = distribution["DistributionConfig"]
        yield config["DefaultCacheBehavior"]
        yield from config["CacheBehaviors"].items


def _associations(template: Template) -> Iterator[_Association]:
    for behavior in _behaviors(template):
        for each in behavior["LambdaFunctionAssociations"].items:
            arn = each["LambdaFunctionARN"]
            version = arn.resource(VERSION)
            function = version["FunctionName"].resource(FUNCTION) if version else arn.resource(FUNCTION)
            if isinstance(arn.value, PartialText) and isinstance(arn.value.parts[0], Reference):  # <ARN>:<version>
                function = template.resources.get(arn.value.parts[0].logical_id)
            yield _Association(
                each["EventType"].text, arn, version, function if function and function.type == FUNCTION else None
            )


def _functions(template: Template) -> Iterator[tuple[Resource, set[str]]]:
    """Each Lambda@Edge function, with all events that it runs at."""
    events: dict[str, set[str]] = {}
    for each in _associations(template):
        if each.function:
            events.setdefault(each.function.id, set()).add(each.event or "")
    for name, found in events.items():
        yield template.resources[name], found & EVENTS.keys()


@rule("edge-version", ERROR)
def edge_version(template: Template) -> Iterator[Problem]:
    """A distribution associates a function without a numbered version.

    Associate an AWS::Lambda::Version; CloudFront supports neither $LATEST nor an alias.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for each in _associations(template):
        arn = each.arn
        end = arn.value.parts[-1] if isinstance(arn.value, PartialText) else arn.text
        if arn.resource(FUNCTION):
            yield arn.problem("The ARN is that of the function, not of a version.")
        elif arn.resource("AWS::Lambda::Alias"):
            yield arn.problem("The ARN is that of an alias.")
        elif isinstance(end, str) and end.endswith("$LATEST"):
            yield arn.problem("The ARN ends with $LATEST.")
        elif _has_no_version(template, arn):
            yield arn.problem("The ARN has no version.")
        elif arn.text is not None and re.fullmatch(r"arn:[\w-]+:lambda:.*:function:[\w-]+:.*[^0-9].*", arn.text):
            yield arn.problem("The ARN ends with an alias.")


def _has_no_version(template: Template, node: Node) -> bool:
    """Whether an ARN ends with the name of a function. Other parts may be unknown."""
    arn = node.value
    if not isinstance(arn, PartialText):
        return re.fullmatch(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+", node.text or "") is not None
    end, before = arn.parts[-1], arn.parts[-2]
    if isinstance(end, Reference):
        named = template.resources.get(end.logical_id)
        is_name = named is not None and named.type == FUNCTION and end.attribute is None
        return is_name and isinstance(before, str) and before.endswith(":function:")
    return arn.prefix.startswith("arn:") and isinstance(end, str) and bool(re.search(r":function:[\w-]+$", end))


@rule("edge-region", ERROR)
def edge_region(template: Template) -> Iterator[Problem]:
    """A Lambda@Edge function must be in us-east-1.

    Create the function and its version in a stack in us-east-1.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for each in _associations(template):
        found = re.match(r"arn:aws:lambda:([a-z0-9-]+):", each.arn.prefix)
        region = template.region if each.function else found and found[1]
        if region and region != REGION:
            yield each.arn.problem(f"The function is in {region}.")


@rule("edge-forbidden-property", ERROR)
def edge_forbidden_property(template: Template) -> Iterator[Problem]:
    """A Lambda@Edge function uses a feature that Lambda@Edge does not support.

    Remove the property. Put configuration into the code, or into custom headers that the distribution adds to requests.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for function, _ in _functions(template):
        for name, words in FORBIDDEN_PROPERTIES.items():
            if _is_given(function, name):
                yield function[name].problem(f"Lambda@Edge does not support {words}.")
        if function["PackageType"].text == "Image":
            yield function["PackageType"].problem("Lambda@Edge does not support container images.")


_DECISIVE_MEMBER: Final = {
    "Environment": "Variables",
    "VpcConfig": "SubnetIds",
    "DeadLetterConfig": "TargetArn",
    "TracingConfig": "Mode",
}
"""The member without which a property has no effect."""


def _is_given(function: Resource, name: str) -> bool:
    given = function[name][_DECISIVE_MEMBER[name]] if name in _DECISIVE_MEMBER else function[name]
    return not given.unknown and not given.missing and given.value not in ([], {}, "", "PassThrough")


@rule("edge-architecture", ERROR)
def edge_architecture(template: Template) -> Iterator[Problem]:
    """A Lambda@Edge function must have architecture x86_64.

    Set Architectures to x86_64, or remove it.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for function, _ in _functions(template):
        architectures = function["Architectures"]
        if architectures.texts and ARCHITECTURE not in architectures.texts:
            yield architectures.problem(f"The architecture is {', '.join(architectures.texts)}.")


@rule("edge-memory", ERROR)
def edge_memory(template: Template) -> Iterator[Problem]:
    """A Lambda@Edge function has more memory than its event allows.

    Set MemorySize to at most 128 MB for viewer events.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    """
    for function, events in _functions(template):
        yield from _check_maximum(function["MemorySize"], {each: EVENTS[each].memory_mib for each in events}, "MB")


@rule("edge-timeout", ERROR)
def edge_timeout(template: Template) -> Iterator[Problem]:
    """A Lambda@Edge function has a longer timeout than its event allows.

    Set Timeout to at most 5 seconds for viewer events and 30 seconds for origin events.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    """
    for function, events in _functions(template):
        yield from _check_maximum(
            function["Timeout"], {each: EVENTS[each].timeout_seconds for each in events}, "seconds"
        )


def _check_maximum(node: Node, limits: dict[str, int], unit: str) -> Iterator[Problem]:
    if node.number is not None and limits:
        event = min(limits, key=lambda each: (limits[each], each))
        if node.number > limits[event]:
            yield node.problem(
                f"The maximum for {event} is {limits[event]:g} {unit}, but the value is {node.number:g}."
            )


@rule("edge-storage", ERROR)
def edge_storage(template: Template) -> Iterator[Problem]:
    """A Lambda@Edge function has more than 512 MB of ephemeral storage.

    Remove EphemeralStorage.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for function, _ in _functions(template):
        size = function["EphemeralStorage"]["Size"]
        if size.number is not None and size.number > EPHEMERAL_STORAGE_MIB:
            yield size.problem(f"The size is {size.number:g} MB.")


@rule("edge-runtime", ERROR)
def edge_runtime(template: Template) -> Iterator[Problem]:
    """Lambda@Edge does not support the runtime of a function.

    Write the function for Node.js or Python.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for function, _ in _functions(template):
        runtime = function["Runtime"]
        if runtime.text and not runtime.text.startswith(RUNTIME_FAMILIES):
            yield runtime.problem(f"The runtime is {runtime.text}.")


@rule("edge-provisioned-concurrency", ERROR)
def edge_provisioned_concurrency(template: Template) -> Iterator[Problem]:
    """A version for Lambda@Edge has provisioned concurrency.

    Remove ProvisionedConcurrencyConfig, because CloudFront chooses the Regions in which the function runs.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for each in _associations(template):
        config = each.version["ProvisionedConcurrencyConfig"] if each.version else None
        if config and config["ProvisionedConcurrentExecutions"].number is not None:
            yield config.problem("Lambda@Edge does not support provisioned concurrency.")


@rule("edge-role", ERROR)
def edge_role(template: Template) -> Iterator[Problem]:
    """The role of a Lambda@Edge function does not trust both services that have to assume it.

    Trust lambda.amazonaws.com and edgelambda.amazonaws.com in the role.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html
    """
    for function, _ in _functions(template):
        role = function["Role"].resource(ROLE)
        trusted = trusted_services(role) if role else None
        missing = [] if trusted is None else [name for name in PRINCIPALS if name not in trusted]
        if role and missing:
            yield role["AssumeRolePolicyDocument"].problem(f"The role does not trust {' and '.join(missing)}.")


@rule("edge-event-conflict", ERROR)
def edge_event_conflict(template: Template) -> Iterator[Problem]:
    """A cache behavior combines functions in a way that CloudFront does not allow.

    Use one function for each event, and for viewer events either CloudFront Functions or Lambda@Edge functions.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
    """
    for behavior in _behaviors(template):
        lambdas = [each["EventType"].text or "" for each in behavior["LambdaFunctionAssociations"].items]
        cloudfront_functions = [each["EventType"].text or "" for each in behavior["FunctionAssociations"].items]
        twice = [
            each
            for each in (*lambdas, *cloudfront_functions)
            if each and (lambdas + cloudfront_functions).count(each) > 1
        ]
        viewers = [each for each in lambdas if each.startswith("viewer-")]
        if twice:
            yield behavior.problem(f"Two functions run at {twice[0]}.")
        elif viewers and any(cloudfront_functions):
            yield behavior.problem(
                f"A Lambda@Edge function runs at {viewers[0]}, and a CloudFront Function at {cloudfront_functions[0]}."
            )
