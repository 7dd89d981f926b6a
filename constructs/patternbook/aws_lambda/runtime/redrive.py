"""Sends the events of a failure queue to their function again, each once.

An event leaves the queue after Lambda has accepted it. So none is lost, and one whose message could not be deleted is
sent twice. What cannot be sent stays in the queue.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
import logging
import os
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

QUEUE_URL = os.environ["QUEUE_URL"]
FUNCTION_ARN = os.environ["FUNCTION_ARN"]
HIDDEN_SECONDS = 120
"""Longer than a call lasts, so that a call sees each message once."""
SPARE_MILLISECONDS = 28_000
"""Time that a batch to receive, one message and the count of the rest can take, with their retries."""

logger = logging.getLogger(__name__)
_config = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2})
sqs = boto3.client("sqs", config=_config)
functions = boto3.client("lambda", config=_config)


def handler(_event: Any, context: Any) -> dict[str, int]:
    """Sends the events that were in the queue when the call began, or as many as the time allows."""
    began = time.time() * 1000
    counts = {"sent": 0, "failed": 0}

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > SPARE_MILLISECONDS

    while has_time():
        # Events that fail again come back while the call lasts. Without this, it would send them for ever.
        messages = [each for each in _receive() if int(each["Attributes"]["SentTimestamp"]) < began]
        outcomes = [_send(message) for message in messages if has_time()]
        counts["sent"] += sum(outcomes)
        counts["failed"] += len(outcomes) - sum(outcomes)
        if not any(outcomes):  # Nothing is left, or the next batch would fail, too.
            break
    return {**counts, "left": _left()}


def _receive() -> list[dict[str, Any]]:
    received = sqs.receive_message(
        QueueUrl=QUEUE_URL,
        MaxNumberOfMessages=10,
        VisibilityTimeout=HIDDEN_SECONDS,
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["SentTimestamp"],
    )
    return received.get("Messages", [])


def _send(message: dict[str, Any]) -> bool:
    """Whether Lambda has accepted the event of a message."""
    about = {"message_id": message["MessageId"]}
    try:
        payload = _payload(json.loads(message["Body"])["requestPayload"])
        functions.invoke(FunctionName=FUNCTION_ARN, InvocationType="Event", Payload=payload)
        sqs.delete_message(QueueUrl=QUEUE_URL, ReceiptHandle=message["ReceiptHandle"])
    except (BotoCoreError, ClientError, KeyError, RecursionError, TypeError, ValueError) as error:
        logger.error("failed", extra={**about, "reason": f"{type(error).__name__}: {error}"})
        return False
    logger.info("sent", extra=about)
    return True


def _payload(event: Any) -> bytes:
    """An event as JSON without escapes or spaces. With them, a large event could exceed Lambda's limit."""
    text = json.dumps(event, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    # UTF-8 has no halves of surrogate pairs. JSON has the same escapes for them as Python.
    return text.encode("utf-8", "backslashreplace")


def _left() -> int:
    """The approximate number of messages in the queue, with those that are hidden."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=QUEUE_URL, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)
