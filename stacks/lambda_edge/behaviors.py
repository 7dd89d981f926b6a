"""The cache behaviors of the distribution, with their cache policy and response headers policy."""

from collections.abc import Mapping
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

from patternbook.edge.function import EdgeFunction
from patternbook.limits.edge import EdgeEvent
from stacks.lambda_edge.functions import HSTS_DAYS
from stacks.lambda_edge.settings import LambdaEdgeSettings

COOKIE: Final = "variant"
"""Name of the cookie, as in the functions' ``shared.py``."""


def page_and_asset_behaviors(
    scope: Construct,
    *,
    origin: cloudfront.IOrigin,
    functions: Mapping[EdgeEvent, EdgeFunction],
    settings: LambdaEdgeSettings,
) -> tuple[cloudfront.BehaviorOptions, cloudfront.BehaviorOptions]:
    """The behavior of pages, with all functions, and that of assets, without functions at viewer events."""
    headers = _response_headers_policy(scope)
    pages = cloudfront.BehaviorOptions(
        origin=origin,
        edge_lambdas=[function.association for function in functions.values()],
        cache_policy=_cache_policy(scope, default_seconds=settings.page_cache_seconds),
        response_headers_policy=headers,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    )
    assets = cloudfront.BehaviorOptions(
        origin=origin,
        edge_lambdas=[functions["origin-response"].association],
        cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
        response_headers_policy=headers,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    )
    return pages, assets


def _cache_policy(scope: Construct, *, default_seconds: int) -> cloudfront.CachePolicy:
    """The cache key of pages is the path and the cookie. Functions at origin events see nothing else of the viewer.

    :param default_seconds: TTL of responses without ``Cache-Control``.
    """
    return cloudfront.CachePolicy(
        scope,
        "Pages",
        comment="By path and variant",
        cookie_behavior=cloudfront.CacheCookieBehavior.allow_list(COOKIE),
        enable_accept_encoding_brotli=True,
        enable_accept_encoding_gzip=True,
        min_ttl=cdk.Duration.seconds(0),
        default_ttl=cdk.Duration.seconds(default_seconds),
        max_ttl=cdk.Duration.days(365),
    )


def _response_headers_policy(scope: Construct) -> cloudfront.ResponseHeadersPolicy:
    """The headers of every response, including errors, for which CloudFront calls no function at viewer response."""
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
