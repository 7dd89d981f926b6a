"""S3 buckets for access logs."""

import aws_cdk as cdk
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from patternbook.nag import acknowledge
from patternbook.posture import Posture


def check_access_log_retention(days: int | None) -> None:
    """:raises ValueError: for a retention of less than one day. None stands for the posture's."""
    if days is not None and days < 1:
        raise ValueError(f"log_retention_days must be at least 1, got {days}.")


def access_log_bucket(
    scope: Construct, construct_id: str, *, posture: Posture, retention_days: int | None
) -> s3.Bucket:
    """A bucket for the access logs of load balancers or CloudFront. Its policy must still admit them.

    :param retention_days: retention of the logs. Defaults to the posture's.
    :raises ValueError: see :func:`check_access_log_retention`.
    """
    check_access_log_retention(retention_days)
    days = posture.log_retention_days if retention_days is None else retention_days
    bucket = s3.Bucket(
        scope,
        construct_id,
        # Application Load Balancers can write to buckets with this encryption only:
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(days))],
        removal_policy=posture.removal_policy,
    )
    acknowledge(bucket, "S1", "It holds access logs itself. CloudTrail records who reads them.")
    return bucket


def admit_application_load_balancers(bucket: s3.Bucket) -> None:
    """Lets the Application Load Balancers of the account write below the account's id.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    stack = cdk.Stack.of(bucket)
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("logdelivery.elasticloadbalancing.amazonaws.com")],  # ty: ignore[invalid-argument-type]
            actions=["s3:PutObject"],
            resources=[bucket.arn_for_objects(f"AWSLogs/{stack.account}/*")],
            conditions={
                "ArnLike": {
                    "aws:SourceArn": stack.format_arn(
                        service="elasticloadbalancing", resource="loadbalancer", resource_name="*"
                    )
                }
            },
        )
    )


def write_access_logs(load_balancer: elbv2.BaseLoadBalancer, bucket: s3.Bucket) -> None:
    """Lets a load balancer write its access logs to a bucket whose policy admits it.

    ``log_access_logs`` of the CDK would do the same and write the policy, too, but needs a Region at synth.
    """
    load_balancer.set_attribute("access_logs.s3.enabled", "true")
    load_balancer.set_attribute("access_logs.s3.bucket", bucket.bucket_name)
    if bucket.policy is not None:  # Elastic Load Balancing tries the bucket at once
        load_balancer.node.add_dependency(bucket.policy)
