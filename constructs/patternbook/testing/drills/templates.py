"""Reads the alarms and the EventBridge rules of a synthesized template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patternbook.testing.drills.alarms import Alarm, Metric, MetricStat
from patternbook.testing.drills.event_patterns import matches
from patternbook.testing.drills.intrinsics import Names

Template = Mapping[str, Any]
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """An EventBridge rule on events that notifies people."""

    name: str
    description: str
    pattern: Mapping[str, Any]

    def matches(self, event: Event) -> bool:
        return matches(self.pattern, event)


def alarms_of(template: Template) -> list[Alarm]:
    """All alarms, also those of scaling policies."""
    names = Names(template)
    found = _of_type(template, "AWS::CloudWatch::Alarm").items()
    return [_alarm(name, properties, template, names) for name, properties in found]


def rules_of(template: Template) -> list[Rule]:
    """The rules that notify a topic of events."""
    names = Names(template)
    return [
        Rule(name, properties.get("Description", ""), names.of(properties["EventPattern"]))
        for name, properties in _of_type(template, "AWS::Events::Rule").items()
        if "EventPattern" in properties and _notifies(template, [each["Arn"] for each in properties["Targets"]])
    ]


def _of_type(template: Template, resource_type: str) -> dict[str, dict[str, Any]]:
    found = template["Resources"].items()
    return {name: body.get("Properties", {}) for name, body in found if body["Type"] == resource_type}


def _notifies(template: Template, targets: list[Any]) -> bool:
    topics = _of_type(template, "AWS::SNS::Topic")
    return any(isinstance(target, dict) and target.get("Ref") in topics for target in targets)


def _alarm(name: str, properties: Mapping[str, Any], template: Template, names: Names) -> Alarm:
    if "Metrics" in properties:
        queries = {each["Id"]: _query(each, names) for each in properties["Metrics"]}
        [returned] = [each["Id"] for each in properties["Metrics"] if each.get("ReturnData", True)]
    else:
        chosen = properties.get("Statistic") or properties["ExtendedStatistic"]
        queries = {"m1": MetricStat(_metric(properties, names), chosen, properties["Period"] // 60)}
        returned = "m1"
    return Alarm(
        name=name,
        description=names.of(properties.get("AlarmDescription", "")),
        notifies=_notifies(template, properties.get("AlarmActions", [])) and properties.get("ActionsEnabled", True),
        queries=queries,
        returned=returned,
        comparison=properties["ComparisonOperator"],
        threshold=properties["Threshold"],
        evaluation_periods=properties["EvaluationPeriods"],
        datapoints_to_alarm=properties.get("DatapointsToAlarm", properties["EvaluationPeriods"]),
        missing=properties.get("TreatMissingData", "missing"),
        few_samples=properties.get("EvaluateLowSampleCountPercentile", "evaluate"),
        notifies_without_data=_notifies(template, properties.get("InsufficientDataActions", [])),
    )


def _query(query: Mapping[str, Any], names: Names) -> MetricStat | str:
    if "Expression" in query:
        return names.of(query["Expression"])
    stat = query["MetricStat"]
    return MetricStat(_metric(stat["Metric"], names), stat["Stat"], stat["Period"] // 60)


def _metric(properties: Mapping[str, Any], names: Names) -> Metric:
    dimensions = frozenset((each["Name"], names.of(each["Value"])) for each in properties.get("Dimensions", ()))
    return Metric(properties["Namespace"], properties["MetricName"], dimensions)
