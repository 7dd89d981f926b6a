"""The transform of stacks/data_stream: which rows a record has, and in which partition they are."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from stacks.data_stream.schema import COLUMNS
from tests.runtime.data_stream import (
    ARRIVAL,
    Transform,
    in_envelope,
    own_event,
    rows,
    s3_event,
    s3_record,
    transform,
)


@pytest.fixture
def run() -> Iterator[Transform]:
    with transform() as found:
        yield found


class TestRows:
    def test_an_event_of_your_own_has_all_columns(self, run: Transform) -> None:
        row = run.row(own_event(source="shop", subject="order 1", size_bytes=0, data={"ü": [1, None]}, color="red"))
        assert row == {
            "event_id": "1",
            "event_time": "2026-11-29T11:00:00.000Z",
            "event_type": "order.placed",
            "source": "shop",
            "subject": "order 1",
            "size_bytes": 0,
            "data": '{"ü":[1,null]}',
            "extra": '{"color":"red"}',
            "arrival_time": "2026-11-29T12:00:00.000Z",
        }
        assert set(row) == {column.name for column in COLUMNS}

    def test_an_event_of_s3_has_its_object(self, run: Transform) -> None:
        row = run.row(s3_event(s3_record("a.csv", versionId="v1")))
        assert row.pop("event_id")
        assert row == {
            "event_time": "2026-11-29T11:00:00.123Z",
            "event_type": "ObjectCreated:Put",
            "source": "s3://uploads",
            "subject": "a.csv",
            "size_bytes": 4,
            "data": '{"versionId":"v1","sequencer":"0055AED6DCD90281E5","eTag":"e"}',
            "arrival_time": "2026-11-29T12:00:00.000Z",
        }

    def test_an_envelope_of_sns_makes_no_difference(self, run: Transform) -> None:
        for message in (s3_event(s3_record("a")), own_event()):
            assert run.row(in_envelope(message)) == run.row(message)

    @pytest.mark.parametrize("key", ["a+b c.csv", "ü/日本 語.csv", "100%.csv", "a&b=c.csv", "'\"<>\n.csv", "a\x00"])
    def test_keys_are_decoded(self, run: Transform, key: str) -> None:
        assert run.row(s3_event(s3_record(key)))["subject"] == key

    def test_a_deletion_has_no_size(self, run: Transform) -> None:
        row = run.row(s3_event(s3_record("a", name="ObjectRemoved:DeleteMarkerCreated", size=None, versionId="v2")))
        assert "size_bytes" not in row

    def test_members_that_are_null_have_no_value(self, run: Transform) -> None:
        row = run.row(own_event(source=None, subject=None, size_bytes=None, data=None, more=None))
        assert row.keys() == {"event_id", "event_time", "event_type", "arrival_time"}


class TestIdentity:
    def test_each_delivery_of_an_event_has_the_same_id(self, run: Transform) -> None:
        first, again = (run.row(s3_event(s3_record("a")), arrival=ARRIVAL + timedelta(hours=late)) for late in (0, 9))
        assert first["event_id"] == again["event_id"]

    @pytest.mark.parametrize(
        "other",
        [
            s3_record("b"),
            s3_record("a", bucket="other"),
            s3_record("a", name="ObjectRemoved:Delete"),
            s3_record("a", versionId="v2"),
            s3_record("a", sequencer="0055AED6DCD90281E6"),
        ],
        ids=["key", "bucket", "name", "version", "sequencer"],
    )
    def test_other_events_have_other_ids(self, run: Transform, other: dict[str, Any]) -> None:
        assert run.row(s3_event(s3_record("a")))["event_id"] != run.row(s3_event(other))["event_id"]

    def test_without_a_sequencer_the_time_tells_events_apart(self, run: Transform) -> None:
        ids = {
            run.row(s3_event(s3_record("a", sequencer=None, time=f"2026-11-29T11:00:0{second}Z")))["event_id"]
            for second in (1, 2)
        }
        assert len(ids) == 2


class TestTimes:
    @pytest.mark.parametrize(
        ("given", "stored"),
        [
            ("2026-11-29T11:00:00Z", "2026-11-29T11:00:00.000Z"),
            ("2026-11-29t11:00:00.5z", "2026-11-29T11:00:00.500Z"),
            ("2026-11-29 11:00:00.123456789Z", "2026-11-29T11:00:00.123Z"),
            ("2026-11-29T00:30:00+02:00", "2026-11-28T22:30:00.000Z"),
            ("2026-11-28T23:30:00-02:30", "2026-11-29T02:00:00.000Z"),
        ],
    )
    def test_times_are_in_utc(self, run: Transform, given: str, stored: str) -> None:
        assert run.row(own_event(time=given))["event_time"] == stored

    @pytest.mark.parametrize(
        "time",
        [
            *(None, 5, 1.5, True, [], {}, "", "now", "2026-11-29", "2026-11-29T11:00:00", "1764414000"),
            *("2026-02-30T11:00:00Z", "2026-11-29T24:00:00Z", "2026-11-29T11:00:60Z", "1969-12-31T23:59:59Z"),
            *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+01:00", "2026-W48-7T11:00:00Z", "٢٠٢٦-11-29T11:00:00Z"),
        ],
    )
    def test_other_times_fail(self, run: Transform, time: Any) -> None:
        assert run(own_event(time=time))[0]["result"] == "ProcessingFailed"

    @pytest.mark.parametrize(
        ("time", "day"),
        [
            (ARRIVAL, "2026-11-29"),
            (ARRIVAL - timedelta(days=31), "2026-10-29"),
            (ARRIVAL - timedelta(days=31, seconds=1), "2026-11-29"),
            (ARRIVAL + timedelta(days=1), "2026-11-30"),
            (ARRIVAL + timedelta(days=1, seconds=1), "2026-11-29"),
            (ARRIVAL.replace(year=1970), "2026-11-29"),
            (ARRIVAL.replace(year=9999), "2026-11-29"),
        ],
    )
    def test_only_near_times_choose_the_partition(self, run: Transform, time: Any, day: str) -> None:
        [result] = run(own_event(time=time.isoformat()))
        assert result["metadata"] == {"partitionKeys": {"day": day}}
        assert rows(result)[0]["event_time"] == time.strftime("%Y-%m-%dT%H:%M:%S.000Z")


class TestSeveralEvents:
    def test_a_record_with_events_of_one_day_has_a_row_for_each(self, run: Transform) -> None:
        [result] = run(s3_event(s3_record("a"), s3_record("b"), s3_record("c")))
        assert [row["subject"] for row in rows(result)] == ["a", "b", "c"]

    def test_a_record_with_events_of_two_days_fails(self, run: Transform) -> None:
        [result] = run(s3_event(s3_record("a"), s3_record("b", time="2026-11-28T11:00:00Z")))
        assert result["result"] == "ProcessingFailed"
        assert run.reasons() == ["All events of a record must be of one day."]


class TestMetrics:
    def test_each_result_is_counted(self, run: Transform, capsys: pytest.CaptureFixture[str]) -> None:
        """An alarm watches FailedRecords by this namespace and these dimensions."""
        run(own_event(), own_event(), own_event(), json.dumps({"Event": "s3:TestEvent"}), "no event", "no event")
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
        counted = {}
        for each in found:
            [directive] = each["_aws"]["CloudWatchMetrics"]
            assert (directive["Namespace"], each["service"], each["function_name"]) == (
                "Patternbook/Stream",
                "data-stream",
                "transform",
            )
            assert {name for names in directive["Dimensions"] for name in names} == {"service", "function_name"}
            [metric] = directive["Metrics"]
            counted[metric["Name"]] = each[metric["Name"]]
        assert counted == {"TransformedRecords": [3.0], "DroppedRecords": [1.0], "FailedRecords": [2.0]}

    def test_nothing_is_counted_without_need(self, run: Transform, capsys: pytest.CaptureFixture[str]) -> None:
        run(own_event())
        assert "FailedRecords" not in capsys.readouterr().out


class TestRecordsWithoutRows:
    def test_the_test_of_s3_is_dropped(self, run: Transform) -> None:
        test = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "uploads"})
        assert [each["result"] for each in run(test, in_envelope(test))] == ["Dropped"] * 2

    @pytest.mark.parametrize(
        "record",
        [
            *(b"", b" ", b"not JSON", b"[]", b"5", b"null", b"{}", b'""', b"NaN", b"\xff", b"\xef\xbb\xbf{}", b"{}{}"),
            *(b'{"a":' * 100_000, b"[" * 100_000, b"x" * 1_000_000, b"1" * 10_000),
            *('{"Records": []}', '{"Records": 5}', '{"Records": [5]}', '{"Records": [null]}', '{"Records": [{}]}'),
            '{"Records": [{"eventSource": "aws:ses"}]}',
            s3_event(s3_record("a")).replace('"a"', '"%FF"'),
            s3_event(s3_record("a", size=-1)),
            s3_event(s3_record("")),
            s3_event(s3_record("a")).replace(chr(34) + "a" + chr(34), "5"),
            s3_event(s3_record("a", time="yesterday")),
            in_envelope("not JSON"),
            in_envelope(in_envelope(own_event())),
            *(own_event(**{name: value}) for name in ("id", "type") for value in (None, "", 5, [], "x" * 2_049)),
            *(own_event(**{name: value}) for name in ("source", "subject") for value in ("", 5, {})),
            *(own_event(size_bytes=value) for value in ("5", True, -1, 1.5, 2**63)),
            own_event(data=float("nan")),
            own_event().replace('"1"', '"1", "data": 1e999'),
            own_event().replace('"1"', r'"\ud800"'),
            own_event().replace('"1"', r'"1", "data": "\ud800"'),
            own_event().replace('"1"', r'"1", "\ud800": 1'),
            '{"id": "1", "time": "2026-11-29T11:00:00Z"}',
        ],
    )
    def test_what_is_no_event_fails_and_has_no_data(self, run: Transform, record: bytes | str) -> None:
        good = own_event()
        results = run(good, record, good)
        assert [each["result"] for each in results] == ["Ok", "ProcessingFailed", "Ok"]
        assert results[1] == {"recordId": f"{1:056}", "result": "ProcessingFailed", "data": ""}
        assert len(run.reasons()) == 1

    def test_a_reason_is_logged_once_without_content(self, run: Transform) -> None:
        run(*["secret"] * 1_000)
        [line] = [json.loads(line) for line in run.logs.getvalue().splitlines()]
        assert (line["message"], line["records"]) == ("The record must be one JSON object.", 1_000)
        assert "secret" not in run.logs.getvalue()
        assert len(run.logs.getvalue()) < 2_000
