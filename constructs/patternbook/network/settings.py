"""Settings of VPCs, load balancers and AWS PrivateLink."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, ValidatorFunctionWrapHandler, field_validator

from patternbook.data.settings import LogSettings
from patternbook.limits.dns import check_certificate_of_names, check_hosted_zone
from patternbook.limits.given import listed
from patternbook.limits.load_balancers import (
    HIGHEST_HTTP_CODE,
    INTERVAL_SECONDS,
    PRIVATE_NETWORKS,
    THRESHOLD,
    TIMEOUT_SECONDS,
    HealthCheckProtocol,
    Protocol,
    check_certificate,
    check_health_check_times,
    check_inbound_rules,
    check_only_with_http,
    is_http_codes,
)
from patternbook.limits.networks import Tier, tier_mistakes
from patternbook.network.vpc_settings import AvailabilityZones, ExistingVpc, read_vpc
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, SettingsModel
from patternbook.settings.fields import EachOnce, Whole, YesNo
from patternbook.settings.validators import PLACEHOLDER, Text, Unit, within

ANYWHERE = "0.0.0.0/0"
Threshold = Annotated[Whole, within(THRESHOLD), Unit("checks")]


def _http_codes(highest: int) -> Text:
    return Text(
        f'HTTP codes from 200 to {highest}, as a list or a range, such as "200-299"',
        lambda value: is_http_codes(value, highest=highest),
    )


class NetworkSettings(LogSettings):
    """Settings of a :class:`patternbook.network.vpc.Network`."""

    vpc_cidr: fields.VpcCidr = "10.0.0.0/16"
    """CIDR block of the VPC. Set it before the first deployment, because existing resources cannot move to another
    VPC."""
    availability_zones: AvailabilityZones | None = None
    """Two or three AZs of the VPC: their names, or their numbers in what Fn::GetAZs lists. Defaults to the first three.
    Set it before the first deployment, because another choice replaces subnets."""
    vpc: ExistingVpc | None = None
    """VPC that exists, and its subnets, instead of a VPC of the stack. Set it before the first deployment, because
    existing resources cannot move to another VPC."""

    @classmethod
    def tiers(cls, given: Mapping[str, Any]) -> tuple[Tier, ...]:  # noqa: ARG003 - for patterns that override it
        """The tiers of subnets that the pattern needs. Private subnets replace isolated ones that a VPC does not have.

        :param given: the valid ones of the settings before those of the network.
        """
        is_public = issubclass(cls, PublicLoadBalancerSettings)
        return ("public_subnets", "private_subnets") if is_public else ("private_subnets",)

    @field_validator("vpc", mode="wrap")
    @classmethod
    def _suits_the_pattern(
        cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> ExistingVpc | None:
        """Judges the tiers in use only, and leaves out the others."""
        if value is None:
            return None

        def needed(tiers: Mapping[Tier, Mapping[str, str]]) -> set[Tier]:
            choice: Tier = "isolated_subnets" if tiers.get("isolated_subnets") else "private_subnets"
            return {choice if name == "isolated_subnets" else name for name in cls.tiers(info.data)}

        def mistakes(tiers: Mapping[Tier, Mapping[str, str]]) -> Iterator[str]:
            in_use = {name: subnets for name, subnets in tiers.items() if name in {*needed(tiers), "isolated_subnets"}}
            yield from tier_mistakes(in_use, needed=sorted(needed(tiers), reverse=True))
            for name in ("vpc_cidr", "availability_zones"):
                default = cls.model_fields[name].default
                if info.data.get(name, default) != default:
                    yield f"Must not be set together with {name}, which is for a VPC of the stack. Remove one."

        vpc = read_vpc(value, handler, mistakes)
        unused = vpc.tiers.keys() - {*needed(vpc.tiers), "isolated_subnets"}
        return vpc.model_copy(update={name: {} for name in unused})

    @property
    def cidr_blocks(self) -> tuple[str, ...]:
        """The CIDR blocks of the VPC that are known at synth."""
        blocks = (self.vpc_cidr,) if self.vpc is None else self.vpc.cidr_blocks
        return tuple(block for block in blocks if not PLACEHOLDER.search(block))


class PathHealthCheck(SettingsModel):
    """Health check of an Application Load Balancer, of which only the path can be chosen."""

    path: fields.UrlPath = "/"
    """URL path that answers the load balancer without a login."""


class TargetHealthCheck(SettingsModel):
    """The times of a health check of any load balancer."""

    interval_seconds: Annotated[Whole, within(INTERVAL_SECONDS), Unit("seconds")] = 15
    """Time between two checks of the load balancer."""
    timeout_seconds: Annotated[Whole, within(TIMEOUT_SECONDS), Unit("seconds")] = 5
    """Time that a task has to answer the load balancer. It must be below interval_seconds."""
    healthy_threshold: Threshold = 5
    """Number of consecutive successful checks that make an unhealthy task healthy."""
    unhealthy_threshold: Threshold = 2
    """Number of consecutive failed checks that make a task unhealthy."""

    @field_validator("timeout_seconds")
    @classmethod
    def _below_interval(cls, value: int, info: ValidationInfo) -> int:
        if "interval_seconds" in info.data:
            check_health_check_times(interval_seconds=info.data["interval_seconds"], timeout_seconds=value)
        return value


# Base classes validate from last to first, and messages show the first field as the example.
class ApplicationHealthCheck(TargetHealthCheck, PathHealthCheck):
    """Health check of an Application Load Balancer."""

    matcher: Annotated[str, _http_codes(HIGHEST_HTTP_CODE["application"])] = "200"
    """HTTP codes of a healthy answer."""


class _ProtocolHealthCheck(SettingsModel):
    protocol: HealthCheckProtocol = "TCP"
    """Protocol of the load balancer's check. TCP only opens a connection."""
    path: fields.UrlPath | None = None
    """URL path that answers the load balancer, for checks by HTTP or HTTPS. Defaults to /."""
    matcher: Annotated[str, _http_codes(HIGHEST_HTTP_CODE["network"])] | None = None
    """HTTP codes of a healthy answer, for checks by HTTP or HTTPS. Defaults to 200-399."""

    @field_validator("path", "matcher")
    @classmethod
    def _with_http(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "protocol" in info.data:
            check_only_with_http(str(info.field_name), value, protocol=info.data["protocol"])
        return value


class NetworkHealthCheck(TargetHealthCheck, _ProtocolHealthCheck):
    """Health check of a Network Load Balancer."""

    interval_seconds: Annotated[Whole, within(INTERVAL_SECONDS), Unit("seconds")] = 10
    """Time between two checks of the load balancer."""
    healthy_threshold: Threshold = 2
    """Number of consecutive successful checks that make an unhealthy task healthy."""


class DomainSettings(PatternSettings):
    """A domain name of your own. See :mod:`patternbook.network.dns`."""

    domain_name: fields.DomainName | None = None
    """Domain name of your own. With hosted_zone_id, the stack makes its DNS records. Defaults to a name of AWS."""
    hosted_zone_id: fields.HostedZoneId | None = None
    """Route 53 hosted zone of domain_name, in the account of the stack. It gets alias records for IPv4 and IPv6. Where
    there is TLS and no certificate_arn, it also gets the records that validate a new ACM certificate. The zone must be
    public then."""

    @field_validator("hosted_zone_id")
    @classmethod
    def _with_a_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "domain_name" in info.data:
            check_hosted_zone(value, _names(info))
        return value


def _names(info: ValidationInfo) -> list[str]:
    name = info.data.get("domain_name")
    return [] if name is None else [name]


# Base classes validate from last to first: certificate_arn is checked against domain_name and hosted_zone_id.
class PublicLoadBalancerSettings(LogSettings, DomainSettings):
    """Settings of a :class:`patternbook.network.public_load_balancer.PublicLoadBalancer`."""

    health_check: ApplicationHealthCheck = ApplicationHealthCheck()
    """Health check of the load balancer."""
    allowed_cidrs: Annotated[tuple[fields.Cidr, ...], Field(min_length=1, max_length=20)] = (ANYWHERE,)
    """IPv4 CIDR blocks that may connect to the load balancer."""
    certificate_arn: fields.CertificateArn | None = None
    """ACM certificate for HTTPS, in the stack's Region. Defaults to a new one if hosted_zone_id is set. Production
    requires one of the two, unless allow_plain_http is true."""
    allow_plain_http: YesNo = False
    """Allow plain HTTP in production if there is no certificate."""
    web_acl_arn: fields.WebAclArn | None = None
    """Regional AWS WAF web ACL for the load balancer."""

    @field_validator("certificate_arn")
    @classmethod
    def _for_the_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        if {"domain_name", "hosted_zone_id"} <= info.data.keys():
            check_certificate_of_names(_names(info), certificate=value, hosted_zone=info.data["hosted_zone_id"])
        return value


class InternalLoadBalancerSettings(LogSettings, DomainSettings):
    """Settings of an :class:`patternbook.network.internal_load_balancer.InternalLoadBalancer`."""

    protocol: Protocol = "TCP"
    """Protocol of the listener. TCP forwards bytes as they are; TLS ends TLS at the load balancer."""
    certificate_arn: fields.CertificateArn | None = None
    """ACM certificate for protocol TLS, in the stack's Region. Defaults to a new one if hosted_zone_id is set."""
    listener_port: Annotated[Whole, Field(ge=1, le=65535)] | None = None
    """Port that clients connect to. Defaults to 443 for TLS and 80 for TCP."""
    health_check: NetworkHealthCheck = NetworkHealthCheck()
    """Health check of the load balancer."""
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
        if {"protocol", "domain_name", "hosted_zone_id"} <= info.data.keys():
            zone = info.data["hosted_zone_id"]
            check_certificate(protocol=info.data["protocol"], certificate=value, hosted_zone=zone)
            if info.data["protocol"] == "TLS":
                check_certificate_of_names(_names(info), certificate=value, hosted_zone=zone)
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

    @field_validator("private_dns_name")
    @classmethod
    def _certified(cls, value: str | None, info: ValidationInfo) -> str | None:
        given = info.data
        if {"protocol", "domain_name", "certificate_arn"} <= given.keys():
            made = given["protocol"] == "TLS" and given["certificate_arn"] is None
            name = given["domain_name"]
            unknown = any(PLACEHOLDER.search(each or "") for each in (value, name))
            if value is not None and made and value != name and not unknown:
                raise ValueError(
                    f"Must be domain_name ({name}) without certificate_arn, because the new "
                    "certificate covers that name only. Use the same name, or set certificate_arn to a certificate for "
                    "both."
                )
        return value

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
