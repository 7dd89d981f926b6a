"""Defects for the rules of alarms, and of functions that read streams."""

from typing import Final

from tests.rules.cases.alarms import ERRORS, HOSTS
from tests.rules.cases.lambda_queues import STREAM
from tests.rules.defects.base import Apply, Body, Defect, Template, add_resource

ALARM: Final = "AWS::CloudWatch::Alarm"
FUNCTION: Final = "AWS::Lambda::Function"


def _read_stream(name: str) -> Body:
    return {"EventSourceArn": {"Fn::GetAtt": ["MutantStream", "Arn"]}, "FunctionName": {"Ref": name}}


def _add_stream(apply: Apply) -> Apply:
    def with_stream(template: Template) -> bool:
        template["Resources"]["MutantStream"] = STREAM["Stream"]
        return apply(template)

    return with_stream


def _strict(_name: str) -> Body:
    return {key: value for key, value in ERRORS["Alarm"]["Properties"].items() if key != "DatapointsToAlarm"}


def _silent(_name: str) -> Body:
    return {key: value for key, value in HOSTS["Alarm"]["Properties"].items() if key != "TreatMissingData"}


DEFECTS: Final = (
    Defect("alarm-silent-outage", "missing", add_resource("MutantAlarm", ALARM, _silent, beside=ALARM), ALARM),
    Defect("alarm-rare-events", "5 of 5", add_resource("MutantAlarm", ALARM, _strict, beside=ALARM), ALARM),
    Defect(
        "lambda-stream-blocked",
        "no limit",
        _add_stream(add_resource("MutantSource", "AWS::Lambda::EventSourceMapping", _read_stream, beside=FUNCTION)),
        FUNCTION,
    ),
)
