"""Alarms on metric math, which MiniStack's own type refuses."""

from ministack.services import cloudwatch

from rehearsal.types.seams import Properties, Record, amend_type, to_api

# What an alarm on metric math does not have: its metrics say it.
SINGLE_METRIC = ("Dimensions", "ExtendedStatistic", "MetricName", "Namespace", "Period", "Statistic", "Unit")


def register() -> None:
    amend_type("AWS::CloudWatch::Alarm", check=metrics, translate=with_stand_in, keep=keep_metrics)


def metrics(properties: Properties) -> list[Record]:
    """As PutMetricAlarm takes them."""
    return to_api("cloudwatch", "PutMetricAlarm", {"Metrics": properties.get("Metrics", [])})["Metrics"]


def with_stand_in(properties: Properties) -> Properties:
    """The alarm as MiniStack takes it, on a metric that nobody publishes; :func:`keep_metrics` puts it right."""
    if "Metrics" not in properties:
        return properties
    single = {name: value for name, value in properties.items() if name != "Metrics"}
    return {**single, "MetricName": "stand-in", "Namespace": "stand-in"}


def keep_metrics(alarm_name: str, properties: Properties) -> None:
    record = cloudwatch._alarms[alarm_name]
    if "Metrics" in properties:
        for name in SINGLE_METRIC:
            record.pop(name, None)
        record["Dimensions"] = []
        record["Metrics"] = metrics(properties)
    elif properties.get("ExtendedStatistic"):
        # MiniStack adds "Average", and an alarm has either one or the other.
        record.pop("Statistic", None)
