"""Cases for the rules of Step Functions."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, ref, resource

RUN: Final = "arn:aws:states:::ecs:runTask.sync"
ASK: Final = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
JOBS: Final = ["ecs:StopTask", "ecs:DescribeTasks"]
RULES: Final = ["events:PutTargets", "events:PutRule", "events:DescribeRule"]


def allow(*actions: str, on: Any = "arn:aws:any") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [*actions], "Resource": on}


SOUND: Final[dict[str, Any]] = {
    "Role": resource("AWS::IAM::Role", AssumeRolePolicyDocument={}),
    "Policy": resource(
        "AWS::IAM::Policy",
        Roles=[ref("Role")],
        PolicyDocument={
            "Statement": [
                allow("ecs:RunTask"),
                allow(*JOBS),
                allow(*RULES),
                allow("iam:PassRole", on="arn:aws:iam::1:role/a"),
            ]
        },
    ),
    "Machine": resource(
        "AWS::StepFunctions::StateMachine",
        RoleArn=att("Role", "Arn"),
        StateMachineType="STANDARD",
        LoggingConfiguration={"Level": "ALL"},
        Definition={
            "StartAt": "First",
            "QueryLanguage": "JSONata",
            "States": {
                "First": {
                    "Type": "Pass",
                    "Assign": {"order": "{% $states.input %}"},
                    "Next": "Many",
                },
                "Many": {
                    "Type": "Map",
                    "ItemProcessor": {
                        "StartAt": "Ask",
                        "States": {
                            "Ask": {
                                "Type": "Task",
                                "Resource": ASK,
                                "TimeoutSeconds": 60,
                                "Assign": {"inner": 1},
                                "Next": "Use",
                            },
                            "Use": {"Type": "Pass", "Output": "{% $inner + $order.amount %}", "End": True},
                        },
                    },
                    "Next": "Run",
                },
                "Run": {
                    "Type": "Task",
                    "Resource": RUN,
                    "Arguments": {"Name": "{% $string($order.id) & '$literal' %}"},
                    "Retry": [{"ErrorEquals": ["States.ALL"]}],
                    "Catch": [
                        {"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Failed"},
                        {
                            "ErrorEquals": ["States.ALL"],
                            "Assign": {"reason": "{% $states.errorOutput %}"},
                            "Next": "Choose",
                        },
                    ],
                    "End": True,
                },
                "Choose": {
                    "Type": "Choice",
                    "Choices": [{"Condition": "{% $reason.Error = 'x' %}", "Next": "Failed"}],
                    "Default": "Failed",
                },
                "Failed": {"Type": "Fail"},
            },
        },
    ),
}
STATES: Final = "Machine.Definition.States"
TEXT: Final = {
    "Machine.Definition": REMOVED,
    "Machine.DefinitionString": {
        "Fn::Join": [
            "",
            [
                '{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true, "Resource": "arn:',
                ref("AWS::Partition"),
                ':states:::lambda:invoke", "Arguments": {"FunctionName": "',
                att("Function", "Arn"),
                '", "Payload": "{% $states.input %}"}, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "',
                ref("Name"),
                '"}]}}}',
            ],
        ]
    },
}

CASES: Final[Mapping[str, Case]] = {
    "states-transition": case(
        SOUND,
        {"Machine.Definition.StartAt": "Nowhere"},
        {f"{STATES}.First.Next": "Nowhere"},
        {f"{STATES}.Choose.Default": "Ask"},
        {f"{STATES}.Choose.Choices.0.Next": "Nowhere"},
        {f"{STATES}.Run.Catch.0.Next": "Nowhere"},
        {f"{STATES}.Many.ItemProcessor.StartAt": "First"},
        {
            "Machine.Definition": REMOVED,
            "Machine.DefinitionString": '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}',
        },
        harmless=(
            TEXT,
            {"Machine.Definition": REMOVED, "Machine.DefinitionString": "{"},
            {"Machine.Definition": ref("Unknown")},
        ),
    ),
    "states-reach": case(
        SOUND,
        {"Machine.Definition.States.Alone": {"Type": "Succeed"}},
        {"Machine.Definition.States.Alone": {"Type": "Pass", "Next": "Alone"}},
        {"Machine.Definition.States.Many.ItemProcessor.States.Use.End": REMOVED},
        {"Machine.Definition.States.Many.ItemProcessor.States.Alone": {"Type": "Pass", "End": True}},
        harmless=(
            {"Machine.Definition.States.First.Next": ref("Parameter")},
            {"Machine.Definition": ref("Parameter")},
        ),
    ),
    "states-variable": case(
        SOUND,
        {f"{STATES}.First.Assign": REMOVED},
        {f"{STATES}.Choose.Choices.0.Condition": "{% $reson.Error = 'x' %}"},
        {f"{STATES}.Many.ItemProcessor.States.Use.Output": "{% $outer %}"},
        harmless=(
            TEXT,
            {f"{STATES}.Choose.Choices.0.Condition": "{% $map([1], function($each) { $each }) = 1 %}"},
            {f"{STATES}.Choose.Choices.0.Condition": "$plain"},
        ),
    ),
    "states-catch-all": case(
        SOUND,
        {f"{STATES}.Run.Catch.1.ErrorEquals": ["States.Timeout", "States.ALL"]},
        {f"{STATES}.Run.Catch.0.ErrorEquals": ["States.ALL"]},
        {f"{STATES}.Run.Retry.0.ErrorEquals": ["States.ALL", "Other"]},
        harmless=({f"{STATES}.Run.Catch.0": REMOVED},),
    ),
    "states-callback-timeout": case(
        SOUND,
        {f"{STATES}.Many.ItemProcessor.States.Ask.TimeoutSeconds": REMOVED},
        {f"{STATES}.Run.Resource": "arn:aws:states:us-east-1:1:activity:a"},
        harmless=(
            {
                f"{STATES}.Many.ItemProcessor.States.Ask.TimeoutSeconds": REMOVED,
                f"{STATES}.Many.ItemProcessor.States.Ask.HeartbeatSeconds": 60,
            },
            {
                f"{STATES}.Many.ItemProcessor.States.Ask.TimeoutSeconds": REMOVED,
                "Machine.Definition.TimeoutSeconds": 600,
            },
        ),
    ),
    "states-express-callback": case(
        SOUND,
        {"Machine.StateMachineType": "EXPRESS"},
        {"Machine.StateMachineType": "EXPRESS", f"{STATES}.Run.Resource": "arn:aws:states:::ecs:runTask"},
        harmless=(
            {
                "Machine.StateMachineType": "EXPRESS",
                f"{STATES}.Run.Resource": "arn:aws:states:::ecs:runTask",
                f"{STATES}.Many.ItemProcessor.States.Ask.Resource": "arn:aws:states:::sqs:sendMessage",
            },
        ),
    ),
    "states-express-logs": case(
        {
            "Machine": resource(
                "AWS::StepFunctions::StateMachine",
                StateMachineType="EXPRESS",
                LoggingConfiguration={"Level": "ERROR"},
                Definition={"StartAt": "A", "States": {"A": {"Type": "Succeed"}}},
            )
        },
        {"Machine.LoggingConfiguration": REMOVED},
        {"Machine.LoggingConfiguration.Level": "OFF"},
        harmless=({"Machine.LoggingConfiguration": REMOVED, "Machine.StateMachineType": "STANDARD"},),
    ),
    "states-job-permissions": case(
        SOUND,
        {"Policy.PolicyDocument.Statement": [allow("ecs:RunTask"), allow(*RULES)]},
        {"Policy.PolicyDocument.Statement": [allow("ecs:RunTask"), allow(*JOBS)]},
        {"Policy": REMOVED},
        {"Policy.PolicyDocument.Statement": [{**allow(*JOBS), "Effect": "Deny"}, allow(*RULES)]},
        harmless=(
            {"Policy.PolicyDocument.Statement": [allow("ecs:*", "Events:Put*")]},
            {"Policy": REMOVED, "Role.ManagedPolicyArns": ["arn:aws:iam::aws:policy/Any"]},
            {
                "Policy": REMOVED,
                "Role.Policies": [{"PolicyName": "a", "PolicyDocument": {"Statement": allow(*JOBS, *RULES)}}],
            },
            {"Policy": REMOVED, f"{STATES}.Run.Resource": "arn:aws:states:::ecs:runTask"},
            {"Policy": REMOVED, "Machine.RoleArn": "arn:aws:iam::1:role/a"},
        ),
    ),
    "states-pass-any-role": case(
        SOUND,
        {"Policy.PolicyDocument.Statement.3.Resource": "*"},
        {"Policy.PolicyDocument.Statement.3": allow("iam:*", on=["*"])},
        harmless=(
            {
                "Policy.PolicyDocument.Statement.3.Resource": "*",
                "Policy.PolicyDocument.Statement.3.Condition": {"StringEquals": {"iam:PassedToService": "ecs"}},
            },
            {"Policy.PolicyDocument.Statement.3": {**allow("iam:PassRole", on="*"), "Effect": "Deny"}},
        ),
    ),
}
