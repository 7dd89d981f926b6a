"""The books: one entry for each step of an order, whose key is the order.

An entry has a state, such as "charged". A step writes it if the order has no such entry, and finds it there if the
step runs again. Undoing a step sets another state, such as "refunded", also if there is no entry. A request that comes
late then finds that state, and changes nothing.
"""

import os
import time
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

TABLE = os.environ["TABLE_NAME"]
client = boto3.client("dynamodb", config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 3}))


@dataclass(frozen=True)
class Entry:
    """A kind of entry, and its two states."""

    prefix: str
    """Begins the partition key. The policy of each function names the prefixes that it may write."""
    done: str
    undone: str

    def do(self, order_id: str, **details: str | int) -> str:
        """Writes the entry, unless the step was undone before.

        :return: the state that the entry has now.
        """
        return self._write(order_id, self.done, self.undone, details)

    def is_done(self, order_id: str) -> bool:
        """Whether the step was done. The update changes nothing, so the function needs no permission to read."""
        try:
            client.update_item(
                TableName=TABLE,
                Key=self._key(order_id),
                UpdateExpression="SET #state = :done",
                ConditionExpression="#state = :done",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":done": {"S": self.done}},
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def bar(self, order_id: str) -> str:
        """Sets the state of an undone step, unless the step was done before.

        :return: the state that the entry has now.
        """
        return self._write(order_id, self.undone, self.done, {})

    def _write(self, order_id: str, state: str, other: str, details: dict[str, str | int]) -> str:
        values = {f":{name}": _attribute(value) for name, value in details.items()}
        sets = "".join(f", #{name} = if_not_exists(#{name}, :{name})" for name in details)
        try:
            client.update_item(
                TableName=TABLE,
                Key=self._key(order_id),
                UpdateExpression=f"SET #state = :state, written_at = if_not_exists(written_at, :now){sets}",
                ConditionExpression="attribute_not_exists(#state) OR #state = :state",
                ExpressionAttributeNames={"#state": "state", **{f"#{name}": name for name in details}},
                ExpressionAttributeValues={":state": {"S": state}, ":now": _now(), **values},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return other
            raise
        return state

    def undo(self, order_id: str) -> bool:
        """Sets the state in which the step is undone, and stays so.

        :return: whether the step had been done, which is true once at most.
        """
        answer = client.update_item(
            TableName=TABLE,
            Key=self._key(order_id),
            UpdateExpression="SET #state = :undone, undone_at = if_not_exists(undone_at, :now)",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":undone": {"S": self.undone}, ":now": _now()},
            ReturnValues="ALL_OLD",
        )
        return answer.get("Attributes", {}).get("state") == {"S": self.done}

    def _key(self, order_id: str) -> dict[str, Any]:
        return {"pk": {"S": f"{self.prefix}#{order_id}"}, "sk": {"S": "ENTRY"}}


def _attribute(value: str | int) -> dict[str, Any]:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _now() -> dict[str, Any]:
    return {"N": str(int(time.time()))}


CONFIRMATION = Entry("ORDER", "confirmed", "closed")
RESERVATION = Entry("RESERVATION", "reserved", "released")
CHARGE = Entry("CHARGE", "charged", "refunded")
SHIPMENT = Entry("SHIPMENT", "shipped", "recalled")
