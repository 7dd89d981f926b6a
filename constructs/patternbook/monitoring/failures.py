"""Failures, as alarms count them: by their share, also where there are few attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

MINUTE: Final = cdk.Duration.minutes(1)


@dataclass(frozen=True)
class Failures:
    """The metrics that count the failures and the attempts of a minute."""

    failures: cloudwatch.Metric
    attempts: cloudwatch.Metric
    apart: bool = False
    """Whether the failures are not among the attempts, as a throttled call of a function is none of its invocations."""


def failures_beyond_tolerance(counts: Sequence[Failures]) -> cloudwatch.MathExpression:
    """The number of failures of a minute above what is tolerated: 5 % of the attempts, or half of them if fewer than 5
    attempts fail.

    So 5 of 5 failures count, and 6 of a million do not. The only request of a minute counts if it fails; with an alarm
    on 3 of 15 minutes, one such request stays silent, and a service rings that fails once every seven minutes.

    A load balancer counts no request that it rejects because there is no target, hence FILL:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

    :param counts: what is counted. Of several, the worst counts.
    """
    if len(counts) == 1:
        expression, metrics = _excess(counts[0], "failures", "attempts", failures="failures")
    else:
        several = [
            _excess(each, f"failures{number}", f"attempts{number}", failures=f"FILL(failures{number}, 0)")
            for number, each in enumerate(counts)
        ]
        expression = f"MAX([{', '.join(each for each, _ in several)}])"
        metrics = {name: metric for _, found in several for name, metric in found.items()}
    return cloudwatch.MathExpression(
        expression=expression, using_metrics=metrics, label="Failures above the tolerance", period=MINUTE
    )


def _excess(counts: Failures, *names: str, failures: str) -> tuple[str, dict[str, cloudwatch.IMetric]]:
    """An expression, and its metrics by name.

    :param failures: the expression for the number of failures.
    """
    metrics: dict[str, cloudwatch.IMetric] = dict(zip(names, (counts.failures, counts.attempts), strict=True))
    attempts = f"FILL({names[1]}, 0)"
    of = f"({failures} + {attempts})" if counts.apart else attempts
    return f"{failures} - {of} * IF({failures} >= 5, 0.05, 0.5)", metrics
