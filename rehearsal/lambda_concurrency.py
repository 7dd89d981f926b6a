"""Uses the function of a rehearsal: repeats events, lets one fail until it is in the failure queue, and redrives it."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from rehearsal.account import EmulatedAccount, RehearsalError

ITEMS: Final = 3
STUCK: Final = {"item": "stuck", "rounds": 2}
SECONDS: Final = 60
"""Time limit for a change that an event makes."""
COUNTS: Final = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"


class Work:
    """The deployed function."""

    def __init__(self, account: EmulatedAccount, outputs: Mapping[str, str]) -> None:
        self._account, self._outputs = account, outputs
        client = account.session.client
        self._lambda, self._sqs, self._dynamodb = client("lambda"), client("sqs"), client("dynamodb")

    def call(self, item: Any, *, times: int = 1) -> None:
        """Sends an event, as Lambda may deliver it: also more than once."""
        for _ in range(times):
            self._lambda.invoke(
                FunctionName=self._outputs["FunctionName"],
                Qualifier="live",
                InvocationType="Event",
                Payload=json.dumps(item),
            )

    def number_of_entries(self) -> int:
        return len(self._entries())

    def expect_done(self, number: int) -> None:
        self._eventually(f"{number} items must be done once", lambda: self._states() == ["COMPLETED"] * number)

    def expect_failed(self, number: int) -> None:
        self._eventually(f"{number} events must be in the failure queue", lambda: self._failed() == number)

    def block(self, item: dict[str, Any]) -> None:
        """Leaves the entry of an item as a call does that was interrupted, and had an hour left."""
        before = {each["pk"]["S"] for each in self._entries()}
        self.call(item)
        self.expect_done(len(before) + 1)
        [entry] = [each for each in self._entries() if each["pk"]["S"] not in before]
        in_an_hour = int(time.time() * 1000) + 3_600_000
        blocked = {"status": {"S": "INPROGRESS"}, "in_progress_expiration": {"N": str(in_an_hour)}}
        self._dynamodb.put_item(TableName=self._outputs["TableName"], Item={**entry, **blocked})

    def unblock(self) -> None:
        [entry] = [each for each in self._entries() if each["status"]["S"] == "INPROGRESS"]
        self._dynamodb.delete_item(
            TableName=self._outputs["TableName"], Key={name: entry[name] for name in ("pk", "sk")}
        )

    def redrive(self) -> None:
        """Runs the command of the output, without the AWS CLI."""
        words = self._outputs["RedriveCommand"].split()
        answer = self._lambda.invoke(FunctionName=words[4], Qualifier=words[6])
        said = json.loads(answer["Payload"].read())
        if said != {"sent": 1, "failed": 0, "left": 0}:
            raise RehearsalError(f"The redrive must send one event and leave none, but answers {said}.")

    def _entries(self) -> list[dict[str, Any]]:
        return self._dynamodb.scan(TableName=self._outputs["TableName"])["Items"]

    def _states(self) -> list[str]:
        return [each["status"]["S"] for each in self._entries()]

    def _failed(self) -> int:
        found = self._sqs.get_queue_attributes(QueueUrl=self._outputs["FailuresQueueUrl"], AttributeNames=[*COUNTS])
        return sum(int(found["Attributes"][name]) for name in COUNTS)

    def _eventually(self, expected: str, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            self._account.check_running()
            if time.monotonic() > deadline:
                raise RehearsalError(
                    f"{expected}, but the table has the entries {self._states()}, and the queue has {self._failed()}."
                )
            time.sleep(0.2)


def use(account: EmulatedAccount, outputs: Mapping[str, str], _ids: Mapping[str, str]) -> str:
    """Repeats events, and waits until one that cannot be processed is in the failure queue.

    :raises RehearsalError: if an item is not done once, or the event does not arrive there.
    :return: a few words about it.
    """
    work = Work(account, outputs)
    done = work.number_of_entries()
    for number in range(ITEMS):
        work.call({"item": f"item {number}"}, times=2)
    work.expect_done(done + ITEMS)
    work.block(STUCK)
    work.call(STUCK)
    work.expect_failed(1)
    return f"{ITEMS} repeated events done once, one that fails in the failure queue"


def use_updated(account: EmulatedAccount, outputs: Mapping[str, str], _ids: Mapping[str, str]) -> str:
    """Repairs what blocks the event, and redrives it.

    :raises RehearsalError: if its item is not done then, or the queue is not empty.
    :return: a few words about it.
    """
    work = Work(account, outputs)
    work.unblock()
    done = work.number_of_entries()
    work.redrive()
    work.expect_done(done + 1)
    work.expect_failed(0)
    return "the failed event redriven and done once"
