"""Prices of CloudWatch, keys and secrets."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from patternbook.cost.lines import HOURS, Meter
from patternbook.rules.template import Node

HIGH_RESOLUTION_BELOW_SECONDS = 60
TRACKING_ALARMS: Final = 2
"""A target tracking policy makes an alarm for scaling out, and one for scaling in:
https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html"""


def _alarm(meter: Meter) -> None:
    """CloudWatch bills each metric of an alarm: https://aws.amazon.com/cloudwatch/pricing/"""
    alarm = meter.resource
    if alarm["Metrics"].missing:
        metrics, periods = 1, [meter.number(alarm["Period"], 60)]
    else:
        meter.count(alarm["Metrics"])
        stats = [each["MetricStat"] for each in alarm["Metrics"].items if not each["MetricStat"].missing]
        expressions = [each["Expression"].known_text for each in alarm["Metrics"].items]
        if any(text.lstrip().upper().startswith("SELECT") for text in expressions):
            meter.unknown("Alarm metrics", "a Metrics Insights query is billed by the metrics that it analyzes")
            return
        # An anomaly detection band adds its upper and its lower bound as metrics.
        bands = sum("ANOMALY_DETECTION_BAND" in text for text in expressions)
        metrics, periods = len(stats) + 2 * bands, [meter.number(each["Period"], 60) for each in stats]
    meter.add("Alarm metrics", _price_of_alarm(periods), metrics)


def _price_of_alarm(periods: Iterable[Decimal]) -> str:
    high = any(period < HIGH_RESOLUTION_BELOW_SECONDS for period in periods)
    return "cloudwatch.high_resolution_alarm" if high else "cloudwatch.alarm"


def _dashboard(meter: Meter) -> None:
    meter.add("Dashboards", "cloudwatch.dashboard", 1)


def _log_group(meter: Meter) -> None:
    """Ingestion, and storage of as much as the retention keeps."""
    if meter.resource["LogGroupClass"].text not in (None, "STANDARD"):
        meter.unknown("Logs", f"no price of the class {meter.resource['LogGroupClass'].text}")
        return
    meter.usage("Ingested logs", "logs.gb", "logs_gb")
    retention = meter.resource["RetentionInDays"]
    if retention.missing:
        meter.unknown("Stored logs", "without RetentionInDays, they become more each month", assumption="logs_gb")
    else:
        months = meter.number(retention) * 24 / HOURS
        meter.usage("Stored logs", "logs.stored_gb", "logs_gb", months)


def add_unlisted_logs(meter: Meter, prefix: str, name: Node) -> None:
    """Adds the logs of a resource whose log group AWS makes, because the template has none of the usual name.

    :param prefix: what the names of such log groups begin with. The name of the resource follows.
    :param name: the place of the name of the resource.
    """
    for group in (each["LogGroupName"] for each in meter.template.of_type("AWS::Logs::LogGroup")):
        is_of_name = name.known_text != "" and name.known_text in group.known_text
        if prefix in group.known_text and (is_of_name or meter.resource.id in group.references):
            return
    meter.usage("Ingested logs", "logs.gb", "logs_gb")
    meter.unknown("Stored logs", f"AWS makes the log group below {prefix}", assumption="logs_gb")


def _delivery(meter: Meter) -> None:
    """A log group of the template is priced where it is. AWS bills the delivery to other places."""
    destination = meter.resource["DeliveryDestinationArn"].resource("AWS::Logs::DeliveryDestination")
    if not destination or not destination["DestinationResourceArn"].resource("AWS::Logs::LogGroup"):
        meter.unknown("Delivered logs", "no price of their delivery to S3 or Firehose", assumption="logs_gb")


def _scaling_policy(meter: Meter) -> None:
    """Target tracking makes alarms, which CloudWatch bills like others. Step scaling has those of the template."""
    policy = meter.resource
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    tracking = policy["TargetTrackingConfiguration"] if tracking.missing else tracking
    if tracking.missing:
        return
    metric = tracking["CustomizedMetricSpecification"]
    stats = [each["MetricStat"] for each in metric["Metrics"].items if not each["MetricStat"].missing]
    alarms = 1 if tracking["DisableScaleIn"].flag else TRACKING_ALARMS
    periods = [meter.number(each["Period"], 60) for each in (metric, *stats)]
    meter.add("Alarm metrics", _price_of_alarm(periods), alarms * (len(stats) or 1))


def _metric_filter(meter: Meter) -> None:
    """The metric of a filter is a custom metric, which is billed while logs arrive."""
    meter.add("Metrics of log filters", "cloudwatch.metric", meter.count(meter.resource["MetricTransformations"]))


def _key(meter: Meter) -> None:
    """Each of the first two rotations adds the price of a key: https://aws.amazon.com/kms/pricing/"""
    meter.add("KMS keys", "kms.key", 1)
    if not meter.resource["EnableKeyRotation"].is_off:
        meter.usage("Rotations of KMS keys", "kms.key", "key_rotations")
    meter.usage("Requests to KMS", "kms.request", "kms_requests")


def add_secret(meter: Meter) -> None:
    """Adds a secret and requests to it. Replicas have a price of their own:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/add-regions.html
    """
    meter.add("Secrets", "secrets.secret", 1)
    if not meter.resource["ReplicaRegions"].missing:
        meter.unknown("Secrets", "no price of replicas in other Regions")
    meter.usage("Requests to secrets", "secrets.request", "secret_requests")


PRICERS = {
    "AWS::ApplicationAutoScaling::ScalingPolicy": _scaling_policy,
    "AWS::AutoScaling::ScalingPolicy": _scaling_policy,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::KMS::Key": _key,
    "AWS::Logs::Delivery": _delivery,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Logs::MetricFilter": _metric_filter,
    "AWS::SecretsManager::Secret": add_secret,
}
