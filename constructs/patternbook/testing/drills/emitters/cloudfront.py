"""Amazon CloudFront with functions at the edge.

- https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html: the metrics of
  a distribution. CloudFront sends them for requests only. The error rates are shares of all requests of a minute.
- https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html: ConcurrentExecutions without a dimension is
  the number of all functions of a Region together.

The metrics of functions are taken for sent only if there are such errors, because the page does not name them.
"""

from dataclasses import dataclass

from patternbook.testing.drills.emitters.reports import Report, ones, report


@dataclass(frozen=True)
class Views:
    """The requests of viewers in one minute."""

    answered: int = 600
    """Responses below 400."""
    missing: int = 0
    """Responses with 4xx."""
    unavailable: int = 0
    """Responses with 5xx of the bucket, or of the function at origin response in its place."""
    crashes: int = 0
    """Requests for which a function fails or times out. CloudFront answers 502 or 503."""
    refused: int = 0
    """Requests for which a function returns what CloudFront refuses. CloudFront answers 502."""
    throttled: int = 0
    """Requests for which a function has no concurrency left. CloudFront answers 503."""
    executions: int = 5
    """Concurrent executions of all functions in the Region of the stack, also those of others."""


@dataclass(frozen=True)
class Distribution:
    distribution_id: str

    def metrics(self, views: Views) -> Report:
        failed = views.unavailable + views.crashes + views.refused + views.throttled
        total = views.answered + views.missing + failed
        sent = report("AWS/Lambda", {}, {"ConcurrentExecutions": views.executions or None})
        if not total:
            return sent
        values = {
            "Requests": ones(total),
            "BytesDownloaded": 10_000 * total,
            "4xxErrorRate": 100 * views.missing / total,
            "5xxErrorRate": 100 * failed / total,
            "TotalErrorRate": 100 * (views.missing + failed) / total,
            "LambdaExecutionError": ones(views.crashes),
            "LambdaValidationError": ones(views.refused),
            "LambdaLimitExceededErrors": ones(views.throttled),
        }
        dimensions = {"DistributionId": self.distribution_id, "Region": "Global"}
        return sent | report("AWS/CloudFront", dimensions, values)
