"""Logs and metrics of the function."""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
metrics = Metrics()


def count(name: str) -> None:
    """Counts an item in a metric of CloudWatch, which the function writes into its log.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
    """
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
