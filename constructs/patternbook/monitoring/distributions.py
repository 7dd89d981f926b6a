"""Alarms of CloudFront distributions."""

from aws_cdk import aws_cloudfront as cloudfront

from patternbook.monitoring.base import MonitoringBase, metrics_of


class DistributionAlarms(MonitoringBase):
    """Watches CloudFront distributions."""

    def watch_distribution(self, distribution: cloudfront.Distribution) -> None:
        """Alarms on responses that are 5xx, and on functions at the edge that fail or answer what CloudFront does not
        take; graphs of requests and of what is downloaded. In us-east-1, where CloudFront has its metrics.

        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
        """
        # Those that the distribution has methods for lack the second dimension, so match nothing.
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
            description="A function at the edge fails, or takes too long",
        )
        self.watch(
            "FunctionValidationErrors",
            metric("LambdaValidationError", "sum"),
            threshold=0,
            minutes=3,
            description="A function at the edge answers what CloudFront refuses",
        )
        self.graph("Requests", [metric("Requests", "sum")])
        self.graph("Bytes downloaded", [metric("BytesDownloaded", "sum")])
