"""Uses the workflow of a rehearsal: takes orders, some of which fail, and accounts for each."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from botocore.exceptions import ClientError

from rehearsal.account import EmulatedAccount, RehearsalError

CONFIRMED: Final = 6
"""Number of good orders that no person has to approve."""
APPROVAL_ABOVE: Final = 70_000
"""The changed setting."""
SMALL, LARGE, BETWEEN = 1_000, 90_000, 60_000
"""Amounts: the last one needs an approval until the setting is changed."""
PREFIX: Final = "orders/"
SECONDS: Final = 90
"""Time limit for an order."""
DONE: Final = {"ORDER": "confirmed", "RESERVATION": "reserved", "CHARGE": "charged", "SHIPMENT": "shipped"}
"""The state of each entry in the books whose step was done."""
UNREADABLE: Final = "unreadable"
"""The packing fails for orders whose id begins so."""


class Fargate:
    """Does what the tasks would, because nothing runs containers here: packs each order, and stops the task."""

    def __init__(self, account: EmulatedAccount, outputs: Mapping[str, str]) -> None:
        client = account.session.client
        self._ecs, self._s3, self._dynamodb, self._states = (
            client(name) for name in ("ecs", "s3", "dynamodb", "stepfunctions")
        )
        self._outputs = outputs
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Fargate":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(SECONDS)

    def _work(self) -> None:
        cluster = self._outputs["ClusterName"]
        while not self._ended.wait(0.1):
            for arn in self._ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]:
                [task] = self._ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
                [container] = task["overrides"]["containerOverrides"]
                status = self._pack({each["name"]: each["value"] for each in container["environment"]})
                self._ecs.stop_task(cluster=cluster, task=arn, reason=f"exit code {status}")

    def _pack(self, environment: Mapping[str, str]) -> int:
        """The exit status of the script."""
        order_id = environment["ORDER_ID"]
        try:
            self._states.send_task_heartbeat(taskToken=environment["TASK_TOKEN"])
            self._s3.get_object(
                Bucket=self._outputs["BucketName"],
                Key=environment["DOCUMENT_KEY"],
                VersionId=environment["DOCUMENT_VERSION"],
            )
            if order_id.startswith(UNREADABLE):
                return 1
            self._dynamodb.update_item(
                TableName=self._outputs["TableName"],
                Key={"pk": {"S": f"SHIPMENT#{order_id}"}, "sk": {"S": "ENTRY"}},
                UpdateExpression="SET #state = :shipped",
                ConditionExpression="attribute_not_exists(#state) OR #state = :shipped",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":shipped": {"S": "shipped"}},
            )
        except ClientError:
            return 254
        return 0


class Orders:
    """The deployed workflow, as its users see it."""

    def __init__(self, account: EmulatedAccount, outputs: Mapping[str, str]) -> None:
        self._account, self._outputs = account, outputs
        client = account.session.client
        self.states, self.s3, self.sqs, self.dynamodb = (
            client(name) for name in ("stepfunctions", "s3", "sqs", "dynamodb")
        )
        self.bucket = outputs["BucketName"]

    def start(self, order_id: str, *, amount: int = SMALL, payment: str = "card", content: bytes | None = None) -> str:
        """Puts the document of an order, and starts its execution by the command of the output."""
        line = {"sku": "book", "quantity": 1, "unit_price": amount}
        order = {
            "order_id": order_id,
            "currency": "EUR",
            "payment": payment,
            "ship_to": "1 Main Street, Łódź",
            "lines": [line],
        }
        body = content if content is not None else json.dumps(order).encode()
        self.s3.put_object(Bucket=self.bucket, Key=f"{PREFIX}{order_id}.json", Body=body)
        command = self._outputs["StartCommand"].replace("ORDER_ID", order_id)
        found = re.fullmatch(
            r"aws stepfunctions start-execution --state-machine-arn (\S+) --name (\S+) --input '(.+)'", command
        )
        if found is None:
            raise RehearsalError(f"The command must start an execution, but is {command}.")
        started = self.states.start_execution(stateMachineArn=found[1], name=found[2], input=found[3])
        return started["executionArn"]

    def end(self, arn: str) -> str:
        """Waits for the end of an execution: its outcome, or its error."""
        found: dict[str, Any] = {}

        def ended() -> bool:
            nonlocal found
            found = self.states.describe_execution(executionArn=arn)
            return found["status"] != "RUNNING"

        self._eventually(ended, lambda: f"{arn} must end, but is {found.get('status')}.")
        return json.loads(found["output"])["outcome"] if found["status"] == "SUCCEEDED" else found["error"]

    def take(self, order_id: str, **given: Any) -> str:
        """Takes an order to its end."""
        return self.end(self.start(order_id, **given))

    def message(self, order_id: str) -> dict[str, Any]:
        """The message to a person about an order, which is deleted."""
        url, found = self._outputs["ApprovalsQueueUrl"], list[dict[str, Any]]()

        def received() -> bool:
            answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=1)
            for message in answer.get("Messages", []):
                body = json.loads(message["Body"])
                if body["order_id"] == order_id:
                    found.append(body)
                    self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return bool(found)

        self._eventually(received, lambda: f"A person must be asked about {order_id}, but no message comes.")
        return found[0]

    def answer(self, command: str) -> None:
        """Runs a command of a message, without the AWS CLI."""
        words = command.split()
        if words[:4] != ["aws", "stepfunctions", "send-task-success", "--task-token"] or words[5] != "--task-output":
            raise RehearsalError(f"The command must send a success, but is {command}.")
        self.states.send_task_success(taskToken=words[4], output=words[6])

    def redrive(self, order_id: str) -> None:
        words = self._outputs["RedriveCommand"].replace("ORDER_ID", order_id).split()
        if words[:-1] != ["aws", "stepfunctions", "redrive-execution", "--execution-arn"]:
            raise RehearsalError(f"The command must redrive an execution, but is {words}.")
        self.states.redrive_execution(executionArn=words[-1])

    def check_books(self, outcomes: Mapping[str, str]) -> None:
        """Checks that each confirmed order has all entries, and each other order none that counts."""
        entries = [
            entry
            for page in self.dynamodb.get_paginator("scan").paginate(TableName=self._outputs["TableName"])
            for entry in page["Items"]
        ]
        done = Counter[str]()
        for entry in entries:
            kind, _, order_id = entry["pk"]["S"].partition("#")
            done[order_id] += entry["state"]["S"] == DONE[kind]
        expected = {order_id: len(DONE) if outcome == "confirmed" else 0 for order_id, outcome in outcomes.items()}
        wrong = {order_id: done[order_id] for order_id in expected if done[order_id] != expected[order_id]}
        strange = {order_id for order_id, number in done.items() if number and order_id not in expected}
        if wrong or strange:
            raise RehearsalError(f"The books must balance, but these orders have other steps: {wrong}, {strange}.")

    def empty(self) -> None:
        """Removes all versions of all documents."""
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket)
        versions = [each for page in pages for kind in ("Versions", "DeleteMarkers") for each in page.get(kind, [])]
        chosen = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
        self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": chosen, "Quiet": True})

    def _eventually(self, holds: Callable[[], bool], message: Callable[[], str]) -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            self._account.check_running()
            if time.monotonic() > deadline:
                raise RehearsalError(message())
            time.sleep(0.1)


def _expect(outcome: str, expected: str, what: str) -> str:
    if outcome != expected:
        raise RehearsalError(f"{what} must end with {expected!r}, but ends with {outcome!r}.")
    return outcome


def use(account: EmulatedAccount, outputs: Mapping[str, str], _ids: Mapping[str, str]) -> str:
    """Takes orders that end in every way, and checks the books.

    :raises RehearsalError: if an order ends in another way, or the books do not balance.
    :return: a few words about it.
    """
    orders = Orders(account, outputs)
    with Fargate(account, outputs):
        # The first call of a function takes a second, so the first order comes alone.
        outcomes = {"first": _expect(orders.take("first"), "confirmed", "A good order")}
        with ThreadPoolExecutor(2) as pool:
            names = [f"order-{number}" for number in range(1, CONFIRMED)]
            for name, outcome in zip(names, pool.map(orders.take, names), strict=True):
                outcomes[name] = _expect(outcome, "confirmed", "A good order")
        _again(orders, "first")
        outcomes |= _approvals(orders)
        refused = orders.take("refused", content=b"no JSON")
        outcomes["refused"] = _expect(refused, "refused", "A document that is no order")
        declined = orders.take("declined", payment="declined")
        outcomes["declined"] = _expect(declined, "declined", "An order whose charge is declined")
        undone = orders.take(f"{UNREADABLE}-1")
        outcomes[f"{UNREADABLE}-1"] = _expect(undone, "OrderUndone", "An order that cannot be packed")
    orders.check_books(outcomes)
    counted = Counter(outcomes.values())
    return f"{len(outcomes)} orders in, all accounted for: {', '.join(f'{n} {name}' for name, n in counted.items())}"


def _approvals(orders: Orders) -> dict[str, str]:
    outcomes = dict[str, str]()
    for answer, expected in (("to_approve", "confirmed"), ("to_deny", "denied")):
        arn = orders.start(expected, amount=LARGE)
        orders.answer(orders.message(expected)[answer])
        outcomes[expected] = _expect(orders.end(arn), expected, "An order that a person answers")
    # A person stops an execution, and has it continue.
    arn = orders.start("redriven", amount=LARGE)
    orders.message("redriven")
    orders.states.stop_execution(executionArn=arn)
    orders.redrive("redriven")
    orders.answer(orders.message("redriven")["to_approve"])
    outcomes["redriven"] = _expect(orders.end(arn), "confirmed", "An order that was stopped and redriven")
    return outcomes


def _again(orders: Orders, order_id: str) -> None:
    try:
        orders.start(order_id)
    except orders.states.exceptions.ExecutionAlreadyExists:
        return
    raise RehearsalError(f"The order {order_id} must not be taken twice.")


def use_updated(account: EmulatedAccount, outputs: Mapping[str, str], _ids: Mapping[str, str]) -> str:
    """Takes an order that needs no approval since the update, and empties the bucket.

    :raises RehearsalError: if the order is not confirmed.
    :return: a few words about it.
    """
    orders = Orders(account, outputs)
    with Fargate(account, outputs):
        _expect(orders.take("updated", amount=BETWEEN), "confirmed", "An order that needs no approval any more")
    orders.empty()
    return "an order confirmed by the new version"
