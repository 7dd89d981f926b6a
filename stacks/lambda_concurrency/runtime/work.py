"""The demonstration: a small CPU-bound job that reports which environment ran it.

It derives a digest from a text by a number of PBKDF2 rounds. The same item always gives the same digest, and nothing is
stored. So the job is idempotent, and Lambda may deliver an item twice.

An item is ``{"item": "a text", "rounds": 200000}``, as an asynchronous event or as the body of a request to the
function URL. A wrong item fails at once. Lambda retries a wrong event and then sends it to the failure queue. The
function URL answers a wrong item with status 400.
"""

import base64
import hashlib
import json
import logging
import os
from typing import Any

MAX_ROUNDS = 1_000_000
"""At most a second of one vCPU. An environment with 256 MiB has a seventh of one, and needs seven seconds."""
SALT = b"patternbook"

# Lambda logs as JSON, with the id of the request.
logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

_calls = 0
"""Number of calls of this environment, which Lambda may use for many events."""


class WrongItemError(ValueError):
    """An item that no retry can process."""


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Processes an item, from an event or from an HTTP request to the function URL."""
    global _calls
    _calls += 1
    over_http = _is_request(event)
    try:
        item, rounds = read(_body(event) if over_http else event)
    except WrongItemError as error:
        logger.error("refused", extra={"reason": str(error)})
        if over_http:
            return _answer(400, {"error": str(error)})
        raise
    done = {
        "item": item,
        "digest": hashlib.pbkdf2_hmac("sha256", item.encode(), SALT, rounds).hex(),
        "version": context.function_version,
        "environment": os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        "call_of_environment": _calls,
    }
    logger.info("done", extra={name: value for name, value in done.items() if name != "digest"})
    return _answer(200, done) if over_http else done


def read(item: Any) -> tuple[str, int]:
    """The text and the rounds of an item.

    :raises WrongItemError: for anything else.
    """
    if not isinstance(item, dict):
        raise WrongItemError('the item must be an object such as {"item": "a text"}')
    text, rounds = item.get("item"), item.get("rounds", 1)
    if not isinstance(text, str) or not 1 <= len(text) <= 1024:
        raise WrongItemError("item must be a text of 1 to 1,024 characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        # JSON can have one, but no log, answer or digest: it is not UTF-8.
        raise WrongItemError("item must not contain half of a surrogate pair")
    if not isinstance(rounds, int) or isinstance(rounds, bool) or not 1 <= rounds <= MAX_ROUNDS:
        raise WrongItemError(f"rounds must be a whole number from 1 to {MAX_ROUNDS:,}")
    return text, rounds


def _is_request(event: Any) -> bool:
    context = event.get("requestContext") if isinstance(event, dict) else None
    return isinstance(context, dict) and "http" in context


def _body(request: dict[str, Any]) -> Any:
    """https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads"""
    body = request.get("body") or ""
    try:
        return json.loads(base64.b64decode(body) if request.get("isBase64Encoded") else body)
    except (TypeError, ValueError, RecursionError) as error:
        raise WrongItemError("the body must be JSON") from error


def _answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
