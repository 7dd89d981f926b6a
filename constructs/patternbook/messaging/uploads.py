"""A versioned S3 bucket for files that others upload."""

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from patternbook.nag import acknowledge
from patternbook.posture import Posture

OLD_VERSIONS_DAYS: Final = 30
"""Days for which S3 keeps the versions of objects that were replaced or deleted."""
INCOMPLETE_DAYS: Final = 7
"""Days after which S3 removes the parts of an upload that was not completed."""


class UploadBucket(Construct):
    """A private, versioned S3 bucket that takes files over TLS only.

    With versions, a consumer reads the very content that an event is about, even if somebody has replaced or deleted
    the object in the meantime.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        prefix: str = "uploads/",
        key: kms.IKey | None = None,
        allowed_origins: Sequence[str] = (),
    ) -> None:
        """:param prefix: the beginning of the keys of uploaded objects.
        :param key: encrypts the objects. Defaults to keys of S3.
        :param allowed_origins: websites whose scripts may upload.
        """
        super().__init__(scope, construct_id)
        self.prefix = prefix
        self._key = key
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            versioned=True,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            cors=[
                s3.CorsRule(
                    allowed_methods=[s3.HttpMethods.POST], allowed_origins=[*allowed_origins], allowed_headers=["*"]
                )
            ]
            if allowed_origins
            else None,
            lifecycle_rules=[
                s3.LifecycleRule(
                    noncurrent_version_expiration=cdk.Duration.days(OLD_VERSIONS_DAYS),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(INCOMPLETE_DAYS),
                )
            ],
            removal_policy=posture.removal_policy,
        )
        acknowledge(self.bucket, "S1", "Data events of CloudTrail record who reads, writes and deletes objects.")

    def grant_upload(self, role: iam.IRole) -> None:
        """Lets a role create objects below the prefix, but not read or delete them."""
        self._grant(role, ["s3:PutObject"], ["kms:GenerateDataKey"])

    def grant_read_versions(self, role: iam.IRole) -> None:
        """Lets a role read each version of the objects below the prefix.

        S3 says that an object does not exist only to those who may list the bucket. Others cannot tell it from one that
        they may not read (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
        """
        self._grant(role, ["s3:GetObject", "s3:GetObjectVersion"], ["kms:Decrypt"])
        iam.Grant.add_to_principal(grantee=role, actions=["s3:ListBucket"], resource_arns=[self.bucket.bucket_arn])

    def _grant(self, role: iam.IRole, actions: Sequence[str], key_actions: Sequence[str]) -> None:
        stack = cdk.Stack.of(self)
        objects = self.bucket.arn_for_objects(f"{self.prefix}*")
        iam.Grant.add_to_principal(grantee=role, actions=[*actions], resource_arns=[objects])
        resource = stack.get_logical_id(self.bucket.node.default_child)  # ty: ignore[invalid-argument-type]
        acknowledge(
            role,
            f"IAM5[Resource::<{resource}.Arn>/{self.prefix}*]",
            "Each object has a key of its own below the prefix.",
        )
        if self._key is not None:
            iam.Grant.add_to_principal(
                grantee=role,
                actions=[*key_actions],
                resource_arns=[self._key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": f"s3.{stack.region}.{stack.url_suffix}"}},
            )
