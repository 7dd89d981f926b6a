"""Cases for the rules of S3."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, ref, resource

NOTIFYING: Final[dict[str, Any]] = {
    "Function": resource("AWS::Lambda::Function", Runtime="python3.13"),
    "Queue": resource("AWS::SQS::Queue"),
    "Topic": resource("AWS::SNS::Topic"),
    "Permission": resource(
        "AWS::Lambda::Permission",
        FunctionName=att("Function", "Arn"),
        Principal="s3.amazonaws.com",
        SourceAccount=ref("AWS::AccountId"),
    ),
    "QueuePolicy": resource("AWS::SQS::QueuePolicy", Queues=[ref("Queue")]),
    "TopicPolicy": resource("AWS::SNS::TopicPolicy", Topics=[ref("Topic")]),
    "Bucket": {
        **resource(
            "AWS::S3::Bucket",
            NotificationConfiguration={
                "LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": att("Function", "Arn")}],
                "QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": att("Queue", "Arn")}],
                "TopicConfigurations": [{"Event": "s3:ObjectCreated:*", "Topic": ref("Topic")}],
            },
        ),
        "DependsOn": ["Permission", "QueuePolicy", "TopicPolicy"],
    },
}
TARGET: Final = "Bucket.NotificationConfiguration.LambdaConfigurations.0.Function"
ALIAS: Final = resource("AWS::Lambda::Alias", FunctionName=ref("Function"), FunctionVersion="1", Name="live")


def _owned(ownership: str) -> list[dict[str, Any]]:
    return [{"ObjectOwnership": ownership}]


CASES: Final[Mapping[str, Case]] = {
    "s3-notification-permission": case(
        NOTIFYING,
        {"Bucket.DependsOn": ["QueuePolicy", "TopicPolicy"]},
        {"Bucket.DependsOn": ["Permission", "TopicPolicy"]},
        {"Bucket.DependsOn": ["Permission", "QueuePolicy"]},
        {"Bucket.DependsOn": []},
        {"Permission": REMOVED, "Bucket.DependsOn": ["QueuePolicy", "TopicPolicy"]},
        {"Permission.Principal": "sns.amazonaws.com"},
        {"Bucket.DependsOn": ["QueuePolicy", "TopicPolicy"], TARGET: {"Fn::Sub": "${Function.Arn}"}},
        {"Bucket.DependsOn": ["QueuePolicy", "TopicPolicy"], TARGET: ref("Alias"), "Alias": ALIAS},
        # The permission depends on the bucket, so the bucket cannot wait for it.
        {"Bucket.DependsOn": ["QueuePolicy", "TopicPolicy"], "Permission.SourceArn": att("Bucket", "Arn")},
        harmless=(
            {TARGET: ref("Parameter"), "Permission": REMOVED, "Bucket.DependsOn": ["QueuePolicy", "TopicPolicy"]},
            {"Permission.FunctionName": ref("Parameter"), "Bucket.DependsOn": ["QueuePolicy", "TopicPolicy"]},
            {
                "Bucket.DependsOn": "Between",
                "Between": {"Type": "AWS::SNS::Topic", "DependsOn": ["Permission", "QueuePolicy", "TopicPolicy"]},
            },
            {TARGET: ref("Alias"), "Alias": ALIAS, "Permission.FunctionName": ref("Alias")},
            {
                "Bucket.NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
                "Bucket.DependsOn": [],
            },
        ),
    ),
    "s3-acl-ownership": case(
        {"Bucket": resource("AWS::S3::Bucket")},
        {"Bucket.AccessControl": "PublicRead"},
        {"Bucket.AccessControl": "LogDeliveryWrite", "Bucket.OwnershipControls.Rules": _owned("BucketOwnerEnforced")},
        harmless=(
            {"Bucket.AccessControl": "Private"},
            {"Bucket.AccessControl": "BucketOwnerFullControl"},
            {"Bucket.AccessControl": "PublicRead", "Bucket.OwnershipControls.Rules": _owned("ObjectWriter")},
            {"Bucket.AccessControl": "PublicRead", "Bucket.OwnershipControls": ref("Parameter")},
        ),
    ),
}
