"""The table. It holds three kinds of entries, each under its own keys:

==================  =================  ===========================================================================
``pk``              ``sk``             entry
==================  =================  ===========================================================================
``OWNER#<owner>``   ``ITEM#<id>``      an item
``OWNER#<owner>``   ``REQUEST#<key>``  an answered POST with an ``Idempotency-Key``, until ``expires_at``
``PAGES``           ``PAGES``          the key that signs the tokens of pages
==================  =================  ===========================================================================

All reads are strongly consistent, so a client sees what it has written. They cost twice as much as others.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import ClientError
from problems import ProblemError, retry_later

TABLE = os.environ["TABLE_NAME"]
# Three attempts of at most two seconds, and pauses of at most one and two seconds between them: the function answers
# within nine seconds, before its timeout of at least ten.
# https://docs.aws.amazon.com/boto3/latest/guide/retries.html
_client = boto3.client(
    "dynamodb",
    config=Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 3}),
)


class _Deserializer(TypeDeserializer):
    def _deserialize_n(self, value: str) -> int:
        return int(value)  # all numbers of the table are whole


_serialize, _deserialize = TypeSerializer().serialize, _Deserializer().deserialize

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html: those to retry
PASSING = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
    }
)
PASSING_REASONS = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""

SIGNING_KEY = {"pk": "PAGES", "sk": "PAGES"}
_signing_key: bytes | None = None


@dataclass(frozen=True)
class Item:
    id: str
    version: int
    created_at: str
    updated_at: str
    content: Mapping[str, Any]


class VersionError(Exception):
    """The item has another version than the one to change."""


class KeyReusedError(Exception):
    """An Idempotency-Key that was sent with another body."""


def get(owner: str, item_id: str) -> Item | None:
    found = _on_table(_client.get_item, Key=_entry(_item_key(owner, item_id)), ConsistentRead=True).get("Item")
    return _item(found) if found else None


def page(owner: str, limit: int, after: str | None) -> tuple[list[Item], str | None]:
    """The newest items after one, and the id of the last of them if there may be more."""
    start = {"ExclusiveStartKey": _entry(_item_key(owner, after))} if after else {}
    answer = _on_table(
        _client.query,
        KeyConditionExpression="pk = :owner AND begins_with(sk, :items)",
        ExpressionAttributeValues=_entry({":owner": f"OWNER#{owner}", ":items": "ITEM#"}),
        ScanIndexForward=False,
        ConsistentRead=True,
        Limit=limit,
        **start,
    )
    last = answer.get("LastEvaluatedKey")
    return [_item(found) for found in answer["Items"]], last["sk"]["S"].removeprefix("ITEM#") if last else None


def create(owner: str, item: Item) -> None:
    """Puts a new item.

    The id is random, so no other item has it. Without a condition, the SDK may repeat a call whose answer got lost.
    """
    _on_table(_client.put_item, Item=_entry({**_item_key(owner, item.id), **_attributes(item)}))


def create_once(owner: str, item: Item, *, key: str, fingerprint: str, now: int, expires_at: int) -> Item:
    """Puts a new item and the record of its request, or finds the item that the same request has put before.

    One transaction writes both, so no failure leaves one without the other.

    :raises KeyReusedError: if the key came with another fingerprint.
    :raises ProblemError: if the same key is being written at this moment.
    """
    attributes = {**_attributes(item), "id": item.id}
    record = {
        "pk": f"OWNER#{owner}",
        "sk": f"REQUEST#{key}",
        "fingerprint": fingerprint,
        "expires_at": expires_at,
        "answer": attributes,
    }
    # DynamoDB deletes an expired record within days, not at once:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    once = {
        "ConditionExpression": "attribute_not_exists(pk) OR expires_at < :now",
        "ExpressionAttributeValues": _entry({":now": now}),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    puts = [
        {"TableName": TABLE, "Item": _entry(record), **once},
        {"TableName": TABLE, "Item": _entry({**_item_key(owner, item.id), **_attributes(item)})},
    ]
    try:
        _call(_client.transact_write_items, TransactItems=[{"Put": put} for put in puts])
    except _client.exceptions.TransactionCanceledException as error:
        reasons = error.response.get("CancellationReasons", [])
        codes = {reason.get("Code") for reason in reasons}
        if "ConditionalCheckFailed" in codes:
            return _answered(_plain(reasons[0]["Item"]), fingerprint)
        if "TransactionConflict" in codes:
            raise retry_later(HTTPStatus.CONFLICT, "A request with this Idempotency-Key is in progress.") from None
        if codes & PASSING_REASONS:
            raise _unavailable() from error
        raise
    return item


def replace(owner: str, item_id: str, *, version: int, content: Mapping[str, Any], now: str) -> Item | None:
    """The item with new content, or None if there is no item.

    :raises VersionError: if the item has another version.
    """
    try:
        answer = _on_table(
            _client.update_item,
            Key=_entry(_item_key(owner, item_id)),
            UpdateExpression="SET content = :content, updated_at = :now, version = :next",
            ConditionExpression="version = :version",
            ExpressionAttributeValues=_entry(
                {":content": dict(content), ":now": now, ":version": version, ":next": version + 1}
            ),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except _client.exceptions.ConditionalCheckFailedException as error:
        if "Item" not in error.response:
            return None
        found = _item(error.response["Item"])
        # The SDK or the client has repeated an update whose answer got lost: https://github.com/aws/aws-sdk-java/issues/2667
        if (found.version, found.content) == (version + 1, content):
            return found
        raise VersionError from None
    return _item(answer["Attributes"])


def delete(owner: str, item_id: str, *, version: int) -> bool:
    """Whether there was an item to delete.

    :raises VersionError: if the item has another version.
    """
    try:
        _on_table(
            _client.delete_item,
            Key=_entry(_item_key(owner, item_id)),
            ConditionExpression="version = :version",
            ExpressionAttributeValues=_entry({":version": version}),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except _client.exceptions.ConditionalCheckFailedException as error:
        if "Item" not in error.response:
            return False
        raise VersionError from None
    return True


def signing_key() -> bytes | None:
    """The key that signs the tokens of pages, if there is one already.

    It is an entry of the table because that costs nothing, needs no further service, and comes back with a restored
    table. Whoever reads the table can read all items anyway.
    """
    global _signing_key
    if _signing_key is None:
        found = _on_table(_client.get_item, Key=_entry(SIGNING_KEY), ConsistentRead=True).get("Item")
        _signing_key = bytes(_plain(found)["key"]) if found else None
    return _signing_key


def make_signing_key() -> bytes:
    """Makes the key that signs the tokens of pages, unless another environment is faster."""
    key = secrets.token_bytes(32)
    try:
        _on_table(
            _client.put_item,
            Item=_entry({**SIGNING_KEY, "key": key}),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except _client.exceptions.ConditionalCheckFailedException as error:
        return bytes(_plain(error.response["Item"])["key"])
    return key


def _on_table(operation: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any]:
    return _call(operation, TableName=TABLE, **arguments)


def _call(operation: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any]:
    """Calls an operation of DynamoDB.

    :raises ProblemError: if DynamoDB throttles, does not answer, or fails for now.
    """
    try:
        return operation(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in PASSING:
            raise _unavailable() from error
        raise
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise _unavailable() from error


def _unavailable() -> ProblemError:
    return retry_later(HTTPStatus.SERVICE_UNAVAILABLE, "The table is busy. Send the same request again.")


def _answered(record: dict[str, Any], fingerprint: str) -> Item:
    if record["fingerprint"] != fingerprint:
        raise KeyReusedError
    return Item(**record["answer"])


def _item_key(owner: str, item_id: str) -> dict[str, str]:
    return {"pk": f"OWNER#{owner}", "sk": f"ITEM#{item_id}"}


def _attributes(item: Item) -> dict[str, Any]:
    return {
        "version": item.version,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
        "content": dict(item.content),
    }


def _item(entry: Mapping[str, Any]) -> Item:
    found = _plain(entry)
    item_id = found["sk"].removeprefix("ITEM#")
    return Item(item_id, found["version"], found["created_at"], found["updated_at"], found["content"])


def _entry(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in values.items()}


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _deserialize(value) for name, value in entry.items()}
