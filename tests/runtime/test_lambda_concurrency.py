"""The function of ``LambdaConcurrencyStack``'s demonstration, called as by Lambda."""

import base64
import json
import logging
import runpy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

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
    ({"item": "a", "rounds": 5_000_001}, "rounds must be a whole number"),
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


@pytest.mark.parametrize("text", ["ä", "\ud800", "\0"])
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
