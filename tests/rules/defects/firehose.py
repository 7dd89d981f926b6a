"""Defects for the rules of Firehose."""

from typing import Final

from tests.rules.defects.base import (
    FUNCTION,
    REMOVED,
    Body,
    Defect,
    Template,
    add_resource,
    of_type,
    set_properties,
)

STREAM: Final = "AWS::KinesisFirehose::DeliveryStream"
HERE: Final = "ExtendedS3DestinationConfiguration"
POLICY: Final = "AWS::IAM::Policy"


def _transforms(template: Template) -> list[str]:
    """The logical ids of the functions that transform records."""
    used = str([properties for _, properties in of_type(template, STREAM)])
    aliases = [each for name, each in of_type(template, "AWS::Lambda::Alias") if name in used]
    return [name for name, _ in of_type(template, FUNCTION) if any(name in str(each) for each in aliases)]


def _slow_transform(template: Template) -> bool:
    names = _transforms(template)
    for name in names:
        template["Resources"][name]["Properties"]["Timeout"] = 600
    return bool(names)


def _writing_transform(template: Template) -> bool:
    for name in _transforms(template):
        role = template["Resources"][name]["Properties"]["Role"]["Fn::GetAtt"][0]
        for _, policy in of_type(template, POLICY):
            if role in str(policy["Roles"]):
                allowed = {"Effect": "Allow", "Action": "firehose:PutRecordBatch", "Resource": "*"}
                policy["PolicyDocument"]["Statement"].append(allowed)
                return True
    return False


def _subscription(stream: str) -> Body:
    topic = "arn:aws:sns:eu-west-1:111122223333:events"
    return {"Protocol": "firehose", "TopicArn": topic, "Endpoint": {"Fn::GetAtt": [stream, "Arn"]}}


DEFECTS: Final = (
    Defect(
        "firehose-buffer-size", "the default", set_properties(STREAM, {f"{HERE}.BufferingHints.SizeInMBs": 5}), STREAM
    ),
    Defect("firehose-compressed-format", "gzip", set_properties(STREAM, {f"{HERE}.CompressionFormat": "GZIP"}), STREAM),
    Defect(
        "firehose-error-prefix",
        "without the type",
        set_properties(STREAM, {f"{HERE}.ErrorOutputPrefix": "errors/!{timestamp:yyyy}/"}),
        STREAM,
    ),
    Defect("firehose-error-prefix", "none", set_properties(STREAM, {f"{HERE}.ErrorOutputPrefix": REMOVED}), STREAM),
    Defect(
        "firehose-partition-keys",
        "of another processor",
        set_properties(STREAM, {f"{HERE}.Prefix": "events/!{partitionKeyFromQuery:day}/"}),
        STREAM,
    ),
    Defect(
        "firehose-partition-keys",
        "not enabled",
        set_properties(STREAM, {f"{HERE}.DynamicPartitioningConfiguration.Enabled": False}),
        STREAM,
    ),
    Defect("firehose-source-backup", "disabled", set_properties(STREAM, {f"{HERE}.S3BackupMode": "Disabled"}), STREAM),
    Defect("firehose-transform-timeout", "ten minutes", _slow_transform, STREAM),
    Defect("firehose-transform-writes", "every stream", _writing_transform, STREAM),
    Defect(
        "firehose-subscription-role",
        "none",
        add_resource("MutantSubscription", "AWS::SNS::Subscription", _subscription, beside=STREAM),
        STREAM,
    ),
)
