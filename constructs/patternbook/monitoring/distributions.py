"""Alarms of CloudFront distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patternbook.monitoring.base import MonitoringBase, metrics_of

if TYPE_CHECKING:  # a stack that does not use the service does not load its constructs
    from aws_cdk import aws_cloudfront as cloudfront


class DistributionAlarms(MonitoringBase):
    """Alarms on errors of a distribution and of its functions at the edge."""

    def watch_distribution(self, distribution: cloudfront.Distribution) -> None:
        """Adds alarms on 5xx responses and on functions at the edge, and graphs of requests and downloads.

        CloudFront sends its metrics to us-east-1 only, so the stack must be there.

        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
        """
        # The metrics of distribution.metric_*() lack the second dimension, so they match nothing.
        metric = metrics_of("AWS/CloudFront", {"DistributionId": distribution.distribution_id, "Region": "Global"})
        self.watch(
            "ErrorRate",
            metric("5xxErrorRate", "avg"),
            threshold=1,
            description="More than 1 % of the responses are 5xx",
        )
        self.watch(
            "FunctionExecutionErrors",
            metric("LambdaExecutionError", "sum"),
            threshold=0,
            minutes=3,
            description="A function at the edge fails or times out",
        )
        self.watch(
            "FunctionValidationErrors",
            metric("LambdaValidationError", "sum"),
            threshold=0,
            minutes=3,
            description="A function at the edge returns a response that CloudFront refuses",
        )
        self.graph("Requests", [metric("Requests", "sum")])
        self.graph("Bytes downloaded", [metric("BytesDownloaded", "sum")])
