"""Access logs of a CloudFront distribution, in a bucket."""

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct
from typing_extensions import Self

from patternbook.data.access_logs import access_log_bucket
from patternbook.data.settings import LogSettings
from patternbook.limits.edge import REGION
from patternbook.nag import acknowledge
from patternbook.posture import Posture


class DistributionLogs(Construct):
    """Standard logging (v2): CloudWatch delivers a JSON record of each request to a bucket within minutes.

    The bucket policy lets only deliveries of this account write. (Legacy logging needs a bucket with ACLs, to which an
    account of AWS writes.)

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        distribution: cloudfront.Distribution,
        posture: Posture,
        retention_days: int | None = None,
    ) -> None:
        """:param retention_days: retention of the logs. Defaults to the posture's.
        :raises ValueError: in another Region than us-east-1, and see
            :func:`patternbook.data.access_logs.access_log_bucket`.
        """
        stack = cdk.Stack.of(scope)
        if stack.region != REGION:
            raise ValueError(f"The stack of a distribution's access logs must be in {REGION}, got {stack.region}.")
        super().__init__(scope, construct_id)
        self.bucket = access_log_bucket(self, "Bucket", posture=posture, retention_days=retention_days)
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
        written = self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],  # ty: ignore[invalid-argument-type]
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"AWSLogs/{stack.account}/*")],
                conditions={
                    "StringEquals": {
                        "s3:x-amz-acl": "bucket-owner-full-control",
                        "aws:SourceAccount": stack.account,
                    },
                    "ArnLike": {
                        "aws:SourceArn": stack.format_arn(
                            service="logs",
                            resource="delivery-source",
                            resource_name="*",
                            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                        )
                    },
                },
            )
        )
        # Both need names that are unique in the account, so the name contains that of the stack.
        name = cdk.Names.unique_resource_name(self, max_length=60)
        source = logs.CfnDeliverySource(
            self, "Source", name=name, resource_arn=distribution.distribution_arn, log_type="ACCESS_LOGS"
        )
        destination = logs.CfnDeliveryDestination(
            self,
            "Destination",
            name=name,
            destination_resource_arn=self.bucket.bucket_arn,
            output_format="json",
        )
        delivery = logs.CfnDelivery(
            self, "Delivery", delivery_source_name=name, delivery_destination_arn=destination.attr_arn
        )
        delivery.node.add_dependency(source)
        if written.policy_dependable is not None:  # without a bucket policy, CloudWatch would write its own
            delivery.node.add_dependency(written.policy_dependable)
        acknowledge(
            distribution, "CFR3", "Standard logging (v2) is not a property of the distribution, where the rule looks."
        )

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: LogSettings,
        *,
        distribution: cloudfront.Distribution,
        posture: Posture,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            distribution=distribution,
            posture=posture,
            retention_days=settings.log_retention_days,
        )
