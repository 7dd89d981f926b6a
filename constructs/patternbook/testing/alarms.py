"""Alarms of a pattern, as its unit tests read them."""

import json
from typing import Any

from patternbook.testing.reading import Reading, Resource


def alarms_of(stack: Reading) -> dict[str, Resource]:
    """The alarms that notify people, by the names that :meth:`patternbook.monitoring.base.MonitoringBase.watch` got.

    Alarms that only scale notify nobody when they are over.
    """
    return {
        alarm.body["Metadata"]["aws:cdk:path"].split("/")[-2]: alarm
        for alarm in stack.all("AWS::CloudWatch::Alarm")
        if alarm.get("OKActions")
    }


def rings(alarm: Resource) -> tuple[int, int, str]:
    """How many of how many last minutes must breach, and how a minute without data counts."""
    minutes = alarm["EvaluationPeriods"]
    return alarm.get("DatapointsToAlarm", minutes), minutes, alarm["TreatMissingData"]


def expression_of(alarm: Resource) -> str | None:
    """The metric math of an alarm."""
    found = [item["Expression"] for item in alarm.get("Metrics", []) if "Expression" in item]
    return found[0] if found else None


def metrics_of(alarm: Resource) -> dict[str, tuple[str, str, int]]:
    """The namespace and name, the statistic and the period of each metric, by its id in the expression.

    The id of the only metric of an alarm without metric math is empty.
    """
    if "MetricName" in alarm.body["Properties"]:
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        return {"": (f"{alarm['Namespace']}/{alarm['MetricName']}", statistic, alarm["Period"])}
    stats = {item["Id"]: item["MetricStat"] for item in alarm["Metrics"] if "MetricStat" in item}
    return {
        name: (f"{stat['Metric']['Namespace']}/{stat['Metric']['MetricName']}", stat["Stat"], stat["Period"])
        for name, stat in stats.items()
    }


def dimensions_of(stack: Reading, alarm: Resource) -> list[dict[str, Any]]:
    """The dimensions of each metric of an alarm, see :meth:`patternbook.testing.reading.Reading.shown`."""
    metrics = [item["MetricStat"]["Metric"] for item in alarm.get("Metrics", []) if "MetricStat" in item]
    return [
        stack.shown({dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]})
        for metric in metrics or [alarm.body["Properties"]]
    ]


def graphs_of(stack: Reading) -> list[dict[str, Any]]:
    """The graphs of the dashboard, with their places."""
    return json.loads(stack.shown(stack.one("AWS::CloudWatch::Dashboard")["DashboardBody"]))["widgets"]
