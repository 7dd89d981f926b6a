"""The drawing of the architecture: the package's docstring says what each part promises."""

from typing import Final

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    DistributionLogs,
    EdgeFunction,
    Monitoring,
    PatternStack,
    Posture,
    SiteUpload,
    StackOptions,
    data_key,
    site_bucket,
)
from patternbook.edge.function import EdgeEvent
from patternbook.limits.edge import REGION
from patternbook.nag import acknowledge
from stacks.lambda_edge.packages import SITE, package
from stacks.lambda_edge.policies import cache_of_pages, countries, headers_of_all
from stacks.lambda_edge.settings import LambdaEdgeSettings

PRICE_CLASSES: Final = {
    "100": cloudfront.PriceClass.PRICE_CLASS_100,
    "200": cloudfront.PriceClass.PRICE_CLASS_200,
    "all": cloudfront.PriceClass.PRICE_CLASS_ALL,
}


class LambdaEdgeStack(PatternStack):
    """A bucket, a distribution in front of it, and a function at each event of CloudFront."""

    title = "Website behind CloudFront with Lambda@Edge"
    settings_type = LambdaEdgeSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: LambdaEdgeSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        days = settings.log_retention_days
        key = data_key(self, "Key", posture=posture)
        bucket = site_bucket(self, "Bucket", posture=posture)
        redirect = self._function("ViewerRequest", "viewer-request", settings, "One address for a page, and a variant")
        rewrite = self._function("OriginRequest", "origin-request", settings, "From the URL of a page to its object")
        answer = self._function("OriginResponse", "origin-response", settings, "How long to cache, and error pages")
        decorate = self._function("ViewerResponse", "viewer-response", settings, "Headers of pages, and the variant")

        origin = origins.S3BucketOrigin.with_origin_access_control(bucket)
        headers = headers_of_all(self)
        pages = cloudfront.BehaviorOptions(
            origin=origin,
            edge_lambdas=[function.association for function in (redirect, rewrite, answer, decorate)],
            cache_policy=cache_of_pages(self, seconds=settings.page_cache_seconds),
            response_headers_policy=headers,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        )
        assets = cloudfront.BehaviorOptions(
            origin=origin,
            edge_lambdas=[answer.association],
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=headers,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        )
        arn = settings.certificate_arn
        certificate = acm.Certificate.from_certificate_arn(self, "Certificate", arn) if arn else None
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=self.title,
            default_behavior=pages,
            additional_behaviors={"/assets/*": assets},
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=PRICE_CLASSES[settings.price_class],
            geo_restriction=countries(settings.allowed_countries, settings.blocked_countries),
            web_acl_id=settings.web_acl_arn,
            domain_names=list(settings.domain_names) or None,
            certificate=certificate,
            # Without a certificate of one's own it has no effect: CloudFront's has its own minimum.
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2025 if certificate else None,
        )
        _accept(distribution, settings)
        if posture.access_logs:
            DistributionLogs(self, "AccessLogs", distribution=distribution, posture=posture, retention_days=days)
        else:
            acknowledge(distribution, "CFR3", f"Posture {posture.name} keeps no access logs; production does.")
        SiteUpload(
            self,
            "Site",
            folder=SITE,
            bucket=bucket,
            distribution=distribution,
            posture=posture,
            made_by=[rewrite.version, answer.version],  # ty: ignore[invalid-argument-type]
            log_retention_days=days,
            key=key,
        )
        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_distribution(distribution)

        domain = distribution.distribution_domain_name
        self.output("Url", f"https://{next(iter(settings.domain_names), domain)}", "The site")
        self.output("DistributionDomainName", domain, "What the names of the site are aliases of, by DNS")
        self.output("BucketName", bucket.bucket_name, "Holds the files of the site")
        groups = [
            f"/aws/lambda/{REGION}.{each.function.function_name}" for each in (redirect, rewrite, answer, decorate)
        ]
        self.output("LogGroupNames", " ".join(groups), "What the functions print, in each Region with viewers")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load and errors at a glance")

    def _function(self, name: str, event: EdgeEvent, settings: LambdaEdgeSettings, description: str) -> EdgeFunction:
        return EdgeFunction(
            self,
            name,
            event=event,
            files=package(event, dict(settings)),
            handler=f"{event.replace('-', '_')}.handler",
            description=description,
        )


def _accept(distribution: cloudfront.Distribution, settings: LambdaEdgeSettings) -> None:
    if not (settings.allowed_countries or settings.blocked_countries):
        acknowledge(
            distribution,
            "CFR1",
            "A site for every country, unless allowed_countries or blocked_countries say otherwise.",
        )
    if settings.web_acl_arn is None:
        acknowledge(distribution, "CFR2", "Static files behind GET and HEAD; web_acl_arn puts AWS WAF in front.")
    if settings.certificate_arn is None:
        acknowledge(distribution, "CFR4", "The minimum of CloudFront's own certificate; certificate_arn sets TLS 1.2.")
