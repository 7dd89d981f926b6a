"""The upload of a website: its files go into a bucket, and CloudFront's cache is invalidated."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from constructs import Construct
from typing_extensions import Self

from patternbook.data.logs import LogGroup
from patternbook.data.settings import LogSettings
from patternbook.edge.function import packed
from patternbook.nag import acknowledge
from patternbook.posture import Posture

_FUNCTION: Final = Path(__file__).with_name("runtime") / "site_function.py"


class SiteUpload(Construct):
    """Uploads a folder with each deployment that changes it, and invalidates CloudFront's cache.

    It also deletes objects that are no longer in the folder. If the posture deletes the bucket, it empties it first.

    This is a custom resource, because CloudFormation can neither put an object into a bucket nor empty a bucket. CDK's
    own ``BucketDeployment`` and ``auto_delete_objects`` would be two functions, with the AWS CLI as a layer and with
    wildcards in their permissions. This function is a page of Python that may read archives of the bootstrapped bucket,
    write into one bucket and invalidate one distribution. The folder must fit into its memory.

    *Permissions.* IAM needs seconds until it knows a changed policy, and CloudFormation calls the function at once. So
    nothing that the role grants changes with the files, and the function tries again for a minute if access is denied.
    The role may use the bucket before the distribution exists.
    """

    MEMORY_MIB = 512
    """Memory of the function."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        folder: Path,
        bucket: s3.Bucket,
        distribution: cloudfront.Distribution,
        posture: Posture,
        made_by: Sequence[lambda_.IVersion] = (),
        log_retention_days: int | None = None,
        key: kms.IKey | None = None,
    ) -> None:
        """:param folder: folder with the files. Their paths in it are their keys in the bucket.
        :param bucket: bucket for these files only.
        :param made_by: functions whose responses CloudFront caches. A new version invalidates the cache, too.
        :param log_retention_days: retention of the function's logs. Defaults to the posture's.
        :param key: encrypts the function's logs.
        :raises ValueError: if ``folder`` is not a directory, and see :class:`patternbook.data.logs.LogGroup`.
        """
        if not folder.is_dir():
            raise ValueError(f"folder must be a directory, got {folder}.")
        super().__init__(scope, construct_id)
        archive = assets.Asset(self, "Folder", path=str(folder))
        logs = LogGroup(self, "Logs", posture=posture, retention_days=log_retention_days, key=key)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),  # ty: ignore[invalid-argument-type]
            description="Uploads the files of a website",
        )
        logs.grant_write(role)
        self._grant_upload(role, archive, bucket)
        # A policy of its own, because the other one would have to wait for the distribution.
        invalidation = iam.Policy(
            self,
            "Invalidation",
            roles=[role],  # ty: ignore[invalid-argument-type]
            statements=[
                iam.PolicyStatement(
                    actions=["cloudfront:CreateInvalidation"], resources=[distribution.distribution_arn]
                )
            ],
        )
        with packed({_FUNCTION.name: _FUNCTION.read_text(encoding="utf-8")}) as code:
            function = lambda_.Function(
                self,
                "Function",
                description="Uploads the files of a website",
                runtime=lambda_.Runtime.PYTHON_3_14,
                architecture=lambda_.Architecture.ARM_64,
                handler="site_function.handler",
                code=code,
                memory_size=self.MEMORY_MIB,
                timeout=cdk.Duration.minutes(5),
                role=role,  # ty: ignore[invalid-argument-type]
                log_group=logs,
            )
        empties = posture.removal_policy == cdk.RemovalPolicy.DESTROY
        files = cdk.CustomResource(
            self,
            "Files",
            resource_type="Custom::SiteUpload",
            service_token=function.function_arn,
            service_timeout=cdk.Duration.minutes(6),
            properties={
                "SourceBucket": archive.s3_bucket_name,
                "SourceKey": archive.s3_object_key,
                "Bucket": bucket.bucket_name,
                "Distribution": distribution.distribution_id,
                "MadeBy": [version.function_arn for version in made_by],
                "EmptyOnDelete": "true" if empties else "false",
            },
        )
        files.node.add_dependency(role, invalidation)

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: LogSettings,
        *,
        folder: Path,
        bucket: s3.Bucket,
        distribution: cloudfront.Distribution,
        posture: Posture,
        made_by: Sequence[lambda_.IVersion] = (),
        key: kms.IKey | None = None,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            folder=folder,
            bucket=bucket,
            distribution=distribution,
            posture=posture,
            made_by=made_by,
            log_retention_days=settings.log_retention_days,
            key=key,
        )

    def _grant_upload(self, role: iam.Role, archive: assets.Asset, bucket: s3.Bucket) -> None:
        """Lets the role read any archive of the bootstrapped bucket, and write into the bucket of the site.

        A customer managed key may encrypt the bootstrapped bucket (https://github.com/aws/aws-cdk/issues/25100). No
        template knows the key, and it may belong to another account. So the statement names the bucket, which S3 gives
        to KMS as the encryption context, and it grants nothing but what S3 decrypts for the role.
        """
        stack = cdk.Stack.of(self)
        source = archive.bucket
        for actions, resource in (
            (["s3:GetObject"], source.arn_for_objects("*.zip")),
            (["s3:ListBucket"], bucket.bucket_arn),
            (["s3:PutObject", "s3:DeleteObject"], bucket.arn_for_objects("*")),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        keys = stack.format_arn(service="kms", account="*", resource="key", resource_name="*")
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt"],
                resources=[keys],
                conditions={
                    "StringEquals": {"kms:ViaService": f"s3.{stack.region}.{stack.url_suffix}"},
                    "StringLike": {
                        "kms:EncryptionContext:aws:s3:arn": [source.bucket_arn, source.arn_for_objects("*.zip")]
                    },
                },
            )
        )
        name = stack.get_logical_id(bucket.node.default_child)  # ty: ignore[invalid-argument-type]
        archives = f"arn:<AWS::Partition>:s3:::{_readable(stack.resolve(archive.s3_bucket_name))}/*.zip"
        for pattern, reason in (
            (f"<{name}.Arn>/*", "It writes whatever the folder has, into this bucket only."),
            (archives, "The name of an archive changes with the files, and IAM would know the new policy too late."),
            ("arn:<AWS::Partition>:kms:<AWS::Region>:*:key/*", "Only for objects of the bootstrapped bucket, by S3."),
        ):
            acknowledge(role, f"IAM5[Resource::{pattern}]", reason)


def _readable(bucket_name: Any) -> str:
    """The name of the bootstrapped bucket as cdk-nag writes it."""
    text = bucket_name.get("Fn::Sub", "") if isinstance(bucket_name, dict) else bucket_name
    return text.replace("${", "<").replace("}", ">")
