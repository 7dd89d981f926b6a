"""Rules for functions at the edge: from the association in a distribution to the version, and on to the function.

The limits are those of :mod:`patternbook.limits.edge`.
"""

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
from patternbook.rules.cloudfront import DISTRIBUTION
from patternbook.rules.engine import ERROR, rule
from patternbook.rules.template import Node, Problem, Reference, Resource, Template, Text

FUNCTION: Final = "AWS::Lambda::Function"
VERSION: Final = "AWS::Lambda::Version"


@dataclass(frozen=True)
class _Association:
    """A Lambda function at an event of a cache behavior."""

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
            if isinstance(arn.value, Text) and isinstance(arn.value.parts[0], Reference):  # with a version behind it
                function = template.resources.get(arn.value.parts[0].logical_id)
            yield _Association(
                each["EventType"].text, arn, version, function if function and function.type == FUNCTION else None
            )


def _functions(template: Template) -> Iterator[tuple[Resource, set[str]]]:
    """Each function at the edge, with all its events."""
    events: dict[str, set[str]] = {}
    for each in _associations(template):
        if each.function:
            events.setdefault(each.function.id, set()).add(each.event or "")
    for name, found in events.items():
        yield template.resources[name], found & EVENTS.keys()


@rule("edge-version", ERROR)
def edge_version(template: Template) -> Iterator[Problem]:
    """A distribution names a function without the number of a version.

    Make an AWS::Lambda::Version and associate that: neither $LATEST nor an alias is possible.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for each in _associations(template):
        arn = each.arn
        end = arn.value.parts[-1] if isinstance(arn.value, Text) else arn.text
        if arn.resource(FUNCTION):
            yield arn.problem("It is the ARN of the function itself.")
        elif arn.resource("AWS::Lambda::Alias"):
            yield arn.problem("It is an alias.")
        elif isinstance(end, str) and end.endswith("$LATEST"):
            yield arn.problem("It is $LATEST.")
        elif _has_no_version(template, arn):
            yield arn.problem("The ARN has no version.")
        elif arn.text is not None and re.fullmatch(r"arn:[\w-]+:lambda:.*:function:[\w-]+:.*[^0-9].*", arn.text):
            yield arn.problem("The ARN ends with an alias.")


def _has_no_version(template: Template, node: Node) -> bool:
    """Whether an ARN ends with the name of a function, even if not all of it is known."""
    arn = node.value
    if not isinstance(arn, Text):
        return re.fullmatch(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+", node.text or "") is not None
    end, before = arn.parts[-1], arn.parts[-2]
    if isinstance(end, Reference):
        named = template.resources.get(end.logical_id)
        is_name = named is not None and named.type == FUNCTION and end.attribute is None
        return is_name and isinstance(before, str) and before.endswith(":function:")
    return arn.begin.startswith("arn:") and isinstance(end, str) and bool(re.search(r":function:[\w-]+$", end))


@rule("edge-region", ERROR)
def edge_region(template: Template) -> Iterator[Problem]:
    """A function at the edge is in another Region than us-east-1.

    Make the function, and its version, in a stack in us-east-1.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for each in _associations(template):
        begin = each.arn.value.begin if isinstance(each.arn.value, Text) else each.arn.text or ""
        found = re.match(r"arn:aws:lambda:([a-z0-9-]+):", begin)
        region = template.region if each.function else found and found[1]
        if region and region != REGION:
            yield each.arn.problem(f"It is in {region}.")


@rule("edge-forbidden-property", ERROR)
def edge_forbidden_property(template: Template) -> Iterator[Problem]:
    """A function at the edge has what only functions in a Region can have.

    Remove it; configuration can come with the code, or in headers that the distribution adds to requests.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for function, _ in _functions(template):
        for name, words in FORBIDDEN_PROPERTIES.items():
            if _is_given(function, name):
                yield function[name].problem(f"{words[0].upper()}{words[1:]}: not at the edge.")
        if function["PackageType"].text == "Image":
            yield function["PackageType"].problem("A container image: not at the edge.")


_INNER: Final = {
    "Environment": "Variables",
    "VpcConfig": "SubnetIds",
    "DeadLetterConfig": "TargetArn",
    "TracingConfig": "Mode",
}
"""Without which a property says nothing."""


def _is_given(function: Resource, name: str) -> bool:
    given = function[name][_INNER[name]] if name in _INNER else function[name]
    return not given.unknown and not given.missing and given.value not in ([], {}, "", "PassThrough")


@rule("edge-architecture", ERROR)
def edge_architecture(template: Template) -> Iterator[Problem]:
    """A function at the edge is built for another processor than x86_64.

    Set Architectures to x86_64, or leave it out.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for function, _ in _functions(template):
        architectures = function["Architectures"]
        if architectures.texts and ARCHITECTURE not in architectures.texts:
            yield architectures.problem(f"It is {', '.join(architectures.texts)}.")


@rule("edge-memory", ERROR)
def edge_memory(template: Template) -> Iterator[Problem]:
    """A function has more memory than its event allows.

    At viewer events 128 MB are the most.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    """
    for function, events in _functions(template):
        yield from _above(function["MemorySize"], {each: EVENTS[each].memory_mib for each in events}, "MB")


@rule("edge-timeout", ERROR)
def edge_timeout(template: Template) -> Iterator[Problem]:
    """A function may run for longer than its event allows.

    At viewer events 5 seconds are the most, at origin events 30.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    """
    for function, events in _functions(template):
        yield from _above(function["Timeout"], {each: EVENTS[each].timeout_seconds for each in events}, "seconds")


def _above(node: Node, limits: dict[str, int], unit: str) -> Iterator[Problem]:
    if node.number is not None and limits:
        event = min(limits, key=lambda each: (limits[each], each))
        if node.number > limits[event]:
            yield node.problem(f"{node.number:g} {unit}; at {event} {limits[event]:g} are the most.")


@rule("edge-storage", ERROR)
def edge_storage(template: Template) -> Iterator[Problem]:
    """A function at the edge has more than 512 MB of disk.

    Remove EphemeralStorage.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for function, _ in _functions(template):
        size = function["EphemeralStorage"]["Size"]
        if size.number is not None and size.number > EPHEMERAL_STORAGE_MIB:
            yield size.problem(f"{size.number:g} MB.")


@rule("edge-runtime", ERROR)
def edge_runtime(template: Template) -> Iterator[Problem]:
    """There is no such runtime at the edge.

    Write the function for Node.js or Python.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for function, _ in _functions(template):
        runtime = function["Runtime"]
        if runtime.text and not runtime.text.startswith(RUNTIME_FAMILIES):
            yield runtime.problem(f"It is {runtime.text}.")


@rule("edge-provisioned-concurrency", ERROR)
def edge_provisioned_concurrency(template: Template) -> Iterator[Problem]:
    """A version at the edge has provisioned concurrency.

    Remove it: CloudFront runs the function in Regions of its own choice.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
    """
    for each in _associations(template):
        config = each.version["ProvisionedConcurrencyConfig"] if each.version else None
        if config and config["ProvisionedConcurrentExecutions"].number is not None:
            yield config.problem("Provisioned concurrency: not at the edge.")


@rule("edge-role", ERROR)
def edge_role(template: Template) -> Iterator[Problem]:
    """The role of a function at the edge does not trust both services that have to act as it.

    Let lambda.amazonaws.com and edgelambda.amazonaws.com assume the role.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html
    """
    for function, _ in _functions(template):
        role = function["Role"].resource("AWS::IAM::Role")
        trusted: set[str] = set()
        statements = role["AssumeRolePolicyDocument"]["Statement"] if role else None
        # One alone may stand there without a list.
        for statement in statements.items or [statements] if statements else ():
            service = statement["Principal"]["Service"]
            names = [service.text] if service.text else service.texts
            if names is None:
                trusted.update(PRINCIPALS)  # nobody knows
            else:
                trusted.update(filter(None, names))
        missing = [name for name in PRINCIPALS if name not in trusted]
        if role and trusted and missing:
            yield role["AssumeRolePolicyDocument"].problem(f"{', '.join(missing)} may not assume the role.")


@rule("edge-event-conflict", ERROR)
def edge_event_conflict(template: Template) -> Iterator[Problem]:
    """A cache behavior has more at an event, or at both viewer events, than CloudFront allows.

    Have one function an event; and at viewer events either CloudFront Functions or Lambda functions.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
    """
    for behavior in _behaviors(template):
        at_edge = [each["EventType"].text or "" for each in behavior["LambdaFunctionAssociations"].items]
        in_cache = [each["EventType"].text or "" for each in behavior["FunctionAssociations"].items]
        twice = [each for each in (*at_edge, *in_cache) if each and (at_edge + in_cache).count(each) > 1]
        viewers = [each for each in at_edge if each.startswith("viewer-")]
        if twice:
            yield behavior.problem(f"There are two functions at {twice[0]}.")
        elif viewers and any(in_cache):
            yield behavior.problem(f"A Lambda function at {viewers[0]}, and a CloudFront Function at {in_cache[0]}.")
