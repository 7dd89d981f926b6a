"""Prices of CloudWatch, keys and secrets."""

from patternbook.cost.lines import Meter

HIGH_RESOLUTION_BELOW_SECONDS = 60


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
    high = any(period < HIGH_RESOLUTION_BELOW_SECONDS for period in periods)
    meter.add("Alarm metrics", "cloudwatch.high_resolution_alarm" if high else "cloudwatch.alarm", metrics)


def _dashboard(meter: Meter) -> None:
    meter.add("Dashboards", "cloudwatch.dashboard", 1)


def _log_group(meter: Meter) -> None:
    """Ingestion, and storage of what a month has ingested."""
    if meter.resource["LogGroupClass"].text not in (None, "STANDARD"):
        meter.unknown("Logs", f"no price of the class {meter.resource['LogGroupClass'].text}")
        return
    meter.usage("Ingested logs", "logs.gb", "logs_gb")
    meter.usage("Stored logs", "logs.stored_gb", "logs_gb")


def _metric_filter(meter: Meter) -> None:
    """The metric of a filter is a custom metric, which is billed while logs arrive."""
    meter.add("Metrics of log filters", "cloudwatch.metric", meter.count(meter.resource["MetricTransformations"]))


def _key(meter: Meter) -> None:
    """Each of the first two rotations adds the price of a key: https://aws.amazon.com/kms/pricing/"""
    meter.add("KMS keys", "kms.key", 1)
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
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::KMS::Key": _key,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Logs::MetricFilter": _metric_filter,
    "AWS::SecretsManager::Secret": add_secret,
}
