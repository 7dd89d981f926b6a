"""Rules for Firehose streams that deliver to S3."""

import re
from collections.abc import Iterator
from typing import Final

from patternbook.limits.aws_lambda import TIMEOUT
from patternbook.limits.firehose import BUFFER_MIB, TRANSFORM_SECONDS
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Node, Problem, Resource, Template

STREAM: Final = "AWS::KinesisFirehose::DeliveryStream"
FUNCTION: Final = "AWS::Lambda::Function"
PUBLISHED: Final = ("AWS::Lambda::Alias", "AWS::Lambda::Version")
POLICIES: Final = ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy")
ERROR_TYPE: Final = "!{firehose:error-output-type}"
WRITES: Final = ("firehose:put", "firehose:*", "*")
"""The start of actions that write to a stream, in lower case."""
PROCESSORS: Final = {"partitionKeyFromLambda": "Lambda", "partitionKeyFromQuery": "MetadataExtraction"}
"""The processors that make partition keys, by the namespaces of expressions."""


def _destinations(template: Template) -> Iterator[Node]:
    for stream in template.of_type(STREAM):
        if not (destination := stream["ExtendedS3DestinationConfiguration"]).missing:
            yield destination


def _converts(destination: Node) -> bool:
    """Whether it is certain that Firehose converts the format of records."""
    conversion = destination["DataFormatConversionConfiguration"]
    return bool(conversion.entries) and (conversion["Enabled"].missing or conversion["Enabled"].flag is True)


def _partitions(destination: Node) -> bool | None:
    """Whether partitions are dynamic, if it is known."""
    enabled = destination["DynamicPartitioningConfiguration"]["Enabled"]
    return False if enabled.is_off else enabled.flag


def _processors(destination: Node) -> list[Node]:
    processing = destination["ProcessingConfiguration"]
    return [] if processing["Enabled"].is_off else processing["Processors"].items


def _functions(template: Template, destination: Node) -> Iterator[Resource]:
    """The functions of the template that transform the records."""
    for processor in _processors(destination):
        for parameter in processor["Parameters"].items:
            named = parameter["ParameterValue"].references if parameter["ParameterName"].text == "LambdaArn" else set()
            for name in sorted(named):
                found = template.resources.get(name)
                if found is not None and found.type in PUBLISHED:
                    found = found["FunctionName"].resource(FUNCTION)
                if found is not None and found.type == FUNCTION:
                    yield found


@rule("firehose-buffer-size", ERROR)
def buffer_size(template: Template) -> Iterator[Problem]:
    """A stream with dynamic partitioning or format conversion has a buffer of less than 64 MiB, which Firehose refuses.

    Set SizeInMBs of BufferingHints from 64 to 128.

    https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
    """
    for destination in _destinations(template):
        size = destination["BufferingHints"]["SizeInMBs"]
        special = _converts(destination) or _partitions(destination)
        if special and size.number is not None and size.number < BUFFER_MIB.minimum:
            yield size.problem(f"The buffer has {size.number:g} MiB, and the minimum is {BUFFER_MIB.minimum}.")


@rule("firehose-compressed-format", ERROR)
def compressed_format(template: Template) -> Iterator[Problem]:
    """A stream converts records to Parquet or ORC and compresses the objects, too, which Firehose refuses.

    Remove CompressionFormat, and set the compression of the serializer instead.

    https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
    """
    for destination in _destinations(template):
        compression = destination["CompressionFormat"]
        if _converts(destination) and compression.text not in (None, "UNCOMPRESSED"):
            yield compression.problem(f"The objects are compressed with {compression.text}.")


@rule("firehose-error-prefix", ERROR)
def error_prefix(template: Template) -> Iterator[Problem]:
    """The prefixes of a stream do not separate failed records from others, which Firehose refuses.

    If Prefix has expressions, set ErrorOutputPrefix. If ErrorOutputPrefix has expressions, one of them must be
    !{firehose:error-output-type}. Prefix must not have it.

    https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
    """
    for destination in _destinations(template):
        prefix, errors = destination["Prefix"], destination["ErrorOutputPrefix"]
        if ERROR_TYPE in prefix.known_text:
            yield prefix.problem(f"Prefix has {ERROR_TYPE}.")
        if errors.missing or errors.text == "":
            if "!{" in prefix.known_text:
                yield errors.problem("Prefix has expressions, and ErrorOutputPrefix is not set.")
        elif errors.text and "!{" in errors.text and ERROR_TYPE not in errors.text:
            yield errors.problem(f"ErrorOutputPrefix has expressions, but not {ERROR_TYPE}.")


@rule("firehose-partition-keys", ERROR)
def partition_keys(template: Template) -> Iterator[Problem]:
    """The prefix of a stream and its partition keys do not fit, so Firehose refuses the stream or fails every record.

    With dynamic partitioning, Prefix must have expressions of the namespace partitionKeyFromLambda or
    partitionKeyFromQuery, and the stream needs the processor Lambda or MetadataExtraction that makes the keys. Without
    dynamic partitioning, Prefix must have no such expression.

    https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-s3bucketprefix.html
    """
    for destination in _destinations(template):
        prefix, partitions = destination["Prefix"], _partitions(destination)
        used = [name for name in PROCESSORS if f"!{{{name}:" in prefix.known_text]
        if partitions is False and used:
            yield prefix.problem(f"Prefix uses {used[0]}, but dynamic partitioning is not enabled.")
        if partitions and not used and (prefix.missing or prefix.text is not None):
            yield prefix.problem("Prefix has no partition key, but dynamic partitioning is enabled.")
        processing = destination["ProcessingConfiguration"]
        if not partitions or processing.unknown or not processing["Processors"].fully_known:
            continue
        types = {each["Type"].text for each in _processors(destination)}
        for name in used:
            if PROCESSORS[name] not in types and None not in types:
                yield prefix.problem(f"Prefix uses {name}, but no processor of type {PROCESSORS[name]} makes its keys.")


@rule("firehose-source-backup", WARNING)
def source_backup(template: Template) -> Iterator[Problem]:
    """A function transforms the records of a stream, and nothing keeps them as they came, so its mistakes are final.

    Set S3BackupMode to Enabled, with an S3BackupConfiguration. It cannot be disabled later.

    https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-source-record-backup.html
    """
    for destination in _destinations(template):
        types = {each["Type"].text for each in _processors(destination)}
        mode = destination["S3BackupMode"]
        if "Lambda" in types and (mode.missing or mode.text == "Disabled"):
            yield mode.problem("The source records are not kept.")


@rule("firehose-transform-timeout", WARNING)
def transform_timeout(template: Template) -> Iterator[Problem]:
    """A function that transforms records may run for longer than Firehose waits for it.

    Set the Timeout of the function to at most 300 seconds.

    https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
    """
    for destination in _destinations(template):
        for function in _functions(template, destination):
            timeout = function["Timeout"]
            # More than Lambda allows is the error of another rule.
            if timeout.number is not None and TRANSFORM_SECONDS.maximum < timeout.number <= TIMEOUT.maximum:
                yield timeout.problem(f"The timeout is {timeout.number:g} seconds, and Firehose waits for 300.")


@rule("firehose-transform-writes", WARNING)
def transform_writes(template: Template) -> Iterator[Problem]:
    """A function that transforms records may write to every stream, so a mistake in it feeds its own stream for ever.

    Remove the statement. A function returns its records, and needs no permission for Firehose. To put records back,
    allow firehose:PutRecordBatch on the ARN of one stream.

    https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
    """
    for destination in _destinations(template):
        for function in _functions(template, destination):
            role = function["Role"].resource("AWS::IAM::Role")
            if role is None:
                continue
            documents = [each["PolicyDocument"] for each in role["Policies"].items]
            documents += [
                each["PolicyDocument"]
                for each in template.of_type(*POLICIES)
                if role.id in each["Roles"].references | each["RoleName"].references
            ]
            for document in documents:
                statement = document["Statement"]
                for each in statement.items or ([statement] if statement.entries else []):
                    if each["Effect"].text == "Allow" and _everywhere(each) and _writes(each):
                        yield each.problem(f"The statement allows {function.id} to write to every stream.")


def _listed(node: Node) -> list[str]:
    return [node.text] if node.text else node.texts or []


def _everywhere(statement: Node) -> bool:
    return any(re.fullmatch(r"\*|arn:[^:]*:(\*|firehose):.*[:/]\*", each) for each in _listed(statement["Resource"]))


def _writes(statement: Node) -> bool:
    return any(each.lower() == "*" or each.lower().startswith(WRITES[:2]) for each in _listed(statement["Action"]))


@rule("firehose-subscription-role", ERROR)
def subscription_role(template: Template) -> Iterator[Problem]:
    """A topic delivers to a stream without a role, which SNS refuses.

    Set SubscriptionRoleArn to a role that trusts sns.amazonaws.com and allows firehose:PutRecord and
    firehose:PutRecordBatch on the stream.

    https://docs.aws.amazon.com/sns/latest/dg/prereqs-kinesis-data-firehose.html
    """
    for subscription in template.of_type("AWS::SNS::Subscription"):
        role = subscription["SubscriptionRoleArn"]
        if subscription["Protocol"].text == "firehose" and role.missing:
            yield role.problem("The subscription has no role.")
