"""SNS: the KMS key of a topic, which MiniStack drops, filters that look into lists, and delivery to Firehose."""

import base64
import contextvars
import functools
import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.services import firehose as firehose_api
from ministack.services import iam, sns, sqs

from rehearsal.types import firehose
from rehearsal.types.actions import ApiError
from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties, Record, require


def register() -> None:
    amend_type("AWS::SNS::Topic", complete=complete_topic)
    amend_type("AWS::SNS::Subscription", check=check_subscription)
    sns._body_lookup = body_lookup  # ty: ignore[invalid-assignment]
    sns._fanout = also_to_firehose(sns._fanout)  # ty: ignore[invalid-assignment]


def complete_topic(arn: str, properties: Properties) -> None:
    attributes = sns._topics[arn]["attributes"]
    attributes.pop("KmsMasterKeyId", None)
    if "KmsMasterKeyId" in properties:
        attributes["KmsMasterKeyId"] = properties["KmsMasterKeyId"]


def body_lookup(body: dict[str, Any]) -> Callable[[str], tuple[bool, list[Any], bool]]:
    """Finds values in a message for a filter policy. A key may lead through a list, as ``Records`` of S3 does.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering-scope.html
    """
    return _lookup([body])


def _lookup(objects: list[dict[str, Any]]) -> Callable[[str], tuple[bool, list[Any], bool]]:
    def values(key: str) -> list[Any]:
        found = [each[key] for each in objects if each.get(key) is not None]
        return [inner for each in found for inner in (each if isinstance(each, list) else [each])]

    def lookup(key: str) -> tuple[bool, list[Any], bool]:
        return bool(values(key)), values(key), any(objects)

    def child(key: str) -> Callable[[str], tuple[bool, list[Any], bool]] | None:
        inside = [each for each in values(key) if isinstance(each, dict)]
        return _lookup(inside) if inside else None

    lookup.child = child  # ty: ignore[missing-attribute]
    return lookup


def check_subscription(properties: Properties) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/prereqs-kinesis-data-firehose.html"""
    require(sns._topics.get(properties["TopicArn"]), f"Topic does not exist: {properties['TopicArn']}")
    redrive = properties.get("RedrivePolicy") or {}
    policy = json.loads(redrive) if isinstance(redrive, str) else redrive
    if target := policy.get("deadLetterTargetArn"):
        require(sqs._queue_by_arn(target), f"Invalid parameter: RedrivePolicy: no queue {target}")
    if properties["Protocol"] == "firehose":
        name = properties["Endpoint"].rpartition("deliverystream/")[2]
        require(name in firehose_api._streams, f"Invalid parameter: no stream {properties['Endpoint']}")
        role = properties.get("SubscriptionRoleArn")
        require(
            any(each["Arn"] == role for each in iam._roles.values()),
            f"Invalid parameter: SubscriptionRoleArn: {role}",
        )


def also_to_firehose(fanout: Callable[..., None]) -> Callable[..., None]:
    """Delivers to subscribed streams, too, on a thread of its own. A failed delivery goes to the dead-letter queue."""

    @functools.wraps(fanout)
    def delivering(
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        structure: str = "",
        attributes: Record | None = None,
        *others: Any,
        **more: Any,
    ) -> None:
        fanout(topic_arn, message_id, message, subject, structure, attributes, *others, **more)
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
        for subscription in topic["subscriptions"]:
            if subscription["protocol"] == "firehose":
                text = sns._resolve_message_for_protocol(message, structure, "firehose")
                if sns._matches_filter_policy(subscription, attributes or {}, text):
                    raw = subscription["attributes"].get("RawMessageDelivery") == "true"
                    envelope = sns._build_envelope(topic_arn, message_id, text, subject, attributes or {}, raw)
                    context = contextvars.copy_context()
                    arguments = (deliver_to_firehose, subscription, text if raw else envelope)
                    threading.Thread(target=context.run, args=arguments, daemon=True).start()

    return delivering


def deliver_to_firehose(subscription: Record, message: str) -> None:
    name = subscription["endpoint"].rpartition("deliverystream/")[2]
    try:
        firehose.put(name, [{"Data": base64.b64encode(message.encode()).decode()}])
    except ApiError:
        target = json.loads(subscription["attributes"].get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
        queue = sqs._queue_by_arn(target or "")
        if queue is not None:
            sqs._act_send_message({"MessageBody": message}, sqs._queue_url(queue["name"]))
