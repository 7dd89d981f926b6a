"""Takes an order, confirms it, and closes what is not to be confirmed."""

import os
from typing import Any

import boto3
import documents
from books import CONFIRMATION
from botocore.config import Config
from botocore.exceptions import ClientError
from steps import steps

BUCKET = os.environ["BUCKET_NAME"]
PREFIX = os.environ["DOCUMENT_PREFIX"]
GONE = {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "InvalidArgument"}
"""Errors of S3 for a version that was deleted, that is a delete marker, or whose id is none."""

s3 = boto3.client("s3", config=Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 2}))


def take(order_id: str, event: dict[str, Any]) -> dict[str, Any]:
    """What the workflow needs to know of the order, with the version of the document that it was read from.

    An order that was confirmed stays so, whatever its document says now. Step Functions forgets the name of its
    execution after 90 days, so it can be taken again.
    """
    try:
        if not documents.ORDER_ID.fullmatch(order_id):
            raise documents.RefusedError("The name of the execution must have 1 to 80 letters, digits, - and _.")
        if CONFIRMATION.is_done(order_id):
            return {"outcome": CONFIRMATION.done}
        key, version = documents.reference(event.get("input"), PREFIX)
        content, version = _fetch(key, version)
        order = documents.read(content, order_id)
    except documents.RefusedError as refusal:
        return {"outcome": "refused", "reason": str(refusal)}
    return {"outcome": "accepted", **order, "document": {"key": key, "version_id": version}}


def confirm(order_id: str, _event: dict[str, Any]) -> dict[str, Any]:
    """:raises RuntimeError: if the order was closed before. The workflow undoes it then."""
    if CONFIRMATION.do(order_id) != CONFIRMATION.done:
        raise RuntimeError("The order is closed.")
    return {"outcome": "confirmed"}


def close(order_id: str, _event: dict[str, Any]) -> dict[str, Any]:
    """Bars a confirmation, unless there is one. A confirmed order stays confirmed."""
    return {"outcome": CONFIRMATION.bar(order_id)}


def _fetch(key: str, version: str | None) -> tuple[bytes, str]:
    try:
        found = s3.get_object(Bucket=BUCKET, Key=key, **({"VersionId": version} if version else {}))
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            raise documents.RefusedError("The bucket has no such document.") from None
        raise
    if found["ContentLength"] > documents.MAX_BYTES:
        raise documents.RefusedError(f"The document must have at most {documents.MAX_BYTES:,} bytes.")
    return found["Body"].read(), found["VersionId"]


handler = steps({"take": take, "confirm": confirm, "close": close})
