"""Rules for CloudWatch alarms."""

from collections.abc import Iterator, Mapping
from typing import Final

from patternbook.rules.rule import ADVICE, WARNING, rule
from patternbook.rules.template import Problem, Template

ALARM: Final = "AWS::CloudWatch::Alarm"
_VANISHING: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS/ApplicationELB": ("HealthyHostCount",),
    "AWS/NetworkELB": ("HealthyHostCount",),
    "ECS/ContainerInsights": ("RunningTaskCount", "TaskCount"),
    "ContainerInsights": ("service_number_of_running_pods", "node_number_of_running_pods", "cluster_node_count"),
}
"""Metrics that AWS sends only as long as there is something to count, by their namespaces.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""
_RARE: Final = ("Errors", "Throttles", "DeadLetterErrors", "ExecutionsFailed", "ExecutionsTimedOut", "5XXError", "5xx")


@rule("alarm-silent-outage", WARNING)
def silent_outage(template: Template) -> Iterator[Problem]:
    """An alarm counts what is left, but in a total outage its metric ends, and the alarm does not ring.

    Set TreatMissingData to breaching.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    """
    for alarm in template.of_type(ALARM):
        names = _VANISHING.get(alarm["Namespace"].text or "", ())
        missing = alarm["TreatMissingData"]
        below = (alarm["ComparisonOperator"].text or "").startswith("LessThan")
        silent = missing.missing or missing.text in ("missing", "ignore", "notBreaching")
        if below and alarm["MetricName"].text in names and silent:
            given = missing.text or "missing by default"
            yield missing.problem(f"{alarm['MetricName'].text} ends in an outage, and missing data is {given}.")


@rule("alarm-rare-events", ADVICE)
def rare_events(template: Template) -> Iterator[Problem]:
    """An alarm needs failures in several periods one after the other, so failures with a gap between them are not told.

    Set DatapointsToAlarm below EvaluationPeriods.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
    """
    for alarm in template.of_type(ALARM):
        periods, needed = alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]
        name = alarm["MetricName"].text or ""
        several = periods.number is not None and periods.number > 1
        all_of_them = needed.missing or (needed.number is not None and needed.number == periods.number)
        failures = name in _RARE or (name.startswith("HTTPCode_") and "5XX" in name)
        if several and all_of_them and failures and alarm["Statistic"].text == "Sum":
            yield periods.problem(f"{name} must exceed the threshold in {periods.text} periods one after the other.")
