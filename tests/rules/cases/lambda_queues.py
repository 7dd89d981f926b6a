"""Cases for the rules of functions that take messages from queues."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, ref, resource

QUEUES: Final[dict[str, Any]] = {
    "DeadLetters": resource("AWS::SQS::Queue", MessageRetentionPeriod=1_209_600),
    "Queue": resource(
        "AWS::SQS::Queue",
        VisibilityTimeout=180,
        RedrivePolicy={"deadLetterTargetArn": att("DeadLetters", "Arn"), "maxReceiveCount": 5},
    ),
    "Function": resource("AWS::Lambda::Function", Timeout=30),
    "Alias": resource("AWS::Lambda::Alias", FunctionName=ref("Function"), FunctionVersion="1", Name="live"),
    "Source": resource(
        "AWS::Lambda::EventSourceMapping",
        EventSourceArn=att("Queue", "Arn"),
        FunctionName=ref("Alias"),
        FunctionResponseTypes=["ReportBatchItemFailures"],
    ),
    "Alarm": resource(
        "AWS::CloudWatch::Alarm", Dimensions=[{"Name": "QueueName", "Value": att("DeadLetters", "QueueName")}]
    ),
}
STREAM: Final[dict[str, Any]] = {
    "Stream": resource("AWS::Kinesis::Stream", ShardCount=1),
    "Function": resource("AWS::Lambda::Function", Timeout=30),
    "Source": resource(
        "AWS::Lambda::EventSourceMapping",
        EventSourceArn=att("Stream", "Arn"),
        FunctionName=ref("Function"),
        MaximumRetryAttempts=3,
    ),
}
JOINED: Final = {"Fn::Join": ["", [{"Fn::Select": [6, {"Fn::Split": [":", ref("Alias")]}]}, ":live"]]}
FIFO: Final = {"Queue.FifoQueue": True, "DeadLetters.FifoQueue": True}
CASES: Final[Mapping[str, Case]] = {
    "lambda-queue-fifo-batch": case(
        QUEUES,
        {**FIFO, "Source.BatchSize": 11},
        {**FIFO, "Source.BatchSize": "10000", "Source.FunctionName": "elsewhere"},
        {**FIFO, "Source.MaximumBatchingWindowInSeconds": 5},
        harmless=(
            {**FIFO, "Source.BatchSize": 10, "Source.MaximumBatchingWindowInSeconds": 0},
            {"Source.BatchSize": 10_000, "Source.MaximumBatchingWindowInSeconds": 5},
        ),
    ),
    "lambda-queue-visibility-margin": case(
        QUEUES,
        {"Queue.VisibilityTimeout": 179},
        {"Queue.VisibilityTimeout": REMOVED},
        {"Function.Timeout": "31"},
        {"Source.FunctionName": JOINED, "Function.Timeout": 31},
        {"Source.FunctionName": ref("Function"), "Function.Timeout": 31},
        harmless=({"Queue.VisibilityTimeout": ref("Parameter")}, {"Source.FunctionName": "a-function-elsewhere"}),
    ),
    "lambda-queue-partial-batch": case(
        QUEUES,
        {"Source.FunctionResponseTypes": REMOVED},
        {"Source.FunctionResponseTypes": []},
        {"Source.FunctionResponseTypes": REMOVED, "Source.BatchSize": 10},
        harmless=({"Source.FunctionResponseTypes": REMOVED, "Source.BatchSize": 1},),
    ),
    "lambda-queue-few-receives": case(
        QUEUES,
        {"Queue.RedrivePolicy.maxReceiveCount": 1},
        {"Queue.RedrivePolicy.maxReceiveCount": "4"},
        harmless=({"Queue.RedrivePolicy.maxReceiveCount": 1, "Source": REMOVED},),
    ),
    "lambda-stream-blocked": case(
        STREAM,
        {"Source.MaximumRetryAttempts": REMOVED},
        {"Source.MaximumRetryAttempts": -1},
        {"Source.MaximumRetryAttempts": REMOVED, "Source.MaximumRecordAgeInSeconds": -1},
        {
            "Source.MaximumRetryAttempts": REMOVED,
            "Source.EventSourceArn": att("Table", "StreamArn"),
            "Table": resource("AWS::DynamoDB::Table", BillingMode="PAY_PER_REQUEST"),
        },
        harmless=(
            {"Source.MaximumRetryAttempts": REMOVED, "Source.MaximumRecordAgeInSeconds": 3600},
            {"Source.MaximumRetryAttempts": ref("Parameter")},
            {"Source.MaximumRetryAttempts": REMOVED, "Source.EventSourceArn": "arn:aws:kinesis:…"},
        ),
    ),
}
