"""Defects for the rules of alarms, and of functions that read streams."""

from typing import Final

from tests.rules.cases.alarms import ERRORS
from tests.rules.cases.lambda_queues import STREAM
from tests.rules.defects.base import REMOVED, Apply, Body, Defect, Template, add_resource, set_properties

ALARM: Final = "AWS::CloudWatch::Alarm"
FUNCTION: Final = "AWS::Lambda::Function"
_VANISHING: Final = ("HealthyHostCount", "RunningTaskCount")


def _counts(alarm: Body) -> bool:
    return alarm.get("MetricName") in _VANISHING and alarm["ComparisonOperator"].startswith("LessThan")


def _read_stream(name: str) -> Body:
    return {"EventSourceArn": {"Fn::GetAtt": ["MutantStream", "Arn"]}, "FunctionName": {"Ref": name}}


def _add_stream(apply: Apply) -> Apply:
    def with_stream(template: Template) -> bool:
        template["Resources"]["MutantStream"] = STREAM["Stream"]
        return apply(template)

    return with_stream


def _strict(_name: str) -> Body:
    return {key: value for key, value in ERRORS["Alarm"]["Properties"].items() if key != "DatapointsToAlarm"}


DEFECTS: Final = (
    Defect("alarm-silent-outage", "missing", set_properties(ALARM, {"TreatMissingData": REMOVED}, when=_counts), ALARM),
    Defect("alarm-rare-events", "5 of 5", add_resource("MutantAlarm", ALARM, _strict, beside=ALARM), ALARM),
    Defect(
        "lambda-stream-blocked",
        "no limit",
        _add_stream(add_resource("MutantSource", "AWS::Lambda::EventSourceMapping", _read_stream, beside=FUNCTION)),
        FUNCTION,
    ),
)
