"""Cases for the rules of SQS and SNS."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, ref, resource
from tests.rules.cases.lambda_queues import QUEUES


def admit(service: str, **more: Any) -> dict[str, Any]:
    """A statement that admits a service."""
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": "any:Action", "Resource": "*", **more}


POLICIES: Final[dict[str, Any]] = {
    "Key": resource("AWS::KMS::Key", KeyPolicy={"Statement": [admit("sns.amazonaws.com"), admit("s3.amazonaws.com")]}),
    "Topic": resource("AWS::SNS::Topic", KmsMasterKeyId=att("Key", "Arn")),
    "Queue": resource("AWS::SQS::Queue", KmsMasterKeyId=att("Key", "Arn")),
    "Policy": resource(
        "AWS::SQS::QueuePolicy",
        Queues=[ref("Queue")],
        PolicyDocument={
            "Statement": [admit("sns.amazonaws.com", Condition={"ArnEquals": {"aws:SourceArn": ref("Topic")}})]
        },
    ),
    "Subscription": resource(
        "AWS::SNS::Subscription", Protocol="sqs", TopicArn=ref("Topic"), Endpoint=att("Queue", "Arn")
    ),
    "Bucket": {
        **resource(
            "AWS::S3::Bucket",
            NotificationConfiguration={"TopicConfigurations": [{"Event": "s3:ObjectCreated:*", "Topic": ref("Topic")}]},
        ),
        "DependsOn": ["TopicPolicy", "Policy"],
    },
    "TopicPolicy": resource("AWS::SNS::TopicPolicy", Topics=[ref("Topic")]),
}
STATEMENT: Final = "Policy.PolicyDocument.Statement"

CASES: Final[Mapping[str, Case]] = {
    "sqs-dead-letter-retention": case(
        QUEUES,
        {"DeadLetters.MessageRetentionPeriod": REMOVED},
        {"DeadLetters.MessageRetentionPeriod": 345_600},
        {"Queue.MessageRetentionPeriod": 1_209_600},
        harmless=({"Queue.MessageRetentionPeriod": 1_209_600, "Queue.FifoQueue": True, "DeadLetters.FifoQueue": True},),
    ),
    "sqs-dead-letter-type": case(
        QUEUES,
        {"Queue.FifoQueue": True},
        {"DeadLetters.FifoQueue": "true"},
        {"Queue.FifoQueue": True, "DeadLetters.FifoQueue": False},
        harmless=(
            {"Queue.FifoQueue": True, "DeadLetters.FifoQueue": "true"},
            {"Queue.FifoQueue": False},
        ),
    ),
    "sqs-dead-letter-alarm": case(
        QUEUES,
        {"Alarm": REMOVED},
        {"Alarm.Dimensions.0.Value": att("Queue", "QueueName")},
        harmless=(
            {
                "Alarm": REMOVED,
                "Reader": resource(
                    "AWS::Lambda::EventSourceMapping",
                    EventSourceArn=att("DeadLetters", "Arn"),
                    FunctionName="reader",
                    BatchSize=1,
                ),
            },
            {
                "Alarm.Dimensions": REMOVED,
                "Alarm.Metrics": [
                    {"MetricStat": {"Metric": {"Dimensions": [{"Value": att("DeadLetters", "QueueName")}]}}}
                ],
            },
        ),
    ),
    "sqs-any-topic": case(
        POLICIES,
        {f"{STATEMENT}.0.Condition": REMOVED},
        {f"{STATEMENT}.0.Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        harmless=(
            {f"{STATEMENT}.0.Condition": {"StringEquals": {"AWS:SourceAccount": ref("AWS::AccountId")}}},
            {f"{STATEMENT}.0": admit("events.amazonaws.com")},
            {f"{STATEMENT}.0": {**admit("sns.amazonaws.com"), "Effect": "Deny"}},
        ),
    ),
    "sqs-publisher-not-admitted": case(
        POLICIES,
        {"Key.KeyPolicy.Statement": [admit("s3.amazonaws.com")]},
        {"Key.KeyPolicy.Statement": [admit("sns.amazonaws.com")]},
        {"Queue.KmsMasterKeyId": "alias/aws/sqs"},
        {"Topic.KmsMasterKeyId": "alias/aws/sns"},
        harmless=(
            {"Queue.KmsMasterKeyId": REMOVED, "Key.KeyPolicy.Statement": [admit("s3.amazonaws.com")]},
            {"Key.KeyPolicy.Statement": [admit(["s3.amazonaws.com", "sns.amazonaws.com"])]},  # ty: ignore[invalid-argument-type]
            {"Queue.KmsMasterKeyId": "arn:aws:kms:eu-west-1:111122223333:key/1"},
        ),
    ),
}
