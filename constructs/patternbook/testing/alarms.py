"""Alarms of a pattern, as its unit tests read them."""

import json
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch

from patternbook.monitoring.base import MonitoringBase
from patternbook.testing.reading import Reading, Resource


def alarms_of(stack: Reading) -> dict[str, Resource]:
    """The alarms that notify people, by the names that :meth:`patternbook.monitoring.base.MonitoringBase.watch` got."""
    return {
        alarm.node.id: stack.to(stack.stack.resolve(alarm.alarm_arn))
        for monitoring in stack.stack.node.children
        if isinstance(monitoring, MonitoringBase)
        for alarm in monitoring.node.children
        if isinstance(alarm, cloudwatch.Alarm)
    }


def check_that_alarms_notify(stack: Reading, *, page: str) -> None:
    """Every alarm notifies the topic when it rings and when it ends, and its description ends with the page's anchor.

    :raises AssertionError: if an alarm does not.
    """
    topics = [stack.to(alarm["AlarmActions"][0]) for alarm in alarms_of(stack).values()]
    topic = topics[0]
    assert topic.type == "AWS::SNS::Topic"
    for name, alarm in alarms_of(stack).items():
        assert stack.to(alarm["AlarmActions"][0]) == topic, name
        assert stack.to(alarm["OKActions"][0]) == topic, name
        assert alarm["AlarmDescription"].endswith(f". {page}#what-rings-and-when"), name


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


def roll_back_on(stack: Reading, service: Resource) -> set[str]:
    """The alarms that roll a deployment of a service back, by the names that ``watch`` got.

    The service names them without referring to them, because an alarm may refer to the service.
    """
    found = service["DeploymentConfiguration"].get("Alarms", {"AlarmNames": []})
    assert not found["AlarmNames"] or (found["Enable"], found["Rollback"]) == (True, True)
    by_name = {alarm.get("AlarmName"): name for name, alarm in alarms_of(stack).items()}
    return {by_name[name] for name in found["AlarmNames"]}


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
