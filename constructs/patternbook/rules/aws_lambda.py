"""Rules for Lambda: its limits, which :mod:`patternbook.limits.aws_lambda` lists with their sources."""

from collections.abc import Iterator
from typing import Final

from patternbook.limits.aws_lambda import (
    ACCOUNT_CONCURRENCY,
    ENVIRONMENT,
    EPHEMERAL_STORAGE,
    EVENT_AGE,
    LAYERS,
    MEMORY,
    RESERVED_VARIABLES,
    RETRY_ATTEMPTS,
    TIMEOUT,
    Limit,
    environment_bytes,
    reservable,
)
from patternbook.rules.engine import ERROR, WARNING, rule
from patternbook.rules.template import Node, Problem, Resource, Template

FUNCTION: Final = "AWS::Lambda::Function"


def _functions(template: Template) -> list[Resource]:
    """Those of Lambda itself: on managed instances of one's own other limits hold."""
    return [each for each in template.of_type(FUNCTION) if each["CapacityProviderConfig"].missing]


def _outside(node: Node, limit: Limit) -> Iterator[Problem]:
    if node.number is not None and not limit.least <= node.number <= limit.most:
        yield node.problem(f"{node.number:g} {limit.unit}; {limit.least:,} to {limit.most:,} are possible.")


@rule("lambda-memory", ERROR)
def memory(template: Template) -> Iterator[Problem]:
    """A function has more memory, or less, than Lambda offers.

    Set MemorySize from 128 to 10,240 MB.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    for function in _functions(template):
        yield from _outside(function["MemorySize"], MEMORY)


@rule("lambda-timeout", ERROR)
def timeout(template: Template) -> Iterator[Problem]:
    """A function may run for longer than the 15 minutes that Lambda allows.

    Set Timeout from 1 to 900 seconds; what takes longer is for Step Functions or a container.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    for function in _functions(template):
        yield from _outside(function["Timeout"], TIMEOUT)


@rule("lambda-storage", ERROR)
def storage(template: Template) -> Iterator[Problem]:
    """A function has more disk, or less, than Lambda offers.

    Set the Size of EphemeralStorage from 512 to 10,240 MB; for more there is EFS.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    for function in _functions(template):
        yield from _outside(function["EphemeralStorage"]["Size"], EPHEMERAL_STORAGE)


@rule("lambda-environment-size", ERROR)
def environment_size(template: Template) -> Iterator[Problem]:
    """The environment variables of a function take more than the 4 KB that Lambda has for them.

    Put what is large into SSM Parameter Store, S3 or the package.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    for function in template.of_type(FUNCTION):
        variables = function["Environment"]["Variables"]
        size = environment_bytes({name: each.known_text for name, each in variables.entries.items()})
        if size > ENVIRONMENT.most:
            yield variables.problem(f"They take at least {size:,} bytes.")


@rule("lambda-environment-name", ERROR)
def environment_name(template: Template) -> Iterator[Problem]:
    """A function sets an environment variable that Lambda sets itself.

    Choose another name.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    for function in template.of_type(FUNCTION):
        for name, value in function["Environment"]["Variables"].entries.items():
            if name in RESERVED_VARIABLES:
                yield value.problem(f"{name!r} belongs to Lambda.")


@rule("lambda-layers", ERROR)
def layers(template: Template) -> Iterator[Problem]:
    """A function has more than five layers.

    Merge layers, or use a container image.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    for function in template.of_type(FUNCTION):
        count = len(function["Layers"].items)
        if count > LAYERS.most:
            yield function["Layers"].problem(f"{count} layers.")


@rule("lambda-asynchronous", ERROR)
def asynchronous(template: Template) -> Iterator[Problem]:
    """Lambda does not keep events for so long, or retry so often.

    Set MaximumEventAgeInSeconds from 60 to 21,600, and MaximumRetryAttempts from 0 to 2.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    """
    for config in template.of_type("AWS::Lambda::EventInvokeConfig"):
        yield from _outside(config["MaximumEventAgeInSeconds"], EVENT_AGE)
        yield from _outside(config["MaximumRetryAttempts"], RETRY_ATTEMPTS)


@rule("lambda-reserved-concurrency", WARNING)
def reserved_concurrency(template: Template) -> Iterator[Problem]:
    """The functions of the template reserve more concurrency than an account has by default.

    Have AWS raise the quota of concurrent executions before the deployment, or reserve less.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """
    reserved = [each["ReservedConcurrentExecutions"] for each in template.of_type(FUNCTION)]
    total, most = sum(each.number or 0 for each in reserved), reservable(ACCOUNT_CONCURRENCY)
    if total > most:
        largest = max(reserved, key=lambda each: each.number or 0)
        yield largest.problem(
            f"They reserve {total:,g}; of {ACCOUNT_CONCURRENCY:,} no more than {most:,} are for that."
        )


def _provisioned(template: Template) -> Iterator[tuple[Node, Resource | None]]:
    """Each provisioned concurrency, with its function."""
    for each in template.of_type("AWS::Lambda::Alias", "AWS::Lambda::Version"):
        executions = each["ProvisionedConcurrencyConfig"]["ProvisionedConcurrentExecutions"]
        if executions.number is not None:
            yield executions, each["FunctionName"].resource(FUNCTION)


@rule("lambda-provisioned-above-reserved", ERROR)
def provisioned_above_reserved(template: Template) -> Iterator[Problem]:
    """Aliases and versions of a function provision more concurrency than the function reserves.

    Reserve at least as much as is provisioned.

    https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
    """
    totals: dict[str, float] = {}
    for executions, function in _provisioned(template):
        reserved = function["ReservedConcurrentExecutions"].number if function else None
        if function and reserved is not None:
            totals[function.id] = totals.get(function.id, 0) + (executions.number or 0)
            if totals[function.id] > reserved:
                yield executions.problem(f"{totals[function.id]:g} in all, while {function.id} reserves {reserved:g}.")


@rule("lambda-provisioned-latest", ERROR)
def provisioned_latest(template: Template) -> Iterator[Problem]:
    """Concurrency is provisioned for $LATEST.

    Publish a version, and let the alias lead to it.

    https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
    """
    for alias in template.of_type("AWS::Lambda::Alias"):
        if alias["FunctionVersion"].text == "$LATEST" and not alias["ProvisionedConcurrencyConfig"].missing:
            config = alias["ProvisionedConcurrencyConfig"]
            if not config.unknown:
                yield config.problem("The alias leads to $LATEST.")


@rule("lambda-queue-visibility", ERROR)
def queue_visibility(template: Template) -> Iterator[Problem]:
    """Messages of a queue become visible again while a function may still be at work on them.

    Set the VisibilityTimeout of the queue to the Timeout of the function at least; AWS recommends six times that.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    for source in template.of_type("AWS::Lambda::EventSourceMapping"):
        queue = source["EventSourceArn"].resource("AWS::SQS::Queue")
        function = source["FunctionName"].resource(FUNCTION)
        alias = source["FunctionName"].resource("AWS::Lambda::Alias", "AWS::Lambda::Version")
        function = alias["FunctionName"].resource(FUNCTION) if alias else function
        if queue is None or function is None:
            continue
        visibility = 30 if queue["VisibilityTimeout"].missing else queue["VisibilityTimeout"].number
        seconds = 3 if function["Timeout"].missing else function["Timeout"].number
        if visibility is not None and seconds is not None and visibility < seconds:
            yield queue["VisibilityTimeout"].problem(
                f"{visibility:g} seconds, while {function.id} may take {seconds:g}."
            )
