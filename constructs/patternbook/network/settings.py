"""Settings of VPCs, load balancers and AWS PrivateLink."""

import ipaddress
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook.data.settings import LogSettings
from patternbook.limits.given import listed
from patternbook.limits.load_balancers import (
    INTERVAL_SECONDS,
    PRIVATE_NETWORKS,
    TIMEOUT_SECONDS,
    HealthCheckProtocol,
    Protocol,
    check_certificate,
    check_health_check_path,
    check_health_check_times,
    check_inbound_rules,
)
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings
from patternbook.settings.fields import EachOnce, Whole, YesNo
from patternbook.settings.validators import Unit

ANYWHERE = "0.0.0.0/0"


class NetworkSettings(LogSettings):
    """Settings of a :class:`patternbook.network.vpc.Network`."""

    vpc_cidr: fields.VpcCidr = "10.0.0.0/16"
    """CIDR block of the VPC. Set it before the first deployment, because existing resources cannot move to another
    VPC."""


class HealthCheckSettings(PatternSettings):
    """Settings of the health check of an Application Load Balancer."""

    health_check_path: fields.UrlPath = "/"
    """URL path that answers 200 to the load balancer while the task is healthy."""

    @field_validator("health_check_path")
    @classmethod
    def _served(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("image", "") is None and value != "/":
            raise ValueError('Must be "/", the only page of the demonstration. Set image to use another path.')
        return value


class PublicLoadBalancerSettings(LogSettings, HealthCheckSettings):
    """Settings of a :class:`patternbook.network.public_load_balancer.PublicLoadBalancer`."""

    allowed_cidrs: Annotated[tuple[fields.Cidr, ...], Field(min_length=1, max_length=20)] = (ANYWHERE,)
    """IPv4 CIDR blocks that may connect to the load balancer."""
    certificate_arn: fields.CertificateArn | None = None
    """ACM certificate for HTTPS, in the stack's Region. Production requires it, unless allow_plain_http is true."""
    allow_plain_http: YesNo = False
    """Allow plain HTTP in production if there is no certificate."""
    web_acl_arn: fields.WebAclArn | None = None
    """Regional AWS WAF web ACL for the load balancer."""


class InternalLoadBalancerSettings(LogSettings):
    """Settings of an :class:`patternbook.network.internal_load_balancer.InternalLoadBalancer`."""

    protocol: Protocol = "TCP"
    """Protocol of the listener. TCP forwards bytes as they are; TLS ends TLS at the load balancer."""
    certificate_arn: fields.CertificateArn | None = None
    """ACM certificate for protocol TLS, in the stack's Region."""
    listener_port: Annotated[Whole, Field(ge=1, le=65535)] | None = None
    """Port that clients connect to. Defaults to 443 for TLS and 80 for TCP."""
    health_check_protocol: HealthCheckProtocol = "TCP"
    """Protocol of the load balancer's health check."""
    health_check_path: fields.UrlPath | None = None
    """URL path that answers 200 to 399 while the task is healthy, for health checks by HTTP or HTTPS. Defaults to /."""
    health_check_interval_seconds: Annotated[
        Whole, Field(ge=INTERVAL_SECONDS[0], le=INTERVAL_SECONDS[1]), Unit("seconds")
    ] = 10
    """Time between two health checks."""
    health_check_timeout_seconds: Annotated[
        Whole, Field(ge=TIMEOUT_SECONDS[0], le=TIMEOUT_SECONDS[1]), Unit("seconds")
    ] = 5
    """Time that a task has to answer a health check. It must be below the interval."""
    proxy_protocol: YesNo = False
    """Begin each connection with a proxy protocol header (version 2), which carries the client's address. The image
    must understand it."""
    allowed_cidrs: Annotated[tuple[fields.PrivateCidr, ...], EachOnce, Field(max_length=20)] = PRIVATE_NETWORKS
    """IPv4 CIDR blocks that may connect, including those of the consumers' VPCs. Set an empty list to admit PrivateLink
    clients only."""
    enforce_inbound_rules: YesNo = True
    """Apply allowed_cidrs to PrivateLink clients, too. Set it to false if their addresses overlap."""

    @field_validator("certificate_arn")
    @classmethod
    def _matches_protocol(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "protocol" in info.data:
            check_certificate(protocol=info.data["protocol"], certificate_arn=value)
        return value

    @field_validator("health_check_path")
    @classmethod
    def _matches_health_check(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "health_check_protocol" in info.data:
            check_health_check_path(protocol=info.data["health_check_protocol"], path=value)
        return value

    @field_validator("health_check_timeout_seconds")
    @classmethod
    def _below_interval(cls, value: int, info: ValidationInfo) -> int:
        if "health_check_interval_seconds" in info.data:
            interval = info.data["health_check_interval_seconds"]
            check_health_check_times(interval_seconds=interval, timeout_seconds=value)
        return value

    @field_validator("enforce_inbound_rules")
    @classmethod
    def _admits_a_client(cls, value: bool, info: ValidationInfo) -> bool:
        if "allowed_cidrs" in info.data:
            check_inbound_rules(allowed_cidrs=info.data["allowed_cidrs"], enforce_inbound_rules=value)
        return value


# Base classes validate from last to first, and a validator sees only the fields before it: consumer_cidr is checked
# against allowed_cidrs.
class EndpointSettings(InternalLoadBalancerSettings):
    """Settings of a :class:`patternbook.network.private_link.EndpointService` and of its
    :class:`patternbook.network.private_link.EndpointConsumer`.
    """

    allowed_principals: Annotated[tuple[fields.PrincipalArn, ...], EachOnce, Field(max_length=50)] = ()
    """ARNs of the AWS accounts, IAM roles and IAM users that may request a connection."""
    acceptance_required: YesNo = True
    """Require a person to accept each connection."""
    private_dns_name: fields.DomainName | None = None
    """Private DNS name of the endpoint service. Consumers can use it once you have created the TXT record of the output
    VerificationRecord."""
    consumer: YesNo = False
    """Add a second VPC with an interface endpoint to try the service in one account. It requires acceptance_required to
    be false."""
    consumer_cidr: fields.ConsumerCidr = "10.1.0.0/24"
    """CIDR block of the second VPC."""

    @field_validator("consumer")
    @classmethod
    def _accepted(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("acceptance_required"):
            raise ValueError(
                "Must be false while acceptance_required is true, because CloudFormation cannot accept a connection. "
                "Set acceptance_required to false."
            )
        return value

    @field_validator("consumer_cidr")
    @classmethod
    def _allowed(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("consumer") and info.data.get("enforce_inbound_rules"):
            allowed = info.data.get("allowed_cidrs", (value,))
            block = ipaddress.IPv4Network(value)
            if not any(block.subnet_of(ipaddress.IPv4Network(cidr)) for cidr in allowed):
                raise ValueError(
                    f"Must be within allowed_cidrs ({listed(allowed)}), or no client in the consumer's VPC could "
                    "connect. Change one of them, or set enforce_inbound_rules to false."
                )
        return value
