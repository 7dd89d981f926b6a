"""Logs, traces and metrics of the function."""

from typing import Any

from aws_lambda_powertools import Logger, Tracer, single_metric
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
tracer = Tracer(auto_patch=False)  # it calls no service, so loading botocore would only delay the first call


def count(name: str, number: int, context: Any) -> None:
    """Counts something in the metrics of this function."""
    if number:
        with single_metric(name=name, unit=MetricUnit.Count, value=number) as metric:
            metric.add_dimension(name="function_name", value=context.function_name)
