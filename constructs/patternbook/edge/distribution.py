"""A CloudFront distribution for a website."""

from collections.abc import Mapping, Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from constructs import Construct
from typing_extensions import Self

from patternbook.edge.settings import DistributionSettings, PriceClass
from patternbook.limits.edge import check_certificate, check_countries, check_domain_names, check_region_of_certificate
from patternbook.nag import acknowledge
from patternbook.network.dns import (
    AliasRecords,
    check_domain,
    imported_certificate,
    imported_zone,
    validated_certificate,
)

PRICE_CLASSES: Final[Mapping[PriceClass, cloudfront.PriceClass]] = {
    "100": cloudfront.PriceClass.PRICE_CLASS_100,
    "200": cloudfront.PriceClass.PRICE_CLASS_200,
    "all": cloudfront.PriceClass.PRICE_CLASS_ALL,
}


class SiteDistribution(cloudfront.Distribution):
    """A distribution with HTTP/3, and with TLS 1.2 as the minimum if it has a certificate of your own."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        comment: str,
        default_behavior: cloudfront.BehaviorOptions,
        additional_behaviors: Mapping[str, cloudfront.BehaviorOptions] | None = None,
        domain_names: Sequence[str] = (),
        hosted_zone: route53.IHostedZone | None = None,
        certificate: acm.ICertificate | None = None,
        web_acl_arn: str | None = None,
        price_class: PriceClass = "100",
        allowed_countries: Sequence[str] = (),
        blocked_countries: Sequence[str] = (),
    ) -> None:
        """:param domain_names: alternate domain names. They require ``hosted_zone`` or ``certificate``.
        :param hosted_zone: the zone that gets the records of all names, and of their certificate if none is given.
        :param certificate: ACM certificate in us-east-1.
        :param web_acl_arn: global AWS WAF web ACL.
        :raises ValueError: see the checks in :mod:`patternbook.limits.edge` and
            :func:`patternbook.network.dns.check_domain`; for a hosted zone without a certificate in another Region.
        """
        check_domain_names(domain_names)
        check_certificate(certificate.certificate_arn if certificate else None, domain_names=domain_names)
        check_domain(scope, domain_names, hosted_zone=hosted_zone, certificate=certificate, name="domain_names")
        check_countries(allowed=allowed_countries, blocked=blocked_countries)
        geo_restriction = None
        if certificate is None and hosted_zone is not None:
            check_region_of_certificate(cdk.Stack.of(scope).region)
            certificate = validated_certificate(
                scope, f"{construct_id}Certificate", names=domain_names, hosted_zone=hosted_zone
            )
        if allowed_countries:
            geo_restriction = cloudfront.GeoRestriction.allowlist(*allowed_countries)
        elif blocked_countries:
            geo_restriction = cloudfront.GeoRestriction.denylist(*blocked_countries)
        super().__init__(
            scope,
            construct_id,
            comment=comment,
            default_behavior=default_behavior,
            additional_behaviors=additional_behaviors,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=PRICE_CLASSES[price_class],
            geo_restriction=geo_restriction,
            web_acl_id=web_acl_arn,
            domain_names=list(domain_names) or None,
            certificate=certificate,
            # CloudFront ignores it without a certificate of your own, because its own certificate has its own minimum.
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2025 if certificate else None,
        )
        if hosted_zone is not None:
            target = route53_targets.CloudFrontTarget(self)
            AliasRecords(
                self,
                "Records",
                names=domain_names,
                hosted_zone=hosted_zone,
                target=target,  # ty: ignore[invalid-argument-type]
                https_records=True,
            )
        if geo_restriction is None:
            acknowledge(
                self, "CFR1", "A site for every country, unless allowed_countries or blocked_countries say otherwise."
            )
        if web_acl_arn is None:
            acknowledge(self, "CFR2", "Static files behind GET and HEAD; web_acl_arn puts AWS WAF in front.")
        if certificate is None:
            acknowledge(
                self, "CFR4", "The minimum of CloudFront's own certificate; domain names of your own set TLS 1.2."
            )

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: DistributionSettings,
        *,
        comment: str,
        default_behavior: cloudfront.BehaviorOptions,
        additional_behaviors: Mapping[str, cloudfront.BehaviorOptions] | None = None,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            comment=comment,
            default_behavior=default_behavior,
            additional_behaviors=additional_behaviors,
            domain_names=settings.domain_names,
            hosted_zone=imported_zone(scope, f"{construct_id}Zone", settings.hosted_zone_id),
            certificate=imported_certificate(scope, f"{construct_id}Certificate", settings.certificate_arn),
            web_acl_arn=settings.web_acl_arn,
            price_class=settings.price_class,
            allowed_countries=settings.allowed_countries,
            blocked_countries=settings.blocked_countries,
        )
