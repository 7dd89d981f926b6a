"""Answers CloudFormation for a custom resource, whatever happens: a resource without an answer hangs for an hour."""

import json
import logging
import urllib.request
from collections.abc import Callable
from typing import Any

MAX_REASON = 500
"""Characters, of up to 4 bytes. A response has at most 4,096 bytes:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html"""
SEND_TRIES = 3

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


def answer(
    event: dict[str, Any],
    context: Any,
    work: Callable[[dict[str, Any]], dict[str, str]],
    *,
    readable: tuple[type[Exception], ...],
) -> dict[str, Any]:
    """Sends what ``work`` returns as attributes of the resource, or why it failed.

    :param readable: errors whose message is for the person who deploys. Others may contain anything, so their message
        goes to the log only.
    :raises ValueError: for an event that is not from CloudFormation, which nobody can answer.
    """
    url = event.get("ResponseURL") if isinstance(event, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise ValueError("The event must be a request of CloudFormation with a ResponseURL. Deploy the stack instead.")
    response = {
        **{name: event.get(name, "") for name in ("RequestId", "StackId", "LogicalResourceId")},
        # The id never changes, because CloudFormation would delete what had the old one.
        "PhysicalResourceId": event.get("PhysicalResourceId") or _new_id(event),
    }
    try:
        response |= {"Status": "SUCCESS", "Data": work(event)}
    except Exception as error:
        logger.exception("failed", extra={"request": event.get("RequestType")})
        message = str(error) if isinstance(error, readable) else f"{type(error).__name__}."
        reason = f"{message[:MAX_REASON]} See the log stream {context.log_stream_name}."
        response |= {"Status": "FAILED", "Reason": reason}
    _send(url, json.dumps(response, ensure_ascii=False).encode(errors="replace"))
    return response


def _new_id(event: dict[str, Any]) -> str:
    """An id that no other stack has: the stack's own, which is the end of its ARN, and the resource's."""
    return f"{str(event.get('StackId')).rpartition('/')[2]}-{event.get('LogicalResourceId')}"


def _send(url: str, body: bytes) -> None:
    """A presigned URL of S3 expects no content type."""
    for attempt in range(1, SEND_TRIES + 1):
        request = urllib.request.Request(url, data=body, headers={"Content-Type": ""}, method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=10):
                return
        except OSError:
            # Lambda calls a function again that failed, and the work is harmless twice.
            if attempt == SEND_TRIES:
                raise
