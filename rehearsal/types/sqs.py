"""SQS queues: the redrive of dead-letter queues, which MiniStack lacks.

A task moves all messages at once, whether a consumer has received them or not. Its rate is not emulated.
"""

import json
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import sqs

from rehearsal.types.actions import ApiError, add_sqs_actions
from rehearsal.types.shapes import Record


def register() -> None:
    add_sqs_actions({"StartMessageMoveTask": start_message_move_task})


def start_message_move_task(data: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html"""
    source = _queue(data["SourceArn"])
    if not _queues_before(data["SourceArn"]):
        raise ApiError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    with sqs._queues_lock:
        moved, source["messages"] = source["messages"], []
    for message in moved:
        arn = data.get("DestinationArn") or message.get("sys", {}).get("DeadLetterQueueSourceArn")
        target = _queue(arn or "")
        # The message gets a new id, a new time and no attempts.
        sqs._act_send_message(
            {"MessageBody": message["body"], "MessageAttributes": message.get("message_attributes") or {}},
            sqs._queue_url(target["name"]),
        )
    return {"TaskHandle": new_uuid()}


def _queue(arn: str) -> Record:
    found = sqs._queue_by_arn(arn)
    if found is None:
        raise ApiError("ResourceNotFoundException", f"The resource that you specified doesn't exist: {arn}")
    return found


def _queues_before(arn: str) -> list[Record]:
    """The queues whose dead-letter queue this is."""
    policies = [(queue, queue["attributes"].get("RedrivePolicy")) for queue in sqs._queues.values()]
    return [queue for queue, policy in policies if policy and json.loads(policy)["deadLetterTargetArn"] == arn]
