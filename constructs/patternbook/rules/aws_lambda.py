"""Rules for Lambda functions: quotas, concurrency and event sources."""

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
from patternbook.limits.lambda_runtimes import CREATE_ENDS
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Node, Problem, Resource, Template

FUNCTION: Final = "AWS::Lambda::Function"


def _functions(template: Template) -> list[Resource]:
    """The functions on Lambda's own compute. Those on Lambda Managed Instances have other limits."""
    return [each for each in template.of_type(FUNCTION) if each["CapacityProviderConfig"].missing]


def _check_range(node: Node, limit: Limit) -> Iterator[Problem]:
    if node.number is not None and not limit.minimum <= node.number <= limit.maximum:
        allowed = f"{limit.minimum:,} to {limit.maximum:,} {limit.unit}"
        yield node.problem(f"The value must be {allowed}, but it is {node.number:g}.")


@rule("lambda-memory", ERROR)
def memory(template: Template) -> Iterator[Problem]:
    """The memory of a function is outside the range that Lambda offers.

    Set MemorySize from 128 to 10,240 MB.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    for function in _functions(template):
        yield from _check_range(function["MemorySize"], MEMORY)


@rule("lambda-timeout", ERROR)
def timeout(template: Template) -> Iterator[Problem]:
    """The timeout of a function is outside the range that Lambda allows.

    Set Timeout from 1 to 900 seconds. Use Step Functions or a container for longer work.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    for function in _functions(template):
        yield from _check_range(function["Timeout"], TIMEOUT)


@rule("lambda-storage", ERROR)
def storage(template: Template) -> Iterator[Problem]:
    """The ephemeral storage of a function is outside the range that Lambda offers.

    Set the Size of EphemeralStorage from 512 to 10,240 MB. Use EFS for more.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    for function in _functions(template):
        yield from _check_range(function["EphemeralStorage"]["Size"], EPHEMERAL_STORAGE)


@rule("lambda-environment-size", ERROR)
def environment_size(template: Template) -> Iterator[Problem]:
    """The environment variables of a function are larger than 4 KB.

    Move large values to SSM Parameter Store, S3 or the deployment package.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    for function in template.of_type(FUNCTION):
        variables = function["Environment"]["Variables"]
        size = environment_bytes({name: each.known_text for name, each in variables.entries.items()})
        if size > ENVIRONMENT.maximum:
            yield variables.problem(f"The environment variables have at least {size:,} bytes.")


@rule("lambda-environment-name", ERROR)
def environment_name(template: Template) -> Iterator[Problem]:
    """A function sets an environment variable that is reserved by Lambda.

    Rename the variable.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    for function in template.of_type(FUNCTION):
        for name, value in function["Environment"]["Variables"].entries.items():
            if name in RESERVED_VARIABLES:
                yield value.problem(f"The name {name!r} is reserved.")


@rule("lambda-layers", ERROR)
def layers(template: Template) -> Iterator[Problem]:
    """A function has more than five layers.

    Merge layers, or package the function as a container image.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    for function in template.of_type(FUNCTION):
        count = len(function["Layers"].items)
        if count > LAYERS.maximum:
            yield function["Layers"].problem(f"The function has {count} layers.")


@rule("lambda-asynchronous", ERROR)
def asynchronous(template: Template) -> Iterator[Problem]:
    """The settings for asynchronous invocation are outside the range that Lambda allows.

    Set MaximumEventAgeInSeconds from 60 to 21,600, and MaximumRetryAttempts from 0 to 2.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    """
    for config in template.of_type("AWS::Lambda::EventInvokeConfig"):
        yield from _check_range(config["MaximumEventAgeInSeconds"], EVENT_AGE)
        yield from _check_range(config["MaximumRetryAttempts"], RETRY_ATTEMPTS)


@rule("lambda-runtime-ended", ERROR)
def runtime_ended(template: Template) -> Iterator[Problem]:
    """Lambda takes no new function with the runtime of a function, so a new stack fails.

    Change Runtime to a supported one. A function that exists keeps running without security updates.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """
    for function in template.of_type(FUNCTION):
        place = function["Runtime"]
        end = CREATE_ENDS.get(place.text or "")
        if end and template.today >= end:
            yield place.problem(f"Since {end}, Lambda takes no new function with {place.text}.")


@rule("lambda-reserved-concurrency", WARNING)
def reserved_concurrency(template: Template) -> Iterator[Problem]:
    """The functions of the template reserve more concurrency than an account can reserve by default.

    Request a higher quota of concurrent executions before the deployment, or reserve less.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """
    reserved = [each["ReservedConcurrentExecutions"] for each in template.of_type(FUNCTION)]
    total, most = sum(each.number or 0 for each in reserved), reservable(ACCOUNT_CONCURRENCY)
    if total > most:
        largest = max(reserved, key=lambda each: each.number or 0)
        yield largest.problem(
            f"The functions reserve {total:,g} in total; an account with the default quota of {ACCOUNT_CONCURRENCY:,} "
            f"can reserve {most:,}."
        )


def _provisioned(template: Template) -> Iterator[tuple[Node, Resource | None]]:
    """The provisioned concurrency of each alias and version, with its function."""
    for each in template.of_type("AWS::Lambda::Alias", "AWS::Lambda::Version"):
        executions = each["ProvisionedConcurrencyConfig"]["ProvisionedConcurrentExecutions"]
        if executions.number is not None:
            yield executions, each["FunctionName"].resource(FUNCTION)


@rule("lambda-provisioned-above-reserved", ERROR)
def provisioned_above_reserved(template: Template) -> Iterator[Problem]:
    """The provisioned concurrency of a function exceeds its reserved concurrency.

    Reserve at least as much concurrency as the aliases and versions provision in total.

    https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
    """
    totals: dict[str, float] = {}
    for executions, function in _provisioned(template):
        reserved = function["ReservedConcurrentExecutions"].number if function else None
        if function and reserved is not None:
            totals[function.id] = totals.get(function.id, 0) + (executions.number or 0)
            if totals[function.id] > reserved:
                yield executions.problem(
                    f"{function.id} has {totals[function.id]:g} provisioned in total, but reserves {reserved:g}."
                )


@rule("lambda-provisioned-latest", ERROR)
def provisioned_latest(template: Template) -> Iterator[Problem]:
    """An alias provisions concurrency for $LATEST, which Lambda does not support.

    Publish a version, and point the alias to it.

    https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
    """
    for alias in template.of_type("AWS::Lambda::Alias"):
        if alias["FunctionVersion"].text == "$LATEST" and not alias["ProvisionedConcurrencyConfig"].missing:
            config = alias["ProvisionedConcurrencyConfig"]
            if not config.unknown:
                yield config.problem("The alias points to $LATEST.")


@rule("lambda-queue-visibility", ERROR)
def queue_visibility(template: Template) -> Iterator[Problem]:
    """The visibility timeout of a queue is shorter than the timeout of the function that processes its messages.

    Set VisibilityTimeout of the queue to at least the Timeout of the function; AWS recommends six times that.

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
                f"The visibility timeout is {visibility:g} seconds, but the timeout of {function.id} is {seconds:g}."
            )
