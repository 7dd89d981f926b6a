"""Rules for functions that take messages from queues, or records from streams."""

from collections.abc import Iterator
from typing import Final

from patternbook.limits.messaging import FIFO_BATCH, MIN_RECEIVES, VISIBILITY_FACTOR
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Problem, Resource, Template

FUNCTION: Final = "AWS::Lambda::Function"
ALIAS: Final = "AWS::Lambda::Alias"
QUEUE: Final = "AWS::SQS::Queue"


def _mappings(template: Template) -> Iterator[tuple[Resource, Resource, Resource | None]]:
    """The event source mappings of queues, each with its queue and, if it is in the template, its function."""
    for mapping in template.of_type("AWS::Lambda::EventSourceMapping"):
        queue = mapping["EventSourceArn"].resource(QUEUE)
        if queue is None:
            continue
        # The CDK cuts the name of the function out of the ARN of the alias.
        named = [template.resources[each] for each in sorted(template.named_in(mapping, "FunctionName"))]
        functions = [
            each["FunctionName"].resource(FUNCTION) if each.type in (ALIAS, "AWS::Lambda::Version") else each
            for each in named
            if each.type in (FUNCTION, ALIAS, "AWS::Lambda::Version")
        ]
        yield mapping, queue, functions[0] if len(functions) == 1 else None


@rule("lambda-queue-visibility-margin", WARNING)
def visibility_margin(template: Template) -> Iterator[Problem]:
    """A queue hides a message for less than six times the timeout of the function that processes it.

    Set VisibilityTimeout of the queue to six times the Timeout of the function. While the function is throttled, Lambda
    needs the time to try again, and without it messages come twice.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    for _, queue, function in _mappings(template):
        if function is None:
            continue
        visibility = 30 if queue["VisibilityTimeout"].missing else queue["VisibilityTimeout"].number
        timeout = 3 if function["Timeout"].missing else function["Timeout"].number
        # Less than the timeout is the error of another rule.
        if visibility is not None and timeout is not None and timeout <= visibility < VISIBILITY_FACTOR * timeout:
            yield queue["VisibilityTimeout"].problem(
                f"The visibility timeout is {visibility:g} seconds, but {VISIBILITY_FACTOR} times the timeout of "
                f"{function.id} is {VISIBILITY_FACTOR * timeout:g}."
            )


@rule("lambda-queue-partial-batch", WARNING)
def partial_batch(template: Template) -> Iterator[Problem]:
    """A function takes several messages of a queue at once, and one that fails lets SQS deliver all of them again.

    Add ReportBatchItemFailures to FunctionResponseTypes, and let the function return batchItemFailures.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    for mapping, _, _ in _mappings(template):
        size, types = mapping["BatchSize"], mapping["FunctionResponseTypes"]
        several = size.missing or (size.number is not None and size.number > 1)
        if several and types.texts is not None and "ReportBatchItemFailures" not in types.texts:
            yield types.problem("The function cannot report the messages that failed.")


@rule("lambda-queue-few-receives", WARNING)
def few_receives(template: Template) -> Iterator[Problem]:
    """A message moves to the dead-letter queue after so few attempts that throttling alone may move it.

    Set maxReceiveCount of a queue with a function to at least 5.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    for _, queue, _ in _mappings(template):
        receives = queue["RedrivePolicy"]["maxReceiveCount"]
        if receives.number is not None and receives.number < MIN_RECEIVES:
            yield receives.problem(f"A message has {receives.number:g} attempts, not {MIN_RECEIVES}.")


@rule("lambda-stream-blocked", WARNING)
def stream_blocked(template: Template) -> Iterator[Problem]:
    """A record of a stream that a function cannot process blocks its shard until it expires.

    Set MaximumRetryAttempts or MaximumRecordAgeInSeconds, with an OnFailure destination. Add ReportBatchItemFailures to
    FunctionResponseTypes, so that Lambda knows the record.

    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """
    for mapping in template.of_type("AWS::Lambda::EventSourceMapping"):
        stream = mapping["EventSourceArn"].resource("AWS::Kinesis::Stream", "AWS::DynamoDB::Table")
        limits = (mapping["MaximumRetryAttempts"], mapping["MaximumRecordAgeInSeconds"])
        if stream and all(each.missing or each.number == -1 for each in limits):
            yield limits[0].problem(f"A record of {stream.id} is tried until it expires.")


@rule("lambda-queue-fifo-batch", ERROR)
def fifo_batch(template: Template) -> Iterator[Problem]:
    """A function takes more messages of a FIFO queue at once than Lambda allows, or waits for a batch.

    Set BatchSize to at most 10, and remove MaximumBatchingWindowInSeconds.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
    """
    for mapping, queue, _ in _mappings(template):
        size, window = mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]
        if not queue["FifoQueue"].flag:
            continue
        if size.number is not None and size.number > FIFO_BATCH:
            yield size.problem(f"The batch size is {size.text}, and {queue.id} is a FIFO queue.")
        if window.number:
            yield window.problem(f"The batching window is {window.text} seconds, and {queue.id} is a FIFO queue.")
