"""The transform of the data stream, and records as Firehose gives them to it."""

import base64
import io
import json
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final
from urllib.parse import quote_plus

import pytest

import stacks

RUNTIME: Final = Path(stacks.__file__).with_name("data_stream") / "runtime"
ARRIVAL: Final = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
CONTEXT: Final = SimpleNamespace(
    function_name="transform",
    function_version="7",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:transform:live",
    aws_request_id="d8c8b7c5",
    get_remaining_time_in_millis=lambda: 30_000,
)
_MODULES: Final = [path.stem for path in RUNTIME.glob("*.py")]


@dataclass
class Transform:
    """The function, and what it logged."""

    modules: dict[str, ModuleType]
    logs: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.modules["observing"].logger.registered_handler.setStream(self.logs)

    def __call__(self, *records: bytes | str, arrival: datetime = ARRIVAL) -> list[dict[str, Any]]:
        """The results of records, through the handler."""
        results: list[dict[str, Any]] = self.modules["transform"].handler(request(records, arrival=arrival), CONTEXT)[
            "records"
        ]
        return results

    def row(self, record: bytes | str, *, arrival: datetime = ARRIVAL) -> dict[str, Any]:
        """The only row of a record."""
        [row] = rows(self(record, arrival=arrival)[0])
        return row

    def reasons(self) -> list[str]:
        """The reasons for records without rows, as logged."""
        return [json.loads(line)["message"] for line in self.logs.getvalue().splitlines()]


def request(records: Sequence[bytes | str], *, arrival: datetime = ARRIVAL) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-kinesisfirehose.html"""
    return {
        "invocationId": "invocation",
        "deliveryStreamArn": "arn:aws:firehose:eu-west-1:111122223333:deliverystream/events",
        "region": "eu-west-1",
        "records": [
            {
                "recordId": f"{number:056}",
                "approximateArrivalTimestamp": int(arrival.timestamp() * 1000),
                "data": base64.b64encode(record.encode() if isinstance(record, str) else record).decode(),
            }
            for number, record in enumerate(records)
        ],
    }


def rows(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a result."""
    # Not splitlines(): a text of a row may have other characters that end a line in Unicode, such as U+0085.
    return [json.loads(line) for line in base64.b64decode(result["data"]).decode().removesuffix("\n").split("\n")]


def own_event(**members: Any) -> str:
    """An event of a producer."""
    return json.dumps({"id": "1", "time": "2026-11-29T11:00:00Z", "type": "order.placed", **members})


def s3_record(
    key: str,
    *,
    name: str = "ObjectCreated:Put",
    time: str = "2026-11-29T11:00:00.123Z",
    bucket: str = "uploads",
    **found: Any,
) -> dict[str, Any]:
    """A record of a notification of S3. Keys are URL-encoded, with + for a space."""
    about = {"key": quote_plus(key, safe="/"), "size": 4, "eTag": "e", "sequencer": "0055AED6DCD90281E5", **found}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": time,
        "eventName": name,
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "c",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {name: value for name, value in about.items() if value is not None},
        },
    }


def s3_event(*records: dict[str, Any]) -> str:
    """A notification of S3."""
    return json.dumps({"Records": records})


def in_envelope(message: str) -> str:
    """A message of SNS without raw message delivery."""
    return json.dumps({"Type": "Notification", "MessageId": "m", "TopicArn": "arn", "Message": message})


@contextmanager
def transform() -> Generator[Transform, None, None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Patternbook/Stream")
        patch.setenv("POWERTOOLS_SERVICE_NAME", "data-stream")
        yield load()


def load() -> Transform:
    """Loads the modules of the function, and shares nothing with modules that were loaded before."""
    sys.path.insert(0, str(RUNTIME))
    try:
        __import__("transform")
        return Transform({name: sys.modules[name] for name in _MODULES})
    finally:
        sys.path.remove(str(RUNTIME))
        for name in _MODULES:
            sys.modules.pop(name, None)
