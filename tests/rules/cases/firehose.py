"""Cases for the rules of Firehose."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, ref, resource

HERE: Final = "Stream.ExtendedS3DestinationConfiguration"
ERROR_TYPE: Final = "!{firehose:error-output-type}"
BY_LAMBDA: Final = "events/day=!{partitionKeyFromLambda:day}/"
BY_QUERY: Final = "events/day=!{partitionKeyFromQuery:day}/"


def processor(kind: str, **parameters: Any) -> dict[str, Any]:
    found = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    return {"Type": kind, "Parameters": found}


def allow(*actions: str, resources: Any) -> dict[str, Any]:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources}


STREAM: Final[dict[str, Any]] = {
    "Role": resource("AWS::IAM::Role"),
    "Policy": resource(
        "AWS::IAM::Policy",
        Roles=[ref("Role")],
        PolicyDocument={"Statement": [allow("xray:PutTraceSegments", resources="*")]},
    ),
    "Function": resource("AWS::Lambda::Function", Role=att("Role", "Arn"), Timeout=60),
    "Alias": resource("AWS::Lambda::Alias", FunctionName=ref("Function")),
    "Stream": resource(
        "AWS::KinesisFirehose::DeliveryStream",
        ExtendedS3DestinationConfiguration={
            "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 64},
            "DataFormatConversionConfiguration": {"Enabled": True, "SchemaConfiguration": {"TableName": "events"}},
            "DynamicPartitioningConfiguration": {"Enabled": True},
            "ErrorOutputPrefix": f"errors/{ERROR_TYPE}/",
            "Prefix": BY_LAMBDA,
            "ProcessingConfiguration": {"Enabled": True, "Processors": [processor("Lambda", LambdaArn=ref("Alias"))]},
            "S3BackupMode": "Enabled",
        },
    ),
    "Subscription": resource(
        "AWS::SNS::Subscription",
        Protocol="firehose",
        Endpoint=att("Stream", "Arn"),
        SubscriptionRoleArn=att("Role", "Arn"),
    ),
}
PLAIN: Final = {
    f"{HERE}.DataFormatConversionConfiguration": REMOVED,
    f"{HERE}.DynamicPartitioningConfiguration": REMOVED,
    f"{HERE}.Prefix": "events/",
}
"""Changes that leave a stream without format conversion and partitions."""
STATEMENT: Final = "Policy.PolicyDocument.Statement"

CASES: Final[Mapping[str, Case]] = {
    "firehose-buffer-size": case(
        STREAM,
        {f"{HERE}.BufferingHints.SizeInMBs": 63},
        {f"{HERE}.BufferingHints.SizeInMBs": "5"},
        {f"{HERE}.BufferingHints.SizeInMBs": 5, f"{HERE}.DataFormatConversionConfiguration": REMOVED},
        {f"{HERE}.BufferingHints.SizeInMBs": 5, f"{HERE}.DataFormatConversionConfiguration.Enabled": REMOVED},
        harmless=(
            {**PLAIN, f"{HERE}.BufferingHints.SizeInMBs": 1},
            {**PLAIN, f"{HERE}.DataFormatConversionConfiguration": {"Enabled": False}},
            {f"{HERE}.BufferingHints": REMOVED},
        ),
    ),
    "firehose-compressed-format": case(
        STREAM,
        {f"{HERE}.CompressionFormat": "GZIP"},
        harmless=(
            {f"{HERE}.CompressionFormat": "UNCOMPRESSED"},
            {f"{HERE}.CompressionFormat": "GZIP", f"{HERE}.DataFormatConversionConfiguration.Enabled": False},
        ),
    ),
    "firehose-error-prefix": case(
        STREAM,
        {f"{HERE}.ErrorOutputPrefix": REMOVED},
        {f"{HERE}.ErrorOutputPrefix": ""},
        {f"{HERE}.ErrorOutputPrefix": "errors/!{timestamp:yyyy}/"},
        {f"{HERE}.Prefix": f"{BY_LAMBDA}{ERROR_TYPE}/"},
        harmless=(
            {f"{HERE}.ErrorOutputPrefix": "errors/"},
            {**PLAIN, f"{HERE}.ErrorOutputPrefix": REMOVED},
        ),
    ),
    "firehose-partition-keys": case(
        STREAM,
        {f"{HERE}.Prefix": BY_QUERY},
        {f"{HERE}.Prefix": "events/!{timestamp:yyyy}/"},
        {f"{HERE}.Prefix": REMOVED},
        {f"{HERE}.DynamicPartitioningConfiguration": REMOVED},
        {f"{HERE}.DynamicPartitioningConfiguration.Enabled": False},
        {f"{HERE}.ProcessingConfiguration": REMOVED},
        {f"{HERE}.ProcessingConfiguration.Enabled": False},
        harmless=(
            {
                f"{HERE}.Prefix": BY_QUERY,
                f"{HERE}.ProcessingConfiguration.Processors.1": processor("MetadataExtraction"),
            },
            PLAIN,
        ),
    ),
    "firehose-source-backup": case(
        STREAM,
        {f"{HERE}.S3BackupMode": REMOVED},
        {f"{HERE}.S3BackupMode": "Disabled"},
        harmless=({**PLAIN, f"{HERE}.ProcessingConfiguration": REMOVED, f"{HERE}.S3BackupMode": REMOVED},),
    ),
    "firehose-transform-timeout": case(
        STREAM,
        {"Function.Timeout": 301},
        {
            "Function.Timeout": 900,
            f"{HERE}.ProcessingConfiguration.Processors.0": processor("Lambda", LambdaArn=att("Function", "Arn")),
        },
        harmless=(
            {"Function.Timeout": 300},
            {"Function.Timeout": REMOVED},
            {**PLAIN, "Function.Timeout": 900, f"{HERE}.ProcessingConfiguration": REMOVED},
        ),
    ),
    "firehose-transform-writes": case(
        STREAM,
        {f"{STATEMENT}.0": allow("firehose:PutRecord", resources="*")},
        {f"{STATEMENT}.0": {"Effect": "Allow", "Action": "firehose:*", "Resource": "*"}},
        {f"{STATEMENT}.0": allow("*", resources=["*"])},
        {f"{STATEMENT}.0": allow("firehose:PutRecordBatch", resources="arn:aws:firehose:*:*:deliverystream/*")},
        {"Role.Policies": [{"PolicyDocument": {"Statement": allow("Firehose:PutRecord", resources="*")}}]},
        harmless=(
            {f"{STATEMENT}.0": allow("firehose:PutRecordBatch", resources=att("Stream", "Arn"))},
            {f"{STATEMENT}.0": allow("firehose:ListDeliveryStreams", resources="*")},
            {f"{STATEMENT}.0": {**allow("firehose:*", resources="*"), "Effect": "Deny"}},
            {f"{STATEMENT}.0": allow("firehose:*", resources="*"), "Policy.Roles": ["other"]},
        ),
    ),
    "firehose-subscription-role": case(
        STREAM,
        {"Subscription.SubscriptionRoleArn": REMOVED},
        harmless=({"Subscription.SubscriptionRoleArn": REMOVED, "Subscription.Protocol": "sqs"},),
    ),
}
