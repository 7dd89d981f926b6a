"""Rules for queues, and for topics that feed them."""

from collections.abc import Iterator
from typing import Final

from patternbook.limits.messaging import SOURCE_RETENTION_DAYS
from patternbook.rules.permissions import listed, statements_in
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Node, Problem, Resource, Template

QUEUE: Final = "AWS::SQS::Queue"
TOPIC: Final = "AWS::SNS::Topic"
KEY: Final = "AWS::KMS::Key"
SOURCES: Final = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths")
"""The condition keys that say for whom a service acts, in lower case."""
SECONDS_OF_DAY: Final = 86_400
SNS, S3 = "sns.amazonaws.com", "s3.amazonaws.com"


def _dead_letter_queue(queue: Resource) -> Resource | None:
    return queue["RedrivePolicy"]["deadLetterTargetArn"].resource(QUEUE)


@rule("sqs-dead-letter-retention", WARNING)
def dead_letter_retention(template: Template) -> Iterator[Problem]:
    """A dead-letter queue keeps messages no longer than its source, so a message that waited there is soon deleted.

    Set MessageRetentionPeriod of the dead-letter queue above that of the source. The time counts from the moment when
    the message was sent first.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    for queue in template.of_type(QUEUE):
        dead = _dead_letter_queue(queue)
        if dead is None or queue["FifoQueue"].flag:  # a FIFO queue sets the time anew
            continue
        kept, before = (
            SOURCE_RETENTION_DAYS * SECONDS_OF_DAY if each.missing else each.number
            for each in (dead["MessageRetentionPeriod"], queue["MessageRetentionPeriod"])
        )
        if kept is not None and before is not None and kept <= before:
            yield dead["MessageRetentionPeriod"].problem(
                f"The dead-letter queue keeps messages for {kept:g} seconds, and {queue.id} for {before:g}."
            )


@rule("sqs-dead-letter-type", ERROR)
def dead_letter_type(template: Template) -> Iterator[Problem]:
    """The dead-letter queue of a FIFO queue is a standard queue, or the other way round, which SQS refuses.

    Set FifoQueue of both queues to the same value.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    for queue in template.of_type(QUEUE):
        dead = _dead_letter_queue(queue)
        if dead is None:
            continue
        kinds = [_kind(each["FifoQueue"]) for each in (queue, dead)]
        if None not in kinds and kinds[0] != kinds[1]:
            yield dead["FifoQueue"].problem(f"{queue.id} is a {kinds[0]} queue, and this a {kinds[1]} one.")


def _kind(fifo: Node) -> str | None:
    return "standard" if fifo.is_off else "FIFO" if fifo.flag else None


@rule("sqs-dead-letter-alarm", WARNING)
def dead_letter_alarm(template: Template) -> Iterator[Problem]:
    """Nobody hears of the messages in a dead-letter queue, which SQS deletes after its retention.

    Add an alarm on ApproximateNumberOfMessagesVisible of the dead-letter queue.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/dead-letter-queues-alarms-cloudwatch.html
    """
    if not template.complete:
        return
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    if any(each["Value"].unknown for alarm in alarms for each in alarm["Dimensions"].items):
        return
    watched = {
        name for alarm in alarms for place in (alarm["Dimensions"], alarm["Metrics"]) for name in place.references
    }
    watched.update(*(each["EventSourceArn"].references for each in template.of_type("AWS::Lambda::EventSourceMapping")))
    seen = set[str]()
    for queue in template.of_type(QUEUE):
        dead = _dead_letter_queue(queue)
        if dead is not None and dead.id not in watched | seen and not template.is_shared(dead):
            seen.add(dead.id)
            yield dead.problem("No alarm of the template watches the dead-letter queue.")


def _admits(statement: Node, service: str) -> bool:
    """Whether a statement allows something to a service."""
    return statement["Effect"].text == "Allow" and service in listed(statement["Principal"]["Service"])


@rule("sqs-any-topic", WARNING)
def any_topic(template: Template) -> Iterator[Problem]:
    """A queue takes messages of SNS for any topic, also those of other accounts.

    Add the condition aws:SourceArn with the ARN of the topic to the statement of the queue's policy.

    https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
    """
    for policy in template.of_type("AWS::SQS::QueuePolicy"):
        for statement in statements_in(policy["PolicyDocument"]):
            if not _admits(statement, SNS) or statement["Condition"].unknown:
                continue
            operators = statement["Condition"].entries.values()
            keys = {key.lower() for operator in operators for key in operator.entries}
            if not keys & set(SOURCES) and not any(each.unknown for each in operators):
                yield statement.problem("The policy admits SNS without a condition on the topic.")


@rule("sqs-publisher-not-admitted", ERROR)
def publisher_not_admitted(template: Template) -> Iterator[Problem]:
    """A queue or topic is encrypted with a key that does not admit the service which publishes to it, so its messages
    are lost.

    Add a statement to the policy of the key that allows the service kms:GenerateDataKey and kms:Decrypt. The AWS
    managed keys of SQS and SNS admit no service. Use a customer managed key, or the keys that SQS manages (SSE-SQS).

    https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html
    """
    for place, encrypted, service in _published(template):
        name = encrypted.text or ""
        if name.startswith("alias/aws/"):
            yield encrypted.problem(f"{place} is encrypted with {name}, which does not admit {service}.")
        key = encrypted.resource(KEY)
        if key is None:
            continue
        document = key["KeyPolicy"]
        statements = statements_in(document)
        if any(_may_admit(each) for each in statements):
            continue
        if not any(_admits(each, service) for each in statements):
            yield document.problem(f"The key of {place} does not admit {service}.")


def _may_admit(statement: Node) -> bool:
    """Whether it is not known whom a statement admits."""
    return statement.unknown or statement["Principal"].unknown or statement["Principal"]["Service"].unknown


def _published(template: Template) -> Iterator[tuple[str, Node, str]]:
    """The queues and topics to which a service publishes: their names, their keys, and the service."""
    seen = set[tuple[str, str]]()
    found: list[tuple[Resource | None, str]] = [
        (each["Endpoint"].resource(QUEUE), SNS)
        for each in template.of_type("AWS::SNS::Subscription")
        if each["Protocol"].text == "sqs"
    ]
    for bucket in template.of_type("AWS::S3::Bucket"):
        notifications = bucket["NotificationConfiguration"]
        found += [(each["Topic"].resource(TOPIC), S3) for each in notifications["TopicConfigurations"].items]
        found += [(each["Queue"].resource(QUEUE), S3) for each in notifications["QueueConfigurations"].items]
    for resource, service in found:
        if resource is not None and (resource.id, service) not in seen:
            seen.add((resource.id, service))
            yield resource.id, resource["KmsMasterKeyId"], service
