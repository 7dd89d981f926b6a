"""Logs, traces and metrics of the functions."""

from typing import Any

from aws_lambda_powertools import Logger, Tracer, single_metric
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
tracer = Tracer(patch_modules=["botocore"])


def count(name: str, context: Any) -> None:
    """Counts one of something in the metrics of this function."""
    with single_metric(name=name, unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(name="function_name", value=context.function_name)
