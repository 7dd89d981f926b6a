"""The results that Firehose gets for its records.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
"""

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any

from events import IgnoredEventError, MalformedEventError, Row, format_time, read_rows

MAX_RESPONSE_BYTES = 6 * 1024 * 1024 - 1024
"""Lambda's quota of a synchronous response, less some room: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
PAST, FUTURE = timedelta(days=31), timedelta(days=1)
"""How far before and after its arrival an event may be to stand in the partition of its own day.

So a stream has about 34 active partitions at most. Firehose allows 500, and a record beyond them is not delivered:
https://docs.aws.amazon.com/firehose/latest/dev/buffering.html
"""
OK, DROPPED, FAILED = "Ok", "Dropped", "ProcessingFailed"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Result = dict[str, Any]


def result_of(record: dict[str, Any]) -> tuple[Result, str]:
    """The result of one record, and the reason if it has no rows."""
    try:
        arrival = _EPOCH + timedelta(milliseconds=record["approximateArrivalTimestamp"])
        rows = read_rows(base64.b64decode(record["data"]))
        days = {partition_day(row, arrival) for row in rows}
        if len(days) > 1:
            raise MalformedEventError("All events of a record must be of one day.")
    except IgnoredEventError as reason:
        return _result(record, DROPPED), str(reason)
    except MalformedEventError as reason:
        return failed(record), str(reason)
    lines = [json.dumps({**row, "arrival_time": format_time(arrival)}, ensure_ascii=False) + "\n" for row in rows]
    data = base64.b64encode("".join(lines).encode()).decode()
    return _result(record, OK, data=data, metadata={"partitionKeys": {"day": days.pop()}}), ""


def partition_day(row: Row, arrival: datetime) -> str:
    """The day of the event, or that of its arrival if the event claims to be much older, or from the future."""
    time = datetime.strptime(str(row["event_time"]), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    near = arrival - PAST <= time <= arrival + FUTURE
    return (time if near else arrival).strftime("%Y-%m-%d")


def failed(record: dict[str, Any]) -> Result:
    """Firehose keeps the record as it came below the error prefix."""
    return _result(record, FAILED)


def size_of(result: Result) -> int:
    """The number of bytes of a result in the response, with the text between two results."""
    return len(json.dumps(result)) + 2


def _result(record: dict[str, Any], result: str, *, data: str = "", **more: Any) -> Result:
    # Firehose documents that each result has data, also where it uses none.
    return {"recordId": record["recordId"], "result": result, "data": data, **more}
