"""Cases for the rules of alarms."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, case, ref, resource

HOSTS: Final[dict[str, Any]] = {
    "Alarm": resource(
        "AWS::CloudWatch::Alarm",
        Namespace="AWS/ApplicationELB",
        MetricName="HealthyHostCount",
        ComparisonOperator="LessThanThreshold",
        Threshold=1,
        EvaluationPeriods=3,
        Statistic="Minimum",
        TreatMissingData="breaching",
    )
}
ERRORS: Final[dict[str, Any]] = {
    "Alarm": resource(
        "AWS::CloudWatch::Alarm",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        ComparisonOperator="GreaterThanThreshold",
        Threshold=0,
        EvaluationPeriods=5,
        DatapointsToAlarm=2,
        Statistic="Sum",
        TreatMissingData="notBreaching",
    )
}

CASES: Final[Mapping[str, Case]] = {
    "alarm-silent-outage": case(
        HOSTS,
        {"Alarm.TreatMissingData": REMOVED},
        {"Alarm.TreatMissingData": "notBreaching"},
        {"Alarm.TreatMissingData": "ignore", "Alarm.ComparisonOperator": "LessThanOrEqualToThreshold"},
        {
            "Alarm.TreatMissingData": "missing",
            "Alarm.Namespace": "ECS/ContainerInsights",
            "Alarm.MetricName": "RunningTaskCount",
        },
        harmless=(
            {"Alarm.TreatMissingData": REMOVED, "Alarm.ComparisonOperator": "GreaterThanThreshold"},
            {"Alarm.TreatMissingData": REMOVED, "Alarm.MetricName": "RequestCount"},
            {"Alarm.TreatMissingData": REMOVED, "Alarm.Namespace": "Ours"},
            {"Alarm.TreatMissingData": ref("Parameter")},
        ),
    ),
    "alarm-rare-events": case(
        ERRORS,
        {"Alarm.DatapointsToAlarm": REMOVED},
        {"Alarm.DatapointsToAlarm": 5},
        {"Alarm.DatapointsToAlarm": REMOVED, "Alarm.MetricName": "HTTPCode_Target_5XX_Count"},
        harmless=(
            {"Alarm.DatapointsToAlarm": REMOVED, "Alarm.EvaluationPeriods": 1},
            {"Alarm.DatapointsToAlarm": REMOVED, "Alarm.Statistic": "Average"},
            {"Alarm.DatapointsToAlarm": REMOVED, "Alarm.MetricName": "CPUUtilization"},
            {"Alarm.DatapointsToAlarm": ref("Parameter")},
        ),
    ),
}
