"""Defects for the rules of SQS, and of the functions that take messages from queues."""

from typing import Final

from tests.rules.defects.base import Defect, Template, delete, of_type, set_properties

MAPPING: Final = "AWS::Lambda::EventSourceMapping"
QUEUE: Final = "AWS::SQS::Queue"
ALARM: Final = "AWS::CloudWatch::Alarm"
KEY: Final = "AWS::KMS::Key"


def _queues_of_mappings(template: Template) -> set[str]:
    return {each["EventSourceArn"]["Fn::GetAtt"][0] for _, each in of_type(template, MAPPING)}


def _visible_too_soon(template: Template) -> bool:
    for name, queue in of_type(template, QUEUE):
        if name in _queues_of_mappings(template):
            queue["VisibilityTimeout"] -= 1
            return True
    return False


def _one_receive(template: Template) -> bool:
    for name, queue in of_type(template, QUEUE):
        if name in _queues_of_mappings(template):
            queue["RedrivePolicy"]["maxReceiveCount"] = 1
            return True
    return False


def _fifo(template: Template, *, dead_letters: bool) -> bool:
    """Makes the first queue that a function reads a FIFO queue, and its dead-letter queue if asked for."""
    for name, queue in of_type(template, QUEUE):
        if name in _queues_of_mappings(template):
            queue["FifoQueue"] = True
            if dead_letters:
                dead = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
                template["Resources"][dead]["Properties"]["FifoQueue"] = True
            return True
    return False


def _large_fifo_batch(template: Template) -> bool:
    return _fifo(template, dead_letters=True) and set_properties(MAPPING, {"BatchSize": 100})(template)


def _standard_dead_letters(template: Template) -> bool:
    return _fifo(template, dead_letters=False)


def _short_retention(template: Template) -> bool:
    for _, queue in of_type(template, QUEUE):
        if "RedrivePolicy" in queue:
            dead = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
            template["Resources"][dead]["Properties"].pop("MessageRetentionPeriod")
            return True
    return False


def _without_alarms(template: Template) -> bool:
    found = [name for name, alarm in of_type(template, ALARM) if "DeadLetters" in str(alarm.get("Dimensions"))]
    for name in found:
        delete(template, name)
    template.pop("Outputs", None)
    return bool(found)


def _any_topic(template: Template) -> bool:
    for _, policy in of_type(template, "AWS::SQS::QueuePolicy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Principal"] == {"Service": "sns.amazonaws.com"}:
                del statement["Condition"]
                return True
    return False


def _without_publishers(template: Template) -> bool:
    if not list(of_type(template, MAPPING)):
        return False
    for _, key in of_type(template, KEY):
        statements = key["KeyPolicy"]["Statement"]
        left = [each for each in statements if each["Principal"] != {"Service": "sns.amazonaws.com"}]
        key["KeyPolicy"]["Statement"] = left
        if len(left) < len(statements):
            return True
    return False


OF_CONSUMERS: Final = (
    Defect("lambda-queue-visibility-margin", "a second too short", _visible_too_soon, MAPPING),
    Defect("lambda-queue-partial-batch", "none", set_properties(MAPPING, {"FunctionResponseTypes": []}), MAPPING),
    Defect("lambda-queue-few-receives", "one", _one_receive, MAPPING),
    Defect("lambda-queue-fifo-batch", "100", _large_fifo_batch, MAPPING),
)
DEFECTS: Final = (
    Defect("sqs-dead-letter-retention", "the default", _short_retention, QUEUE),
    Defect("sqs-dead-letter-type", "standard", _standard_dead_letters, MAPPING),
    Defect("sqs-dead-letter-alarm", "none", _without_alarms, QUEUE),
    Defect("sqs-any-topic", "no condition", _any_topic, "AWS::SNS::Subscription"),
    Defect("sqs-publisher-not-admitted", "SNS", _without_publishers, KEY),
)
