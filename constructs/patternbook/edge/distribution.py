"""A CloudFront distribution for a website."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct
from typing_extensions import Self

from patternbook.edge.settings import DistributionSettings, PriceClass
from patternbook.limits.edge import check_certificate, check_countries, check_domain_names
from patternbook.nag import acknowledge

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
        certificate_arn: str | None = None,
        web_acl_arn: str | None = None,
        price_class: PriceClass = "100",
        allowed_countries: Sequence[str] = (),
        blocked_countries: Sequence[str] = (),
    ) -> None:
        """:param domain_names: alternate domain names. They require ``certificate_arn``.
        :param certificate_arn: ACM certificate in us-east-1.
        :param web_acl_arn: global AWS WAF web ACL.
        :raises ValueError: see the checks in :mod:`patternbook.limits.edge`.
        """
        check_domain_names(domain_names)
        check_certificate(certificate_arn, domain_names=domain_names)
        check_countries(allowed=allowed_countries, blocked=blocked_countries)
        certificate = geo_restriction = None
        if certificate_arn is not None:
            certificate = acm.Certificate.from_certificate_arn(scope, f"{construct_id}Certificate", certificate_arn)
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
        if geo_restriction is None:
            acknowledge(
                self, "CFR1", "A site for every country, unless allowed_countries or blocked_countries say otherwise."
            )
        if web_acl_arn is None:
            acknowledge(self, "CFR2", "Static files behind GET and HEAD; web_acl_arn puts AWS WAF in front.")
        if certificate is None:
            acknowledge(self, "CFR4", "The minimum of CloudFront's own certificate; certificate_arn sets TLS 1.2.")

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
            certificate_arn=settings.certificate_arn,
            web_acl_arn=settings.web_acl_arn,
            price_class=settings.price_class,
            allowed_countries=settings.allowed_countries,
            blocked_countries=settings.blocked_countries,
        )
