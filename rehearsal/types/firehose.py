"""Firehose: batches, failed records, the backup, encryption and checks of references, all of which MiniStack lacks.

A batch is delivered at once, so buffering is not emulated. MiniStack's functions evaluate prefixes and write Parquet.
"""

import base64
import gzip
import json
import time
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import firehose, glue, iam, kms, lambda_svc, s3

from rehearsal.types.actions import ApiError, add_firehose_actions, amend_json_answer
from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties, Record, is_true, require

Batch = list[tuple[str, bytes]]
"""Records by their ids."""

CONVERSION_MIN_MIB = 64
"""https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html"""
LAMBDA_MAX_BYTES = 6 * 1024 * 1024
MAX_RECORD_BYTES = 1_000 * 1024
MAX_BATCH, MAX_BATCH_BYTES = 500, 4 * 1024 * 1024
"""https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html"""


def register() -> None:
    amend_type("AWS::KinesisFirehose::DeliveryStream", check=check_stream, complete=complete_stream, tags="Tags")
    add_firehose_actions({"PutRecord": put_record, "PutRecordBatch": put_record_batch})
    amend_json_answer("firehose", "DescribeDeliveryStream", add_backup)


# CloudFormation


def check_stream(properties: Properties) -> None:
    destination = properties.get("ExtendedS3DestinationConfiguration", {})
    _require_role(destination["RoleARN"])
    _require_bucket(destination["BucketARN"])
    hints = destination.get("BufferingHints", {})
    partitioning = is_true(destination.get("DynamicPartitioningConfiguration", {}).get("Enabled", False))
    conversion = destination.get("DataFormatConversionConfiguration", {})
    converting = bool(conversion) and is_true(conversion.get("Enabled", True))
    if (partitioning or converting) and int(hints.get("SizeInMBs", 5)) < CONVERSION_MIN_MIB:
        raise ValueError(f"BufferingHints.SizeInMBs must be at least {CONVERSION_MIN_MIB}")
    if converting and destination.get("CompressionFormat", "UNCOMPRESSED") != "UNCOMPRESSED":
        raise ValueError("CompressionFormat must be UNCOMPRESSED when data format conversion is enabled")
    if partitioning and not destination.get("ErrorOutputPrefix"):
        raise ValueError("ErrorOutputPrefix cannot be null or empty when Dynamic Partitioning is enabled")
    if converting:
        schema = conversion["SchemaConfiguration"]
        _require_role(schema["RoleARN"])
        name = f"{schema['DatabaseName']}/{schema['TableName']}"
        require(name in glue._tables, f"The specified table/database could not be found: {name}")
    for processor in destination.get("ProcessingConfiguration", {}).get("Processors", []):
        if processor["Type"] == "Lambda":
            _require_function(_parameters(processor)["LambdaArn"])
    if destination.get("S3BackupMode") == "Enabled":
        _require_bucket(destination["S3BackupConfiguration"]["BucketARN"])
        _require_role(destination["S3BackupConfiguration"]["RoleARN"])
    key = properties.get("DeliveryStreamEncryptionConfigurationInput", {}).get("KeyARN")
    require(not key or key.rpartition("/")[2] in kms._keys, f"KMS key not found: {key}")


def complete_stream(name: str, properties: Properties) -> None:
    stream = firehose._streams[name]
    given = properties.get("DeliveryStreamEncryptionConfigurationInput")
    stream["encryption"] = {"Status": "ENABLED", **given} if given else {"Status": "DISABLED"}
    stream["tags"] = {tag["Key"]: tag.get("Value", "") for tag in properties.get("Tags", [])}


def add_backup(answer: dict[str, Any]) -> None:
    description = answer["DeliveryStreamDescription"]
    for destination in description["Destinations"]:
        [config] = [each["config"] for each in firehose._streams[description["DeliveryStreamName"]]["destinations"]]
        if backup := config.get("S3BackupConfiguration"):
            destination["ExtendedS3DestinationDescription"]["S3BackupDescription"] = {
                "BufferingHints": {},
                "CompressionFormat": "UNCOMPRESSED",
                "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
                **backup,
            }


# The API for data


def put_record(data: dict[str, Any]) -> dict[str, Any]:
    [record_id] = put(data["DeliveryStreamName"], [data["Record"]])
    return {"RecordId": record_id, "Encrypted": False}


def put_record_batch(data: dict[str, Any]) -> dict[str, Any]:
    if len(data["Records"]) > MAX_BATCH:
        raise ApiError("InvalidArgumentException", f"At most {MAX_BATCH} records are allowed in a batch.")
    ids = put(data["DeliveryStreamName"], data["Records"])
    return {"FailedPutCount": 0, "Encrypted": False, "RequestResponses": [{"RecordId": each} for each in ids]}


def put(name: str, records: list[dict[str, str]]) -> list[str]:
    """Delivers records, and returns their ids."""
    stream = firehose._streams.get(name)
    if stream is None:
        raise ApiError("ResourceNotFoundException", f"Firehose {name} under account {get_account_id()} not found.")
    contents = [base64.b64decode(record["Data"]) for record in records]
    if max(map(len, contents)) > MAX_RECORD_BYTES or sum(map(len, contents)) > MAX_BATCH_BYTES:
        raise ApiError("InvalidArgumentException", "A record or the batch is too large.")
    batch = [(firehose._record_id(), content) for content in contents]
    for destination in stream["destinations"]:
        deliver(stream, destination["config"], batch)
    return [record_id for record_id, _ in batch]


# Delivery


def deliver(stream: Record, config: Record, batch: Batch) -> None:
    """Writes the backup, transforms a batch, and writes an object for each partition and each kind of error."""
    suffix = f"{stream['name']}-{stream['version']}-{time.strftime('%Y-%m-%d-%H-%M-%S', time.gmtime())}-{new_uuid()}"
    if config.get("S3BackupMode") == "Enabled":
        backup = config["S3BackupConfiguration"]
        content = b"".join(record for _, record in batch)
        gzipped = backup.get("CompressionFormat") == "GZIP"
        _put(backup, backup.get("Prefix", ""), suffix + ".gz" * gzipped, gzip.compress(content) if gzipped else content)
    by_prefix: dict[str, list[bytes]] = {}
    errors: list[tuple[str, Record]] = []
    for (_, source), transformed in zip(batch, _transform(stream, config, batch), strict=True):
        if isinstance(transformed, dict):
            errors.append(("processing-failed", {**transformed, "rawData": base64.b64encode(source).decode()}))
        elif transformed is not None:
            content, keys = transformed
            try:
                prefix = firehose._evaluate_prefix(config.get("Prefix", ""), time.gmtime(), None, keys)
            except firehose._DeliveryError as error:
                errors.append((error.output_type, _error(content, "DynamicPartitioning.EvaluationFailed", error)))
            else:
                by_prefix.setdefault(prefix, []).append(content)
    for prefix, contents in by_prefix.items():
        errors += _write(config, prefix, suffix, contents)
    for kind in {kind for kind, _ in errors}:
        lines = [json.dumps(error) + "\n" for each, error in errors if each == kind]
        prefix = firehose._evaluate_prefix(config.get("ErrorOutputPrefix", ""), time.gmtime(), error_type=kind)
        firehose._put_s3_object(_bucket(config), prefix + suffix, "".join(lines).encode())


def _write(config: Record, prefix: str, suffix: str, contents: list[bytes]) -> list[tuple[str, Record]]:
    """Writes an object, and returns the errors of records that cannot be converted."""
    conversion = config.get("DataFormatConversionConfiguration") or {}
    if not conversion or not is_true(conversion.get("Enabled", True)):
        firehose._put_s3_object(_bucket(config), prefix + suffix, b"".join(contents))
        return []
    errors, good = [], []
    for content in contents:
        try:
            firehose._convert_to_parquet(conversion, content)
            good.append(content)
        except firehose._DeliveryError as error:
            errors.append((error.output_type, _error(content, error.code, error)))
    if good:
        body = firehose._convert_to_parquet(conversion, b"\n".join(good))
        firehose._put_s3_object(_bucket(config), f"{prefix}{suffix}.parquet", body)
    return errors


def _put(config: Record, prefix: str, suffix: str, body: bytes) -> None:
    firehose._put_s3_object(_bucket(config), firehose._evaluate_prefix(prefix, time.gmtime()) + suffix, body)


def _transform(stream: Record, config: Record, batch: Batch) -> list[tuple[bytes, dict[str, str]] | Record | None]:
    """The content and the partition keys of each record, its error, or None if it was dropped.

    https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
    """
    processing = config.get("ProcessingConfiguration") or {}
    functions = [each for each in processing.get("Processors", []) if each["Type"] == "Lambda"]
    if not is_true(processing.get("Enabled", False)) or not functions:
        return [(content, {}) for _, content in batch]
    arn = _parameters(functions[0])["LambdaArn"]
    now = int(time.time() * 1000)
    event = {
        "invocationId": new_uuid(),
        "deliveryStreamArn": stream["arn"],
        "region": get_region(),
        "records": [
            {"recordId": name, "approximateArrivalTimestamp": now, "data": base64.b64encode(content).decode()}
            for name, content in batch
        ],
    }
    results = _invoke(arn, event)
    if results is None:
        return [_failure(arn, "Lambda.InvocationFailed", "The invocation failed.")] * len(batch)
    by_id = {each.get("recordId"): each for each in results}
    return [_outcome(arn, by_id.get(name)) for name, _ in batch]


def _outcome(arn: str, result: Record | None) -> tuple[bytes, dict[str, str]] | Record | None:
    if result is None or not {"recordId", "result", "data"} <= result.keys():
        return _failure(arn, "Lambda.MissingRecordId", "One or more record Ids or their data were not returned.")
    if result["result"] == "Dropped":
        return None
    if result["result"] != "Ok":
        return _failure(arn, "Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")
    keys = result.get("metadata", {}).get("partitionKeys", {})
    return base64.b64decode(result["data"]), {name: str(value) for name, value in keys.items()}


def _invoke(arn: str, event: Record) -> list[Record] | None:
    if len(json.dumps(event)) > LAMBDA_MAX_BYTES:
        return None
    name, qualifier = lambda_svc._resolve_name_and_qualifier(arn)
    record, _ = lambda_svc._get_func_record_for_qualifier(name, qualifier)
    answer = lambda_svc._execute_function(record, event) if record else {"error": True}
    body = answer.get("body")
    parsed = json.loads(body) if isinstance(body, str | bytes) else body
    if answer.get("error") or not isinstance(parsed, dict) or len(json.dumps(parsed)) > LAMBDA_MAX_BYTES:
        return None
    return parsed.get("records")


def _failure(arn: str, code: str, message: str) -> Record:
    now = int(time.time() * 1000)
    return {
        "attemptsMade": 4 if code == "Lambda.InvocationFailed" else 1,
        "arrivalTimestamp": now,
        "errorCode": code,
        "errorMessage": message,
        "attemptEndingTimestamp": now,
        "lambdaARN": arn,
    }


def _error(content: bytes, code: str | None, error: Exception) -> Record:
    now = int(time.time() * 1000)
    return {
        "attemptsMade": 1,
        "arrivalTimestamp": now,
        "ErrorCode": code,
        "ErrorMessage": str(error),
        "attemptEndingTimestamp": now,
        "rawData": base64.b64encode(content).decode(),
    }


# References


def _parameters(processor: Properties) -> dict[str, str]:
    return {each["ParameterName"]: each["ParameterValue"] for each in processor.get("Parameters", [])}


def _bucket(config: Record) -> str:
    return config["BucketARN"].rpartition(":")[2]


def _require_bucket(arn: str) -> None:
    require(arn.rpartition(":")[2] in s3._buckets, f"The specified bucket does not exist: {arn}")


def _require_role(arn: str) -> None:
    known = any(record["Arn"] == arn for record in iam._roles.values())
    require(known, f"Firehose is unable to assume role {arn}. Please check the role provided.")


def _require_function(arn: str) -> None:
    name, qualifier = lambda_svc._resolve_name_and_qualifier(arn)
    record, _ = lambda_svc._get_func_record_for_qualifier(name, qualifier)
    require(record, f"Lambda function not found: {arn}")
