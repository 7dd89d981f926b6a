"""Limits of Network Load Balancers."""

from collections.abc import Sequence
from typing import Final, Literal

from patternbook.limits.given import shown

Protocol = Literal["TCP", "TLS"]
HealthCheckProtocol = Literal["TCP", "HTTP", "HTTPS"]
"""The health checks that a Network Load Balancer offers.

https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
"""

PRIVATE_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""The private address blocks of RFC 1918, which most VPCs use."""

INTERVAL_SECONDS: Final = (5, 300)
"""Minimum and maximum time between two health checks."""
TIMEOUT_SECONDS: Final = (2, 120)
"""Minimum and maximum time for a target to answer a health check.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
"""


def check_certificate(*, protocol: Protocol, certificate_arn: str | None) -> None:
    """:raises ValueError: if TLS has no certificate, or TCP has one."""
    if protocol == "TLS" and certificate_arn is None:
        raise ValueError(
            "certificate_arn must be the ARN of an ACM certificate with protocol TLS, got none. Set it, or set "
            "protocol to TCP."
        )
    if protocol != "TLS" and certificate_arn is not None:
        raise ValueError(
            f"certificate_arn must not be set with protocol {protocol}, got {shown(certificate_arn)}. Set protocol to "
            "TLS to "
            "end TLS at the load balancer."
        )


def check_health_check_path(*, protocol: str, path: str | None) -> None:
    """:raises ValueError: if a Network Load Balancer has no such health check, or TCP has a path."""
    if protocol not in ("TCP", "HTTP", "HTTPS"):
        raise ValueError(
            f"health_check_protocol must be TCP, HTTP or HTTPS, got {protocol}. Use an Application Load Balancer for "
            "gRPC."
        )
    if protocol == "TCP" and path is not None:
        raise ValueError(
            f"health_check_path must not be set with health_check_protocol TCP, got {shown(path)}. TCP only opens a "
            "connection. Set health_check_protocol to HTTP or HTTPS."
        )


def check_health_check_times(*, interval_seconds: int, timeout_seconds: int) -> None:
    """:raises ValueError: if a time is out of range, or the timeout is not below the interval."""
    for name, value, (low, high) in (
        ("health_check_interval_seconds", interval_seconds, INTERVAL_SECONDS),
        ("health_check_timeout_seconds", timeout_seconds, TIMEOUT_SECONDS),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name} must be {low} to {high}, got {value}.")
    if timeout_seconds >= interval_seconds:
        raise ValueError(
            f"health_check_timeout_seconds must be below health_check_interval_seconds ({interval_seconds}), got "
            f"{timeout_seconds}. Lower the timeout or raise the interval."
        )


def check_inbound_rules(*, allowed_cidrs: Sequence[str], enforce_inbound_rules: bool) -> None:
    """:raises ValueError: if the security group applies to every client and allows no traffic."""
    if enforce_inbound_rules and not allowed_cidrs:
        raise ValueError(
            "allowed_cidrs must list at least one CIDR block with enforce_inbound_rules true, got none. Add a block, "
            "or set enforce_inbound_rules to false to admit PrivateLink clients only."
        )
