"""Makes forms for uploads. Whoever has a form may upload one file of one type, up to a size, for five minutes.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

import base64
import json
import os
import unicodedata
import uuid
from http import HTTPStatus
from typing import Any

import boto3
from botocore.config import Config
from observing import logger, tracer

BUCKET = os.environ["BUCKET_NAME"]
PREFIX = os.environ["UPLOAD_PREFIX"]
ACCEPTED = os.environ["CONTENT_TYPES"].split(",")
MAX_BYTES = int(os.environ["MAX_UPLOAD_BYTES"])
VALID_SECONDS = 300
MAX_NAME = 200

# S3 refuses the older signature for objects that a KMS key encrypts.
s3 = boto3.client("s3", config=Config(signature_version="s3v4"))


class BadRequestError(Exception):
    """A request that cannot be fulfilled. The text is the answer."""


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    try:
        return _answer(HTTPStatus.OK, make_form(*_asked(event)))
    except BadRequestError as error:
        return _answer(HTTPStatus.BAD_REQUEST, {"detail": str(error)})


def make_form(name: str, content_type: str) -> dict[str, Any]:
    """The URL and the fields of a form. The file must be its last field, named ``file``."""
    key = f"{PREFIX}{uuid.uuid4().hex}/{name}"
    form = s3.generate_presigned_post(
        BUCKET,
        key,
        Fields={"Content-Type": content_type},
        Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, MAX_BYTES]],
        ExpiresIn=VALID_SECONDS,
    )
    return {**form, "key": key, "expires_in": VALID_SECONDS}


def _asked(event: dict[str, Any]) -> tuple[str, str]:
    try:
        body = event.get("body") or ""
        asked = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
        name, content_type = unicodedata.normalize("NFC", asked["name"]), asked["content_type"]
        usable = name not in ("", ".", "..") and len(name) <= MAX_NAME and len(name.encode()) <= 3 * MAX_NAME
    except (KeyError, TypeError, ValueError, RecursionError):
        raise BadRequestError('The body must be JSON with the texts "name" and "content_type".') from None
    # boto3 replaces the text ${filename} by nothing, and S3 replaces it by the name of the file.
    if not usable or "/" in name or "${" in name or any(unicodedata.category(each)[0] == "C" for each in name):
        raise BadRequestError(f"name must have 1 to {MAX_NAME} printable characters, without / and ${{.")
    if content_type not in ACCEPTED:
        raise BadRequestError(f"content_type must be one of {', '.join(ACCEPTED)}.")
    return name, content_type


def _answer(status: HTTPStatus, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return {"statusCode": status.value, "headers": headers, "body": json.dumps(body)}
