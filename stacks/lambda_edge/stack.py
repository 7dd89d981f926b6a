"""Viewer → CloudFront with Lambda@Edge at its four events → origin access control → private S3 bucket."""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    DistributionLogs,
    Monitoring,
    PatternStack,
    Posture,
    SiteDistribution,
    SiteUpload,
    StackOptions,
    data_key,
    site_bucket,
    site_origin,
)
from patternbook.limits.regions import LAMBDA_EDGE
from patternbook.nag import acknowledge
from stacks.lambda_edge.behaviors import page_and_asset_behaviors
from stacks.lambda_edge.functions import SITE, edge_functions
from stacks.lambda_edge.settings import LambdaEdgeSettings


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
        self.refuse_where_missing(LAMBDA_EDGE)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.bucket = site_bucket(self, "Bucket", posture=posture)
        self.functions = edge_functions(self, dict(settings))
        pages, assets = page_and_asset_behaviors(
            self, origin=site_origin(self.bucket), functions=self.functions, settings=settings
        )
        self.distribution = SiteDistribution.from_settings(
            self,
            "Distribution",
            settings,
            comment=self.title,
            default_behavior=pages,
            additional_behaviors={"/assets/*": assets},
        )
        if posture.access_logs:
            DistributionLogs.from_settings(
                self, "AccessLogs", settings, distribution=self.distribution, posture=posture
            )
        else:
            acknowledge(self.distribution, "CFR3", f"Posture {posture.name} keeps no access logs; production does.")
        SiteUpload.from_settings(
            self,
            "Site",
            settings,
            folder=SITE,
            bucket=self.bucket,
            distribution=self.distribution,
            posture=posture,
            made_by=[self.functions[event].version for event in ("origin-request", "origin-response")],  # ty: ignore[invalid-argument-type]
            key=self.key,
        )
        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/lambda-edge.md"
        )
        self.monitoring.watch_distribution(self.distribution)
        self.monitoring.watch_edge_concurrency()

        domain = self.distribution.distribution_domain_name
        self.output("Url", f"https://{next(iter(settings.domain_names), domain)}", "URL of the site")
        self.output("DistributionDomainName", domain, "Target of records for the domain names")
        self.output("BucketName", self.bucket.bucket_name, "Bucket with the files of the site")
        groups = " ".join(function.log_group_name for function in self.functions.values())
        self.output("LogGroupNames", groups, "CloudWatch log groups of the functions, in each Region with viewers")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
