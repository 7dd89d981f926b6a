"""What is assumed about a month's usage. Each assumption has a name, by which ``--assume`` changes it."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final


class AssumptionError(Exception):
    """An assumption is unknown, or its value is not usable. The message is written for the person who gave it."""


@dataclass(frozen=True)
class Assumption:
    """A number that the template does not say."""

    default: int | None
    """None leaves what depends on it unknown, because no number fits most deployments."""
    unit: str
    per: str
    """What the number is about."""


ASSUMPTIONS: Final[Mapping[str, Assumption]] = {
    "acu_hours": Assumption(45, "ACU-hours", "each Aurora instance, beside its minimum capacity"),
    "active_hours": Assumption(45, "hours", "each ready App Runner instance that is busy"),
    "aurora_gb": Assumption(10, "GB", "each Aurora cluster"),
    "aurora_ios": Assumption(1_000_000, "I/O requests", "each Aurora cluster"),
    "duration_ms": Assumption(100, "milliseconds", "each invocation of a function"),
    "efs_gb": Assumption(10, "GB", "stored in each EFS file system"),
    "efs_read_gb": Assumption(10, "GB", "read from each EFS file system"),
    "efs_write_gb": Assumption(1, "GB", "written to each EFS file system"),
    "endpoint_gb": Assumption(1, "GB", "processed by each interface endpoint"),
    "external_instances": Assumption(1, "machines", "each ECS Anywhere service"),
    "firehose_gb": Assumption(10, "GB", "ingested by each Firehose stream"),
    "image_gb": Assumption(5, "GB", "stored in each ECR repository"),
    "insights_metrics": Assumption(None, "metrics", "each ECS cluster with Container Insights"),
    "insights_observations": Assumption(None, "observations", "each EKS cluster with Container Insights"),
    "internet_gb": Assumption(10, "GB", "sent to the internet by each public entry"),
    "invocations": Assumption(1_000_000, "invocations", "each function"),
    "key_rotations": Assumption(0, "rotations", "each KMS key with rotation so far, of which AWS bills two"),
    "kms_requests": Assumption(100_000, "requests", "each KMS key"),
    "lcu": Assumption(1, "% of one capacity unit", "each load balancer on average"),
    "logs_gb": Assumption(1, "GB", "written to each log group"),
    "messages": Assumption(1_000_000, "messages", "each queue, and each topic that is not for alarms"),
    "nat_gb": Assumption(10, "GB", "processed by each NAT gateway"),
    "requests": Assumption(1_000_000, "requests", "each API and each CloudFront distribution"),
    "reads": Assumption(1_000_000, "read request units", "each DynamoDB table"),
    "s3_gb": Assumption(10, "GB", "stored in each bucket"),
    "s3_gets": Assumption(100_000, "requests", "GET requests to each bucket"),
    "s3_puts": Assumption(10_000, "requests", "PUT requests to each bucket"),
    "scanned_gb": Assumption(10, "GB", "scanned by the queries of each Athena workgroup"),
    "secret_requests": Assumption(10_000, "requests", "each secret"),
    "spot_discount": Assumption(0, "%", "Spot capacity; 0 is the upper bound of its price"),
    "table_gb": Assumption(1, "GB", "stored in each DynamoDB table"),
    "task_hours": Assumption(10, "hours", "each Fargate task definition without a service"),
    "traces": Assumption(100_000, "traces", "each function or service with X-Ray"),
    "transitions": Assumption(100_000, "state transitions", "each state machine"),
    "users": Assumption(1_000, "monthly active users", "each Cognito user pool"),
    "writes": Assumption(1_000_000, "write request units", "each DynamoDB table"),
}

LARGEST: Final = 10**15
"""More than anybody uses. It keeps exact arithmetic quick."""
LIMITS: Final[Mapping[str, int]] = {"key_rotations": 2, "spot_discount": 100}
"""Largest values of other assumptions."""
SMALLEST: Final = Decimal("1e-9")
"""Smaller numbers than this, except 0, cost nothing that anybody could see, and would be long to print."""


def assumed(given: Iterable[str] = ()) -> dict[str, Decimal | None]:
    """All assumptions, with those that are given as ``NAME=VALUE`` in place of their defaults.

    :raises AssumptionError: naming all mistakes.
    """
    found: dict[str, Decimal | None] = {
        name: None if each.default is None else Decimal(each.default) for name, each in ASSUMPTIONS.items()
    }
    mistakes = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            mistakes.append(f"--assume must be NAME=VALUE, such as requests=5000000, got {text!r}.")
        elif name not in ASSUMPTIONS:
            similar = difflib.get_close_matches(name, ASSUMPTIONS, 1)
            hint = f"Did you mean {similar[0]!r}? " if similar else ""
            mistakes.append(f"Unknown assumption {name!r}. {hint}Choose from {', '.join(ASSUMPTIONS)}.")
        else:
            limit = LIMITS.get(name, LARGEST)
            number = _number(value)
            if number is None or not 0 <= number <= limit or number != number.quantize(SMALLEST):
                unit = ASSUMPTIONS[name].unit
                mistakes.append(
                    f"--assume {name} must be a number from 0 to {limit} ({unit}) with at most nine decimals, "
                    f"got {value!r}."
                )
            else:
                found[name] = number
    if mistakes:
        raise AssumptionError("\n".join(mistakes))
    return found


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.replace("_", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
