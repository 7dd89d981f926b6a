"""Alarms of CloudFront distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_cloudwatch as cloudwatch

from patternbook.limits.aws_lambda import ACCOUNT_CONCURRENCY
from patternbook.monitoring.base import MonitoringBase, metrics_of
from patternbook.monitoring.failures import MINUTE

if TYPE_CHECKING:  # a stack that does not use the service does not load its constructs
    from aws_cdk import aws_cloudfront as cloudfront

TOLERATED_PERCENT: Final = 0.1
"""Share of requests in which a function at the edge may fail. A cached page does not call functions at origin events,
so that all of their calls can be a small share of the requests."""
CONCURRENCY_PERCENT: Final = 80
LOGS: Final = (
    "Read the log group of the function in the Region nearest to the viewers, and go back to the last version."
)


class DistributionAlarms(MonitoringBase):
    """Alarms on errors of a distribution, and on errors and concurrency of its functions at the edge."""

    def watch_distribution(self, distribution: cloudfront.Distribution) -> None:
        """Adds alarms on 5xx responses and on functions at the edge, and graphs of requests and downloads.

        CloudFront sends its metrics to us-east-1 only, so the stack must be there.

        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
        """
        # The metrics of distribution.metric_*() lack the second dimension, so they match nothing.
        metric = metrics_of("AWS/CloudFront", {"DistributionId": distribution.distribution_id, "Region": "Global"})
        requests = metric("Requests", "sum")
        self.watch(
            "ErrorRate",
            metric("5xxErrorRate", "avg"),
            threshold=1,
            minutes=15,
            breaching_minutes=3,
            description="More than 1 % of the responses are 5xx",
            remedy="CloudFront's access logs say which pages. A page of the bucket that is refused means that the "
            "policy of the bucket does not admit the distribution.",
        )
        for name, of, description in (
            ("FunctionExecutionErrors", "LambdaExecutionError", "A function at the edge fails or times out"),
            (
                "FunctionValidationErrors",
                "LambdaValidationError",
                "A function at the edge returns a response that CloudFront refuses",
            ),
        ):
            self.watch(
                name,
                cloudwatch.MathExpression(
                    expression="100 * errors / requests",
                    using_metrics={"errors": metric(of, "sum"), "requests": requests},
                    label="Requests with an error of a function (%)",
                    period=MINUTE,
                ),
                threshold=TOLERATED_PERCENT,
                minutes=15,
                breaching_minutes=3,
                description=description,
                remedy=LOGS,
            )
        self.watch(
            "FunctionThrottles",
            metric("LambdaLimitExceededErrors", "sum"),
            threshold=0,
            minutes=15,
            breaching_minutes=3,
            description="Lambda throttles a function at the edge in some Region",
            remedy="Find the Region by its metric ConcurrentExecutions, and ask AWS for a higher quota there.",
        )
        self.graph("Requests", [requests])
        self.graph("Bytes downloaded", [metric("BytesDownloaded", "sum")])

    def watch_edge_concurrency(self, *, account_concurrency: int = ACCOUNT_CONCURRENCY) -> None:
        """Adds an alarm on the concurrent executions of all functions of the account in the Region of the stack.

        Functions at viewer events run for each request, in the Region nearest to the viewer, and share its quota with
        all other functions there. An alarm sees its own Region only.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html
        """
        self.watch(
            "RegionalConcurrency",
            metrics_of("AWS/Lambda", {})("ConcurrentExecutions", "max"),
            threshold=account_concurrency * CONCURRENCY_PERCENT / 100,
            minutes=15,
            breaching_minutes=3,
            description=f"Functions of the Region use {CONCURRENCY_PERCENT} % of {account_concurrency:,} executions",
            remedy="Find the function by its metric ConcurrentExecutions. Reserve concurrency for it, or ask AWS for a "
            "higher quota.",
        )
