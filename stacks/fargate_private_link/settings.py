"""What can be chosen; the defaults work in an empty account."""

import ipaddress
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook.ecs.settings import (
    FargateSettings,
    TaskSettings,
    UtilizationScalingSettings,
)
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.internal_load_balancer import (
    INTERVAL_SECONDS,
    PRIVATE_NETWORKS,
    TIMEOUT_SECONDS,
    HealthCheckProtocol,
    Protocol,
    check_certificate,
    check_health_check_path,
    check_health_check_times,
    check_way_in,
)
from patternbook.network.settings import NetworkSettings
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings
from patternbook.settings.fields import EachOnce, Unit, Whole, YesNo

Interval = Annotated[Whole, Field(ge=INTERVAL_SECONDS[0], le=INTERVAL_SECONDS[1]), Unit("seconds")]
Timeout = Annotated[Whole, Field(ge=TIMEOUT_SECONDS[0], le=TIMEOUT_SECONDS[1]), Unit("seconds")]


class ListenerSettings(PatternSettings):
    """How connections come in, see :class:`patternbook.network.internal_load_balancer.InternalLoadBalancer`."""

    protocol: Protocol = "TCP"
    """TCP passes bytes on as they are; TLS ends TLS at the load balancer."""
    certificate_arn: fields.CertificateArn | None = None
    """ACM certificate, of the stack's Region, for protocol TLS."""
    listener_port: Annotated[Whole, Field(ge=1, le=65535)] | None = None
    """Port that clients connect to; where it is not set, 443 for TLS and 80 for TCP."""
    health_check_protocol: HealthCheckProtocol = "TCP"
    """What the load balancer checks health by."""
    health_check_path: fields.UrlPath | None = None
    """Path that answers 200 to 399 while the task is well, for checks by HTTP or HTTPS; / where it is not set."""
    health_check_interval_seconds: Interval = 10
    """Time between two health checks."""
    health_check_timeout_seconds: Timeout = 5
    """Time that a task has to answer a health check; below the interval."""
    proxy_protocol: YesNo = False
    """Hand the client's address on in a header of the proxy protocol, version 2, which the image has to understand."""
    allowed_cidrs: Annotated[tuple[fields.PrivateCidr, ...], EachOnce, Field(max_length=20)] = PRIVATE_NETWORKS
    """IPv4 blocks that may connect, in the consumers' VPCs too; none where PrivateLink is to be the only way in."""
    enforce_inbound_rules: YesNo = True
    """Whether allowed_cidrs holds for clients by PrivateLink too, whose addresses may overlap."""

    @field_validator("certificate_arn")
    @classmethod
    def _of_tls(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "protocol" in info.data:
            check_certificate(protocol=info.data["protocol"], certificate_arn=value)
        return value

    @field_validator("health_check_path")
    @classmethod
    def _of_http(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "health_check_protocol" in info.data:
            check_health_check_path(protocol=info.data["health_check_protocol"], path=value)
        return value

    @field_validator("health_check_timeout_seconds")
    @classmethod
    def _below_the_interval(cls, value: int, info: ValidationInfo) -> int:
        if "health_check_interval_seconds" in info.data:
            interval = info.data["health_check_interval_seconds"]
            check_health_check_times(interval_seconds=interval, timeout_seconds=value)
        return value

    @field_validator("enforce_inbound_rules")
    @classmethod
    def _admits_someone(cls, value: bool, info: ValidationInfo) -> bool:
        if "allowed_cidrs" in info.data:
            check_way_in(allowed_cidrs=info.data["allowed_cidrs"], enforce_inbound_rules=value)
        return value


class EndpointSettings(PatternSettings):
    """Who connects by PrivateLink, see :class:`patternbook.network.private_link.EndpointService`."""

    allowed_principals: Annotated[tuple[fields.PrincipalArn, ...], EachOnce, Field(max_length=50)] = ()
    """Accounts, roles and users of IAM that may ask for a connection."""
    acceptance_required: YesNo = True
    """Whether somebody has to accept each connection."""
    private_dns_name: fields.DomainName | None = None
    """Name that consumers may call the service by, once the TXT record of the outputs has verified its domain."""
    consumer: YesNo = False
    """Add a second VPC with an interface endpoint, to try the service in one account; acceptance_required has to be
    false."""
    consumer_cidr: fields.ConsumerCidr = "10.1.0.0/24"
    """Addresses of that VPC."""

    @field_validator("consumer")
    @classmethod
    def _let_in(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("acceptance_required"):
            raise ValueError(
                "expected acceptance_required false with a consumer, whose connection nothing in a stack can accept; "
                "or no consumer"
            )
        return value


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class FargatePrivateLinkSettings(
    FargateSettings,
    AlarmSettings,
    NetworkSettings,
    UtilizationScalingSettings,
    EndpointSettings,
    ListenerSettings,
    TaskSettings,
):
    """Of one service, by what takes them."""

    @field_validator("writable_paths")
    @classmethod
    def _of_an_image(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and _is_demonstration(info):
            raise ValueError("expected none with the demonstration, which has its own; or an image of yours")
        return value

    @field_validator("health_check_protocol", "health_check_path", "proxy_protocol")
    @classmethod
    def _understood(cls, value: str | bool | None, info: ValidationInfo) -> str | bool | None:
        if _is_demonstration(info) and value not in ("TCP", "HTTP", None, "/", False):
            raise ValueError("expected what the demonstration understands, plain HTTP for /; or an image of yours")
        return value

    @field_validator("consumer_cidr")
    @classmethod
    def _allowed(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("consumer") and info.data.get("enforce_inbound_rules"):
            allowed = info.data.get("allowed_cidrs", (value,))
            block = ipaddress.IPv4Network(value)
            if not any(block.subnet_of(ipaddress.IPv4Network(cidr)) for cidr in allowed):
                raise ValueError(
                    f"expected a block within allowed_cidrs, which are {', '.join(allowed)}, or enforce_inbound_rules "
                    "false: no client in the consumer's VPC could connect"
                )
        return value


def _is_demonstration(info: ValidationInfo) -> bool:
    return info.data.get("image", "") is None
