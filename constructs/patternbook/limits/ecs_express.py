"""Limits of ECS Express Mode, beyond those of any task on Fargate.

Resources and defaults: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
"""

from typing import Final, Literal

MAIN_CONTAINER: Final = "Main"
"""Name that the container with the traffic must have. It has one named port mapping over TCP, and its task definition
is for Fargate.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html
"""

ScalingMetric = Literal["cpu", "memory", "requests"]

SCALING_METRICS: Final[dict[ScalingMetric, str]] = {
    "cpu": "AVERAGE_CPU",
    "memory": "AVERAGE_MEMORY",
    "requests": "REQUEST_COUNT_PER_TARGET",
}
"""AWS's names of the metrics. A service scales by one of them.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayScalingTarget.html
"""

MAX_REQUESTS_PER_TARGET: Final = 65_536
"""Highest target of a service that scales by requests."""

TARGETS: Final[dict[ScalingMetric, tuple[int, int, str]]] = {
    "cpu": (10, 90, "%"),
    "memory": (10, 90, "%"),
    "requests": (1, MAX_REQUESTS_PER_TARGET, "requests per minute"),
}
"""Minimum, maximum and unit of the target of each metric."""


def check_target(metric: ScalingMetric, target: int) -> None:
    """:raises ValueError: if the target is out of range for the metric."""
    low, high, unit = TARGETS[metric]
    if not low <= target <= high:
        raise ValueError(
            f"scaling_target must be {low:,} to {high:,} {unit} with scaling_metric {metric}, got {target:,}."
        )
