"""Alarms and rules are read as the template has them."""

from typing import Any

import pytest

from patternbook.testing.drills.event_patterns import matches
from patternbook.testing.drills.intrinsics import Names
from patternbook.testing.drills.templates import alarms_of, rules_of

LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Front": {"Type": LOAD_BALANCER, "Properties": {"Type": "network"}},
        "Listener": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {"LoadBalancerArn": {"Ref": "Front"}},
        },
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Other": {"Type": "AWS::Lambda::Function", "Properties": {}},
    }
}


def part(number: int) -> dict[str, Any]:
    return {"Fn::Select": [number, {"Fn::Split": ["/", {"Ref": "Listener"}]}]}


def test_parts_of_a_listeners_arn_are_the_full_name_of_its_load_balancer() -> None:
    names = Names(TEMPLATE)
    joined = {"Fn::Join": ["", [part(1), "/", part(2), "/", part(3)]]}
    assert names.of(joined) == names.of({"Fn::GetAtt": ["Front", "LoadBalancerFullName"]}) == "net/Front/1"


def test_an_unknown_function_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="ImportValue"):
        Names(TEMPLATE).of({"Fn::ImportValue": "x"})


def with_alarm(**properties: Any) -> dict[str, Any]:
    given = {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 5,
        "Threshold": 1,
        "Namespace": "Test",
        "MetricName": "Value",
        "Statistic": "Sum",
        "Period": 300,
    }
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {**given, **properties}}
    return {"Resources": {**TEMPLATE["Resources"], "Alarm": alarm}}


def test_defaults_of_an_alarm() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    [alarm] = alarms_of(with_alarm())
    assert (alarm.datapoints_to_alarm, alarm.missing, alarm.few_samples) == (5, "missing", "evaluate")
    assert (alarm.minutes, alarm.notifies) == (5, False)


@pytest.mark.parametrize(
    ("properties", "notifies"),
    [
        ({"AlarmActions": [{"Ref": "Topic"}]}, True),
        ({"AlarmActions": [{"Ref": "Topic"}], "ActionsEnabled": False}, False),
        ({"OKActions": [{"Ref": "Topic"}]}, False),
        ({"AlarmActions": [{"Ref": "Other"}]}, False),
    ],
)
def test_only_an_alarm_that_notifies_a_topic_reaches_people(properties: dict[str, Any], notifies: bool) -> None:
    [alarm] = alarms_of(with_alarm(**properties))
    assert alarm.notifies is notifies


def test_only_a_rule_on_events_that_notifies_a_topic_reaches_people() -> None:
    def rule(target: str, **properties: Any) -> dict[str, Any]:
        body = {"Targets": [{"Arn": {"Ref": target}}], **properties}
        return {"Resources": {**TEMPLATE["Resources"], "Rule": {"Type": "AWS::Events::Rule", "Properties": body}}}

    assert len(rules_of(rule("Topic", EventPattern={"source": ["aws.ecs"]}))) == 1
    assert rules_of(rule("Other", EventPattern={"source": ["aws.ecs"]})) == []
    assert rules_of(rule("Topic", ScheduleExpression="rate(1 hour)")) == []


EVENT = {"source": "aws.ecs", "resources": ["arn:a", "arn:b"], "detail": {"eventName": "FAILED", "count": 3}}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({}, True),
        ({"source": ["aws.ecs", "aws.ec2"]}, True),
        ({"source": ["aws.ec2"]}, False),
        ({"resources": ["arn:b"]}, True),
        ({"resources": [{"prefix": "arn:"}]}, True),
        ({"resources": [{"suffix": "c"}]}, False),
        ({"detail": {"eventName": ["FAILED"], "count": [{"numeric": [">", 2, "<=", 3]}]}}, True),
        ({"detail": {"count": [{"numeric": [">", 3]}]}}, False),
        ({"detail": {"eventName": [{"anything-but": ["FAILED"]}]}}, False),
        ({"detail": {"other": [{"exists": False}], "count": [{"exists": True}]}}, True),
        ({"other": {"eventName": ["FAILED"]}}, False),
        ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"count": [3]}}]}, True),
        ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"count": [4]}}]}, False),
    ],
)
def test_event_patterns(pattern: dict[str, Any], expected: bool) -> None:
    assert matches(pattern, EVENT) is expected


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="wildcard"):
        matches({"source": ["aws.ecs", {"wildcard": "aws.*"}]}, EVENT)
