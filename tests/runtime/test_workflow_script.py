"""The script of the Fargate task, run as the container does, with an AWS CLI that asks emulated services."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from ministack.services import stepfunctions

from tests.runtime.workflow import BUCKET, DONE, SCRIPT, TABLE, Workflow

TOOLS = ("sh", "cat", "cut", "date", "sha256sum")
# Sends its arguments to the test, and prints the answer.
AWS = f"""#!{sys.executable} -SE
import json, sys, http.client, os
connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["CLI_PORT"]))
connection.request("POST", "/", json.dumps(sys.argv[1:]))
answer = json.loads(connection.getresponse().read())
sys.stderr.write(answer["error"])
sys.exit(254 if answer["error"] else 0)
"""
SERVICES = {"s3api": "s3", "stepfunctions": "stepfunctions", "dynamodb": "dynamodb"}


class Cli:
    """Calls botocore as the AWS CLI does: options are members of the input, as text or as JSON."""

    def __init__(self, tmp_path: Path) -> None:
        self.asked: list[str] = []
        self.refused: dict[str, str] = {}
        """Errors by operation."""
        self.on_ask: Any = lambda _: None
        self.home = tmp_path / "home"
        self.path = tmp_path / "bin"
        for folder in (self.home, self.path):
            folder.mkdir()
        (self.path / "aws").write_text(AWS, encoding="utf-8")
        (self.path / "aws").chmod(0o755)
        for name in TOOLS:
            (self.path / name).symlink_to(shutil.which(name) or name)
        self.port = 0

    def answer(self, arguments: list[str]) -> str:
        """The error that the CLI prints, if any."""
        service, operation = SERVICES[arguments[0]], arguments[1].replace("-", "_")
        self.asked.append(operation)
        self.on_ask(operation)
        if operation in self.refused:
            return self.refused[operation]
        client = boto3.client(service)
        shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape
        members = {xform_name(name, "-"): name for name in shape.members}
        given: dict[str, Any] = {}
        left = arguments[2:]
        while left and left[0].startswith("--"):
            name = members[left[0].removeprefix("--")]
            text = shape.members[name].type_name in ("string", "timestamp")
            given[name] = left[1] if text else json.loads(left[1])
            left = left[2:]
        if operation == "send_task_heartbeat":
            assert given == {"taskToken": "token"}
            return ""
        try:
            found = getattr(client, operation)(**given)
        except ClientError as error:
            return str(error)
        if operation == "get_object":
            Path(left.pop()).write_bytes(found["Body"].read())
        assert left == []
        return ""


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    made = Cli(tmp_path)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arguments = json.loads(self.rfile.read(int(self.headers["content-length"])))
            body = json.dumps({"error": made.answer(arguments)}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        made.port = server.server_address[1]
        yield made
        server.shutdown()


def pack(cli: Cli, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    fixed = {
        "BUCKET_NAME": BUCKET,
        "TABLE_NAME": TABLE,
        "HOME": str(cli.home),
        "PATH": str(cli.path),
        "CLI_PORT": str(cli.port),
    }
    return subprocess.run(
        ["sh", "-c", SCRIPT.read_text(encoding="utf-8")],
        env={**fixed, **environment, "TASK_TOKEN": "token"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def use(orders: Workflow, cli: Cli) -> list[subprocess.CompletedProcess[str]]:
    """Makes the workflow run the script. A task that fails is one that exits with another status than 0."""
    finished: list[subprocess.CompletedProcess[str]] = []

    def run(environment: dict[str, str]) -> None:
        finished.append(pack(cli, environment))
        if finished[-1].returncode:
            raise stepfunctions._ExecutionError("States.TaskFailed", finished[-1].stderr)

    orders.pack = run
    return finished


class TestScript:
    def test_it_ships_the_order(self, orders: Workflow, cli: Cli) -> None:
        finished = use(orders, cli)
        assert orders.take("o-1").outcome == "confirmed"
        assert [(each.returncode, each.stderr) for each in finished] == [(0, "")]
        assert finished[0].stdout.endswith("pack: shipped o-1\n")
        assert cli.asked == ["send_task_heartbeat", "get_object", "send_task_heartbeat", "update_item"]
        assert orders.books("o-1") == DONE

    def test_it_ships_once_if_it_runs_again(self, orders: Workflow, cli: Cli) -> None:
        finished = use(orders, cli)
        orders.faults = {"ship": ["after"]}
        orders.take("o-1")
        assert [each.returncode for each in finished] == [0, 0]
        assert orders.books("o-1") == DONE

    def test_the_stand_in_of_other_tests_writes_the_same_entry(self, orders: Workflow, cli: Cli) -> None:
        def entry(order_id: str) -> dict[str, Any]:
            [found] = [each for each in orders.entries() if each["pk"]["S"] == f"SHIPMENT#{order_id}"]
            return {name: [*value] for name, value in found.items()}

        orders.take("o-1")
        use(orders, cli)
        orders.take("o-2")
        assert entry("o-1") == entry("o-2")

    @pytest.mark.parametrize("operation", ["send_task_heartbeat", "get_object", "update_item"])
    def test_it_fails_if_a_call_fails(self, orders: Workflow, cli: Cli, operation: str) -> None:
        finished = use(orders, cli)
        cli.refused = {operation: "TaskTimedOut"}
        assert orders.take("o-1").error == "OrderUndone"
        assert {each.returncode for each in finished} == {254}
        assert cli.asked[-1] == operation
        assert orders.balance("o-1") == set()

    def test_a_recalled_order_is_not_shipped(self, orders: Workflow, cli: Cli) -> None:
        finished = use(orders, cli)
        cli.on_ask = lambda _: orders.modules["books"].SHIPMENT.undo("o-1")
        assert orders.take("o-1").error == "OrderUndone"
        assert "ConditionalCheckFailed" in finished[-1].stderr
        assert orders.balance("o-1") == set()

    @pytest.mark.parametrize("missing", ["ORDER_ID", "DOCUMENT_KEY", "DOCUMENT_VERSION"])
    def test_it_fails_without_its_environment(self, orders: Workflow, cli: Cli, missing: str) -> None:
        reference = orders.put("o-1")["document"]
        environment = {"ORDER_ID": "o-1", "DOCUMENT_KEY": reference["key"], "DOCUMENT_VERSION": reference["version_id"]}
        del environment[missing]
        finished = pack(cli, environment)
        assert finished.returncode != 0
        assert missing in finished.stderr
        assert orders.entries() == []
