"""The demonstration: a small CPU-bound job for each item, which is done once and reports which environment answers.

An item is ``{"item": "a text", "rounds": 200000}``, as an asynchronous event or as the body of a request to the
function URL. A wrong item fails at once. Lambda retries a wrong event and then sends it to the failure queue. The
function URL answers a wrong item with status 400, and one that another call is working on with status 409.
"""

import base64
import json
import os
from typing import Any

import once
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyAlreadyInProgressError
from items import WrongItemError, read
from observing import count, logger, metrics

_calls = 0
"""Number of calls of this environment, which Lambda may use for many events."""


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: Any, context: Any) -> dict[str, Any]:
    """Processes an item, from an event or from an HTTP request to the function URL."""
    global _calls
    _calls += 1
    once.config.register_lambda_context(context)
    over_http = _is_request(event)
    try:
        item = read(_body(event) if over_http else event)
        done = {"item": item["item"], **once.do_once(item=item), **_environment(context)}
    except (WrongItemError, IdempotencyAlreadyInProgressError) as error:
        wrong = isinstance(error, WrongItemError)
        reason = str(error) if wrong else "another call is working on the item"
        count("RefusedItems")
        logger.error("refused", reason=reason)
        if over_http:
            return _answer(400 if wrong else 409, {"error": reason})
        raise
    except Exception:
        # Without an answer, the call counts as failed. Lambda logs the error, and tries an event again.
        count("FailedItems")
        raise
    return _answer(200, done) if over_http else done


def _environment(context: Any) -> dict[str, Any]:
    return {
        "version": context.function_version,
        "environment": os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        "call_of_environment": _calls,
    }


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
