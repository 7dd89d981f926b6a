"""The function of ``LambdaConcurrencyStack``'s demonstration, called as by Lambda."""

import base64
import hashlib
import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
)
from botocore.exceptions import ClientError, ReadTimeoutError

from stacks.lambda_concurrency import LambdaConcurrencySettings
from stacks.lambda_concurrency.demonstration import CODE as DEMONSTRATION
from stacks.lambda_concurrency.demonstration import ITEM as EVENT
from tests.deployed.test_lambda_concurrency import DIGEST, ITEM
from tests.runtime.lambda_concurrency import NAMESPACE, TABLE, Work, account, context, load, request

PAGE = Path(__file__).parents[2] / "docs" / "lambda-concurrency.md"
NOTHING_COUNTED = pytest.mark.filterwarnings("ignore:No application metrics to publish")
"""For a call whose environment ends. Here, unlike there, Python goes on."""


@pytest.fixture(scope="module")
def emulated() -> Iterator[None]:
    with account():
        yield


@pytest.fixture
def work(emulated: None) -> Work:  # noqa: ARG001 - the fixture
    """The function in a new environment, with an empty table."""
    found = load()
    for entry in found.entries():
        found.dynamodb.delete_item(TableName=TABLE, Key={name: entry[name] for name in ("pk", "sk")})
    return found


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The metrics that the function has written since the last time, by name."""
    found: dict[str, float] = {}
    for line in capsys.readouterr().out.splitlines():
        written = json.loads(line)
        [directive] = written["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == NAMESPACE
        assert written["service"] == "lambda-concurrency"
        for metric in directive["Metrics"]:
            value = written[metric["Name"]]
            found[metric["Name"]] = found.get(metric["Name"], 0) + (sum(value) if isinstance(value, list) else value)
    return found


def test_an_item_gives_the_same_digest_each_time(work: Work) -> None:
    first, second = work(ITEM), work(ITEM)
    assert first["digest"] == second["digest"] == DIGEST
    assert work({**ITEM, "rounds": 2})["digest"] != DIGEST
    assert work({**ITEM, "item": "another"})["digest"] != DIGEST


@pytest.mark.parametrize("kind", ["on-demand", "provisioned-concurrency"])
def test_the_answer_names_version_and_environment(work: Work, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    for call in (1, 2):
        done = work({"item": "a"})
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
def test_an_invalid_event_fails(work: Work, item: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        work(item)
    assert work.entries() == []


@pytest.mark.parametrize(("item", "says"), [*WRONG, ([], "must be an object"), (None, "must be an object")])
def test_an_invalid_request_is_answered_with_status_400(work: Work, item: Any, says: str) -> None:
    answer = work(request(json.dumps(item)))
    assert answer["statusCode"] == 400
    assert says in json.loads(answer["body"])["error"]


@pytest.mark.parametrize("event", [None, 1, 0.5, True, "text", [], [1], float("nan"), "\ud800"])
def test_an_event_that_is_no_object_fails_as_a_wrong_item(work: Work, event: Any) -> None:
    with pytest.raises(ValueError, match="the item must be an object"):
        work(event)


@pytest.mark.parametrize("context", [None, 1, "http", ["http"], {}])
def test_an_event_with_another_context_is_no_request(work: Work, context: Any) -> None:
    with pytest.raises(ValueError, match="item must be a text"):
        work({"requestContext": context})
    assert work({"requestContext": context, "item": "a"})["item"] == "a"


@pytest.mark.parametrize("body", [1, ["a"], {"item": "a"}, True, "é", "\ud800", b"\xff"])
@pytest.mark.parametrize("encoded", [False, True, None, "yes"])
def test_any_body_is_answered(work: Work, body: Any, encoded: Any) -> None:
    answer = work(request(body, isBase64Encoded=encoded))
    assert answer["statusCode"] == 400
    json.dumps(answer).encode()


def test_the_largest_item_fits_the_default_time_and_memory(work: Work) -> None:
    """The margin is for a slow CPU: this assumes a million rounds in a second of one vCPU, and most do more."""
    fields = LambdaConcurrencySettings.model_fields
    items = runpy.run_path(str(DEMONSTRATION / "items.py"))
    share_of_a_vcpu = fields["memory_mib"].default / 1769
    seconds = items["MAX_ROUNDS"] / 1_000_000 / share_of_a_vcpu
    assert seconds <= fields["timeout_seconds"].default / 2
    slow = fields["timeout_seconds"].default * fields["duration_alarm_percent"].default / 100
    assert seconds < slow, "the alarm on slow calls must stay silent"
    config = work.once._table.client.meta.config
    request_seconds = (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"]
    assert seconds + 2 * request_seconds < fields["timeout_seconds"].default, "a slow table must not end in a timeout"


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, None])
def test_a_request_without_json_is_answered(work: Work, body: Any) -> None:
    answer = work(request(body))
    assert (answer["statusCode"], json.loads(answer["body"])) == (400, {"error": "the body must be JSON"})


def test_a_valid_request_is_answered(work: Work) -> None:
    text = json.dumps(ITEM)
    for event in (request(text), request(base64.b64encode(text.encode()).decode(), isBase64Encoded=True)):
        answer = work(event)
        assert answer["statusCode"] == 200
        assert answer["headers"] == {"Content-Type": "application/json"}
        assert json.loads(answer["body"])["digest"] == DIGEST


@pytest.mark.parametrize("text", ["ä", "\N{GRINNING FACE}", "\0"])
def test_any_text_is_an_item(work: Work, text: str) -> None:
    assert len(work({"item": text})["digest"]) == 64


class TestOnce:
    """Each item is done once, whatever Lambda delivers, and whatever fails."""

    def test_a_repeated_event_gets_the_first_result(self, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
        first = work(ITEM)
        monkeypatch.setattr(work.once, "digest", pytest.fail)
        again = work({"ignored": 1, **ITEM})
        assert again == {**first, "call_of_environment": 2}

    def test_another_environment_and_another_version_remember_it(self, work: Work) -> None:
        work(ITEM)
        other = load()
        assert other(ITEM)["digest"] == DIGEST
        assert [each["message"] for each in other.logged()] == ["repeated"]

    @pytest.mark.parametrize("other", [{"item": "a text"}, {"item": "a text ", "rounds": 1000}])
    def test_another_item_is_another_entry(self, work: Work, other: dict[str, Any]) -> None:
        work(ITEM)
        assert work(other)["digest"] != DIGEST
        assert len(work.entries()) == 2

    def test_the_command_of_the_page_names_the_entry_of_the_event_in_the_outputs(self, work: Work) -> None:
        work(json.loads(EVENT))
        [entry] = work.entries()
        page = PAGE.read_text(encoding="utf-8")
        assert f"printf '{EVENT}' | sha256sum" in page
        assert entry["pk"] == {"S": "ITEM#" + hashlib.sha256(EVENT.encode()).hexdigest()}
        assert entry["sk"] == {"S": "DONE"}

    def test_an_entry_expires_after_the_event_can_come_back(self, work: Work) -> None:
        work(ITEM)
        [entry] = work.entries()
        assert entry["sk"] == {"S": "DONE"}
        assert entry["pk"]["S"].startswith("ITEM#")
        # With MD5, somebody could make an item that gets the result of another.
        assert len(entry["pk"]["S"]) == len("ITEM#") + 64
        day, in_queue_and_again = 86_400, 14 + 0.25 + 0.25
        assert work.once.REMEMBERED_SECONDS / day > in_queue_and_again
        assert set(entry) == {"pk", "sk", "status", "expires_at", "in_progress_expiration", "data"}

    @NOTHING_COUNTED
    def test_a_call_that_times_out_blocks_the_item_for_as_long_as_it_could_last(
        self, work: Work, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._dies_in(work, monkeypatch, context(remaining_ms=400_000))
        with pytest.raises(IdempotencyAlreadyInProgressError):
            work(ITEM)
        answer = work(request(json.dumps(ITEM)))
        assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (
            409,
            "another call is working on the item",
        )

    @NOTHING_COUNTED
    def test_the_next_attempt_does_what_a_timeout_left(self, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
        """https://github.com/aws-powertools/powertools-lambda-python/issues/1038"""
        self._dies_in(work, monkeypatch, context(remaining_ms=-1_000))
        assert work(ITEM)["digest"] == DIGEST
        [entry] = work.entries()
        assert entry["status"] == {"S": "COMPLETED"}

    def _dies_in(self, work: Work, monkeypatch: pytest.MonkeyPatch, call: Any) -> None:
        """Lambda ends the environment of a call, so that nothing of Python runs any more."""

        class Died(BaseException):
            """Nothing catches it, as nothing catches the end of an environment."""

        def die(*_: Any) -> None:
            raise Died

        with monkeypatch.context() as patch:
            patch.setattr(work.once, "digest", die)
            with pytest.raises(Died):
                work(ITEM, call)
        [entry] = work.entries()
        assert entry["status"] == {"S": "INPROGRESS"}

    def test_a_job_that_fails_is_done_by_the_next_attempt(self, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any) -> None:
            raise RuntimeError("broken")

        with monkeypatch.context() as patch:
            patch.setattr(work.once, "digest", fail)
            with pytest.raises(RuntimeError, match="broken"):
                work(ITEM)
        assert work.entries() == []
        assert work(ITEM)["digest"] == DIGEST


THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Throughput exceeds"}}, "PutItem")
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, "PutItem")
SLOW = ReadTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")


@pytest.mark.parametrize("error", [THROTTLED, DENIED, SLOW], ids=["throttled", "denied", "slow"])
class TestTableFails:
    """The function fails. So the alarm rings, Lambda tries an event again, and a caller gets status 502."""

    @pytest.mark.parametrize("event", [ITEM, request(json.dumps(ITEM))], ids=["event", "request"])
    def test_before_the_job(
        self, work: Work, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Any, event: Any
    ) -> None:
        self._breaks(work, monkeypatch, "put_item", error)
        monkeypatch.setattr(work.once, "digest", pytest.fail)
        with pytest.raises(IdempotencyPersistenceLayerError, match="Failed to save in progress record"):
            work(event)
        assert metrics(capsys)["FailedItems"] == 1

    def test_after_the_job(self, work: Work, monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
        """The job is done again, because nobody knows that it was done."""
        with monkeypatch.context() as patch:
            self._breaks(work, patch, "update_item", error)
            with pytest.raises(IdempotencyPersistenceLayerError, match="Failed to update record state to success"):
                work(ITEM, context(remaining_ms=-1_000))
        assert work(ITEM)["digest"] == DIGEST
        assert [each["message"] for each in work.logged()] == ["processed", "processed"]

    def _breaks(self, work: Work, patch: pytest.MonkeyPatch, method: str, error: Any) -> None:
        def fail(**_: Any) -> None:
            raise error

        patch.setattr(work.once._table.client, method, fail)


class TestObserving:
    def test_logs_have_the_id_of_the_request(self, work: Work) -> None:
        work(ITEM)
        work(request("{"))
        processed, refused = work.logged()
        assert processed["message"] == "processed"
        assert {name: processed[name] for name in ITEM} == ITEM
        assert processed["function_request_id"] == "d8c8b7c5"
        assert (processed["service"], processed["cold_start"]) == ("lambda-concurrency", True)
        assert DIGEST not in work.logs.getvalue()
        assert (refused["level"], refused["reason"]) == ("ERROR", "the body must be JSON")
        assert "item" not in refused

    @pytest.mark.parametrize(
        ("level", "logs"), [("TRACE", 2), ("DEBUG", 2), ("INFO", 2), ("WARN", 1), ("ERROR", 1), ("FATAL", 0)]
    )
    def test_the_level_is_that_of_the_setting(
        self, work: Work, monkeypatch: pytest.MonkeyPatch, level: str, logs: int
    ) -> None:
        """Lambda passes it in this variable: https://github.com/aws-powertools/powertools-lambda-python/pull/7429"""
        monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", level)
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", level)  # Python has one logger for each name
        work = load()
        work(ITEM)
        work(request("{"))
        assert len([each for each in work.logged() if each["message"] in ("processed", "refused")]) == logs

    def test_metrics_count_each_item_once(self, work: Work, capsys: pytest.CaptureFixture[str]) -> None:
        work(ITEM)
        assert metrics(capsys) == {"ColdStart": 1, "ProcessedItems": 1}
        work(ITEM)
        assert metrics(capsys) == {"RepeatedItems": 1}
        work(request("{"))
        assert metrics(capsys) == {"RefusedItems": 1}
