"""The functions of stacks/event_pipeline: every message in is accounted for, whatever it is."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.runtime.event_pipeline import ATTEMPTS, BUCKET, CONTEXT, MAX_BYTES, Pipeline, message, pipeline

TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET})
NOT_EVENTS = [
    *("", "not JSON", "[]", "5", "null", "{}", '{"Records": 5}', '{"Records": [{}]}', '{"Records": [null]}'),
    '{"Records": [{"eventSource": "aws:ses"}]}',
    '{"a":' * 100_000,
    "x" * 1_000_000,
    message("uploads/a.csv", bucket="bucket-of-somebody-else"),
    message("uploads/a.csv").replace("uploads/a.csv", "uploads/%FF"),
]


@pytest.fixture(scope="module")
def loaded() -> Iterator[Pipeline]:
    with pipeline() as found:
        yield found


@pytest.fixture
def pipe(loaded: Pipeline) -> Pipeline:
    loaded.reset()
    return loaded


class TestProcessing:
    def test_an_object_is_processed_once_and_its_result_is_recorded(self, pipe: Pipeline) -> None:
        pipe.process.send(message("uploads/1/a.csv", pipe.put("uploads/1/a.csv")))
        pipe.process.run()
        [result] = pipe.results().values()
        assert result["content_type"]["S"] == "text/csv"
        assert result["size"]["N"] == "4"
        assert result["sha256"]["S"] == hashlib.sha256(b"1,2\n").hexdigest()
        assert result["runs"]["N"] == "1"

    @pytest.mark.parametrize("key", ["a+b c.csv", "ü/日本 語.csv", "100%.csv", "a&b=c.csv", "'\"<>.csv"])
    def test_keys_are_decoded(self, pipe: Pipeline, key: str) -> None:
        pipe.process.send(message(f"uploads/{key}", pipe.put(f"uploads/{key}")))
        pipe.process.run()
        assert list(pipe.results()) == [f"uploads/{key}"]

    def test_a_poisoned_message_dies_and_the_rest_of_its_batch_does_not(self, pipe: Pipeline) -> None:
        keys = [f"uploads/{number}" for number in range(10)]
        for key in keys:
            content = b"not JSON" if key == "uploads/7" else b"{}"
            pipe.process.send(message(key, pipe.put(key, content, "application/json")))
        pipe.process.run(rounds=1)
        assert len(pipe.process.waiting) == 1
        pipe.process.run()
        assert pipe.results().keys() == set(keys) - {"uploads/7"}
        assert {entry["runs"]["N"] for entry in pipe.results().values()} == {"1"}
        assert len(pipe.process.dead) == 1
        assert pipe.process.accounts

    def test_after_the_repair_a_redrive_processes_it_once(self, pipe: Pipeline, monkeypatch: Any) -> None:
        pipe.process.send(message("uploads/a.json", pipe.put("uploads/a.json", b"NaN!", "application/json")))
        pipe.process.run()
        assert (len(pipe.process.dead), pipe.results()) == (1, {})
        monkeypatch.setitem(pipe.inspection.CHECKS, "application/json", lambda _: None)
        pipe.process.redrive()
        pipe.process.send(pipe.process.waiting[0][1])
        pipe.process.run()
        assert pipe.results()["uploads/a.json"]["runs"]["N"] == "1"
        assert pipe.process.dead == []

    def test_a_message_has_five_attempts(self, pipe: Pipeline) -> None:
        pipe.process.send("not JSON")
        pipe.process.run(rounds=ATTEMPTS - 1)
        assert pipe.process.dead == []
        pipe.process.run(rounds=1)
        assert pipe.process.dead == ["not JSON"]

    def test_duplicates_change_nothing(self, pipe: Pipeline) -> None:
        body = message("uploads/a.csv", pipe.put("uploads/a.csv"))
        pipe.process.send(*[body] * 5)
        pipe.process.run()
        pipe.process.send(body)
        pipe.process.run()
        assert pipe.results()["uploads/a.csv"]["runs"]["N"] == "1"
        assert pipe.process.accounts
        assert not pipe.process.dead

    def test_events_out_of_order_leave_the_newest_result(self, pipe: Pipeline) -> None:
        old, new = pipe.put("uploads/a.csv", b"old\n"), pipe.put("uploads/a.csv", b"new\n")
        # S3 compares a shorter sequencer as if it were padded with zeros on its right.
        pipe.process.send(message("uploads/a.csv", new, sequencer="0055AED6DCD90281F"), TEST_EVENT)
        pipe.process.send(message("uploads/a.csv", old, sequencer="0055AED6DCD90281E5"))
        pipe.process.run()
        assert pipe.results()["uploads/a.csv"]["version_id"]["S"] == new
        assert "superseded" in pipe.outcomes()

    def test_a_replaced_object_is_read_in_the_version_of_the_event(self, pipe: Pipeline) -> None:
        version = pipe.put("uploads/a.json", b"{}", "application/json")
        pipe.put("uploads/a.json", b"broken", "application/json")
        pipe.process.send(message("uploads/a.json", version))
        pipe.process.run()
        assert pipe.results()["uploads/a.json"]["version_id"]["S"] == version

    def test_an_object_behind_a_delete_marker_is_processed(self, pipe: Pipeline) -> None:
        version = pipe.put("uploads/a.csv")
        pipe.s3.delete_object(Bucket=BUCKET, Key="uploads/a.csv")
        pipe.process.send(message("uploads/a.csv", version))
        pipe.process.run()
        assert "uploads/a.csv" in pipe.results()

    def test_an_object_that_is_gone_is_ignored_and_logged(self, pipe: Pipeline) -> None:
        version = pipe.put("uploads/gone.csv")
        pipe.s3.delete_object(Bucket=BUCKET, Key="uploads/gone.csv", VersionId=version)
        pipe.process.send(message("uploads/gone.csv", version), message("uploads/never.csv"))
        pipe.process.run()
        assert pipe.outcomes().count("gone") == 2
        assert (pipe.results(), pipe.process.dead) == ({}, [])
        assert pipe.process.accounts

    def test_an_object_that_may_not_be_read_is_not_taken_for_one_that_is_gone(
        self, pipe: Pipeline, monkeypatch: Any
    ) -> None:
        def refuse(**_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")

        monkeypatch.setattr(pipe.process_module.s3, "get_object", refuse)
        pipe.process.send(message("uploads/a.csv", pipe.put("uploads/a.csv")))
        pipe.process.run()
        assert len(pipe.process.dead) == 1

    @pytest.mark.parametrize(
        ("content", "content_type"),
        [
            (b"{", "application/json"),
            (b"[" * 100_000, "application/json"),
            (b"\xff", "text/csv"),
            (b'"open', "text/csv"),
            (b"GIF89a", "image/png"),
            (b"", "application/pdf"),
            (b"<a/>", "application/xml"),
        ],
    )
    def test_an_object_that_is_not_what_it_says_is_refused(
        self, pipe: Pipeline, content: bytes, content_type: str
    ) -> None:
        pipe.process.send(message("uploads/a", pipe.put("uploads/a", content, content_type)))
        pipe.process.run()
        assert (len(pipe.process.dead), pipe.results()) == (1, {})

    @pytest.mark.parametrize(
        ("content", "content_type"),
        [(b"%PDF-1.7", "application/pdf"), (b"\xff\xd8\xff", "image/jpeg"), (b"any", "text/plain")],
    )
    def test_an_object_that_is_what_it_says_is_accepted(
        self, pipe: Pipeline, content: bytes, content_type: str
    ) -> None:
        pipe.process.send(message("uploads/a", pipe.put("uploads/a", content, content_type)))
        pipe.process.run()
        assert len(pipe.results()) == 1

    def test_a_huge_object_is_refused_without_reading_it(self, pipe: Pipeline) -> None:
        pipe.process.send(message("uploads/huge.csv", "some-version", size=MAX_BYTES + 1))
        pipe.process.run()
        assert len(pipe.process.dead) == 1
        assert "gone" not in pipe.outcomes()

    def test_a_throttled_table_is_a_reason_to_try_again(self, pipe: Pipeline, monkeypatch: Any) -> None:
        def throttle(**_: Any) -> None:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, "UpdateItem")

        body = message("uploads/a.csv", pipe.put("uploads/a.csv"))
        with monkeypatch.context() as patch:
            patch.setattr(pipe.modules["table"].client, "update_item", throttle)
            pipe.process.send(body)
            pipe.process.run(rounds=1)
        assert len(pipe.process.waiting) == 1
        assert pipe.entries() == []
        pipe.process.run()
        assert pipe.results()["uploads/a.csv"]["runs"]["N"] == "1"


class TestAudit:
    def test_every_event_is_recorded_once(self, pipe: Pipeline) -> None:
        created = message("uploads/a b.csv", "v1", sequencer="01")
        removed = message("uploads/a b.csv", "v2", sequencer="02", name="ObjectRemoved:DeleteMarkerCreated")
        pipe.audit.send(removed, created, created, removed)
        pipe.audit.run()
        found = [(each["pk"]["S"], each["sk"]["S"].partition("#")[2]) for each in pipe.entries("AUDIT#")]
        assert found == [
            ("AUDIT#uploads/a b.csv", "v1#ObjectCreated:Put"),
            ("AUDIT#uploads/a b.csv", "v2#ObjectRemoved:DeleteMarkerCreated"),
        ]
        assert pipe.audit.accounts

    def test_entries_expire(self, pipe: Pipeline) -> None:
        pipe.audit.send(message("elsewhere.csv"))
        pipe.audit.run()
        [entry] = pipe.entries("AUDIT#")
        assert int(entry["expires_at"]["N"]) > 1_700_000_000


class TestAnyMessage:
    @pytest.mark.parametrize("body", NOT_EVENTS, ids=range(len(NOT_EVENTS)))
    def test_what_is_no_event_is_dead_lettered(self, pipe: Pipeline, body: str) -> None:
        for queue in (pipe.process, pipe.audit):
            queue.send(body)
            queue.run()
            assert queue.dead == [body]
            assert queue.accounts
        assert pipe.entries() == []

    def test_the_test_event_of_s3_is_ignored_and_logged(self, pipe: Pipeline) -> None:
        for queue in (pipe.process, pipe.audit):
            queue.send(TEST_EVENT)
            queue.run()
            assert queue.handled == 1
        assert pipe.outcomes() == ["test event"] * 2

    def test_every_message_in_comes_out(self, pipe: Pipeline) -> None:
        """A mix of all kinds: each message is handled or dead, and what is handled is in the log."""
        good = [message(f"uploads/{n}", pipe.put(f"uploads/{n}"), sequencer=f"{n:04}") for n in range(40)]
        gone = [message(f"uploads/gone/{n}", "v") for n in range(5)]
        mixed = [*good, *gone, *good[:10], TEST_EVENT, *NOT_EVENTS]
        pipe.process.send(*mixed)
        pipe.process.run()
        assert pipe.process.accounts
        assert sorted(pipe.process.dead) == sorted(NOT_EVENTS)
        assert pipe.process.handled == len(good) + len(gone) + 10 + 1
        outcomes = pipe.outcomes()
        assert outcomes.count("failed") == ATTEMPTS * len(NOT_EVENTS)
        assert len(outcomes) - outcomes.count("failed") == pipe.process.handled

    def test_failures_are_counted_in_a_metric(self, pipe: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
        pipe.audit.send(message("uploads/a"), "not JSON")
        pipe.audit.run(rounds=1)
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
        counted = {name: each[name] for each in found for name in ("HandledMessages", "FailedMessages") if name in each}
        assert counted == {"HandledMessages": [1.0], "FailedMessages": [1.0]}
        assert {(each["service"], each["function_name"]) for each in found} == {("event-pipeline", "consumer")}

    def test_the_log_of_a_failure_has_its_reason(self, pipe: Pipeline) -> None:
        pipe.audit.send("not JSON")
        pipe.audit.run(rounds=1)
        [entry] = pipe.logged()
        assert entry["level"] == "ERROR"
        assert entry["reason"] == "The message is no event of S3: JSONDecodeError."
        assert entry["message_id"]


class TestForm:
    def ask(self, pipe: Pipeline, **event: Any) -> tuple[int, dict[str, Any]]:
        answer = pipe.form.handler(event, CONTEXT)
        return answer["statusCode"], json.loads(answer["body"])

    def asked(self, pipe: Pipeline, name: Any = "a+b ü.csv", content_type: Any = "text/csv") -> Any:
        return self.ask(pipe, body=json.dumps({"name": name, "content_type": content_type}))

    def test_the_form_limits_key_type_size_and_time(self, pipe: Pipeline) -> None:
        status, form = self.asked(pipe)
        assert status == 200
        assert form["key"].startswith("uploads/")
        assert form["key"].endswith("/a+b ü.csv")
        policy = json.loads(base64.b64decode(form["fields"]["policy"]))
        assert {"Content-Type": "text/csv"} in policy["conditions"]
        assert ["content-length-range", 1, MAX_BYTES] in policy["conditions"]
        assert {"bucket": BUCKET} in policy["conditions"]
        assert {"key": form["key"]} in policy["conditions"]
        assert form["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
        assert form["expires_in"] == 300

    def test_two_forms_have_two_keys(self, pipe: Pipeline) -> None:
        assert self.asked(pipe)[1]["key"] != self.asked(pipe)[1]["key"]

    def test_a_body_in_base64_is_decoded(self, pipe: Pipeline) -> None:
        body = base64.b64encode(b'{"name": "a.csv", "content_type": "text/csv"}').decode()
        assert self.ask(pipe, body=body, isBase64Encoded=True)[0] == 200

    @pytest.mark.parametrize(
        "name",
        [*("", ".", "..", "a/b", "a\nb", "a\x00", "${filename}", "x" * 201, "\ud800", 5, None, ["a"]), "\u202eexe.csv"],
    )
    def test_other_names_are_refused(self, pipe: Pipeline, name: Any) -> None:
        assert self.asked(pipe, name)[0] == 400

    @pytest.mark.parametrize("content_type", ["", "text/html", "text/csv; charset=utf-8", 5, None, ["text/csv"]])
    def test_other_types_are_refused(self, pipe: Pipeline, content_type: Any) -> None:
        status, answer = self.asked(pipe, content_type=content_type)
        assert status == 400
        assert "content_type" in answer["detail"]

    @pytest.mark.parametrize("body", [None, "", "{", "[]", "5", '{"name": "a.csv"}', "[" * 100_000])
    def test_other_bodies_are_refused(self, pipe: Pipeline, body: Any) -> None:
        assert self.ask(pipe, body=body)[0] == 400
