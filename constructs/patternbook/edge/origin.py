"""The origin of a website: a private S3 bucket, which CloudFront reads by origin access control."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from patternbook.nag import acknowledge
from patternbook.posture import Posture

OLD_VERSIONS_DAYS: Final = 90
"""Days for which a posture with backups keeps files that were replaced or deleted."""


def site_bucket(scope: Construct, construct_id: str, *, posture: Posture) -> s3.Bucket:
    """A private bucket for the files of a website. The posture decides on retention and on old versions of files.

    S3 encrypts it with its own keys in each posture. The files are public anyway, and the policy of a customer managed
    key would have to admit CloudFront.
    """
    old_versions = s3.LifecycleRule(noncurrent_version_expiration=cdk.Duration.days(OLD_VERSIONS_DAYS))
    bucket = s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        versioned=posture.backups,
        lifecycle_rules=[old_versions] if posture.backups else None,
        removal_policy=posture.removal_policy,
    )
    acknowledge(bucket, "S1", "CloudFront is the only one to read it; its access logs say who asked for what.")
    return bucket


def site_origin(bucket: s3.Bucket) -> cloudfront.IOrigin:
    """The bucket as an origin. Origin access control lets one distribution read it, and nobody else.

    The distribution may not list the bucket, so S3 answers 403 for an object that does not exist.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    return origins.S3BucketOrigin.with_origin_access_control(bucket)
