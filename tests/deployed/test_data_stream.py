"""Checks of a deployed ``DataStreamStack``."""

import json
from typing import Any, ClassVar

from tests.deployed.answers import Answer
from tests.deployed.changes import ATTACHED, EVERYTHING, LOG_GROUPS, STATEMENTS, TRUST, allow, by, may, output
from tests.deployed.looking import check_retention, inline_statements, listed, policies_of, principals_of
from tests.deployed.proving import fails
from tests.deployed.service import AlarmTopic
from tests.deployed.stack import DeployedStack

STACK = "DataStreamStack"

ALIAS = "live"
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
TRANSFORM_MAY = {"logs:CreateLogStream", "logs:PutLogEvents", *TRACES}
STREAM_MAY = {
    *("s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"),
    *("s3:ListBucketMultipartUploads", "s3:PutObject"),
    *("glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"),
    *("lambda:GetFunctionConfiguration", "lambda:InvokeFunction", "logs:PutLogEvents"),
}
USE_OF_KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
SUBSCRIPTION_MAY = {
    *("firehose:DescribeDeliveryStream", "firehose:ListTagsForDeliveryStream"),
    *("firehose:PutRecord", "firehose:PutRecordBatch"),
}
COLUMNS = {
    **dict.fromkeys(("event_id", "event_type", "source", "subject", "data", "extra"), "string"),
    **dict.fromkeys(("event_time", "arrival_time"), "timestamp"),
    "size_bytes": "bigint",
}
PREFIXES = ("events/", "raw/", "errors/", "queries/")
RESULTS = "queries/"

BLOCK = "s3.get_public_access_block PublicAccessBlockConfiguration"
ENCRYPTION = "s3.get_bucket_encryption ServerSideEncryptionConfiguration Rules 0 ApplyServerSideEncryptionByDefault"
RULES = "s3.get_bucket_lifecycle_configuration Rules"
POLICY = "s3.get_bucket_policy Policy Statement"
STREAM = "firehose.describe_delivery_stream DeliveryStreamDescription"
DESTINATION = f"{STREAM} Destinations 0 ExtendedS3DestinationDescription"
CONVERSION = f"{DESTINATION} DataFormatConversionConfiguration"
PROCESSORS = f"{DESTINATION} ProcessingConfiguration Processors"
FUNCTION = "lambda.get_function_configuration"
TABLE = "glue.get_table Table"
WORKGROUP = "athena.get_work_group WorkGroup Configuration"
QUERY = "athena.get_named_query NamedQuery"
SUBSCRIPTION = "sns.get_subscription_attributes Attributes"


class TestTopic(AlarmTopic):
    """The checks of any stack with alarms."""

    WATCHED: ClassVar = {
        *("DeliveryToS3.Success", "BackupToS3.Success", "DeliveryToS3.DataFreshness", "BackupToS3.DataFreshness"),
        *("FailedConversion.Records", "IncomingRecords", "ThrottledRecords", "PartitionCountExceeded", "FailedRecords"),
        *("Errors", "Throttles", "Duration"),
    }


@fails("is public", f"{BLOCK} BlockPublicPolicy", False)
@fails("answers requests without TLS", f"{POLICY} * Condition Bool", {"aws:SecureTransport": "true"})
@fails("keeps no versions", "s3.get_bucket_versioning Status", "Suspended", only="production")
@fails("encrypted with no key of the stack", f"{ENCRYPTION} KMSMasterKeyID", "other", only="production")
def test_the_bucket_is_private_and_encrypted(stack: DeployedStack) -> None:
    bucket = stack.outputs["BucketName"]
    block = stack.ask("s3.get_public_access_block", Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values()), f"{bucket} is public"
    statements = json.loads(stack.ask("s3.get_bucket_policy", Bucket=bucket)["Policy"])["Statement"]
    refused = [
        each
        for each in statements
        if each["Effect"] == "Deny" and each.get("Condition", {}).get("Bool") == {"aws:SecureTransport": "false"}
    ]
    assert refused, f"{bucket} answers requests without TLS"
    if stack.production:
        status = stack.ask("s3.get_bucket_versioning", Bucket=bucket).get("Status")
        assert status == "Enabled", f"{bucket} keeps no versions"
        found = stack.ask("s3.get_bucket_encryption", Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        used = found[0]["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID", "")
        assert used.endswith(tuple(stack.all("AWS::KMS::Key"))), f"{bucket} is encrypted with no key of the stack"


@fails(r"nothing expires below \['events/'", f"{RULES} * Expiration", {"ExpiredObjectDeleteMarker": True})
@fails("stay in S3 Standard", f"{RULES} * Transitions", [])
@fails("is Disabled", f"{RULES} * Status", "Disabled")
def test_objects_move_to_cheaper_storage_and_expire(stack: DeployedStack) -> None:
    rules = stack.ask("s3.get_bucket_lifecycle_configuration", Bucket=stack.outputs["BucketName"])["Rules"]
    for rule in rules:
        assert rule["Status"] == "Enabled", f"a rule of the lifecycle is {rule['Status']}: {rule}"
    expiring = {each["Filter"].get("Prefix") for each in rules if "Days" in each.get("Expiration", {})}
    kept = [prefix for prefix in PREFIXES if prefix not in expiring]
    assert not kept, f"nothing expires below {kept}"
    tiered = [each for each in rules if each["Filter"].get("Prefix") == "events/" and each.get("Transitions")]
    assert tiered, "the files of the table stay in S3 Standard"


@fails("stream is CREATING", f"{STREAM} DeliveryStreamStatus", "CREATING")
@fails("records in the stream are not encrypted", f"{STREAM} DeliveryStreamEncryptionConfiguration Status", "DISABLED")
@fails(
    "encrypted with no key, not with",
    f"{STREAM} DeliveryStreamEncryptionConfiguration KeyARN",
    only="production",
)
def test_the_stream_is_encrypted(stack: DeployedStack) -> None:
    found = _stream(stack)
    assert found["DeliveryStreamStatus"] == "ACTIVE", f"the stream is {found['DeliveryStreamStatus']}"
    encryption = found.get("DeliveryStreamEncryptionConfiguration", {})
    assert encryption.get("Status") in ("ENABLED", "ENABLING"), "records in the stream are not encrypted"
    if stack.production:
        used, key = encryption.get("KeyARN", "no key"), stack.only("AWS::KMS::Key")
        assert used.endswith(key), f"records are encrypted with {used}, not with the stack's key {key}"


@fails("not to the bucket of the stack", f"{DESTINATION} BucketARN", "arn:aws:s3:::other")
@fails("no Parquet", f"{CONVERSION} OutputFormatConfiguration Serializer", {"OrcSerDe": {}})
@fails("no Parquet", f"{CONVERSION} Enabled", False)
@fails("by another table", f"{CONVERSION} SchemaConfiguration TableName", "other")
@fails("no partition for each day", f"{DESTINATION} DynamicPartitioningConfiguration Enabled", False)
@fails("no partition for each day", f"{DESTINATION} Prefix", "events/")
def test_the_stream_writes_parquet_by_the_table_in_a_partition_for_each_day(stack: DeployedStack) -> None:
    found = _destination(stack)
    bucket, database, table = (stack.outputs[name] for name in ("BucketName", "DatabaseName", "TableName"))
    assert found["BucketARN"].endswith(f":{bucket}"), (
        f"it delivers to {found['BucketARN']}, not to the bucket of the stack"
    )
    conversion = found.get("DataFormatConversionConfiguration", {})
    serializer = conversion.get("OutputFormatConfiguration", {}).get("Serializer", {})
    format_of_files = sorted(serializer) if conversion.get("Enabled") else "that of the records"
    assert format_of_files == ["ParquetSerDe"], f"the stream writes no Parquet, its format is {format_of_files}"
    schema = conversion["SchemaConfiguration"]
    used = (schema["DatabaseName"], schema["TableName"])
    assert used == (database, table), f"the stream converts records by another table: {used}"
    dynamic = found.get("DynamicPartitioningConfiguration", {}).get("Enabled")
    prefix = found["Prefix"] if dynamic else "any"
    assert prefix == "events/day=!{partitionKeyFromLambda:day}/", f"no partition for each day, the prefix is {prefix}"


@fails("mixes errors with events", f"{DESTINATION} ErrorOutputPrefix", "events/")
@fails("the source records are not kept", f"{DESTINATION} S3BackupMode", "Disabled")
@fails("backup is in .*other", f"{DESTINATION} S3BackupDescription BucketARN", "arn:aws:s3:::other")
@fails("logs no errors", f"{DESTINATION} CloudWatchLoggingOptions Enabled", False)
@fails("logs no errors", f"{DESTINATION} S3BackupDescription CloudWatchLoggingOptions")
@fails("collects records for 0 seconds", f"{DESTINATION} BufferingHints IntervalInSeconds", 0)
def test_the_stream_keeps_source_records_and_errors(stack: DeployedStack) -> None:
    found = _destination(stack)
    errors, backup = found["ErrorOutputPrefix"], found.get("S3BackupDescription", {})
    assert errors.startswith("errors/!{firehose:error-output-type}"), f"{errors} mixes errors with events"
    assert found["S3BackupMode"] == "Enabled", "the source records are not kept"
    place = f"{backup.get('BucketARN')}/{backup.get('Prefix')}"
    assert place.endswith(f":{stack.outputs['BucketName']}/raw/"), f"the backup is in {place}"
    for each in (found, backup):
        assert each.get("CloudWatchLoggingOptions", {}).get("Enabled"), "the stream logs no errors"
    seconds = found["BufferingHints"]["IntervalInSeconds"]
    assert seconds >= 60, f"the stream collects records for {seconds} seconds"


@fails(r"runs on \['x86_64'\]", f"{FUNCTION} Architectures", ["x86_64"])
@fails("longer than Firehose waits", f"{FUNCTION} Timeout", 301)
@fails("no layer with Powertools", f"{FUNCTION} Layers", [])
@fails("does not call the alias", f"{PROCESSORS} * Parameters ParameterName=LambdaArn ParameterValue", "arn:other")
@fails("does not call the alias", f"{PROCESSORS} *")
@fails("in batches of 3 MB", f"{PROCESSORS} * Parameters ParameterName=BufferSizeInMBs ParameterValue", "3")
@fails("encrypted with no key, not with the stack's key", f"{FUNCTION} KMSKeyArn", only="production")
def test_the_stream_calls_the_transform(stack: DeployedStack) -> None:
    function = _function(stack)
    assert function["Architectures"] == ["arm64"], f"the function runs on {function['Architectures']}"
    assert function["Timeout"] <= 300, f"the function may run for {function['Timeout']} s, longer than Firehose waits"
    layers = [each["Arn"] for each in function.get("Layers", [])]
    assert any("Powertools" in each for each in layers), "the function has no layer with Powertools"
    processors = _destination(stack)["ProcessingConfiguration"]["Processors"]
    parameters = {each["ParameterName"]: each["ParameterValue"] for one in processors for each in one["Parameters"]}
    called, alias = parameters.get("LambdaArn", "nothing"), f"{stack.only('AWS::Lambda::Function')}:{ALIAS}"
    assert called.endswith(f":{alias}"), f"the stream does not call the alias {alias}, but {called}"
    batch = parameters.get("BufferSizeInMBs", "1")
    assert float(batch) <= 1, f"the function gets records in batches of {batch} MB, too much for a response of 6 MB"
    if stack.production:
        used, key = function.get("KMSKeyArn", "no key"), stack.only("AWS::KMS::Key")
        assert used.endswith(key), f"the variables are encrypted with {used}, not with the stack's key {key}"


@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
@fails(r"may \['firehose:PutRecord'\] on anything", f"{STATEMENTS} +", allow("firehose:PutRecord"))
@fails("may more, or less: .*'s3:DeleteObject'", f"{STATEMENTS} +", allow("s3:DeleteObject", "arn:aws:s3:::b/*"))
@fails("may more, or less: .*'logs:PutLogEvents'", may())
def test_each_role_may_do_what_it_needs(stack: DeployedStack) -> None:
    key = USE_OF_KEY if stack.production else set()
    for name, expected in (
        (_function(stack)["Role"], TRANSFORM_MAY | ({"kms:Decrypt"} if stack.production else set())),
        (_destination(stack)["RoleARN"], STREAM_MAY | key),
    ):
        _check_role(stack, name.rpartition("/")[2], expected)


@fails(r"acts for \[\('Service', 'ec2", f"{TRUST} Principal", by("ec2.amazonaws.com"))
def test_firehose_alone_acts_as_the_role_of_the_stream(stack: DeployedStack) -> None:
    role = _destination(stack)["RoleARN"].rpartition("/")[2]
    principals = principals_of(stack, role)
    assert principals == [("Service", "firehose.amazonaws.com")], f"{role} acts for {principals}"


@fails("misses, or has more: .*'event_id'", f"{TABLE} StorageDescriptor Columns 0")
@fails("misses, or has more: .*'size_bytes'", f"{TABLE} StorageDescriptor Columns Name=size_bytes Type", "string")
@fails("is partitioned by", f"{TABLE} PartitionKeys 0 Name", "hour")
@fails("knows no partition", f"{TABLE} Parameters projection.enabled", "false")
@fails("the files are in", f"{TABLE} StorageDescriptor Location", "s3://other/events/")
def test_the_table_knows_its_columns_and_partitions(stack: DeployedStack) -> None:
    name = stack.outputs["TableName"]
    table = stack.ask("glue.get_table", DatabaseName=stack.outputs["DatabaseName"], Name=name)["Table"]
    columns = {(each["Name"], each["Type"]) for each in table["StorageDescriptor"]["Columns"]}
    different = sorted(columns ^ set(COLUMNS.items()))
    assert not different, f"{name} misses, or has more: {different}"
    keys = [each["Name"] for each in table["PartitionKeys"]]
    assert keys == ["day"], f"{name} is partitioned by {keys}"
    parameters = table.get("Parameters", {})
    known = parameters.get("projection.enabled") == "true" and parameters.get("projection.day.type") == "date"
    assert known, f"Athena knows no partition of {name}: {parameters}"
    location = table["StorageDescriptor"]["Location"].rstrip("/")
    assert location == f"s3://{stack.outputs['BucketName']}/events", f"the files are in {location}"


@fails("is DISABLED", "athena.get_work_group WorkGroup State", "DISABLED")
@fails("clients may choose", f"{WORKGROUP} EnforceWorkGroupConfiguration", False)
@fails("may scan everything", f"{WORKGROUP} BytesScannedCutoffPerQuery")
@fails("writes results to s3://other/", f"{WORKGROUP} ResultConfiguration OutputLocation", "s3://other/")
@fails("results are not encrypted", f"{WORKGROUP} ResultConfiguration EncryptionConfiguration")
@fails("with no key, not", f"{WORKGROUP} ResultConfiguration EncryptionConfiguration KmsKey", only="production")
def test_queries_are_limited_and_their_results_encrypted(stack: DeployedStack) -> None:
    name = stack.outputs["WorkGroupName"]
    group = stack.ask("athena.get_work_group", WorkGroup=name)["WorkGroup"]
    assert group["State"] == "ENABLED", f"{name} is {group['State']}"
    configuration = group["Configuration"]
    assert configuration.get("EnforceWorkGroupConfiguration"), f"clients may choose other settings than those of {name}"
    assert configuration.get("BytesScannedCutoffPerQuery"), f"a query of {name} may scan everything"
    results = configuration["ResultConfiguration"]
    expected = f"s3://{stack.outputs['BucketName']}/{RESULTS}"
    assert results["OutputLocation"] == expected, f"{name} writes results to {results['OutputLocation']}"
    encryption = results.get("EncryptionConfiguration", {})
    assert encryption, f"the results are not encrypted by {name}"
    if stack.production:
        used, key = encryption.get("KmsKey", "no key"), stack.only("AWS::KMS::Key")
        assert used.endswith(key), f"results are encrypted with {used}, not with the stack's key {key}"


@fails("is saved in primary", f"{QUERY} WorkGroup", "primary")
@fails("does not read", f"{QUERY} QueryString", "SELECT 1")
@fails("does not run the query", output("QueryCommand"), "aws athena start-query-execution")
@fails("does not put into the stream", output("PutRecordCommand"), "aws firehose put-record")
def test_the_commands_put_a_record_and_run_the_saved_query(stack: DeployedStack) -> None:
    query_id, database = stack.outputs["NamedQueryId"], stack.outputs["DatabaseName"]
    query = stack.ask("athena.get_named_query", NamedQueryId=query_id)["NamedQuery"]
    group = stack.outputs["WorkGroupName"]
    assert query["WorkGroup"] == group, f"the query is saved in {query['WorkGroup']}"
    table = f'"{database}"."{stack.outputs["TableName"]}"'
    assert table in query["QueryString"], f"the saved query does not read {table}"
    command = stack.outputs["QueryCommand"]
    missing = [each for each in (query_id, group) if each not in command]
    assert not missing, f"{command} does not run the query, it misses {missing}"
    put = stack.outputs["PutRecordCommand"]
    assert f"--delivery-stream-name {stack.outputs['StreamName']} " in put, f"{put} does not put into the stream"


@fails("is wrapped", f"{SUBSCRIPTION} RawMessageDelivery", "false", only="production")
@fails("is lost if SNS cannot deliver it", f"{SUBSCRIPTION} RedrivePolicy", only="production")
@fails("may more, or less: .*'firehose:PutRecordBatch'", may(), only="production")
def test_messages_of_the_topic_come_as_they_were_published(stack: DeployedStack) -> None:
    if "UndeliveredUrl" not in stack.outputs:
        return
    [arn] = [each for each in stack.all("AWS::SNS::Subscription") if ":" in each and not _is_of_alarms(stack, each)]
    found = stack.ask("sns.get_subscription_attributes", SubscriptionArn=arn)["Attributes"]
    assert found.get("RawMessageDelivery") == "true", f"a message of {arn} is wrapped"
    assert found.get("RedrivePolicy"), f"a message of {arn} is lost if SNS cannot deliver it"
    _check_role(stack, found["SubscriptionRoleArn"].rpartition("/")[2], SUBSCRIPTION_MAY)


@fails("keeps everything for ever", f"{LOG_GROUPS} * retentionInDays")
@fails("encrypted with no key, not with the stack's key", f"{LOG_GROUPS} * kmsKeyId", only="production")
def test_logs_are_kept_for_a_set_time(stack: DeployedStack) -> None:
    for name in stack.all("AWS::Logs::LogGroup"):
        check_retention(stack, name, stack.all("AWS::KMS::Key"))


def _check_role(stack: DeployedStack, role: str, expected: set[str]) -> None:
    """Checks that a role may do what is expected, on certain resources, and nothing else."""
    attached = policies_of(stack, role)
    assert not attached, f"{role} has managed policies: {attached}"
    granted = set[str]()
    for statement in inline_statements(stack, role):
        actions = set(listed(statement["Action"]))
        granted |= actions
        anything = "*" in listed(statement["Resource"])
        assert not anything or actions <= TRACES, f"{role} may {sorted(actions)} on anything"
    assert granted == expected, f"{role} may more, or less: {sorted(granted ^ expected)}"


def _is_of_alarms(stack: DeployedStack, subscription: str) -> bool:
    """Whether a subscription is one of the stack's own topic."""
    return subscription.rpartition(":")[0] in stack.all("AWS::SNS::Topic")


def _stream(stack: DeployedStack) -> Answer:
    name = stack.outputs["StreamName"]
    return stack.ask("firehose.describe_delivery_stream", DeliveryStreamName=name)["DeliveryStreamDescription"]


def _destination(stack: DeployedStack) -> dict[str, Any]:
    [found] = _stream(stack)["Destinations"]
    return found["ExtendedS3DestinationDescription"]


def _function(stack: DeployedStack) -> Answer:
    """The configuration of the function version that the alias points to."""
    return stack.ask(
        "lambda.get_function_configuration", FunctionName=stack.only("AWS::Lambda::Function"), Qualifier=ALIAS
    )
