"""Alarms in an app of somebody else's, and the mistakes that they refuse."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.assertions import Template

from patternbook import PRODUCTION, SANDBOX, Monitoring
from patternbook.ecs.service import roll_back_on
from patternbook.testing.synthesis import unchecked_app

METRIC = cloudwatch.Metric(namespace="Work", metric_name="Errors")


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(unchecked_app(), "Work")


@pytest.fixture
def monitoring(stack: cdk.Stack) -> Monitoring:
    return Monitoring(stack, "Monitoring", posture=SANDBOX)


def alarm(stack: cdk.Stack) -> dict[str, Any]:
    [found] = Template.from_stack(stack).find_resources("AWS::CloudWatch::Alarm").values()
    return found["Properties"]


def test_all_minutes_breach_by_default(stack: cdk.Stack, monitoring: Monitoring) -> None:
    monitoring.watch("Errors", METRIC, threshold=0, description="It fails")
    properties = alarm(stack)
    assert (properties["EvaluationPeriods"], properties.get("DatapointsToAlarm")) == (5, None)
    assert properties["TreatMissingData"] == "notBreaching"
    assert properties["AlarmDescription"] == "It fails"
    assert "AlarmName" not in properties


@pytest.mark.parametrize("breaching_minutes", [0, 6])
def test_more_breaching_minutes_than_minutes_are_refused(monitoring: Monitoring, breaching_minutes: int) -> None:
    said = rf"breaching_minutes must be 1 to minutes \(5\), got {breaching_minutes}\."
    with pytest.raises(ValueError, match=said):
        monitoring.watch("Errors", METRIC, threshold=0, description="It fails", breaching_minutes=breaching_minutes)


def test_a_name_begins_with_that_of_the_stack(stack: cdk.Stack, monitoring: Monitoring) -> None:
    monitoring.watch("Errors", METRIC, threshold=0, description="It fails", named=True)
    assert alarm(stack)["AlarmName"] == "Work-Monitoring-Errors"


def test_an_alarm_without_a_name_rolls_nothing_back(monitoring: Monitoring) -> None:
    unnamed = monitoring.watch("Errors", METRIC, threshold=0, description="It fails")
    unused: Any = None  # refused before the service is used
    with pytest.raises(ValueError, match="alarms must each have an alarm_name of their own"):
        roll_back_on(unused, [unnamed], posture=PRODUCTION)


def test_graphs_stand_in_rows_of_three(stack: cdk.Stack, monitoring: Monitoring) -> None:
    for number in range(5):
        monitoring.graph(f"Graph {number}", [METRIC])
    [dashboard] = Template.from_stack(stack).find_resources("AWS::CloudWatch::Dashboard").values()
    body = str(dashboard["Properties"]["DashboardBody"])
    places = [f'"x":{x},"y":{y}' for x, y in ((0, 0), (8, 0), (16, 0), (0, 6), (8, 6))]
    found = [body.index(place) for place in places]
    assert found == sorted(found)
    assert body.count('"type":"metric"') == 5
