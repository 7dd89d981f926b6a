"""The web API while its table fails, and what it logs, counts and traces."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest

from tests.clock import Clock
from tests.runtime.web_api import BEN, NO_ITEM, OPERATIONS, TABLE, TITLE, Answered, Functions, create_table, match


def every_call(api: Functions) -> Iterator[tuple[str, Answered]]:
    """Calls every route with a request that needs the table."""
    for route, operation in OPERATIONS.items():
        body = TITLE if "requestBody" in operation else None
        yield route, api.call(route, id=NO_ITEM, headers=match(), body=body)


class TestFailures:
    @pytest.mark.parametrize(
        ("code", "attempts"),
        [
            ("ThrottlingException", 3),
            ("ProvisionedThroughputExceededException", 3),
            ("RequestLimitExceeded", 3),
            ("TransactionConflictException", 1),  # the AWS SDK does not repeat it
        ],
    )
    def test_a_throttled_table_is_unavailable(
        self,
        api: Functions,
        monkeypatch: pytest.MonkeyPatch,
        code: str,
        attempts: int,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr("botocore.endpoint.time", Clock())
        refused = api.fail(code)
        for route, answer in every_call(api):
            assert (answer.status, answer.headers["retry-after"]) == (503, "1"), route
        assert len(refused) == attempts * len(OPERATIONS)
        assert {(record["level"], record["code"]) for record in api.logged()} == {("WARNING", code)}
        assert capsys.readouterr().out.count('"Faults":[1.0]') == len(OPERATIONS)

    @pytest.mark.parametrize("error", ["ReadTimeoutError", "ConnectTimeoutError", "EndpointConnectionError"])
    def test_a_table_that_does_not_answer_is_unavailable(
        self, api: Functions, monkeypatch: pytest.MonkeyPatch, error: str
    ) -> None:
        monkeypatch.setattr("botocore.endpoint.time", Clock())

        def answer(**_: Any) -> None:
            raise getattr(botocore.exceptions, error)(endpoint_url="https://dynamodb")

        api.fail_by(answer)
        assert {answer.status for _, answer in every_call(api)} == {503}

    def test_it_answers_before_the_timeout_of_the_function(self, api: Functions) -> None:
        """Pauses of standard retries: at most 1, 2, 4 … seconds."""
        config = api.client.meta.config
        attempts = config.retries["total_max_attempts"]
        assert config.retries["mode"] == "standard"
        pauses = sum(2**attempt for attempt in range(attempts - 1))
        assert attempts * (config.connect_timeout + config.read_timeout) + pauses < 10

    def test_a_missing_table_is_logged_with_the_id_of_the_request(
        self, api: Functions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        api.client.delete_table(TableName=TABLE)
        try:
            answers = dict(every_call(api))
        finally:
            create_table()
        for route, answer in answers.items():
            assert answer.status == 500, route
            assert TABLE not in answer.body["detail"]
        logged = api.logged()
        assert [record["route"] for record in logged] == list(OPERATIONS)
        for record in logged:
            assert (record["level"], record["code"]) == ("ERROR", "ResourceNotFoundException")
            assert record["correlation_id"] == "JKJaXmPLvHcESHA="
            assert any("table.py" in frame for frame in record["frames"])
        metric = json.loads(capsys.readouterr().out.splitlines()[0])
        dimensions = {"service": "web-api", "function_name": "web-api", "function_version": "7"}
        [directive] = metric["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Patternbook/WebApi"
        assert [sorted(each) for each in directive["Dimensions"]] == [sorted(dimensions)]
        assert {name: metric[name] for name in dimensions} == dimensions

    def test_a_refused_call_is_logged_with_its_reason(self, api: Functions) -> None:
        api.fail("AccessDeniedException")
        assert api.call("GET /items").status == 500
        [record] = api.logged()
        assert (record["operation"], record["code"], record["reason"]) == ("Query", "AccessDeniedException", "no")

    def test_logs_contain_neither_bodies_nor_tokens(
        self, api: Functions, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secret = "c0nfidential"
        item = api.create(title=secret)
        api.create()
        token = api.call("GET /items", query={"limit": "1"}).body["next"]
        for body in ({"title": [secret]}, {"title": "a", secret: 1}, f'{{"title": "{secret}', {"title": secret}):
            api.call("POST /items", body=body, headers={"idempotency-key": secret})
            api.call("PUT /items/{id}", id=item["id"], body=body, headers={"if-match": f'"{secret}"'})
        api.call("GET /items", query={"next": token, secret: secret})
        api.call("GET /items", BEN, query={"next": token})
        api.fail("ValidationException", message=f"One or more parameters are wrong: {secret}")
        for headers in ({}, {"idempotency-key": secret}):
            assert api.call("POST /items", body={"title": secret}, headers=headers).status == 500
        monkeypatch.setattr(api.items.table, "get", lambda *_: int(secret))  # a mistake in the code
        assert api.call("GET /items/{id}", id=NO_ITEM).status == 500
        told = api.logs.getvalue() + "".join(capsys.readouterr())
        assert "ValueError" in told
        assert secret not in told
        assert token not in told


TRACED = """
from tests.clock import Clock
from tests.runtime.web_api import functions

with functions() as api:
    item = api.create(title="c0nfidential")
    api.call("GET /items/{id}", id=item["id"])
    api.table.get = lambda *_: int("c0nfidential")
    api.call("GET /items/{id}", id=item["id"])
"""


def test_traces_contain_no_items() -> None:
    """Runs the functions with a tracer, as Lambda does, and receives in place of the X-Ray daemon."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(5)
        environment = {
            "LAMBDA_TASK_ROOT": "/var/task",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        command = [sys.executable, "-c", TRACED]
        subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True, timeout=60)
        received = ""
        while received.count('"## handler"') < 3:
            received += daemon.recv(65_536).decode()
    assert '"operation":"PutItem"' in received.replace(" ", "")
    assert "c0nfidential" not in received
