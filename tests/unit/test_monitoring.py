"""Alarms in an app of somebody else's, and the mistakes that they refuse."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Template

from patternbook import PRODUCTION, SANDBOX, LiveFunction, Monitoring
from patternbook.ecs.service import roll_back_on
from patternbook.monitoring.failures import Failures, failures_beyond_tolerance
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


def test_three_of_five_minutes_have_to_breach_by_default(stack: cdk.Stack, monitoring: Monitoring) -> None:
    monitoring.watch("Errors", METRIC, threshold=0, description="It fails")
    properties = alarm(stack)
    assert (properties["EvaluationPeriods"], properties.get("DatapointsToAlarm")) == (5, 3)
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


def errors(number: int | str = "") -> Failures:
    failed, called = (
        cloudwatch.Metric(namespace="Work", metric_name=f"{name}{number}") for name in ("Errors", "Calls")
    )
    return Failures(failed, called)


class TestFailuresBeyondTolerance:
    def test_of_one_count(self) -> None:
        found = failures_beyond_tolerance([errors()])
        assert found.expression == "failures - FILL(attempts, 0) * IF(failures >= 5, 0.05, 0.5)"

    def test_failures_that_are_no_attempts_are_added_to_them(self) -> None:
        found = failures_beyond_tolerance([replace(errors(), apart=True)])
        assert found.expression == "failures - (failures + FILL(attempts, 0)) * IF(failures >= 5, 0.05, 0.5)"

    def test_the_worst_of_several_counts_also_where_others_send_nothing(self) -> None:
        found = failures_beyond_tolerance([errors(1), errors(2)])
        for number in (0, 1):
            failures = f"FILL(failures{number}, 0)"
            assert f"{failures} - FILL(attempts{number}, 0) * IF({failures} >= 5, 0.05, 0.5)" in found.expression
        assert found.expression.startswith("MAX([FILL(failures0, 0) - ")
        assert found.using_metrics.keys() == {"failures0", "attempts0", "failures1", "attempts1"}


class TestCallsOfFunctions:
    @pytest.fixture
    def function(self, stack: cdk.Stack, tmp_path: Path) -> Callable[..., LiveFunction]:
        (tmp_path / "own.py").write_text("def handler(event, context): ...\n", encoding="utf-8")

        def made(name: str, timeout_seconds: int = 30) -> LiveFunction:
            return LiveFunction(
                stack,
                name,
                package=tmp_path,
                handler="own.handler",
                log_group=logs.LogGroup(stack, f"{name}Logs"),
                timeout_seconds=timeout_seconds,
            )

        return made

    @pytest.mark.parametrize(("timeout_seconds", "minutes"), [(30, 15), (60, 16), (900, 30)])
    def test_an_error_is_reported_at_the_time_of_its_call(
        self,
        stack: cdk.Stack,
        monitoring: Monitoring,
        function: Callable[..., LiveFunction],
        timeout_seconds: int,
        minutes: int,
    ) -> None:
        """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
        monitoring.watch_function(function("Slow", timeout_seconds))
        found = Template.from_stack(stack).find_resources("AWS::CloudWatch::Alarm").values()
        [failed] = [each["Properties"] for each in found if "calls of the function fail" in str(each)]
        assert (failed["DatapointsToAlarm"], failed["EvaluationPeriods"]) == (3, minutes)

    def test_functions_with_different_timeouts_are_refused(
        self, stack: cdk.Stack, monitoring: Monitoring, function: Callable[..., LiveFunction]
    ) -> None:
        functions = [function("Fast"), function("Slow", 60)]
        with pytest.raises(ValueError, match=r"same timeout, got 2 with timeouts of \[30, 60\] seconds"):
            monitoring.watch_calls(functions)
        assert not Template.from_stack(stack).find_resources("AWS::CloudWatch::Alarm")

    @pytest.mark.parametrize("number", [0, 6])
    def test_an_alarm_has_at_most_ten_metrics(
        self, monitoring: Monitoring, function: Callable[..., LiveFunction], number: int
    ) -> None:
        functions = [function(f"Function{each}") for each in range(number)]
        with pytest.raises(ValueError, match=f"functions must be 1 to 5 functions with the same timeout, got {number}"):
            monitoring.watch_calls(functions)
