"""Cases for the rules of Lambda."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, ref, resource

FUNCTION: Final[dict[str, Any]] = {
    "Function": resource("AWS::Lambda::Function", Runtime="python3.13", Handler="index.main")
}
PROVISIONED: Final[dict[str, Any]] = {
    "Function": resource("AWS::Lambda::Function", ReservedConcurrentExecutions=10),
    "Version": resource("AWS::Lambda::Version", FunctionName=ref("Function")),
    "Alias": resource(
        "AWS::Lambda::Alias",
        FunctionName=ref("Function"),
        FunctionVersion=att("Version", "Version"),
        ProvisionedConcurrencyConfig={"ProvisionedConcurrentExecutions": 10},
    ),
}
QUEUE: Final[dict[str, Any]] = {
    "Queue": resource("AWS::SQS::Queue", VisibilityTimeout=180),
    "Function": resource("AWS::Lambda::Function", Timeout=30),
    "Source": resource(
        "AWS::Lambda::EventSourceMapping",
        EventSourceArn=att("Queue", "Arn"),
        FunctionName=att("Function", "Arn"),
        FunctionResponseTypes=["ReportBatchItemFailures"],
    ),
}
LOGGED: Final[dict[str, Any]] = {
    "Role": resource(
        "AWS::IAM::Role",
        AssumeRolePolicyDocument={"Statement": []},
        ManagedPolicyArns=["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
    ),
    "Function": resource("AWS::Lambda::Function", Role=att("Role", "Arn")),
    "Group": resource("AWS::Logs::LogGroup", LogGroupName={"Fn::Sub": "/aws/lambda/${Function}"}, RetentionInDays=7),
    "Called": {**resource("Custom::Thing", ServiceToken=att("Function", "Arn")), "DependsOn": ["Group"]},
}
TARGETS: Final = [{"Id": "a", "Arn": att("Function", "Arn")}]
PERMISSION: Final = resource("AWS::Lambda::Permission", FunctionName=ref("Function"), SourceArn=att("Called", "Arn"))
NO_GROUPS: Final = {
    "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}]}
}


def _trust(principal: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}


CASES: Final[Mapping[str, Case]] = {
    "lambda-version-retained": case(
        {
            **FUNCTION,
            "Version": {
                **resource("AWS::Lambda::Version", FunctionName=ref("Function")),
                "DeletionPolicy": "RetainExceptOnCreate",
            },
        },
        {"Version.DeletionPolicy": "Retain"},
        {
            "Version.DeletionPolicy": "Retain",
            "Told": resource("AWS::SSM::Parameter", Value=ref("Version")),
            "Function.Role": att("Role", "Arn"),
            "Role": resource(
                "AWS::IAM::Role",
                AssumeRolePolicyDocument={"Statement": [_trust({"Service": "lambda.amazonaws.com"})]},
            ),
        },
        harmless=(
            {"Version.DeletionPolicy": "Delete"},
            {"Version.DeletionPolicy": ref("Policy")},
            {
                "Version.DeletionPolicy": "Retain",
                "Site": resource(
                    "AWS::CloudFront::Distribution",
                    DistributionConfig={
                        "DefaultCacheBehavior": {
                            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
                            "LambdaFunctionAssociations": [
                                {"EventType": "viewer-request", "LambdaFunctionARN": ref("Version")}
                            ],
                        }
                    },
                ),
            },
            *(
                {
                    "Version.DeletionPolicy": "Retain",
                    "Function.Role": att("Role", "Arn"),
                    "Role": resource("AWS::IAM::Role", AssumeRolePolicyDocument={"Statement": [_trust(principal)]}),
                }
                for principal in (
                    {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]},
                    {"Service": ref("Services")},
                )
            ),
            # The role is that of another stack, and so may be the distribution.
            {"Version.DeletionPolicy": "Retain", "Told": resource("AWS::SSM::Parameter", Value=ref("Version"))},
        ),
    ),
    "lambda-log-group-race": case(
        LOGGED,
        {"Called.DependsOn": []},
        {"Called": resource("AWS::CloudFormation::CustomResource", ServiceToken=att("Function", "Arn"))},
        {"Called": resource("AWS::Lambda::EventSourceMapping", FunctionName=ref("Function"))},
        {"Called": resource("AWS::Events::Rule", Targets=TARGETS)},
        {"Called": resource("AWS::Scheduler::Schedule", Target={"Arn": att("Function", "Arn")})},
        *(
            {"Called": resource("AWS::Events::Rule", Targets=TARGETS, ScheduleExpression=each)}
            for each in ("rate(1 minute)", "cron(* * * * ? *)", "cron(0/5 * * * ? *)")
        ),
        {"Called": resource("AWS::Events::Rule", Targets=TARGETS), "Permission": PERMISSION},
        {"Called.DependsOn": [], "Group.LogGroupName": {"Fn::Join": ["", ["/aws/lambda/", ref("Function")]]}},
        {"Called.DependsOn": [], "Function.FunctionName": "a", "Group.LogGroupName": "/aws/lambda/a"},
        harmless=(
            # Lambda does not create the group, or the function writes elsewhere.
            {"Called.DependsOn": [], "Role.ManagedPolicyArns": REMOVED, "Role.Policies": [NO_GROUPS]},
            {"Called.DependsOn": [], "Function.LoggingConfig": {"LogGroup": "/aws/others"}},
            {"Called.DependsOn": [], "Group.LogGroupName": {"Fn::Sub": "/aws/others/${Function}"}},
            # The function itself waits.
            {
                "Called.DependsOn": [],
                "Function.DependsOn": ["Group"],
                "Function.FunctionName": "a",
                "Group.LogGroupName": "/aws/lambda/a",
            },
            # Nothing calls it yet.
            {"Called": resource("AWS::Lambda::EventSourceMapping", FunctionName=ref("Function"), Enabled=False)},
            {"Called": resource("AWS::Events::Rule", Targets=TARGETS, State="DISABLED")},
            {"Called": resource("AWS::Scheduler::Schedule", Target=TARGETS[0], State="DISABLED")},
            {"Called": resource("AWS::Events::Rule", Targets=TARGETS, ScheduleExpression="cron(0,30 3 * * ? *)")},
            {
                "Called": resource(
                    "AWS::Scheduler::Schedule", Target=TARGETS[0], ScheduleExpression="at(2027-01-01T00:00:00)"
                )
            },
            {
                "Called": resource("AWS::Events::Rule", Targets=TARGETS),
                "Permission": {**PERMISSION, "DependsOn": "Group"},
            },
            # The stack makes the stream, which is empty.
            {
                "Stream": resource("AWS::Kinesis::Stream", ShardCount=1),
                "Called": resource(
                    "AWS::Lambda::EventSourceMapping",
                    FunctionName=ref("Function"),
                    EventSourceArn=att("Stream", "Arn"),
                    MaximumRetryAttempts=1,
                ),
            },
            {"Called": resource("AWS::Lambda::Alias", FunctionName=ref("Function"))},
        ),
    ),
    "lambda-memory": case(FUNCTION, {"Function.MemorySize": 64}, {"Function.MemorySize": "12000"}),
    "lambda-timeout": case(FUNCTION, {"Function.Timeout": 901}, {"Function.Timeout": 0}),
    "lambda-storage": case(
        FUNCTION, {"Function.EphemeralStorage.Size": 256}, {"Function.EphemeralStorage.Size": 20480}
    ),
    "lambda-environment-size": case(
        FUNCTION,
        {"Function.Environment.Variables": {"A": "x" * 4100}},
        {"Function.Environment.Variables": {"A": {"Fn::Sub": "${AWS::Region}" + "x" * 4100}}},
    ),
    "lambda-environment-name": case(FUNCTION, {"Function.Environment.Variables": {"AWS_REGION": "eu-west-1"}}),
    "lambda-layers": case(FUNCTION, {"Function.Layers": [f"arn:aws:lambda:…:layer:a:{each}" for each in range(6)]}),
    "lambda-asynchronous": case(
        {**FUNCTION, "Config": resource("AWS::Lambda::EventInvokeConfig", MaximumEventAgeInSeconds=60)},
        {"Config.MaximumEventAgeInSeconds": 30},
        {"Config.MaximumRetryAttempts": 3},
    ),
    "lambda-runtime-ended": case(
        FUNCTION,
        {"Function.Runtime": "nodejs14.x"},
        {"Function.Runtime": {"Fn::Sub": "python3.7"}},
        {"Function.Runtime": {"Fn::Join": ["", ["go", "1.x"]]}},
        harmless=(
            {"Function.Runtime": "nodejs24.x"},
            {"Function.Runtime": "python3.9"},  # it is deprecated, but Lambda still takes new functions
            {"Function.Runtime": REMOVED, "Function.PackageType": "Image"},
        ),
    ),
    "lambda-reserved-concurrency": case(
        {**FUNCTION, "Other": resource("AWS::Lambda::Function", ReservedConcurrentExecutions=900)},
        {"Function.ReservedConcurrentExecutions": 1},
    ),
    "lambda-provisioned-above-reserved": case(
        PROVISIONED,
        {"Alias.ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions": 11},
        {"Version.ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions": 1},
    ),
    "lambda-provisioned-latest": case(PROVISIONED, {"Alias.FunctionVersion": "$LATEST"}),
    "lambda-queue-visibility": case(
        QUEUE, {"Function.Timeout": 300}, {"Queue.VisibilityTimeout": REMOVED, "Function.Timeout": 31}
    ),
}
