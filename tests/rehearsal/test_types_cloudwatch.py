"""CloudWatch alarms in the emulated account."""

from typing import Any

from tests.rehearsal.templates import (
    Stack,
    check_life_cycle,
    of,
    only,
)


def test_alarms_on_metric_math(stack: Stack) -> None:
    def metric(name: str) -> dict[str, Any]:
        dimensions = [{"Name": "ClusterName", "Value": "one"}]
        return {"Dimensions": dimensions, "MetricName": name, "Namespace": "ECS/ContainerInsights"}

    metrics = [
        {"Expression": "desired - running", "Id": "missing", "Label": "Missing", "ReturnData": True},
        {
            "Id": "desired",
            "MetricStat": {"Metric": metric("Desired"), "Period": 60, "Stat": "Minimum"},
            "ReturnData": False,
        },
        {
            "Id": "running",
            "MetricStat": {"Metric": metric("Running"), "Period": 60, "Stat": "Minimum"},
            "ReturnData": False,
        },
    ]
    common = {
        "AlarmDescription": "Missing",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 10,
        "Threshold": 0,
        "TreatMissingData": "notBreaching",
    }
    percentile = {**metric("Time"), "ExtendedStatistic": "p90", "Period": 60}

    def read() -> Any:
        alarm = only(stack.client("cloudwatch").describe_alarms(AlarmNames=[stack.id_of("Alarm")])["MetricAlarms"])
        names = {*common, *percentile, "Metrics", "Statistic"}
        return {name: alarm[name] for name in names if alarm.get(name)}

    described = {name: value for name, value in common.items() if value}
    first, second = check_life_cycle(
        stack,
        {"Alarm": of("CloudWatch::Alarm", **common, Metrics=metrics)},
        {"Alarm": of("CloudWatch::Alarm", **common, **percentile)},
        read,
    )
    assert first == {**described, "Metrics": metrics}
    assert second == {**described, **percentile}
