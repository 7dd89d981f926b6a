"""SNS: the KMS key of a topic, which MiniStack drops, and filters that look into lists, which it does not."""

from collections.abc import Callable
from typing import Any

from ministack.services import sns

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties


def register() -> None:
    amend_type("AWS::SNS::Topic", complete=complete_topic)
    sns._body_lookup = body_lookup  # ty: ignore[invalid-assignment]


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
