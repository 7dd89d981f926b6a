"""The promises of stacks/data_stream."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_glue as glue
from aws_cdk import aws_kinesisfirehose as firehose

from patternbook import (
    SANDBOX,
    EventBucket,
    EventStream,
    EventTable,
    LiveFunction,
    LogGroup,
    QueryWorkgroup,
)
from patternbook.testing.alarms import alarms_of, check_that_alarms_notify, expression_of, graphs_of, metrics_of, rings
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import refusal, unchecked_app, variant
from stacks.data_stream import DataStreamStack
from stacks.data_stream.schema import COLUMNS, PARTITION
from stacks.data_stream.transform import RUNTIME

PATTERN = DataStreamStack
TOPIC = "arn:aws:sns:us-east-1:111122223333:events"
EVERY_OPTION: Mapping[str, Any] = {
    "topic_arn": TOPIC,
    "buffer_seconds": 300,
    "retention_days": 400,
    "raw_retention_days": 60,
    "max_silence_minutes": 15,
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
VARIANTS = {"full": FULL, "subscribed": {"topic_arn": TOPIC}}

OBJECTS = {"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"}
PREFIXES = ("events/", "raw/", "errors/")
KMS = {"kms:Decrypt", "kms:GenerateDataKey"}


def stream(stack: Reading) -> Resource:
    return stack.one("AWS::KinesisFirehose::DeliveryStream")


def destination(stack: Reading) -> dict[str, Any]:
    return stream(stack)["ExtendedS3DestinationConfiguration"]


def bucket(stack: Reading) -> Resource:
    return stack.one("AWS::S3::Bucket")


def lifecycle(stack: Reading) -> dict[str, dict[str, Any]]:
    """The lifecycle rules by their prefixes."""
    return {rule.get("Prefix", ""): rule for rule in bucket(stack)["LifecycleConfiguration"]["Rules"]}


def table(stack: Reading) -> dict[str, Any]:
    return stack.one("AWS::Glue::Table")["TableInput"]


def workgroup(stack: Reading) -> Resource:
    return stack.one("AWS::Athena::WorkGroup")


def trusting(stack: Reading, service: str) -> Resource:
    [found] = [each for each in stack.all("AWS::IAM::Role") if service in json.dumps(each["AssumeRolePolicyDocument"])]
    return found


def granted(stack: Reading, role: Resource) -> dict[str, set[str]]:
    """The actions of a role, by the resources as they are shown."""
    found: dict[str, set[str]] = {}
    for statement in stack.statements(role):
        assert statement["Effect"] == "Allow"
        actions, resources = (
            [statement[key]] if isinstance(statement[key], str) else statement[key] for key in ("Action", "Resource")
        )
        for resource in resources:
            found.setdefault(resource, set()).update(actions)
    return found


def test_the_parts_of_the_stack_are_attributes(full: Reading) -> None:
    stack = full.stack
    assert isinstance(stack, DataStreamStack)
    assert stack.subscription is not None
    arns = [
        stack.events.bucket.bucket_arn,
        stack.stream.stream.delivery_stream_arn,
        stack.transform.function.function_arn,
        stack.subscription.failures.queue.queue_arn,
        stack.queries.workgroup.ref,
    ]
    assert len(full.types_of(arns)) == len(arns)


class TestDelivery:
    def test_records_are_put_directly_and_encrypted(self, sandbox: Reading, production: Reading) -> None:
        for stack in (sandbox, production):
            assert stream(stack)["DeliveryStreamType"] == "DirectPut"
        assert stream(sandbox)["DeliveryStreamEncryptionConfigurationInput"] == {"KeyType": "AWS_OWNED_CMK"}
        found = stream(production)["DeliveryStreamEncryptionConfigurationInput"]
        assert found["KeyType"] == "CUSTOMER_MANAGED_CMK"
        assert production.to(found["KeyARN"]) == production.one("AWS::KMS::Key")

    def test_no_name_is_fixed(self, any_stack: Reading) -> None:
        """A change that replaces the stream makes the new one first."""
        assert stream(any_stack).get("DeliveryStreamName") is None
        assert bucket(any_stack).get("BucketName") is None

    @pytest.mark.parametrize(("name", "seconds"), [("sandbox", 60), ("production", 900), ("full", 300)])
    def test_files_and_backups_are_collected_for_as_long(
        self, read: Callable[[str], Reading], name: str, seconds: int
    ) -> None:
        found = destination(read(name))
        for each in (found, found["S3BackupConfiguration"]):
            assert each["BufferingHints"] == {"IntervalInSeconds": seconds, "SizeInMBs": 128}

    def test_each_file_is_below_the_day_that_the_transform_names(self, any_stack: Reading) -> None:
        found = destination(any_stack)
        assert found["DynamicPartitioningConfiguration"] == {"Enabled": True}
        assert found["Prefix"] == f"events/{PARTITION.name}=!{{partitionKeyFromLambda:{PARTITION.name}}}/"
        assert found["ErrorOutputPrefix"] == "errors/!{firehose:error-output-type}/!{timestamp:yyyy-MM-dd}/"

    def test_the_live_version_transforms_small_batches(self, any_stack: Reading) -> None:
        assert destination(any_stack)["ProcessingConfiguration"]["Enabled"] is True
        [processor] = destination(any_stack)["ProcessingConfiguration"]["Processors"]
        assert processor["Type"] == "Lambda"
        found = {each["ParameterName"]: each["ParameterValue"] for each in processor["Parameters"]}
        assert any_stack.to(found.pop("LambdaArn")) == any_stack.one("AWS::Lambda::Alias")
        assert any_stack.to(found.pop("RoleArn")) == trusting(any_stack, "firehose.amazonaws.com")
        assert found == {"BufferSizeInMBs": "0.5", "BufferIntervalInSeconds": "60", "NumberOfRetries": "3"}

    def test_rows_become_parquet_by_the_table(self, any_stack: Reading) -> None:
        found = destination(any_stack)["DataFormatConversionConfiguration"]
        assert found["Enabled"] is True
        assert found["InputFormatConfiguration"] == {"Deserializer": {"OpenXJsonSerDe": {}}}
        assert found["OutputFormatConfiguration"] == {"Serializer": {"ParquetSerDe": {}}}
        schema = found["SchemaConfiguration"]
        assert any_stack.to(schema["TableName"]) == any_stack.one("AWS::Glue::Table")
        assert any_stack.to(schema["DatabaseName"]) == any_stack.one("AWS::Glue::Database")
        assert (schema["VersionId"], any_stack.shown(schema["Region"])) == ("LATEST", "${AWS::Region}")
        # Firehose refuses another compression beside the one of the format.
        assert "CompressionFormat" not in destination(any_stack)

    def test_every_record_is_kept_as_it_came(self, any_stack: Reading) -> None:
        assert destination(any_stack)["S3BackupMode"] == "Enabled"
        found = destination(any_stack)["S3BackupConfiguration"]
        assert any_stack.to(found["BucketARN"]) == bucket(any_stack)
        assert (found["Prefix"], found["CompressionFormat"]) == ("raw/", "GZIP")

    def test_errors_of_both_deliveries_are_logged(self, any_stack: Reading) -> None:
        found = destination(any_stack)
        streams = set()
        for each in (found, found["S3BackupConfiguration"]):
            logging = each["CloudWatchLoggingOptions"]
            assert logging["Enabled"] is True
            assert any_stack.to(logging["LogGroupName"]).type == "AWS::Logs::LogGroup"
            streams.add(any_stack.to(logging["LogStreamName"]).id)
        assert len(streams) == 2

    def test_the_role_may_deliver_and_nothing_else(self, any_stack: Reading) -> None:
        role = trusting(any_stack, "firehose.amazonaws.com")
        found = granted(any_stack, role)
        key = found.pop("${AWS::KMS::Key.Arn}", None)
        assert key == (KMS if any_stack.all("AWS::KMS::Key") else None)
        catalog = "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:"
        read_table = {"glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"}
        assert found == {
            "${AWS::S3::Bucket.Arn}": {"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"},
            **{f"${{AWS::S3::Bucket.Arn}}/{prefix}*": OBJECTS for prefix in PREFIXES},
            f"{catalog}catalog": read_table,
            f"{catalog}database/${{AWS::Glue::Database}}": read_table,
            f"{catalog}table/${{AWS::Glue::Database}}/${{AWS::Glue::Table}}": read_table,
            "${AWS::Lambda::Alias}": {"lambda:GetFunctionConfiguration", "lambda:InvokeFunction"},
            "${AWS::Logs::LogGroup.Arn}": {"logs:PutLogEvents"},
        }

    def test_the_role_uses_the_key_by_s3_only(self, production: Reading) -> None:
        [found] = [
            statement
            for statement in production.statements(trusting(production, "firehose.amazonaws.com"))
            if "kms:Decrypt" in statement["Action"]
        ]
        assert found["Condition"] == {"StringEquals": {"kms:ViaService": "s3.${AWS::Region}.${AWS::URLSuffix}"}}

    def test_one_role_does_all(self, any_stack: Reading) -> None:
        role = trusting(any_stack, "firehose.amazonaws.com")
        found = destination(any_stack)
        schema = found["DataFormatConversionConfiguration"]["SchemaConfiguration"]
        for arn in (found["RoleARN"], found["S3BackupConfiguration"]["RoleARN"], schema["RoleARN"]):
            assert any_stack.to(arn) == role

    def test_the_stream_waits_for_what_it_needs(self, any_stack: Reading) -> None:
        """Firehose reads the table with the role at once, and fails to be created before the policy is there."""
        role = trusting(any_stack, "firehose.amazonaws.com")
        policies = {each.id for each in any_stack.all("AWS::IAM::Policy") if any_stack.to(each["Roles"][0]) == role}
        policies |= {each.id for each in any_stack.all("AWS::S3::BucketPolicy")}
        assert len(policies) == 2
        assert policies <= any_stack.before(stream(any_stack))

    def test_the_transform_may_only_log_and_send_traces(self, any_stack: Reading) -> None:
        found = granted(any_stack, trusting(any_stack, "lambda.amazonaws.com"))
        found.pop("${AWS::KMS::Key.Arn}", None)
        assert found == {
            "${AWS::Logs::LogGroup.Arn}": {"logs:CreateLogStream", "logs:PutLogEvents"},
            "*": {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
        }
        assert any_stack.one("AWS::Lambda::Function")["Timeout"] == 60
        # Firehose waits for each call, so there is nothing to retry or to keep for later.
        assert not any_stack.all("AWS::Lambda::EventInvokeConfig")

    def test_the_template_has_no_mapping_of_addresses(self, any_stack: Reading) -> None:
        assert not [name for name in any_stack.document.get("Mappings", {}) if "Cidr" in name]


class TestBucket:
    def test_it_is_private_and_takes_requests_over_tls(self, any_stack: Reading) -> None:
        assert set(bucket(any_stack)["PublicAccessBlockConfiguration"].values()) == {True}
        [statement] = any_stack.one("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})

    @pytest.mark.parametrize(("name", "events", "raw"), [("sandbox", 365, 30), ("full", 400, 60)])
    def test_objects_expire_by_what_they_are(
        self, read: Callable[[str], Reading], name: str, events: int, raw: int
    ) -> None:
        rules = lifecycle(read(name))
        assert {prefix: rule["ExpirationInDays"] for prefix, rule in rules.items() if prefix} == {
            "events/": events,
            "raw/": raw,
            "errors/": 90,
            "queries/": 7,
        }
        assert all(rule["Status"] == "Enabled" for rule in rules.values())

    def test_events_move_to_the_tier_that_fits(self, any_stack: Reading) -> None:
        rules = lifecycle(any_stack)
        assert rules["events/"]["Transitions"] == [{"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 0}]
        assert not any("Transitions" in rule for prefix, rule in rules.items() if prefix != "events/")
        # By S3's default, objects below 128 KB do not move.
        assert "TransitionDefaultMinimumObjectSize" not in bucket(any_stack)["LifecycleConfiguration"]

    def test_incomplete_uploads_end(self, any_stack: Reading) -> None:
        rules = bucket(any_stack)["LifecycleConfiguration"]["Rules"]
        assert {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}, "Status": "Enabled"} in rules

    def test_production_keeps_old_versions_for_a_while(self, sandbox: Reading, production: Reading) -> None:
        old = {
            "ExpiredObjectDeleteMarker": True,
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
            "Status": "Enabled",
        }
        assert bucket(production)["VersioningConfiguration"] == {"Status": "Enabled"}
        assert old in bucket(production)["LifecycleConfiguration"]["Rules"]
        assert bucket(sandbox).get("VersioningConfiguration") is None
        assert old not in bucket(sandbox)["LifecycleConfiguration"]["Rules"]


class TestTable:
    def test_it_has_the_columns_of_the_schema(self, any_stack: Reading) -> None:
        found = table(any_stack)["StorageDescriptor"]["Columns"]
        assert [(each["Name"], each["Type"], each["Comment"]) for each in found] == [*COLUMNS]
        assert [each["Name"] for each in table(any_stack)["PartitionKeys"]] == [PARTITION.name]

    def test_new_columns_are_at_the_end(self) -> None:
        """Other stacks have files with these columns in this order. Add a column below, and never change one."""
        assert [(each.name, each.type) for each in COLUMNS][:9] == [
            *(("event_id", "string"), ("event_time", "timestamp"), ("event_type", "string"), ("source", "string")),
            *(("subject", "string"), ("size_bytes", "bigint"), ("data", "string"), ("extra", "string")),
            ("arrival_time", "timestamp"),
        ]

    def test_it_reads_the_parquet_files_that_the_stream_writes(self, any_stack: Reading) -> None:
        found = table(any_stack)["StorageDescriptor"]
        assert any_stack.shown(found["Location"]) == "s3://${AWS::S3::Bucket}/events/"
        assert found["SerdeInfo"]["SerializationLibrary"].endswith("ParquetHiveSerDe")
        assert table(any_stack)["Parameters"]["classification"] == "parquet"
        assert table(any_stack)["Parameters"]["has_encrypted_data"] is False

    @pytest.mark.parametrize(("name", "days"), [("sandbox", 365 + 32), ("full", 400 + 32)])
    def test_a_day_is_there_by_itself(self, read: Callable[[str], Reading], name: str, days: int) -> None:
        """The range begins before the oldest event: it can be 31 days older than its delivery."""
        found = {
            key.removeprefix("projection."): value
            for key, value in table(read(name))["Parameters"].items()
            if key.startswith("projection.")
        }
        assert found == {
            "enabled": "true",
            "day.type": "date",
            "day.range": f"NOW-{days}DAYS,NOW+2DAYS",
            "day.format": "yyyy-MM-dd",
            "day.interval": "1",
            "day.interval.unit": "DAYS",
        }

    def test_its_names_need_no_quotes_and_contain_the_name_of_the_stack(self, any_stack: Reading) -> None:
        name = any_stack.one("AWS::Glue::Database")["DatabaseInput"]["Name"]
        assert name.isalnum()
        assert name.islower()
        assert any_stack.stack.stack_name.replace("-", "").lower() in name
        assert table(any_stack)["Name"] == "events"

    def test_definitions_go_with_the_stack(self, any_stack: Reading) -> None:
        assert any_stack.one("AWS::Glue::Database").kept[0] == "Delete"


class TestQueries:
    def test_the_settings_of_the_workgroup_bind_each_query(self, any_stack: Reading) -> None:
        found = workgroup(any_stack)["WorkGroupConfiguration"]
        assert found["EnforceWorkGroupConfiguration"] is True
        assert found["BytesScannedCutoffPerQuery"] == 10 * 2**30
        assert found["PublishCloudWatchMetricsEnabled"] is True
        assert found["EngineVersion"] == {"SelectedEngineVersion": "Athena engine version 3"}

    def test_results_are_encrypted_and_in_the_bucket(self, sandbox: Reading, production: Reading) -> None:
        for stack in (sandbox, production):
            found = workgroup(stack)["WorkGroupConfiguration"]["ResultConfiguration"]
            assert stack.shown(found["OutputLocation"]) == "s3://${AWS::S3::Bucket}/queries/"
            assert stack.shown(found["ExpectedBucketOwner"]) == "${AWS::AccountId}"
        found = workgroup(sandbox)["WorkGroupConfiguration"]["ResultConfiguration"]
        assert found["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}
        found = workgroup(production)["WorkGroupConfiguration"]["ResultConfiguration"]["EncryptionConfiguration"]
        assert found["EncryptionOption"] == "SSE_KMS"
        assert production.to(found["KmsKey"]) == production.one("AWS::KMS::Key")

    def test_the_workgroup_can_be_deleted_with_its_history(self, any_stack: Reading) -> None:
        assert workgroup(any_stack)["RecursiveDeleteOption"] is True

    def test_the_saved_query_counts_each_event_once(self, any_stack: Reading) -> None:
        query = any_stack.one("AWS::Athena::NamedQuery")
        assert any_stack.to(query["WorkGroup"]) == workgroup(any_stack)
        assert any_stack.to(query["Database"]) == any_stack.one("AWS::Glue::Database")
        sql = any_stack.shown(query["QueryString"])
        assert 'FROM "${AWS::Glue::Database}"."${AWS::Glue::Table}"' in sql
        assert "PARTITION BY source, event_id" in sql
        assert "WHERE delivery = 1" in sql
        assert "WHERE day >=" in sql  # otherwise it would read every file
        assert "INTERVAL '7' DAY" in sql
        assert query["Name"] == f"{any_stack.stack.stack_name}: Events of the last 7 days by type"

    def test_the_command_runs_the_saved_query(self, any_stack: Reading) -> None:
        found = any_stack.output("QueryCommand")
        assert found.startswith("aws athena start-query-execution --work-group ${AWS::Athena::WorkGroup} ")
        assert "get-named-query --named-query-id ${AWS::Athena::NamedQuery.NamedQueryId} " in found


class TestSubscription:
    def test_there_is_none_without_a_topic(self, sandbox: Reading, production: Reading) -> None:
        for stack in (sandbox, production):
            assert [each["Protocol"] for each in stack.all("AWS::SNS::Subscription")] == []
            assert not stack.all("AWS::SQS::Queue")
            assert not [each for each in stack.all("AWS::IAM::Role") if "sns.amazonaws.com" in json.dumps(each.body)]

    @pytest.mark.parametrize("name", ["subscribed", "full"])
    def test_messages_of_the_topic_are_records_as_they_were_published(
        self, read: Callable[[str], Reading], name: str
    ) -> None:
        stack = read(name)
        [found] = [each for each in stack.all("AWS::SNS::Subscription") if each["Protocol"] == "firehose"]
        assert found["TopicArn"] == TOPIC
        assert stack.to(found["Endpoint"]) == stream(stack)
        assert found["RawMessageDelivery"] is True
        assert stack.to(found["SubscriptionRoleArn"]) == trusting(stack, "sns.amazonaws.com")
        assert stack.to(found["RedrivePolicy"]["deadLetterTargetArn"]) == stack.one("AWS::SQS::Queue")

    @pytest.mark.parametrize("name", ["subscribed", "full"])
    def test_sns_may_only_put_records_into_the_stream(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        assert granted(stack, trusting(stack, "sns.amazonaws.com")) == {
            "${AWS::KinesisFirehose::DeliveryStream.Arn}": {
                *("firehose:DescribeDeliveryStream", "firehose:ListTagsForDeliveryStream"),
                *("firehose:PutRecord", "firehose:PutRecordBatch"),
            }
        }

    @pytest.mark.parametrize("name", ["subscribed", "full"])
    def test_the_subscription_waits_for_its_role_and_its_queue(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        [found] = [each for each in stack.all("AWS::SNS::Subscription") if each["Protocol"] == "firehose"]
        role = trusting(stack, "sns.amazonaws.com")
        needed = {each.id for each in stack.all("AWS::IAM::Policy") if stack.to(each["Roles"][0]) == role}
        needed |= {each.id for each in stack.all("AWS::SQS::QueuePolicy")}
        assert len(needed) == 2
        assert needed <= stack.before(found)

    @pytest.mark.parametrize("name", ["subscribed", "full"])
    def test_undelivered_messages_come_from_the_topic_and_stay_for_14_days(
        self, read: Callable[[str], Reading], name: str
    ) -> None:
        stack = read(name)
        queue = stack.one("AWS::SQS::Queue")
        assert queue["MessageRetentionPeriod"] == 14 * 86_400
        denied, admitted = stack.one("AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert admitted["Condition"] == {"ArnEquals": {"aws:SourceArn": TOPIC}}


class TestKey:
    def test_production_has_one_key_for_everything(self, full: Reading) -> None:
        [rule] = bucket(full)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        found = destination(full)
        holders = [
            rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"],
            stream(full)["DeliveryStreamEncryptionConfigurationInput"]["KeyARN"],
            found["EncryptionConfiguration"]["KMSEncryptionConfig"]["AWSKMSKeyARN"],
            found["S3BackupConfiguration"]["EncryptionConfiguration"]["KMSEncryptionConfig"]["AWSKMSKeyARN"],
            workgroup(full)["WorkGroupConfiguration"]["ResultConfiguration"]["EncryptionConfiguration"]["KmsKey"],
            *(each["KmsMasterKeyId"] for each in full.all("AWS::SNS::Topic")),
            *(each["KmsMasterKeyId"] for each in full.all("AWS::SQS::Queue")),
            *(each["KmsKeyArn"] for each in full.all("AWS::Lambda::Function")),
            *(each["KmsKeyId"] for each in full.all("AWS::Logs::LogGroup")),
        ]
        assert len(holders) == 10
        assert {full.to(each).id for each in holders} == {full.one("AWS::KMS::Key").id}
        assert rule["BucketKeyEnabled"] is True

    def test_it_admits_sns_only_for_a_topic(self, production: Reading, full: Reading) -> None:
        def services(stack: Reading) -> set[str]:
            statements = stack.shown(stack.one("AWS::KMS::Key")["KeyPolicy"]["Statement"])
            return {each["Principal"]["Service"] for each in statements if "Service" in each["Principal"]}

        assert services(full) - services(production) == {"sns.amazonaws.com"}

    def test_a_key_of_ones_own_needs_the_statement_for_sns(self, tmp_path: Path) -> None:
        key = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-1234-1234-1234-123456789012"
        stack = variant(PATTERN, tmp_path, key_arn=key, topic_arn=TOPIC)
        [warning] = [str(each.data) for each in stack.node.metadata if "key_arn is" in str(each.data)]
        assert '"Service": "sns.amazonaws.com"' in warning

    def test_sandbox_has_none(self, sandbox: Reading) -> None:
        assert not sandbox.all("AWS::KMS::Key")


class TestOperation:
    def test_alarms_notify_the_topic(self, any_stack: Reading) -> None:
        check_that_alarms_notify(any_stack, page="docs/data-stream.md")
        settings = any_stack.stack.settings  # ty: ignore[missing-attribute]
        assert alarms_of(any_stack).keys() == {
            *("DeliveryFails", "BackupFails", "LateRecords", "NothingDelivered", "FailedConversions"),
            *("ThrottledRecords", "PartitionsExceeded", "FailedRecords", "FailedCalls", "ThrottledCalls", "SlowCalls"),
            *(["KeyProblems"] if any_stack.all("AWS::KMS::Key") else []),
            *(["Silence"] if settings.max_silence_minutes else []),
            *(["UndeliveredMessages"] if settings.topic_arn else []),
        }

    def test_metrics_of_the_stream_have_the_period_in_which_firehose_sends_them(self, any_stack: Reading) -> None:
        names = set()
        for alarm in alarms_of(any_stack).values():
            for name, _, period in metrics_of(alarm).values():
                if name.startswith("AWS/Firehose/"):
                    names.add(name)
                    assert period == 300 or alarm == alarms_of(any_stack)["NothingDelivered"], name
        assert len(names) >= 7

    @pytest.mark.parametrize(("name", "minutes"), [("sandbox", 7), ("production", 28), ("full", 13)])
    def test_a_record_is_late_after_the_slowest_delivery(
        self, read: Callable[[str], Reading], name: str, minutes: int
    ) -> None:
        found = alarms_of(read(name))
        assert found["LateRecords"]["Threshold"] == minutes * 60
        metrics = metrics_of(found["LateRecords"]).values()
        assert {metric for metric, *_ in metrics} == {
            "AWS/Firehose/DeliveryToS3.DataFreshness",
            "AWS/Firehose/BackupToS3.DataFreshness",
        }

    def test_a_blocked_delivery_is_noticed_in_a_quiet_stream(self, any_stack: Reading) -> None:
        """A healthy stream writes a file within the period after a record, so two periods never breach."""
        found = alarms_of(any_stack)
        [period] = {period for _, _, period in metrics_of(found["NothingDelivered"]).values()}
        assert period == 30 * 60
        assert period >= found["LateRecords"]["Threshold"]
        assert rings(found["NothingDelivered"]) == (2, 2, "notBreaching")

    def test_what_rings(self, any_stack: Reading) -> None:
        found = alarms_of(any_stack)
        for name in ("DeliveryFails", "BackupFails"):
            assert rings(found[name]) == (2, 6, "notBreaching")
            assert expression_of(found[name]) == "1 - success"
        assert rings(found["FailedConversions"]) == (1, 2, "notBreaching")
        assert rings(found["FailedRecords"]) == (2, 30, "notBreaching")
        assert rings(found["ThrottledRecords"]) == (3, 4, "notBreaching")
        # It is 0 or 1, so a mean or a minimum would hide a short time beyond the quota.
        assert found["PartitionsExceeded"]["Statistic"] == "Maximum"

    def test_each_problem_with_the_key_rings(self, production: Reading) -> None:
        alarm = alarms_of(production)["KeyProblems"]
        metrics = {metric: name for name, (metric, *_) in metrics_of(alarm).items()}
        assert metrics.keys() == {
            f"AWS/Firehose/KMSKey{problem}" for problem in ("AccessDenied", "Disabled", "InvalidState", "NotFound")
        }
        assert set(str(expression_of(alarm)).split(" + ")) == {f"FILL({name}, 0)" for name in metrics.values()}

    def test_silence_rings_also_without_data(self, full: Reading) -> None:
        """A stream that never had a record has no data from the beginning, and no state changes."""
        alarm = alarms_of(full)["Silence"]
        assert rings(alarm) == (3, 3, "missing")
        assert alarm["InsufficientDataActions"] == alarm["AlarmActions"]

    def test_failures_are_those_that_the_function_counts(self, any_stack: Reading) -> None:
        alarm, live = alarms_of(any_stack)["FailedRecords"], any_stack.one("AWS::Lambda::Function")
        variables = live["Environment"]["Variables"]
        assert any_stack.shown(alarm["Namespace"]) == any_stack.shown(variables["POWERTOOLS_METRICS_NAMESPACE"])
        found = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        assert found.keys() == {"service", "function_name"}
        assert found["service"] == variables["POWERTOOLS_SERVICE_NAME"]
        assert any_stack.to(found["function_name"]) == live

    def test_the_dashboard_shows_what_goes_in_and_out(self, any_stack: Reading) -> None:
        titles = {each["properties"]["title"] for each in graphs_of(any_stack)}
        assert {"Bytes in and out", "Active partitions", "Results of the transform"} <= titles

    @pytest.mark.parametrize(("name", "kept"), [("sandbox", "Delete"), ("production", "RetainExceptOnCreate")])
    def test_production_keeps_data(self, read: Callable[[str], Reading], name: str, kept: str) -> None:
        stack = read(name)
        for resource in (
            bucket(stack),
            *stack.all("AWS::KMS::Key"),
            *stack.all("AWS::Logs::LogGroup"),
            *stack.all("AWS::Logs::LogStream"),
            *stack.all("AWS::SQS::Queue"),
        ):
            assert resource.kept[0] == kept, resource.id

    def test_a_record_can_be_put_at_once(self, any_stack: Reading) -> None:
        found = any_stack.output("PutRecordCommand")
        command = "aws firehose put-record --delivery-stream-name ${AWS::KinesisFirehose::DeliveryStream} "
        assert found.startswith(command)
        record = found.partition(" --record ")[2]
        # As the shell takes the text between the double quotes, with its commands still in it.
        event = json.loads(json.loads(json.loads(record))["Data"])
        assert event.keys() == {"id", "time", "type"}
        assert event["time"] == "$(date -u +%Y-%m-%dT%H:%M:%SZ)"

    def test_outputs(self, any_stack: Reading) -> None:
        subscribed = bool(any_stack.all("AWS::SQS::Queue"))
        assert any_stack.document["Outputs"].keys() == {
            *("StreamName", "BucketName", "DatabaseName", "TableName", "WorkGroupName", "NamedQueryId"),
            *("PutRecordCommand", "QueryCommand", "DashboardUrl"),
            *(["UndeliveredUrl"] if subscribed else []),
        }


REFUSED: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
    ({"buffer_seconds": 59}, "buffer_seconds", ("60 to 900", "buffering.html")),
    ({"buffer_seconds": 901}, "buffer_seconds", ("60 to 900",)),
    ({"retention_days": 0}, "retention_days", ("from 1",)),
    ({"raw_retention_days": 4000}, "raw_retention_days", ("3,650",)),
    ({"max_silence_minutes": 4}, "max_silence_minutes", ("5 to 1,440",)),
    ({"max_silence_minutes": 12}, "max_silence_minutes", ("multiple of 5", "got 12", "Set 10 or 15")),
    ({"topic_arn": f"{TOPIC}.fifo"}, "topic_arn", ("arn:aws:sns",)),
    ({"topic_arn": "uploads"}, "topic_arn", ("arn:aws:sns",)),
    ({"topic_arn": "arn:aws:sqs:us-east-1:111122223333:uploads"}, "topic_arn", ("arn:aws:sns",)),
]


@pytest.mark.parametrize(("settings", "path", "parts"), REFUSED)
def test_wrong_settings_are_refused(settings: dict[str, Any], path: str, parts: tuple[str, ...]) -> None:
    found = refusal(PATTERN, **settings)
    assert list(found) == [path]
    for part in parts:
        assert part in found[path]


class TestConstructs:
    """The constructs alone, in a stack of somebody else."""

    @pytest.fixture
    def stack(self) -> cdk.Stack:
        return cdk.Stack(unchecked_app(), "Own")

    @staticmethod
    def stream_of(stack: cdk.Stack, construct_id: str = "Stream", **arguments: Any) -> EventStream:
        bucket = EventBucket(stack, f"{construct_id}Bucket", posture=SANDBOX)
        column = glue.Column(name="id", type=glue.Schema.STRING)
        partition = glue.Column(name="day", type=glue.Schema.STRING)
        return EventStream(
            stack,
            construct_id,
            bucket=bucket,
            table=EventTable(
                stack, f"{construct_id}Table", bucket=bucket, name="rows", columns=[column], partition=partition
            ),
            transform=LiveFunction(  # ty: ignore[invalid-argument-type]
                stack,
                f"{construct_id}Function",
                package=RUNTIME,
                handler="transform.handler",
                log_group=LogGroup(stack, f"{construct_id}FunctionLogs", posture=SANDBOX),
            ).alias,
            log_group=LogGroup(stack, f"{construct_id}Logs", posture=SANDBOX),
            posture=SANDBOX,
            **arguments,
        )

    @pytest.mark.parametrize("wrong", [{"buffer_seconds": 59}, {"buffer_mib": 63}, {"buffer_mib": 129}])
    def test_buffers_that_firehose_refuses(self, stack: cdk.Stack, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(wrong))):
            self.stream_of(stack, **wrong)

    @pytest.mark.parametrize("wrong", [{"retention_days": 0}, {"raw_retention_days": 0}])
    def test_retentions_below_one_day(self, stack: cdk.Stack, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be at least 1, got 0"):
            EventBucket(stack, "Bucket", posture=SANDBOX, **wrong)

    def test_a_limit_of_queries_that_athena_refuses(self, stack: cdk.Stack) -> None:
        bucket = EventBucket(stack, "Bucket", posture=SANDBOX)
        with pytest.raises(ValueError, match="max_scan_gib"):
            QueryWorkgroup(stack, "Queries", bucket=bucket, max_scan_gib=0)

    def test_two_streams_and_one_of_the_cdk_in_one_stack(self, stack: cdk.Stack) -> None:
        """The mapping of addresses stays for a stream whose addresses are used."""
        self.stream_of(stack, "First")
        other = firehose.DeliveryStream(
            stack,
            "Other",
            destination=firehose.S3Bucket(EventBucket(stack, "OtherBucket", posture=SANDBOX).bucket),
        )
        self.stream_of(stack, "Second")
        assert other.connections is not None
        assert stack.node.try_find_child("@aws-cdk--aws-kinesisfirehose.CidrBlocks") is not None
        assert len(Reading(stack).all("AWS::KinesisFirehose::DeliveryStream")) == 3


class TestDrawing(DrawingPromises):
    """What docs/data-stream.d2 shows."""
