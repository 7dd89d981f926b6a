"""What CloudFront caches pages by, what it adds to responses, and where it serves them."""

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

from stacks.lambda_edge.packages import HSTS_DAYS

COOKIE = "variant"
"""As in ``shared.py`` of the functions."""


def cache_of_pages(scope: Construct, *, seconds: int) -> cloudfront.CachePolicy:
    """What a cached page is found by is what functions at origin events get to see: the path, and this cookie.

    :param seconds: for what comes without a word of how long to keep it.
    """
    return cloudfront.CachePolicy(
        scope,
        "Pages",
        comment="By path and variant",
        cookie_behavior=cloudfront.CacheCookieBehavior.allow_list(COOKIE),
        enable_accept_encoding_brotli=True,
        enable_accept_encoding_gzip=True,
        min_ttl=cdk.Duration.seconds(0),
        default_ttl=cdk.Duration.seconds(seconds),
        max_ttl=cdk.Duration.days(365),
    )


def headers_of_all(scope: Construct) -> cloudfront.ResponseHeadersPolicy:
    """On every response, also on errors, which no function at viewer response gets to see."""
    return cloudfront.ResponseHeadersPolicy(
        scope,
        "Headers",
        comment="On every response",
        security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
            content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
            frame_options=cloudfront.ResponseHeadersFrameOptions(
                frame_option=cloudfront.HeadersFrameOption.DENY, override=True
            ),
            referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                referrer_policy=cloudfront.HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN, override=True
            ),
            strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                access_control_max_age=cdk.Duration.days(HSTS_DAYS), include_subdomains=False, override=True
            ),
        ),
    )


def countries(allowed: tuple[str, ...], blocked: tuple[str, ...]) -> cloudfront.GeoRestriction | None:
    if allowed:
        return cloudfront.GeoRestriction.allowlist(*allowed)
    return cloudfront.GeoRestriction.denylist(*blocked) if blocked else None
