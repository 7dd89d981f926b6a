"""A Firehose stream that transforms records, converts them to Parquet, and writes them to the partitions of a table."""

import json
from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct
from typing_extensions import Self

from patternbook.limits.firehose import BUFFER_MIB, BUFFER_SECONDS
from patternbook.nag import acknowledge
from patternbook.posture import Posture
from patternbook.streams.bucket import ERRORS, EVENTS, RAW, EventBucket
from patternbook.streams.settings import StreamSettings
from patternbook.streams.table import EventTable

PERIOD: Final = cdk.Duration.minutes(5)
"""Firehose sends its metrics to CloudWatch every five minutes:
https://docs.amazonaws.cn/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
"""
TRANSFORM_BATCH_MB: Final = "0.5"
"""The size of a batch for the function. Rows can have several times the size of their records, and Lambda limits a
response to 6 MB (https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html).
"""
_MAPPING: Final = "@aws-cdk--aws-kinesisfirehose.CidrBlocks"
"""A mapping of addresses that the CDK adds for clusters that Firehose delivers to, which is unused here."""
KEY_PROBLEMS: Final = ("KMSKeyAccessDenied", "KMSKeyDisabled", "KMSKeyInvalidState", "KMSKeyNotFound")


class EventStream(Construct):
    """A Firehose stream that takes records by ``PutRecord`` and ``PutRecordBatch``, and encrypts them at rest.

    *Transform.* A function turns each record into rows, and names their day. Records that it fails, and those that do
    not fit the table, are below ``errors/`` in the bucket. Each record is below ``raw/``, too, as it came.

    *Delivery* is at least once: a file can repeat rows of another one. While S3 refuses files, Firehose tries again for
    24 hours. After that, the records are lost (https://docs.aws.amazon.com/firehose/latest/dev/troubleshooting.html).

    *Role.* Firehose may write below these prefixes, read the definition of the table, invoke the function, and log
    errors. The CDK's own grants would let it delete objects, too.

    The backup of the records and the partitions are for the lifetime of a stream. Firehose can neither turn the backup
    off nor the partitions on (https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-source-record-backup.html,
    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_kinesisfirehose.DynamicPartitioningProps.html).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: EventBucket,
        table: EventTable,
        transform: lambda_.IFunction,
        log_group: logs.LogGroup,
        posture: Posture,
        key: kms.IKey | None = None,
        buffer_seconds: int = 300,
        buffer_mib: int = 128,
    ) -> None:
        """:param transform: function or alias that transforms the records. Its results name the partition key.
        :param log_group: log group for errors of the delivery.
        :param key: encrypts the records of the stream, and its files. Defaults to keys of AWS.
        :param buffer_seconds: time for which the stream collects records before it writes a file.
        :param buffer_mib: size of the records before the conversion at which it writes a file earlier.
        :raises ValueError: see :data:`patternbook.limits.firehose.BUFFER_SECONDS` and
            :data:`patternbook.limits.firehose.BUFFER_MIB`.
        """
        BUFFER_SECONDS.check("buffer_seconds", buffer_seconds)
        BUFFER_MIB.check("buffer_mib", buffer_mib)
        super().__init__(scope, construct_id)
        self.buffer_seconds = buffer_seconds
        self.key = key
        # Firehose documents this trust without conditions. One on a key that it does not send would deny everything:
        # https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("firehose.amazonaws.com"))  # ty: ignore[invalid-argument-type]
        fixed = role.without_policy_updates()
        interval, size = cdk.Duration.seconds(buffer_seconds), cdk.Size.mebibytes(buffer_mib)
        logging = firehose.EnableLogging(log_group)
        stack = cdk.Stack.of(self)
        mapped = stack.node.try_find_child(_MAPPING)
        self.stream = firehose.DeliveryStream(
            self,
            "Stream",
            role=fixed,
            encryption=firehose.StreamEncryption.customer_managed_key(key)
            if key
            else firehose.StreamEncryption.aws_owned_key(),
            destination=firehose.S3Bucket(
                bucket.bucket,
                role=fixed,
                encryption_key=key,
                buffering_interval=interval,
                buffering_size=size,
                data_output_prefix=f"{EVENTS}{table.partition}=!{{partitionKeyFromLambda:{table.partition}}}/",
                error_output_prefix=f"{ERRORS}!{{firehose:error-output-type}}/!{{timestamp:yyyy-MM-dd}}/",
                dynamic_partitioning=firehose.DynamicPartitioningProps(enabled=True),
                processors=[_Transform(transform)],  # ty: ignore[invalid-argument-type]
                data_format_conversion=firehose.DataFormatConversionProps(
                    schema_configuration=firehose.SchemaConfiguration.from_cfn_table(table.cfn_table),
                    input_format=firehose.InputFormat.OPENX_JSON,
                    output_format=firehose.OutputFormat.PARQUET,
                ),
                logging_config=logging,
                s3_backup=firehose.DestinationS3BackupProps(
                    mode=firehose.BackupMode.ALL,
                    bucket=bucket.bucket,
                    encryption_key=key,
                    buffering_interval=interval,
                    buffering_size=size,
                    compression=firehose.Compression.GZIP,
                    data_output_prefix=RAW,
                    logging_config=logging,
                ),
            ),
        )
        if not mapped:
            stack.node.try_remove_child(_MAPPING)
        for log_stream in log_group.node.find_all():
            if isinstance(log_stream, logs.LogStream):  # the CDK retains it in each posture
                log_stream.apply_removal_policy(posture.removal_policy)
        self._grant(role, bucket, table, transform, log_group)
        # Firehose needs the role at once, and the files would fail until its policy is there.
        self.stream.node.add_dependency(role)
        if bucket.bucket.policy is not None:
            self.stream.node.add_dependency(bucket.bucket.policy)

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: StreamSettings,
        *,
        bucket: EventBucket,
        table: EventTable,
        transform: lambda_.IFunction,
        log_group: logs.LogGroup,
        posture: Posture,
        key: kms.IKey | None = None,
    ) -> Self:
        assert settings.buffer_seconds is not None  # the posture's, if it is not given
        return cls(
            scope,
            construct_id,
            bucket=bucket,
            table=table,
            transform=transform,
            log_group=log_group,
            posture=posture,
            key=key,
            buffer_seconds=settings.buffer_seconds,
        )

    def _grant(
        self,
        role: iam.Role,
        bucket: EventBucket,
        table: EventTable,
        transform: lambda_.IFunction,
        log_group: logs.LogGroup,
    ) -> None:
        """https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html"""
        stack = cdk.Stack.of(self)
        resource = stack.get_logical_id(bucket.bucket.node.default_child)  # ty: ignore[invalid-argument-type]
        grants: list[tuple[list[str], list[str]]] = [
            (
                ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
                [bucket.bucket.bucket_arn],
            ),
            (
                ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
                [bucket.bucket.arn_for_objects(f"{prefix}*") for prefix in (EVENTS, RAW, ERRORS)],
            ),
            (
                ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"],
                [
                    stack.format_arn(service="glue", resource="catalog"),
                    table.database.database_arn,
                    table.table.table_arn,
                ],
            ),
            (["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"], [transform.function_arn]),
            (["logs:PutLogEvents"], [log_group.log_group_arn]),
        ]
        for actions, resources in grants:
            iam.Grant.add_to_principal(grantee=role, actions=actions, resource_arns=resources)
        if self.key is not None:
            iam.Grant.add_to_principal(
                grantee=role,
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resource_arns=[self.key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": f"s3.{stack.region}.{stack.url_suffix}"}},
            )
        for prefix in (EVENTS, RAW, ERRORS):
            acknowledge(
                role, f"IAM5[Resource::<{resource}.Arn>/{prefix}*]", "Each file has a key of its own below the prefix."
            )

    @property
    def put_command(self) -> str:
        """Puts an event into the stream, with the AWS CLI."""
        event = '{"id": "$(date +%s)", "time": "$(date -u +%Y-%m-%dT%H:%M:%SZ)", "type": "test"}'
        record = json.dumps(json.dumps({"Data": event}))
        return (
            f"aws firehose put-record --delivery-stream-name {self.stream.delivery_stream_name}"
            f" --cli-binary-format raw-in-base64-out --record {record}"
        )

    def metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        """A metric of the stream.

        https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
        """
        return self.stream.metric(name, statistic=statistic, period=PERIOD)


@jsii.implements(firehose.IDataProcessor)
class _Transform:
    """A function that transforms records. The CDK's own processor takes no batch of less than 1 MB."""

    def __init__(self, function: lambda_.IFunction) -> None:
        self._function = function

    @property
    def props(self) -> firehose.DataProcessorProps:
        return firehose.DataProcessorProps()

    def bind(
        self,
        _scope: Construct,
        *,
        role: iam.IRole,
        dynamic_partitioning_enabled: bool | None = None,  # noqa: ARG002
        prefix: str | None = None,  # noqa: ARG002
    ) -> firehose.DataProcessorConfig:
        """CDK calls this for the stream."""
        parameters = {
            "RoleArn": role.role_arn,
            "LambdaArn": self._function.function_arn,
            "BufferSizeInMBs": TRANSFORM_BATCH_MB,
            "BufferIntervalInSeconds": "60",
            "NumberOfRetries": "3",
        }
        return firehose.DataProcessorConfig(
            processor_type="Lambda",
            processor_identifier=firehose.DataProcessorIdentifier(
                parameter_name="LambdaArn", parameter_value=self._function.function_arn
            ),
            parameters=[
                firehose.CfnDeliveryStream.ProcessorParameterProperty(parameter_name=name, parameter_value=value)
                for name, value in parameters.items()
            ],
        )
