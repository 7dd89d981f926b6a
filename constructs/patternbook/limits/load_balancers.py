"""Limits of load balancers and of their health checks."""

import re
from collections.abc import Sequence
from typing import Final, Literal

from patternbook.limits.dns import SETTINGS, Options
from patternbook.limits.given import shown
from patternbook.limits.limit import Limit

Protocol = Literal["TCP", "TLS"]
HealthCheckProtocol = Literal["TCP", "HTTP", "HTTPS"]
"""The health checks that a Network Load Balancer offers.

https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
"""

PRIVATE_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""The private address blocks of RFC 1918, which most VPCs use."""

_TARGET_GROUP: Final = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html"
INTERVAL_SECONDS: Final = Limit("HealthCheckIntervalSeconds", 5, 300, "seconds", _TARGET_GROUP)
TIMEOUT_SECONDS: Final = Limit("HealthCheckTimeoutSeconds", 2, 120, "seconds", _TARGET_GROUP)
THRESHOLD: Final = Limit("HealthyThresholdCount and UnhealthyThresholdCount", 2, 10, "checks", _TARGET_GROUP)
HIGHEST_HTTP_CODE: Final = {"application": 499, "network": 599}
"""Highest HTTP code that each kind of load balancer can take for a healthy answer. The lowest code is 200.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
"""

DEREGISTRATION_DELAY_SECONDS: Final = 30
"""Time that a load balancer gives a task to finish its requests, before ECS sends SIGTERM. AWS's default is 300.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-connection-draining.html
"""


def check_certificate(
    *, protocol: Protocol, certificate: str | None, hosted_zone: object, options: Options = SETTINGS
) -> None:
    """:param certificate: ARN of the certificate that was given, or None.
    :param hosted_zone: what was given for the hosted zone, or None.
    :raises ValueError: if TLS has no certificate and gets none, or TCP has one.
    """
    if protocol == "TLS" and certificate is None and hosted_zone is None:
        raise ValueError(
            f"{options.certificate} must be an ACM certificate with protocol TLS, got none. Set it, or set domain_name "
            f"and {options.hosted_zone} to get one, or set protocol to TCP."
        )
    if protocol != "TLS" and certificate is not None:
        raise ValueError(
            f"{options.certificate} must not be set with protocol {protocol}, got {shown(certificate)}. Set protocol "
            "to TLS to end TLS at the load balancer."
        )


def is_http_codes(text: str, *, highest: int) -> bool:
    """Whether a text lists HTTP codes and ranges of them, such as ``200,204`` or ``200-299``."""
    if not re.fullmatch(r"\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*", text, re.ASCII):
        return False
    ranges = [[int(code) for code in part.split("-")] for part in text.split(",")]
    return all(200 <= codes[0] <= codes[-1] <= highest for codes in ranges)


def check_only_with_http(name: str, value: str | None, *, protocol: HealthCheckProtocol) -> None:
    """:raises ValueError: if a health check by TCP has a value that only an answer by HTTP can have."""
    if protocol == "TCP" and value is not None:
        raise ValueError(
            f"{name} must not be set with protocol TCP, which only opens a connection, got {shown(value)}. Set "
            "protocol to HTTP or HTTPS."
        )


def check_health_check_times(*, interval_seconds: int, timeout_seconds: int) -> None:
    """:raises ValueError: if the timeout is not below the interval."""
    if timeout_seconds >= interval_seconds:
        raise ValueError(
            f"timeout_seconds must be below interval_seconds ({interval_seconds}), got {timeout_seconds}. Lower the "
            "timeout or raise the interval."
        )


def check_inbound_rules(*, allowed_cidrs: Sequence[str], enforce_inbound_rules: bool) -> None:
    """:raises ValueError: if the security group applies to every client and allows no traffic."""
    if enforce_inbound_rules and not allowed_cidrs:
        raise ValueError(
            "allowed_cidrs must list at least one CIDR block with enforce_inbound_rules true, got none. Add a block, "
            "or set enforce_inbound_rules to false to admit PrivateLink clients only."
        )
