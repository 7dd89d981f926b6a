"""An S3 bucket for what a stream delivers: events, raw records, errors, and the results of queries."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct
from typing_extensions import Self

from patternbook.nag import acknowledge
from patternbook.posture import Posture
from patternbook.streams.settings import StreamSettings

EVENTS: Final = "events/"
"""Beginning of the keys of the table's files."""
RAW: Final = "raw/"
"""Beginning of the keys of the records as they came."""
ERRORS: Final = "errors/"
"""Beginning of the keys of records that could not be transformed or converted."""
RESULTS: Final = "queries/"
"""Beginning of the keys of the results of queries."""
ERROR_DAYS: Final = 90
"""Days for which S3 keeps records that failed. Somebody has to look at them in this time."""
RESULT_DAYS: Final = 7
OLD_VERSIONS_DAYS: Final = 30
"""Days for which a posture with backups keeps objects that were replaced or deleted."""
INCOMPLETE_DAYS: Final = 7


class EventBucket(Construct):
    """A private S3 bucket, with a lifecycle for each kind of object. It takes requests over TLS only.

    *Tiering.* S3 Intelligent-Tiering stores each file of the table in the tier that fits how often it is read, without
    a fee for reading. S3 moves no object of less than 128 KB to it
    (https://docs.aws.amazon.com/boto3/latest/reference/services/s3/bucketlifecycleconfiguration/transition_default_minimum_object_size.html).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        key: kms.IKey | None = None,
        retention_days: int = 365,
        raw_retention_days: int = 30,
    ) -> None:
        """:param key: encrypts the objects. Defaults to keys of S3.
        :param retention_days: retention of the files of the table.
        :param raw_retention_days: retention of the records as they came.
        :raises ValueError: for a retention of less than one day.
        """
        for name, days in (("retention_days", retention_days), ("raw_retention_days", raw_retention_days)):
            if days < 1:
                raise ValueError(f"{name} must be at least 1, got {days}. Set the days for which to keep the objects.")
        super().__init__(scope, construct_id)
        self.retention_days = retention_days
        expiry = {RAW: raw_retention_days, ERRORS: ERROR_DAYS, RESULTS: RESULT_DAYS}
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=posture.backups,
            lifecycle_rules=[
                s3.LifecycleRule(
                    prefix=EVENTS,
                    expiration=cdk.Duration.days(retention_days),
                    transitions=[
                        s3.Transition(
                            storage_class=s3.StorageClass.INTELLIGENT_TIERING,
                            transition_after=cdk.Duration.days(0),
                        )
                    ],
                ),
                *(
                    s3.LifecycleRule(prefix=prefix, expiration=cdk.Duration.days(days))
                    for prefix, days in expiry.items()
                ),
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=cdk.Duration.days(INCOMPLETE_DAYS)),
                *([_old_versions()] if posture.backups else []),
            ],
            removal_policy=posture.removal_policy,
        )
        acknowledge(self.bucket, "S1", "Only the stream writes. CloudTrail records who reads, also by Athena.")

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: StreamSettings,
        *,
        posture: Posture,
        key: kms.IKey | None = None,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            posture=posture,
            key=key,
            retention_days=settings.retention_days,
            raw_retention_days=settings.raw_retention_days,
        )


def _old_versions() -> s3.LifecycleRule:
    return s3.LifecycleRule(
        noncurrent_version_expiration=cdk.Duration.days(OLD_VERSIONS_DAYS), expired_object_delete_marker=True
    )
