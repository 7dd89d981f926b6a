"""Alarms on metric math. MiniStack's own type refuses them."""

from ministack.services import cloudwatch

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties, Record, to_api

# An alarm on metric math does not have these. Its metrics have them.
SINGLE_METRIC = ("Dimensions", "ExtendedStatistic", "MetricName", "Namespace", "Period", "Statistic", "Unit")


def register() -> None:
    amend_type("AWS::CloudWatch::Alarm", check=metrics, translate=with_placeholder, complete=complete_alarm)


def metrics(properties: Properties) -> list[Record]:
    """The metrics in the input of PutMetricAlarm."""
    return to_api("cloudwatch", "PutMetricAlarm", {"Metrics": properties.get("Metrics", [])})["Metrics"]


def with_placeholder(properties: Properties) -> Properties:
    """An alarm that MiniStack accepts, on a metric that does not exist. :func:`complete_alarm` corrects it."""
    if "Metrics" not in properties:
        return properties
    single = {name: value for name, value in properties.items() if name != "Metrics"}
    return {**single, "MetricName": "placeholder", "Namespace": "placeholder"}


def complete_alarm(alarm_name: str, properties: Properties) -> None:
    record = cloudwatch._alarms[alarm_name]
    if "Metrics" in properties:
        for name in SINGLE_METRIC:
            record.pop(name, None)
        record["Dimensions"] = []
        record["Metrics"] = metrics(properties)
    elif properties.get("ExtendedStatistic"):
        # MiniStack adds the statistic "Average", but an alarm has either a statistic or an extended statistic.
        record.pop("Statistic", None)
