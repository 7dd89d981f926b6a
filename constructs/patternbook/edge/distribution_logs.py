"""Access logs of a CloudFront distribution, in a bucket."""

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from patternbook.data.access_logs import access_log_bucket
from patternbook.limits.edge import REGION
from patternbook.nag import acknowledge
from patternbook.posture import Posture


class DistributionLogs(Construct):
    """Standard logging (v2): CloudWatch delivers a record of each request to a bucket, as JSON, within minutes.

    Unlike the older way, which has a bucket with ACLs written to by an account of AWS's, it goes by a bucket policy,
    which lets this account's deliveries write and nobody else.

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
        """:param retention_days: the posture's where it is None.
        :raises ValueError: in another Region than us-east-1, where alone a distribution is a source of logs; see also
            :func:`patternbook.data.access_logs.access_log_bucket`.
        """
        stack = cdk.Stack.of(scope)
        if stack.region != REGION:
            raise ValueError(f"a distribution is a source of logs in {REGION} only; the stack is elsewhere")
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
        # Both need names, which are the account's; that of the stack is in them.
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
        if written.policy_dependable is not None:  # CloudWatch writes a policy of its own where it finds none
            delivery.node.add_dependency(written.policy_dependable)
        acknowledge(
            distribution, "CFR3", "Standard logging (v2) is not a property of the distribution, where the rule looks."
        )
