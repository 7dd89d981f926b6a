"""The table: the newest result of each object, and the audit trail."""

import os
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from object_events import ObjectEvent

NAME = os.environ["TABLE_NAME"]
AUDIT_SECONDS = int(os.environ["AUDIT_RETENTION_DAYS"]) * 86_400
client = boto3.client("dynamodb", config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 3}))


def put_result(event: ObjectEvent, result: dict[str, str | int]) -> bool:
    """Writes what was found in an object, unless the table has the result of the same or of a later event.

    :return: whether it was written.
    """
    found = {**result, "event": event.name, "version_id": event.version_id or "null", "sequencer": event.sequencer}
    try:
        client.update_item(
            TableName=NAME,
            Key={"pk": {"S": f"OBJECT#{event.key}"}, "sk": {"S": "RESULT"}},
            UpdateExpression=f"SET {', '.join(f'#{name} = :{name}' for name in found)} ADD runs :one",
            ConditionExpression="attribute_not_exists(#sequencer) OR #sequencer < :sequencer",
            ExpressionAttributeNames={f"#{name}": name for name in found},
            ExpressionAttributeValues={
                ":one": {"N": "1"},
                **{f":{name}": _attribute(value) for name, value in found.items()},
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        raise
    return True


def put_audit(event: ObjectEvent) -> None:
    """Writes an event into the audit trail. Its key is that of the event, so another delivery changes nothing."""
    item = {
        "pk": f"AUDIT#{event.key}",
        "sk": f"{event.sequencer}#{event.version_id or 'null'}#{event.name}",
        "time": event.time,
        "size": event.size,
        "expires_at": int(time.time()) + AUDIT_SECONDS,
    }
    client.put_item(TableName=NAME, Item={name: _attribute(value) for name, value in item.items()})


def _attribute(value: str | int) -> dict[str, Any]:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}
