"""The transform of stacks/data_stream: every record in comes out once, whatever it is and however many there are."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stacks.data_stream.schema import COLUMNS
from tests.runtime.data_stream import (
    ARRIVAL,
    Transform,
    in_envelope,
    own_event,
    request,
    rows,
    s3_event,
    s3_record,
    transform,
)

LAMBDA_LIMIT: Final = 6 * 1024 * 1024
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
MAX_RECORD: Final = 1_000 * 1024
"""https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html"""
MAX_ACTIVE_PARTITIONS: Final = 500
"""https://docs.aws.amazon.com/firehose/latest/dev/buffering.html"""
TYPES: Final = {"string": str, "bigint": int, "timestamp": str}


@pytest.fixture(scope="module")
def run() -> Iterator[Transform]:
    with transform() as found:
        yield found


def response_size(results: list[dict[str, Any]]) -> int:
    """The size of the response as Lambda's runtime for Python writes it."""
    return len(json.dumps({"records": results}, ensure_ascii=False).encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
times = st.one_of(
    st.datetimes(timezones=st.just(timezone.utc)).map(datetime.isoformat),
    st.sampled_from(["2026-11-29T11:00:00Z", "2026-11-28T23:59:59.999999+14:00", "9999-12-31T23:59:59Z", "soon", 5]),
)
own_events = st.fixed_dictionaries(
    {"id": st.text(min_size=1), "time": times, "type": st.text(min_size=1)},
    optional={
        "source": json_values,
        "subject": st.text(),
        "size_bytes": json_values,
        "data": json_values,
        "x": json_values,
    },
).map(json.dumps)
s3_events = st.lists(
    st.builds(s3_record, st.text(min_size=1).filter(lambda key: key.isprintable()), time=times), max_size=3
).map(lambda found: s3_event(*found))
anything = st.one_of(
    st.binary(),
    st.text(),
    json_values.map(json.dumps),
    own_events,
    s3_events,
    own_events.map(in_envelope),
    s3_events.map(in_envelope),
).map(lambda record: record if isinstance(record, bytes) else record.encode(errors="surrogatepass"))


@settings(deadline=None)
@given(st.lists(anything, max_size=8))
def test_every_record_comes_out_once_with_a_result(run: Transform, records: list[bytes]) -> None:
    results = run(*records)
    assert [each["recordId"] for each in results] == [each["recordId"] for each in request(records)["records"]]
    for result in results:
        if result["result"] == "Ok":
            assert result.keys() == {"recordId", "result", "data", "metadata"}
            check_rows(rows(result), result["metadata"]["partitionKeys"])
        else:
            assert result["result"] in ("Dropped", "ProcessingFailed")
            assert result == {"recordId": result["recordId"], "result": result["result"], "data": ""}


def check_rows(found: list[dict[str, Any]], keys: dict[str, str]) -> None:
    """Checks that rows have the columns of the table, and stand in a partition near their arrival."""
    assert found
    types = {column.name: TYPES[column.type] for column in COLUMNS}
    for row in found:
        assert all(type(value) is types[name] for name, value in row.items())
        assert {"event_id", "event_time", "event_type", "arrival_time"} <= row.keys()
        for name in ("data", "extra"):
            json.loads(row.get(name, "0"))
    assert keys.keys() == {"day"}
    day = datetime.strptime(keys["day"], "%Y-%m-%d").replace(tzinfo=timezone.utc)
    assert ARRIVAL - timedelta(days=32) <= day <= ARRIVAL + timedelta(days=1)


def test_a_thousand_records_of_all_kinds_are_accounted_for(run: Transform) -> None:
    chosen = random.Random(1)
    test = json.dumps({"Event": "s3:TestEvent"})
    kinds = {"Ok": [own_event(), s3_event(s3_record("a")), in_envelope(own_event())], "Dropped": [test]}
    kinds["ProcessingFailed"] = ["", "[]", own_event(time="soon")]
    expected = [chosen.choice(list(kinds)) for _ in range(1_000)]
    results = run(*[chosen.choice(kinds[kind]) for kind in expected])
    assert [each["result"] for each in results] == expected


def test_hostile_times_open_few_partitions(run: Transform) -> None:
    hours = [ARRIVAL + timedelta(hours=number) for number in range(-20_000, 20_000, 7)]
    results = run(*[own_event(time=time.isoformat()) for time in hours])
    days = {result["metadata"]["partitionKeys"]["day"] for result in results}
    assert len(results) > 10 * MAX_ACTIVE_PARTITIONS
    assert len(days) <= 34 < MAX_ACTIVE_PARTITIONS


class TestSizeOfTheResponse:
    """Firehose gives batches of up to 3 MB, and Lambda refuses requests and responses of more than 6 MB."""

    @pytest.mark.parametrize(
        "record",
        [
            own_event(),
            '{"id":"1","time":"2026-11-29T11:00:00Z","type":"a"}',
            own_event().replace('"1"', '"1", "data": "' + "ü" * 400_000 + '"'),
            own_event(data='"' * 400_000),
            own_event(data={"a": "\\" * 100_000}),
            own_event(data="\x00" * 150_000),
            s3_event(s3_record("a" * 1_000)),
            s3_event(*[s3_record("a")] * 2_000),
            "",
            "x" * MAX_RECORD,
        ],
        ids=["own", "tiny", "unicode", "quotes", "backslashes", "controls", "s3", "many", "empty", "huge"],
    )
    def test_any_request_that_lambda_accepts_has_a_response_that_it_accepts(self, run: Transform, record: str) -> None:
        assert len(record.encode()) <= MAX_RECORD
        one = len(json.dumps(request([record])["records"][0]))
        records = [record] * (LAMBDA_LIMIT // (one + 2))
        results = run(*records)
        assert len(results) == len(records)
        assert response_size(results) < LAMBDA_LIMIT

    def test_the_records_that_fit_are_transformed(self, run: Transform) -> None:
        records = [own_event(data="\x00" * 150_000)] * 6
        found = Counter(each["result"] for each in run(*records))
        assert found == {"Ok": 6 - found["ProcessingFailed"], "ProcessingFailed": found["ProcessingFailed"]}
        assert found["Ok"] >= 2
        assert run.reasons()[-1] == "The response would be too large."

    @pytest.mark.parametrize("record", [own_event(), s3_event(s3_record("a" * 500))], ids=["own", "s3"])
    def test_a_batch_of_firehose_is_never_too_large(self, run: Transform, record: str) -> None:
        results = run(*[record] * (1024 * 1024 // len(record)))
        assert {each["result"] for each in results} == {"Ok"}
