"""Settings of CloudFront distributions."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook.limits.dns import check_certificate_of_names, check_hosted_zone
from patternbook.limits.edge import check_certificate, check_countries, check_domain_names
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings
from patternbook.settings.fields import EachOnce
from patternbook.settings.validators import arn

PriceClass = Literal["100", "200", "all"]
Countries = Annotated[tuple[fields.Country, ...], EachOnce, Field(max_length=250)]


class DistributionSettings(PatternSettings):
    """Settings of a :class:`patternbook.edge.distribution.SiteDistribution`."""

    domain_names: Annotated[tuple[fields.LiteralDomainName, ...], EachOnce] = ()
    """Domain names of the site. The first is the canonical one, to which the others redirect. Defaults to the domain
    name that CloudFront gives to the distribution."""
    hosted_zone_id: fields.HostedZoneId | None = None
    """Route 53 hosted zone of all domain_names, public and in the account of the stack. It gets alias records for IPv4
    and IPv6, HTTPS records for HTTP/3 and, without certificate_arn, the records that validate a new ACM certificate."""
    certificate_arn: (
        Annotated[
            str,
            arn(
                "acm",
                r"certificate/[\w-]+",
                "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d",
                same_region="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/"
                "cnames-and-https-requirements.html",
            ),
        ]
        | None
    ) = None
    """ACM certificate for domain_names, in us-east-1. Defaults to a new one if hosted_zone_id is set."""
    web_acl_arn: (
        Annotated[
            str,
            arn(
                "wafv2",
                r"global/webacl/[\w-]+/[\w-]+",
                "arn:aws:wafv2:us-east-1:111122223333:global/webacl/main/1a2b3c4d",
                same_region="https://docs.aws.amazon.com/waf/latest/developerguide/"
                "web-acl-associating-aws-resource.html",
            ),
        ]
        | None
    ) = None
    """Global AWS WAF web ACL, in front of the distribution."""
    price_class: PriceClass = "100"
    """CloudFront's price class: "100" is North America and Europe, "200" most edge locations, and "all" all of them."""
    allowed_countries: Countries = ()
    """Countries that may access the site. Defaults to all."""
    blocked_countries: Countries = ()
    """Countries that may not access the site."""

    @field_validator("domain_names")
    @classmethod
    def _within_quota(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_domain_names(value)
        return value

    @field_validator("hosted_zone_id")
    @classmethod
    def _with_names(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "domain_names" in info.data:
            check_hosted_zone(value, info.data["domain_names"], name="domain_names")
        return value

    @field_validator("certificate_arn")
    @classmethod
    def _for_domain_names(cls, value: str | None, info: ValidationInfo) -> str | None:
        names = info.data.get("domain_names")
        check_certificate(value, domain_names=names)
        if names and "hosted_zone_id" in info.data:
            zone = info.data["hosted_zone_id"]
            check_certificate_of_names(names, certificate=value, hosted_zone=zone, name="domain_names")
        return value

    @field_validator("blocked_countries")
    @classmethod
    def _one_list(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        check_countries(allowed=info.data.get("allowed_countries", ()), blocked=value)
        return value
