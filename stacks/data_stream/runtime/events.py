"""Events as rows of the table: events of S3, also inside of an SNS message, and events of your own.

An event of your own is a JSON object with ``id``, ``time`` and ``type``. It may have ``source``, ``subject``,
``size_bytes`` and ``data``. Any other member goes to the column ``extra``.
"""

import hashlib
import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any, NoReturn
from urllib.parse import unquote_plus

Row = dict[str, str | int]
"""The values of a row, by the names of the columns. A column without a value is left out."""
MAX_TEXT = 2_048
"""Maximum number of characters of an identifier, a type, a source and a subject. A key of S3 has at most 1,024."""
MAX_SIZE = 2**63 - 1
EARLIEST_YEAR = 1970
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
_OWN_TEXTS = {"id": "event_id", "type": "event_type", "source": "source", "subject": "subject"}
_REQUIRED = ("id", "time", "type")


class MalformedEventError(Exception):
    """A record that is no event. Its text never has content of the record, because it is logged."""


class IgnoredEventError(Exception):
    """A record that has no event on purpose, such as the message by which S3 tests a notification."""


def read_rows(record: bytes) -> list[Row]:
    """The rows of a record, at least one.

    :raises IgnoredEventError: if there is nothing to keep.
    :raises MalformedEventError: for anything that is no event.
    """
    try:
        return _rows(_object(record.decode()))
    except RecursionError:
        raise MalformedEventError("The record is nested too deeply.") from None
    except UnicodeError:
        raise MalformedEventError("The record must be UTF-8, and its texts valid Unicode.") from None


def _rows(event: dict[str, Any]) -> list[Row]:
    if event.get("Type") == "Notification" and isinstance(event.get("Message"), str):
        event = _object(event["Message"])
    if event.get("Event") == "s3:TestEvent":
        raise IgnoredEventError("A test of S3.")
    if "Records" not in event:
        return [_own_row(event)]
    if not isinstance(event["Records"], list) or not event["Records"]:
        raise MalformedEventError("Records must be a list with at least one event.")
    try:
        return [_s3_row(record) for record in event["Records"]]
    except (AttributeError, KeyError, TypeError) as error:
        raise MalformedEventError(f"The record is no event of S3: {type(error).__name__}.") from None


def _s3_row(record: dict[str, Any]) -> Row:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""
    if record["eventSource"] != "aws:s3":
        raise MalformedEventError("The event must be one of S3.")
    bucket, found = record["s3"]["bucket"]["name"], record["s3"]["object"]
    key = unquote_plus(_text("key", found["key"]), errors="strict")
    details = {name: found[name] for name in ("versionId", "sequencer", "eTag") if name in found}
    identity = [bucket, key, record["eventName"], *(found.get(name) for name in ("versionId", "sequencer"))]
    if "sequencer" not in found:
        identity.append(record["eventTime"])
    row: Row = {
        "event_id": hashlib.sha256(_json(identity).encode()).hexdigest()[:32],
        "event_time": _time(record["eventTime"]),
        "event_type": _text("eventName", record["eventName"]),
        "source": _text("bucket", f"s3://{bucket}"),
        "subject": _text("key", key),
        "data": _json(details),
    }
    return {**row, **({"size_bytes": _size(found["size"])} if "size" in found else {})}


def _own_row(event: dict[str, Any]) -> Row:
    if missing := [name for name in _REQUIRED if name not in event]:
        raise MalformedEventError(f"The event must have {', '.join(missing)}.")
    rest = {name: value for name, value in event.items() if value is not None}
    row: Row = {"event_time": _time(rest.pop("time", None))}
    for name, column in _OWN_TEXTS.items():
        if name in rest or name in _REQUIRED:
            row[column] = _text(name, rest.pop(name, None))
    if "size_bytes" in rest:
        row["size_bytes"] = _size(rest.pop("size_bytes"))
    if "data" in rest:
        row["data"] = _json(rest.pop("data"))
    if rest:
        row["extra"] = _json(rest)
    return row


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise MalformedEventError(f"{name} must be a text of 1 to {MAX_TEXT:,} characters.")
    value.encode()
    return value


def _size(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SIZE:
        raise MalformedEventError(f"The size must be a whole number from 0 to {MAX_SIZE}.")
    return value


def _time(value: Any) -> str:
    """A time in UTC, to the millisecond."""
    matched = _TIME.fullmatch(value) if isinstance(value, str) else None
    if not matched:
        raise MalformedEventError("The time must be like 2026-11-29T12:00:00.000Z, with Z or an offset.")
    *whole, fraction, _, sign, hours, minutes = matched.groups()
    try:
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        local = datetime(*map(int, whole), microsecond=int((fraction or "0").ljust(6, "0")[:6]), tzinfo=timezone.utc)
        time = local + offset if sign == "-" else local - offset
    except (OverflowError, ValueError):
        raise MalformedEventError("The time must be one of the calendar.") from None
    if time.year < EARLIEST_YEAR:
        raise MalformedEventError(f"The time must be in {EARLIEST_YEAR} or later.")
    return format_time(time)


def format_time(time: datetime) -> str:
    """A time in UTC in the format that the OpenX JSON deserializer of Firehose reads.

    https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
    """
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"


def _json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        raise MalformedEventError("The event must not have NaN or a number that is infinite.") from None
    text.encode()
    return text


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        raise MalformedEventError("The record must be one JSON object.") from None
    if not isinstance(found, dict):
        raise MalformedEventError("The record must be one JSON object.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")
