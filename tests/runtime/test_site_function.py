"""The function that uploads the files of a website, called with CloudFormation's events and an emulated S3."""

import io
import json
import threading
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from patternbook.edge.runtime import site_function
from tests.clock import Clock
from tests.in_memory import account_in_memory

ARCHIVE, BUCKET = "archives", "website"
FILES = {"index.html": "<h1>Hello", "assets/style.css": "a {}", "about/index.html": "<h1>About"}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    with account_in_memory() as session:
        monkeypatch.setattr(site_function.boto3, "client", session.client)
        for bucket in (ARCHIVE, BUCKET):
            session.client("s3").create_bucket(Bucket=bucket)
        yield session


@pytest.fixture
def invalidations(session: boto3.Session) -> list[dict[str, Any]]:
    """The requests to CloudFront for invalidations."""
    asked: list[dict[str, Any]] = []
    client = session.client

    def named(service: str) -> Any:
        made = client(service)
        if service == "cloudfront":
            made.create_invalidation = lambda **request: asked.append(request)
        return made

    session.client = named  # ty: ignore[invalid-assignment]
    site_function.boto3.client = named  # ty: ignore[invalid-assignment]
    return asked


@contextmanager
def response_url() -> Generator[tuple[str, list[dict[str, Any]]], None, None]:
    """A URL for the function's response, and the received responses."""
    got: list[dict[str, Any]] = []

    class Requests(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            assert self.headers["Content-Type"] == ""
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has this name
            """Keeps the output of the tests free of requests."""

    with HTTPServer(("127.0.0.1", 0), Requests) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", got
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def change(
    session: boto3.Session, invalidations: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Any]]:
    """Calls the function, and returns its response."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert invalidations == []

    def call(kind: str, files: dict[str, str] | None = None, **properties: str) -> dict[str, Any]:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, text in (files or {}).items():
                archive.writestr(name, text)
        session.client("s3").put_object(Bucket=ARCHIVE, Key="files.zip", Body=packed.getvalue())
        given = {"SourceBucket": ARCHIVE, "SourceKey": "files.zip", "Bucket": BUCKET, "Distribution": "E1"}
        with response_url() as (url, got):
            site_function.handler(
                {
                    "RequestType": kind,
                    "RequestId": f"request-{kind}",
                    "StackId": "stack",
                    "LogicalResourceId": "Files",
                    "ResponseURL": url,
                    "ResourceProperties": {**given, "EmptyOnDelete": "true", **properties},
                },
                None,
            )
        [answer] = got
        return answer

    return call


def keys(session: boto3.Session) -> set[str]:
    return {item["Key"] for item in session.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def test_files_are_uploaded_with_their_types(session: boto3.Session, change: Callable[..., dict[str, Any]]) -> None:
    answer = change("Create", FILES)
    assert answer == {
        "Status": "SUCCESS",
        "Reason": "",
        "PhysicalResourceId": BUCKET,
        "StackId": "stack",
        "RequestId": "request-Create",
        "LogicalResourceId": "Files",
    }
    s3 = session.client("s3")
    assert keys(session) == FILES.keys()
    found = s3.get_object(Bucket=BUCKET, Key="assets/style.css")
    assert (found["Body"].read(), found["ContentType"]) == (b"a {}", "text/css; charset=utf-8")


def test_pages_are_uploaded_after_their_assets(session: boto3.Session, change: Callable[..., dict[str, Any]]) -> None:
    put: list[str] = []
    session.events.register("provide-client-params.s3.PutObject", lambda params, **_: put.append(params["Key"]))
    change("Create", FILES)
    assert put == ["files.zip", "assets/style.css", "index.html", "about/index.html"]


def test_removed_files_are_deleted(
    session: boto3.Session, change: Callable[..., dict[str, Any]], invalidations: list[dict[str, Any]]
) -> None:
    change("Create", FILES)
    change("Update", {"index.html": "<h1>New"})
    assert keys(session) == {"index.html"}
    assert [each["DistributionId"] for each in invalidations] == ["E1", "E1"]
    batch = invalidations[-1]["InvalidationBatch"]
    assert batch == {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": "request-Update"}


@pytest.mark.parametrize(("empties", "left"), [("true", set()), ("false", FILES.keys())])
def test_the_bucket_is_emptied_if_it_is_deleted(
    session: boto3.Session, change: Callable[..., dict[str, Any]], empties: str, left: set[str]
) -> None:
    change("Create", FILES)
    assert change("Delete", EmptyOnDelete=empties)["Status"] == "SUCCESS"
    assert keys(session) == left


def test_a_failure_is_reported(change: Callable[..., dict[str, Any]]) -> None:
    answer = change("Create", FILES, SourceKey="missing.zip")
    assert answer["Status"] == "FAILED"
    assert "NoSuchKey" in answer["Reason"]


def denied(code: str = "AccessDenied") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "not yet"}}, "GetObject")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the function, which take no time."""
    clock = Clock()
    monkeypatch.setattr(site_function, "time", clock)
    return clock.pauses


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
@pytest.mark.parametrize("operation", ["GetObject", "PutObject", "ListObjectsV2", "DeleteObject"])
def test_it_waits_until_iam_knows_its_policy(
    session: boto3.Session, change: Callable[..., dict[str, Any]], slept: list[float], operation: str, code: str
) -> None:
    change("Create", {**FILES, "old.html": ""})
    refusals = [denied(code), denied(code)]

    def refuse(params: dict[str, Any], **_: Any) -> None:
        if refusals and params["Key" if operation == "GetObject" else "Bucket"] in ("files.zip", BUCKET):
            raise refusals.pop()

    session.events.register(f"provide-client-params.s3.{operation}", refuse)
    assert change("Update", FILES)["Status"] == "SUCCESS"
    assert keys(session) == FILES.keys()
    assert (refusals, len(slept)) == ([], 2)


def test_a_permission_that_is_missing_fails_after_a_minute(
    session: boto3.Session, change: Callable[..., dict[str, Any]], slept: list[float]
) -> None:
    change("Create", FILES)

    def refuse(**_: Any) -> None:
        raise denied()

    session.events.register("provide-client-params.s3.GetObject", refuse)
    answer = change("Update", FILES)
    assert (answer["Status"], sum(slept)) == ("FAILED", 60)
    assert "AccessDenied" in answer["Reason"]


def test_another_error_fails_at_once(change: Callable[..., dict[str, Any]], slept: list[float]) -> None:
    assert change("Create", FILES, SourceKey="missing.zip")["Status"] == "FAILED"
    assert slept == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a/index.html", "text/html; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("photo.jpg", "image/jpeg"),
        ("data.unheard-of", "application/octet-stream"),
    ],
)
def test_content_types(name: str, kind: str) -> None:
    assert site_function.content_type(name) == kind
