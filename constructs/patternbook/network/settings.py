"""Settings of VPCs and load balancers."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook.data.settings import LogSettings
from patternbook.network.public_load_balancer import ANYWHERE
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings
from patternbook.settings.fields import YesNo


class NetworkSettings(LogSettings):
    """Settings of a :class:`patternbook.network.vpc.Network`."""

    vpc_cidr: fields.VpcCidr = "10.0.0.0/16"
    """Addresses of the VPC; of use before the first deployment only, as much of it cannot move to another VPC."""


class HealthCheckSettings(PatternSettings):
    """How a load balancer tells whether a task is well."""

    health_check_path: fields.UrlPath = "/"
    """Path that answers 200 to the load balancer while the task is well."""

    @field_validator("health_check_path")
    @classmethod
    def _served(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("image", "") is None and value != "/":
            raise ValueError('expected "/", the only page of the demonstration, or an image of yours')
        return value


class PublicLoadBalancerSettings(HealthCheckSettings):
    """Who reaches a service, and how, see :class:`patternbook.network.public_load_balancer.PublicLoadBalancer`."""

    allowed_cidrs: Annotated[tuple[fields.Cidr, ...], Field(min_length=1, max_length=20)] = (ANYWHERE,)
    """IPv4 blocks that may connect to the load balancer."""
    certificate_arn: fields.CertificateArn | None = None
    """ACM certificate, of the stack's Region, to serve HTTPS with."""
    allow_plain_http: YesNo = False
    """Serve plain HTTP in production, when there is no certificate."""
    web_acl_arn: fields.WebAclArn | None = None
    """Regional AWS WAF web ACL in front of the load balancer."""
