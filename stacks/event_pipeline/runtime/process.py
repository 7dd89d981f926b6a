"""The consumer that processes each new object once."""

import os

import boto3
import table
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from batches import consumer
from botocore.exceptions import ClientError
from inspection import RefusedObjectError, inspect
from object_events import ObjectEvent

BUCKET = os.environ["BUCKET_NAME"]
ACCEPTED = frozenset(os.environ["CONTENT_TYPES"].split(","))
MAX_BYTES = int(os.environ["MAX_UPLOAD_BYTES"])
REMEMBERED_SECONDS = 21 * 86_400
"""Longer than a message can live: up to 14 days in the dead-letter queue, and 4 days after its redrive."""
GONE = {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"}
"""Errors of S3 for a version that was deleted, or that is a delete marker."""

s3 = boto3.client("s3")
_idempotency = IdempotencyConfig(expires_after_seconds=REMEMBERED_SECONDS)
_persistence = DynamoDBPersistenceLayer(
    table_name=table.NAME,
    key_attr="pk",
    static_pk_value="IDEMPOTENCY",
    sort_key_attr="sk",
    expiry_attr="expires_at",
    boto3_client=table.client,
)


def process(event: ObjectEvent) -> str:
    return _process_once(identity=event.identity, event=event)


@idempotent_function(data_keyword_argument="identity", config=_idempotency, persistence_store=_persistence)
def _process_once(*, identity: str, event: ObjectEvent) -> str:  # noqa: ARG001
    if event.size > MAX_BYTES:
        raise RefusedObjectError(f"The object must have at most {MAX_BYTES:,} bytes, got {event.size:,}.")
    version = {"VersionId": event.version_id} if event.version_id else {}
    try:
        found = s3.get_object(Bucket=BUCKET, Key=event.key, **version)
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return "gone"
        raise
    result = inspect(found["Body"].read(), found["ContentType"], ACCEPTED)
    return "processed" if table.put_result(event, result) else "superseded"


handler = consumer(process, prepare=_idempotency.register_lambda_context)
