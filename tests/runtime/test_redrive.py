"""The function that sends failed events again: none is lost, and none is sent for ever."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from patternbook.aws_lambda.redrive import RUNTIME, TIMEOUT_SECONDS
from tests.runtime.lambda_concurrency import account, load, load_modules

FUNCTION_ARN = "arn:aws:lambda:eu-west-1:111122223333:function:work:live"
REFUSED = ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "Rate exceeded"}}, "Invoke")


def record(payload: Any) -> str:
    """What Lambda sends to a queue: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": "2026-11-28T12:00:00.000Z",
            "requestContext": {
                "requestId": "e4b46cbf",
                "functionArn": FUNCTION_ARN,
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": payload,
            "responseContext": {"statusCode": 200, "executedVersion": "6", "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": "broken", "errorType": "RuntimeError", "stackTrace": []},
        }
    )


class Redrive:
    """The function with its queue."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sqs = boto3.client("sqs")
        self.url = self.sqs.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
        monkeypatch.setenv("QUEUE_URL", self.url)
        monkeypatch.setenv("FUNCTION_ARN", FUNCTION_ARN)
        self.module: Any = load_modules(RUNTIME, "redrive", ["redrive"])["redrive"]
        self.sent: list[Any] = []
        self.refuse: Any = lambda _payload: False
        monkeypatch.setattr(self.module.functions, "invoke", self.invoke)
        self.milliseconds = TIMEOUT_SECONDS * 1000
        self.invoke_milliseconds = self.largest = 0

    def invoke(self, **request: Any) -> None:
        assert (request.pop("FunctionName"), request.pop("InvocationType")) == (FUNCTION_ARN, "Event")
        self.largest = max(self.largest, len(request["Payload"]))
        payload = json.loads(request.pop("Payload"))
        assert request == {}
        self.milliseconds -= self.invoke_milliseconds
        if self.refuse(payload):
            raise REFUSED
        self.sent.append(payload)

    def fail(self, *payloads: Any) -> None:
        for payload in payloads:
            self.put(record(payload))

    def put(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def get_remaining_time_in_millis(self) -> int:
        self.milliseconds -= 400
        return self.milliseconds

    def run(self) -> dict[str, int]:
        self.milliseconds = TIMEOUT_SECONDS * 1000
        return self.module.handler({}, self)


@pytest.fixture(scope="module")
def emulated() -> Iterator[None]:
    with account():
        yield


@pytest.fixture
def redrive(emulated: None, monkeypatch: pytest.MonkeyPatch) -> Redrive:  # noqa: ARG001 - the fixture
    found = Redrive(monkeypatch)
    monkeypatch.setattr(found.module, "HIDDEN_SECONDS", 1)
    return found


def test_events_are_sent_as_they_came_and_leave_the_queue(redrive: Redrive) -> None:
    events = [{"item": "ä\0"}, None, 5, 0.1, "text", [], {"requestContext": None}, "\ud800", {"a": 10**30}]
    redrive.fail(*events)
    assert redrive.run() == {"sent": len(events), "failed": 0, "left": 0}
    assert sorted(map(repr, redrive.sent)) == sorted(map(repr, events))
    assert redrive.run() == {"sent": 0, "failed": 0, "left": 0}


def test_many_events_take_several_batches(redrive: Redrive) -> None:
    redrive.fail(*range(34))
    assert redrive.run() == {"sent": 34, "failed": 0, "left": 0}


def test_an_event_that_is_refused_stays_and_the_others_go(redrive: Redrive) -> None:
    redrive.fail(*range(10))
    redrive.refuse = lambda payload: payload == 3
    assert redrive.run() == {"sent": 9, "failed": 1, "left": 1}
    redrive.module.time.sleep(1.1)
    redrive.refuse = lambda _: False
    assert redrive.run() == {"sent": 1, "failed": 0, "left": 0}
    assert sorted(redrive.sent) == list(range(10))


def test_if_nothing_can_be_sent_it_stops(redrive: Redrive) -> None:
    redrive.fail(*range(30))
    redrive.refuse = lambda _: True
    assert redrive.run() == {"sent": 0, "failed": 10, "left": 30}


@pytest.mark.parametrize("body", ["", "text", "[]", "null", "5", "{}", '{"requestPayload": 1e999}', '{"a":' * 100_000])
def test_what_is_no_record_stays_for_a_person(redrive: Redrive, body: str, caplog: pytest.LogCaptureFixture) -> None:
    redrive.put(body or " ")
    assert redrive.run() == {"sent": 0, "failed": 1, "left": 1}
    assert redrive.sent == []
    assert caplog.records[-1].message == "failed"


def test_an_event_that_fails_again_is_left_for_the_next_call(redrive: Redrive) -> None:
    """Without retries, an event can come back within a second."""
    redrive.fail(*range(3))
    invoke = redrive.module.functions.invoke

    def fail_again(**given: Any) -> None:
        invoke(**given)
        redrive.module.time.sleep(0.01)
        redrive.fail(json.loads(given["Payload"]))

    redrive.module.functions.invoke = fail_again
    assert redrive.run() == {"sent": 3, "failed": 0, "left": 3}


def test_it_answers_before_the_cli_gives_up(redrive: Redrive) -> None:
    """The AWS CLI calls again after 60 seconds without an answer: https://github.com/aws/aws-cli/issues/2657"""
    redrive.fail(*range(100))
    done = redrive.run()
    assert 0 < done["sent"] < 100
    assert done["left"] == 100 - done["sent"]


def test_slow_answers_do_not_use_up_the_time_of_the_call(redrive: Redrive) -> None:
    """Lambda would end the call, and the person would not see what was sent."""
    redrive.invoke_milliseconds = 8_000
    redrive.fail(*range(10))
    done = redrive.run()
    assert done == {"sent": 3, "failed": 0, "left": 7}
    assert redrive.milliseconds > 0


def test_a_large_event_is_sent_as_large_as_it_was(redrive: Redrive) -> None:
    """Lambda takes 1 MB. Escapes would make an event of other scripts than Latin twice as large."""
    event = {"item": "漢" * 50_000, "more": [1, 2]}
    redrive.put(json.dumps({"requestPayload": event}, ensure_ascii=False))
    assert redrive.run()["sent"] == 1
    assert redrive.sent == [event]
    assert redrive.largest <= len(json.dumps(event, ensure_ascii=False).encode())


def test_a_message_that_cannot_be_deleted_is_sent_again(redrive: Redrive, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is lost. The function behind it is idempotent."""
    redrive.fail({"item": "a"})

    def refuse(**_: Any) -> None:
        raise REFUSED

    with monkeypatch.context() as patch:
        patch.setattr(redrive.module.sqs, "delete_message", refuse)
        assert redrive.run() == {"sent": 0, "failed": 1, "left": 1}
    redrive.module.time.sleep(1.1)
    assert redrive.run() == {"sent": 1, "failed": 0, "left": 0}
    assert redrive.sent == [{"item": "a"}] * 2


def test_after_the_repair_a_poisoned_event_is_processed_once(redrive: Redrive, monkeypatch: pytest.MonkeyPatch) -> None:
    work, event = load(), {"item": "poisoned", "rounds": 2}

    def fail(*_: Any) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(work.once, "digest", fail)
        for _ in range(3):
            with pytest.raises(RuntimeError):
                work(event)
    redrive.fail(event, event)
    assert redrive.run() == {"sent": 2, "failed": 0, "left": 0}
    for sent in redrive.sent:
        work(sent)
    assert [each["message"] for each in work.logged()] == ["processed", "repeated"]
