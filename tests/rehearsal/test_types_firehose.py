"""Streams of Firehose, topics that deliver to them, and queries of Athena, in the emulated account."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.templates import Resources, Stack, check_life_cycle, get_att, of, ref, trust, with_properties

TRANSFORM = """
import base64

RESULTS = {"drop": "Dropped", "fail": "ProcessingFailed"}


def handler(event, context):
    records = []
    for record in event["records"]:
        text = base64.b64decode(record["data"]).decode()
        if text == "crash":
            raise ValueError(text)
        if text == "forget":
            continue
        records.append({
            "recordId": record["recordId"],
            "result": RESULTS.get(text, "Ok"),
            "data": record["data"],
            "metadata": {"partitionKeys": {} if text == "nowhere" else {"day": "2026-11-29"}},
        })
    return {"records": records}
"""
ERRORS = "errors/!{firehose:error-output-type}/"


def streams(*, description: str = "", encryption: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """A stream that writes Parquet, with what it needs."""
    role = get_att("Role", "Arn")
    destination = {
        "BucketARN": get_att("Bucket", "Arn"),
        "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 64},
        "DataFormatConversionConfiguration": {
            "Enabled": True,
            "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
            "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
            "SchemaConfiguration": {"DatabaseName": ref("Database"), "TableName": ref("Table"), "RoleARN": role},
        },
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ErrorOutputPrefix": ERRORS,
        "Prefix": "events/day=!{partitionKeyFromLambda:day}/",
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [
                {
                    "Type": "Lambda",
                    "Parameters": [{"ParameterName": "LambdaArn", "ParameterValue": get_att("Function", "Arn")}],
                }
            ],
        },
        "RoleARN": role,
        "S3BackupConfiguration": {"BucketARN": get_att("Bucket", "Arn"), "Prefix": "raw/", "RoleARN": role},
        "S3BackupMode": "Enabled",
        **changed,
    }
    more = {"DeliveryStreamEncryptionConfigurationInput": encryption} if encryption else {}
    columns = [{"Name": "a", "Type": "bigint"}, {"Name": "seen", "Type": "timestamp"}]
    table = {
        "Name": "events",
        "Description": description,
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
        "StorageDescriptor": {
            "Columns": columns,
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "Location": {"Fn::Sub": "s3://${Bucket}/events/"},
        },
        "TableType": "EXTERNAL_TABLE",
    }
    return {
        "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("firehose.amazonaws.com")),
        "Bucket": of("S3::Bucket"),
        "Key": of("KMS::Key", KeyPolicy={"Version": "2012-10-17", "Statement": []}),
        "Logs": of("Logs::LogGroup", RetentionInDays=7),
        "Function": of(
            "Lambda::Function",
            Code={"ZipFile": TRANSFORM},
            Handler="index.handler",
            LoggingConfig={"LogGroup": ref("Logs")},
            Role=get_att("Role", "Arn"),
            Runtime="python3.14",
        ),
        "Database": of("Glue::Database", CatalogId=ref("AWS::AccountId"), DatabaseInput={"Name": "types"}),
        "Table": of("Glue::Table", CatalogId=ref("AWS::AccountId"), DatabaseName=ref("Database"), TableInput=table),
        "Stream": of(
            "KinesisFirehose::DeliveryStream",
            DeliveryStreamType="DirectPut",
            ExtendedS3DestinationConfiguration=destination,
            **more,
        ),
    }


def take(stack: Stack) -> dict[str, bytes]:
    """The objects of the bucket, which is empty afterwards."""
    s3, bucket = stack.client("s3"), stack.id_of("Bucket")
    found = {}
    for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        found[each["Key"]] = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
        s3.delete_object(Bucket=bucket, Key=each["Key"])
    return found


def objects(stack: Stack) -> dict[str, bytes]:
    """The objects that a stream wrote, by their first two folders. Each folder has one."""
    found = take(stack)
    by_folder = {"/".join(key.split("/")[:2]): content for key, content in found.items()}
    assert len(by_folder) == len(found)
    return by_folder


def raw(found: dict[str, bytes]) -> bytes:
    """The backup, without its object."""
    [name] = [each for each in found if each.startswith("raw/")]
    return found.pop(name)


def errors(content: bytes) -> dict[str, str]:
    """The codes of errors by the records."""
    lines = [json.loads(line) for line in content.splitlines()]
    return {
        base64.b64decode(line["rawData"]).decode(): line.get("errorCode") or line.get("ErrorCode") for line in lines
    }


def put(stack: Stack, *records: str) -> None:
    answer = stack.client("firehose").put_record_batch(
        DeliveryStreamName=stack.id_of("Stream"), Records=[{"Data": record.encode()} for record in records]
    )
    assert answer["FailedPutCount"] == 0
    assert len({each["RecordId"] for each in answer["RequestResponses"]}) == len(records)


def eventually(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (value := found()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value


def test_streams(stack: Stack) -> None:
    def read() -> Any:
        described = stack.client("firehose").describe_delivery_stream(DeliveryStreamName=stack.id_of("Stream"))
        [destination] = described["DeliveryStreamDescription"]["Destinations"]
        encryption = described["DeliveryStreamDescription"]["DeliveryStreamEncryptionConfiguration"]
        s3 = destination["ExtendedS3DestinationDescription"]
        return s3["BufferingHints"]["IntervalInSeconds"], s3["S3BackupDescription"]["Prefix"], encryption["Status"]

    second = streams(
        encryption={"KeyType": "AWS_OWNED_CMK"}, BufferingHints={"IntervalInSeconds": 900, "SizeInMBs": 128}
    )
    assert check_life_cycle(stack, streams(), second, read) == ((60, "raw/", "DISABLED"), (900, "raw/", "ENABLED"))


def test_every_record_of_a_batch_is_accounted_for(stack: Stack) -> None:
    stack.deploy(streams())
    rows = ['{"a": 1, "seen": "2026-11-29T11:00:00.5Z"}', '{"a": 2}{"a": 3}']
    put(stack, *rows, "drop", "fail", "forget", "nowhere", "no JSON", '{"a": "x"}')
    found = objects(stack)
    assert raw(found).decode() == "".join([*rows, "drop", "fail", "forget", "nowhere", "no JSON", '{"a": "x"}'])
    assert found.keys() == {"events/day=2026-11-29", "errors/processing-failed", "errors/format-conversion-failed"}
    assert found["events/day=2026-11-29"].startswith(b"PAR1")
    assert errors(found["errors/processing-failed"]) == {
        "fail": "Lambda.ProcessingFailedStatus",
        "forget": "Lambda.MissingRecordId",
        "nowhere": "DynamicPartitioning.EvaluationFailed",
    }
    assert errors(found["errors/format-conversion-failed"]) == {
        "no JSON": "DataFormatConversion.ParseError",
        '{"a": "x"}': "DataFormatConversion.MalformedData",
    }
    put(stack, "crash", '{"a": 1}')
    found = objects(stack)
    assert raw(found) == b'crash{"a": 1}'
    assert set(errors(found["errors/processing-failed"]).values()) == {"Lambda.InvocationFailed"}


@pytest.mark.parametrize("records", [["x" * 1_024_001], ["x" * 1_000_000] * 5, ["x"] * 501])
def test_batches_that_are_too_large_are_refused(stack: Stack, records: list[str]) -> None:
    stack.deploy(streams())
    with pytest.raises(ClientError, match=r"too large|At most 500"):
        put(stack, *records)
    with pytest.raises(ClientError, match="not found"):
        stack.client("firehose").put_record(DeliveryStreamName="none", Record={"Data": b"a"})


REFUSED: dict[str, tuple[Any, str]] = {
    "BufferingHints": ({"SizeInMBs": 63}, "at least 64"),
    "CompressionFormat": ("GZIP", "UNCOMPRESSED"),
    "ErrorOutputPrefix": ("", "ErrorOutputPrefix"),
    "BucketARN": ("arn:aws:s3:::none", "bucket does not exist"),
    "RoleARN": ("arn:aws:iam::000000000000:role/none", "unable to assume role"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_streams_with_missing_references_or_wrong_values_are_refused(stack: Stack, name: str) -> None:
    value, reason = REFUSED[name]
    with pytest.raises(AssertionError, match=reason):
        stack.deploy(streams(**{name: value}))


def subscribed(*, raw_delivery: bool = True, protocol: str = "firehose") -> Resources:
    """A topic that delivers to a stream, with a dead-letter queue."""
    policy = {"deadLetterTargetArn": get_att("Dead", "Arn")}
    return {
        **streams(),
        "Dead": of("SQS::Queue"),
        "Topic": of("SNS::Topic"),
        "Subscription": of(
            "SNS::Subscription",
            Endpoint=get_att("Stream", "Arn"),
            Protocol=protocol,
            RawMessageDelivery=raw_delivery,
            RedrivePolicy=policy,
            SubscriptionRoleArn=get_att("Role", "Arn"),
            TopicArn=ref("Topic"),
        ),
    }


@pytest.mark.parametrize("raw_delivery", [True, False])
def test_a_topic_delivers_to_a_stream(stack: Stack, raw_delivery: bool) -> None:
    stack.deploy(subscribed(raw_delivery=raw_delivery))
    stack.client("sns").publish(TopicArn=stack.id_of("Topic"), Message='{"a": 1}')
    found: dict[str, bytes] = {}

    def delivered() -> bool:
        found.update(objects(stack))
        return len(found) == 2

    assert eventually(delivered)
    content = raw(found)
    assert (content == b'{"a": 1}') == raw_delivery
    assert raw_delivery or json.loads(content)["Message"] == '{"a": 1}'


def test_what_a_topic_cannot_deliver_is_dead(stack: Stack) -> None:
    stack.deploy(subscribed())
    name = stack.id_of("Stream")
    stack.client("firehose").delete_delivery_stream(DeliveryStreamName=name)
    stack.client("sns").publish(TopicArn=stack.id_of("Topic"), Message="lost")
    receive = stack.client("sqs").receive_message
    [message] = eventually(lambda: receive(QueueUrl=stack.id_of("Dead")).get("Messages"))
    assert message["Body"] == "lost"


@pytest.mark.parametrize("name", ["Endpoint", "SubscriptionRoleArn", "RedrivePolicy", "TopicArn"])
def test_subscriptions_with_missing_references_are_refused(stack: Stack, name: str) -> None:
    missing = "arn:aws:none:us-east-1:000000000000:deliverystream/none"
    value = {"deadLetterTargetArn": missing} if name == "RedrivePolicy" else missing
    with pytest.raises(AssertionError, match=r"Invalid parameter|Topic does not exist"):
        stack.deploy(with_properties(subscribed(), "Subscription", **{name: value}))


def test_parameters_of_tables_are_texts(stack: Stack) -> None:
    def read() -> Any:
        found = stack.client("glue").get_table(DatabaseName="types", Name="events")["Table"]
        return found.get("Description"), found["Parameters"]

    first, second = (
        with_properties(
            streams(), "Table", TableInput={**streams(description=text)["Table"]["Properties"]["TableInput"], **more}
        )
        for text, more in (("a", {"Parameters": {"has_encrypted_data": False}}), ("b", {"Parameters": {"step": 1}}))
    )
    before, after = ("a", {"has_encrypted_data": "false"}), ("b", {"step": "1"})
    assert check_life_cycle(stack, first, second, read) == (before, after)


def test_a_table_needs_its_database(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="Database none not found"):
        stack.deploy(with_properties(streams(), "Table", DatabaseName="none"))


def queries(*, text: str, recursive: bool = True) -> Resources:
    """A workgroup with a named query of the table."""
    results = {"OutputLocation": {"Fn::Sub": "s3://${Bucket}/results/"}}
    return {
        **streams(),
        "Group": of(
            "Athena::WorkGroup",
            Name="types",
            RecursiveDeleteOption=recursive,
            WorkGroupConfiguration={"ResultConfiguration": results},
        ),
        "Query": of(
            "Athena::NamedQuery", Database=ref("Database"), Name="ask", QueryString=text, WorkGroup=ref("Group")
        ),
    }


def test_named_queries(stack: Stack) -> None:
    def read() -> Any:
        return stack.client("athena").get_named_query(NamedQueryId=stack.id_of("Query"))["NamedQuery"]["QueryString"]

    assert check_life_cycle(stack, queries(text="SELECT 1"), queries(text="SELECT 2"), read) == ("SELECT 1", "SELECT 2")


def test_a_query_reads_what_a_stream_wrote(stack: Stack) -> None:
    stack.deploy(queries(text="SELECT day, a, seen FROM events WHERE day >= '2026-11-01' ORDER BY a"))
    put(stack, '{"a": 2, "seen": "2026-11-29T11:00:00.123Z"}{"a": 1}')
    athena = stack.client("athena")
    text = athena.get_named_query(NamedQueryId=stack.id_of("Query"))["NamedQuery"]["QueryString"]
    started = athena.start_query_execution(
        QueryString=text, WorkGroup=stack.id_of("Group"), QueryExecutionContext={"Database": "types"}
    )["QueryExecutionId"]

    def status() -> Any:
        found = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
        return found if found["State"] in ("SUCCEEDED", "FAILED") else None

    ended = eventually(status)
    assert ended["State"] == "SUCCEEDED", ended["StateChangeReason"]
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    values = [[value.get("VarCharValue") for value in row["Data"]] for row in rows]
    assert values[1:] == [["2026-11-29", "1", None], ["2026-11-29", "2", "2026-11-29 11:00:00.123000"]]
    assert {key.split("/")[0] for key in take(stack)} == {"events", "raw", "results"}


def test_a_workgroup_with_a_query_is_deleted_only_recursively(stack: Stack) -> None:
    stack.deploy(queries(text="SELECT 1", recursive=False))
    created = stack.client("athena").create_named_query(
        Name="own", Database="types", QueryString="SELECT 1", WorkGroup="types"
    )["NamedQueryId"]
    with pytest.raises(AssertionError, match="is not empty"):
        stack.delete()
    stack.client("athena").delete_named_query(NamedQueryId=created)
    stack.delete()
