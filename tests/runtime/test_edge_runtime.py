"""Runs each Lambda@Edge function once in Lambda's runtime interface client, with a fake Runtime API.

This proves that the name of the handler, the imports within the package and the conversion of the result are right.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from patternbook.limits.edge import EdgeEvent
from tests.runtime.edge import DOMAIN, event, request, response, unpack

INVOCATION = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"


class RuntimeApi(HTTPServer):
    """A Runtime API with one event. It keeps the answer. The second request for an event waits."""

    def __init__(self, asked: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.asked = [json.dumps(asked).encode()]
        self.answered: list[tuple[str, Any]] = []
        self.done = threading.Event()


class _Requests(BaseHTTPRequestHandler):
    server: RuntimeApi  # ty: ignore[incompatible-mutable-override]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self.server.asked:
            self.server.done.wait(30)
            return
        body = self.server.asked.pop()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Lambda-Runtime-Aws-Request-Id", INVOCATION)
        self.send_header("Lambda-Runtime-Deadline-Ms", "4102444800000")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:111122223333:function:edge:1")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answered.append((self.path.rpartition("/")[2], json.loads(body)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.done.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has this name
        """Keeps the output of the tests free of requests."""


@contextmanager
def runtime_api(asked: dict[str, Any]) -> Generator[RuntimeApi, None, None]:
    with RuntimeApi(asked) as api:
        thread = threading.Thread(target=api.serve_forever, daemon=True)
        thread.start()
        try:
            yield api
        finally:
            api.done.set()
            api.shutdown()
            thread.join()


def run(folder: Path, handler: str, asked: dict[str, Any]) -> tuple[str, Any]:
    """Runs a function. Returns ``response`` or ``error``, and its answer."""
    with runtime_api(asked) as api:
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
            "LAMBDA_TASK_ROOT": str(folder),
            "_HANDLER": handler,
            "NO_PROXY": "127.0.0.1",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            finished = api.done.wait(30)
        finally:
            process.kill()
            output, _ = process.communicate()
        assert finished, output
        [answer] = api.answered
        return answer


ASKED: dict[EdgeEvent, dict[str, Any]] = {
    "viewer-request": event("viewer-request", request("/about/")),
    "origin-request": event("origin-request", request("/", cookie="variant=b")),
    "origin-response": event("origin-response", request("/x/index.html"), response(403)),
    "viewer-response": event(
        "viewer-response", request(cookie="variant=b", x_variant_assigned="b"), response(content_type="text/html")
    ),
}


@pytest.mark.parametrize("kind", ASKED)
def test_lambda_runs_each_function(tmp_path: Path, kind: EdgeEvent) -> None:
    folder = unpack(tmp_path, kind)
    how, answer = run(folder, f"{kind.replace('-', '_')}.handler", ASKED[kind])
    assert how == "response", answer
    if kind == "viewer-request":
        assert answer["headers"]["location"][0]["value"] == f"https://{DOMAIN}/about"
    elif kind == "origin-request":
        assert answer["uri"] == "/variant-b/index.html"
    elif kind == "origin-response":
        assert "There is no such page" in answer["body"]
    else:
        assert answer["headers"]["set-cookie"][0]["value"].startswith("variant=b; Path=/; Max-Age=2592000;")


def test_a_missing_handler_is_an_error(tmp_path: Path) -> None:
    """This proves that the test above can fail."""
    folder = unpack(tmp_path, "viewer-request")
    how, answer = run(folder, "viewer_request.handler", {"Records": []})
    assert how == "error"
    assert answer["errorType"] == "IndexError"
