"""The function of ``LambdaConcurrencyStack``'s demonstration, called as by Lambda."""

import base64
import json
import logging
import runpy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from stacks.lambda_concurrency import LambdaConcurrencySettings
from stacks.lambda_concurrency.demonstration import CODE as DEMONSTRATION
from tests.deployed.test_lambda_concurrency import DIGEST, ITEM

CONTEXT = SimpleNamespace(function_version="7")

Handler = Callable[[Any, Any], dict[str, Any]]


@pytest.fixture
def handler() -> Handler:
    """The handler in a new environment."""
    return runpy.run_path(str(DEMONSTRATION / "work.py"))["handler"]


def request(body: str, **more: Any) -> dict[str, Any]:
    """The event of a function URL for a request."""
    return {"version": "2.0", "requestContext": {"http": {"method": "POST", "path": "/"}}, "body": body, **more}


def test_an_item_gives_the_same_digest_each_time(handler: Handler) -> None:
    first, second = handler(ITEM, CONTEXT), handler(ITEM, CONTEXT)
    assert first["digest"] == second["digest"] == DIGEST
    assert handler({**ITEM, "rounds": 2}, CONTEXT)["digest"] != DIGEST
    assert handler({**ITEM, "item": "another"}, CONTEXT)["digest"] != DIGEST


@pytest.mark.parametrize("kind", ["on-demand", "provisioned-concurrency"])
def test_the_answer_names_version_and_environment(handler: Handler, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    for call in (1, 2):
        done = handler({"item": "a"}, CONTEXT)
        assert (done["version"], done["environment"], done["call_of_environment"]) == ("7", kind, call)


WRONG: list[tuple[Any, str]] = [
    ({}, "item must be a text"),
    ({"item": ""}, "item must be a text"),
    ({"item": "x" * 1025}, "item must be a text"),
    ({"item": 1}, "item must be a text"),
    ({"item": "a", "rounds": 0}, "rounds must be a whole number"),
    ({"item": "a", "rounds": 1_000_001}, "rounds must be a whole number"),
    ({"item": "\ud800"}, "half of a surrogate pair"),
    ({"item": "a\udfffb"}, "half of a surrogate pair"),
    ({"item": None}, "item must be a text"),
    ({"item": "a", "rounds": None}, "rounds must be a whole number"),
    ({"item": "a", "rounds": 2.0}, "rounds must be a whole number"),
    ({"item": "a", "rounds": "many"}, "rounds must be a whole number"),
    ({"item": "a", "rounds": True}, "rounds must be a whole number"),
]


@pytest.mark.parametrize(("item", "says"), WRONG)
def test_an_invalid_event_fails(handler: Handler, item: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        handler(item, CONTEXT)


@pytest.mark.parametrize(("item", "says"), [*WRONG, ([], "must be an object"), (None, "must be an object")])
def test_an_invalid_request_is_answered_with_status_400(handler: Handler, item: Any, says: str) -> None:
    answer = handler(request(json.dumps(item)), CONTEXT)
    assert answer["statusCode"] == 400
    assert says in json.loads(answer["body"])["error"]


@pytest.mark.parametrize("event", [None, 1, 0.5, True, "text", [], [1], float("nan"), "\ud800"])
def test_an_event_that_is_no_object_fails_as_a_wrong_item(handler: Handler, event: Any) -> None:
    with pytest.raises(ValueError, match="the item must be an object"):
        handler(event, CONTEXT)


@pytest.mark.parametrize("context", [None, 1, "http", ["http"], {}])
def test_an_event_with_another_context_is_no_request(handler: Handler, context: Any) -> None:
    with pytest.raises(ValueError, match="item must be a text"):
        handler({"requestContext": context}, CONTEXT)
    assert handler({"requestContext": context, "item": "a"}, CONTEXT)["item"] == "a"


@pytest.mark.parametrize("body", [1, ["a"], {"item": "a"}, True, "é", "\ud800", b"\xff"])
@pytest.mark.parametrize("encoded", [False, True, None, "yes"])
def test_any_body_is_answered(handler: Handler, body: Any, encoded: Any) -> None:
    answer = handler(request(body, isBase64Encoded=encoded), CONTEXT)
    assert answer["statusCode"] == 400
    json.dumps(answer).encode()


def test_the_largest_item_fits_the_default_time_and_memory() -> None:
    """The margin is for a slow CPU: this assumes a million rounds in a second of one vCPU, and most do more."""
    fields = LambdaConcurrencySettings.model_fields
    work = runpy.run_path(str(DEMONSTRATION / "work.py"))
    share_of_a_vcpu = fields["memory_mib"].default / 1769
    seconds = work["MAX_ROUNDS"] / 1_000_000 / share_of_a_vcpu
    assert seconds <= fields["timeout_seconds"].default / 2
    slow = fields["timeout_seconds"].default * fields["duration_alarm_percent"].default / 100
    assert seconds < slow, "the alarm on slow calls must stay silent"


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, None])
def test_a_request_without_json_is_answered(handler: Handler, body: Any) -> None:
    answer = handler(request(body), CONTEXT)
    assert (answer["statusCode"], json.loads(answer["body"])) == (400, {"error": "the body must be JSON"})


def test_a_valid_request_is_answered(handler: Handler) -> None:
    text = json.dumps(ITEM)
    for event in (request(text), request(base64.b64encode(text.encode()).decode(), isBase64Encoded=True)):
        answer = handler(event, CONTEXT)
        assert answer["statusCode"] == 200
        assert answer["headers"] == {"Content-Type": "application/json"}
        assert json.loads(answer["body"])["digest"] == DIGEST


@pytest.mark.parametrize("text", ["ä", "\N{GRINNING FACE}", "\0"])
def test_any_text_is_an_item(handler: Handler, text: str) -> None:
    assert len(handler({"item": text}, CONTEXT)["digest"]) == 64


def test_it_logs_structured_fields(handler: Handler, caplog: pytest.LogCaptureFixture) -> None:
    """Lambda writes them as JSON: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html"""
    with caplog.at_level(logging.INFO):
        handler(ITEM, CONTEXT)
        handler(request("{"), CONTEXT)
    done, refused = caplog.records
    assert done.message == "done"
    assert {name: vars(done)[name] for name in ("item", "version", "environment", "call_of_environment")} == {
        "item": "a text",
        "version": "7",
        "environment": "on-demand",
        "call_of_environment": 1,
    }
    assert "digest" not in vars(done)
    assert (refused.levelname, vars(refused)["reason"]) == ("ERROR", "the body must be JSON")
