"""The functions of the event pipeline with an emulated bucket and table, and the queues that feed them."""

import contextlib
import io
import json
import sys
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final
from urllib.parse import quote_plus

import boto3
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from moto import mock_aws

import stacks

RUNTIME: Final = Path(stacks.__file__).with_name("event_pipeline") / "runtime"
BUCKET, TABLE = "uploads-bucket", "results"
TYPES: Final = "application/json,application/pdf,image/jpeg,image/png,text/csv,text/plain"
MAX_BYTES: Final = 1_000
ATTEMPTS: Final = 5
BATCH: Final = 10
CONTEXT: Final = SimpleNamespace(
    function_name="consumer",
    function_version="7",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:consumer:live",
    aws_request_id="d8c8b7c5",
    get_remaining_time_in_millis=lambda: 30_000,
)
_MODULES: Final = [path.stem for path in RUNTIME.glob("*.py")]


@dataclass
class Queue:
    """A queue with a consumer, as SQS and Lambda work together: attempts, partial batches, and a dead-letter queue."""

    consume: Callable[[dict[str, Any], Any], Any]
    waiting: list[tuple[str, str, int]] = field(default_factory=list)
    """Messages: id, body and number of attempts."""
    dead: list[str] = field(default_factory=list)
    """The bodies of dead letters."""
    sent: int = 0
    handled: int = 0

    def send(self, *bodies: str) -> None:
        self.sent += len(bodies)
        self.waiting += [(str(uuid.uuid4()), body, 0) for body in bodies]

    def run(self, *, rounds: int = ATTEMPTS) -> None:
        """Delivers all messages, and those that fail again, up to the last attempt."""
        for _ in range(rounds):
            batches = [self.waiting[start : start + BATCH] for start in range(0, len(self.waiting), BATCH)]
            self.waiting = []
            for batch in batches:
                failed = self._deliver(batch)
                self.handled += len(batch) - len(failed)
                for name, body, attempts in batch:
                    if name in failed and attempts + 1 < ATTEMPTS:
                        self.waiting.append((name, body, attempts + 1))
                    elif name in failed:
                        self.dead.append(body)

    def _deliver(self, batch: list[tuple[str, str, int]]) -> set[str]:
        """The ids of the messages that the function reports as failed."""
        records = [
            {
                "messageId": name,
                "receiptHandle": "handle",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(attempts + 1), "SentTimestamp": "1"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:work",
                "awsRegion": "eu-west-1",
            }
            for name, body, attempts in batch
        ]
        with contextlib.suppress(BatchProcessingError):
            response = self.consume({"Records": records}, CONTEXT)
            return {each["itemIdentifier"] for each in response["batchItemFailures"]}
        return {name for name, _, _ in batch}

    def redrive(self) -> None:
        """Moves all dead letters back, as new messages."""
        self.waiting += [(str(uuid.uuid4()), body, 0) for body in self.dead]
        self.dead = []

    @property
    def accounts(self) -> bool:
        """Whether every message that was sent is handled, dead or waiting."""
        return self.sent == self.handled + len(self.dead) + len(self.waiting)


class Pipeline:
    """Both consumers, each with its queue, and the function that makes forms."""

    def __init__(self, modules: dict[str, ModuleType]) -> None:
        self.modules = modules
        self.form, self.inspection, self.process_module = (modules[name] for name in ("form", "inspection", "process"))
        self.s3, self.dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        self.reset()

    def reset(self) -> None:
        self.logs = io.StringIO()
        self.modules["observing"].logger.registered_handler.setStream(self.logs)
        self.process, self.audit = Queue(self.modules["process"].handler), Queue(self.modules["audit"].handler)
        for entry in self.entries():
            self.dynamodb.delete_item(TableName=TABLE, Key={name: entry[name] for name in ("pk", "sk")})

    def put(self, key: str, content: bytes = b"1,2\n", content_type: str = "text/csv") -> str:
        """Puts an object, and returns its version."""
        return self.s3.put_object(Bucket=BUCKET, Key=key, Body=content, ContentType=content_type)["VersionId"]

    def entries(self, kind: str = "") -> list[dict[str, Any]]:
        """The entries of the table whose partition key begins so."""
        found = self.dynamodb.scan(TableName=TABLE, ConsistentRead=True)["Items"]
        return [each for each in found if each["pk"]["S"].startswith(kind)]

    def results(self) -> dict[str, dict[str, Any]]:
        return {entry["pk"]["S"].removeprefix("OBJECT#"): entry for entry in self.entries("OBJECT#")}

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.logs.getvalue().splitlines()]

    def outcomes(self) -> list[str]:
        return [each["message"] for each in self.logged()]


@contextmanager
def pipeline() -> Generator[Pipeline, None, None]:
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AUDIT_RETENTION_DAYS": "90",
        "BUCKET_NAME": BUCKET,
        "CONTENT_TYPES": TYPES,
        "MAX_UPLOAD_BYTES": str(MAX_BYTES),
        "POWERTOOLS_METRICS_NAMESPACE": "Patternbook/Pipeline",
        "POWERTOOLS_SERVICE_NAME": "event-pipeline",
        "TABLE_NAME": TABLE,
        "UPLOAD_PREFIX": "uploads/",
    }
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in environment.items():
            patch.setenv(name, value)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield load()


def load() -> Pipeline:
    """Loads the modules of the functions, and shares nothing with modules that were loaded before."""
    sys.path.insert(0, str(RUNTIME))
    try:
        for name in ("process", "audit", "form"):
            __import__(name)
        return Pipeline({name: sys.modules[name] for name in _MODULES})
    finally:
        sys.path.remove(str(RUNTIME))
        for name in _MODULES:
            sys.modules.pop(name, None)


def message(
    key: str,
    version: str | None = None,
    *,
    sequencer: str = "0055AED6DCD90281E5",
    name: str = "ObjectCreated:Put",
    size: int = 4,
    bucket: str = BUCKET,
) -> str:
    """The body of a message as S3 writes it: keys are URL-encoded, with + for a space.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    found = {"key": quote_plus(key, safe="/"), "size": size, "eTag": "e", "sequencer": sequencer}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-11-28T12:00:00.000Z",
        "eventName": name,
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "c",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {**found, **({"versionId": version} if version else {})},
        },
    }
    return json.dumps({"Records": [record]})
