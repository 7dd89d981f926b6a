"""The redrive of dead-letter queues, and filters of subscriptions that look into lists."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account import EmulatedAccount
from rehearsal.types.sns import body_lookup

BODY = json.dumps({"Records": [{"eventName": "ObjectCreated:Put"}]})


def arn_of(sqs: Any, url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def test_a_redrive_moves_all_messages_as_new_ones(account: EmulatedAccount) -> None:
    sqs = account.session.client("sqs")
    dead = sqs.create_queue(QueueName="redrive-dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": "5"})
    work = sqs.create_queue(QueueName="redrive-work", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    sent = {sqs.send_message(QueueUrl=dead, MessageBody=BODY)["MessageId"] for _ in range(3)}
    answer = sqs.start_message_move_task(SourceArn=arn_of(sqs, dead), DestinationArn=arn_of(sqs, work))
    assert answer["TaskHandle"]
    found = sqs.receive_message(QueueUrl=work, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert [each["Body"] for each in found] == [BODY] * 3
    assert not {each["MessageId"] for each in found} & sent
    assert {each["Attributes"]["ApproximateReceiveCount"] for each in found} == {"1"}
    assert "Messages" not in sqs.receive_message(QueueUrl=dead)
    for url in (work, dead):
        sqs.delete_queue(QueueUrl=url)


def test_a_redrive_needs_a_dead_letter_queue_and_a_destination(account: EmulatedAccount) -> None:
    sqs = account.session.client("sqs")
    own = sqs.create_queue(QueueName="redrive-own")["QueueUrl"]
    with pytest.raises(ClientError, match="must be configured as a Dead Letter Queue"):
        sqs.start_message_move_task(SourceArn=arn_of(sqs, own))
    with pytest.raises(ClientError, match="doesn't exist"):
        sqs.start_message_move_task(SourceArn=f"{arn_of(sqs, own)}-none")
    sqs.delete_queue(QueueUrl=own)


def test_a_filter_finds_values_in_lists_of_objects() -> None:
    lookup: Any = body_lookup(json.loads(BODY) | {"Empty": [], "Text": "a"})
    assert lookup.child("Records")("eventName") == (True, ["ObjectCreated:Put"], True)
    assert lookup.child("Records")("other") == (False, [], True)
    assert lookup("Text") == (True, ["a"], True)
    assert lookup.child("Empty") is None
    assert lookup.child("Text") is None
