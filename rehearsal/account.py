"""Starts and stops an emulated account, and runs commands that see no other AWS account."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from rehearsal import CALLS, INVENTORY
from rehearsal.interruption import Interruption, StopRequestError
from rehearsal.running import EMULATED, Account, RehearsalError, kill

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
LOOPBACK = "127.0.0.1"
ACCOUNT_ID = "111122223333"
REGION = "us-east-1"
SECRET = "rehearsal"
"""The secret access key of the root user, which is the same in every emulated account."""

START_SECONDS = 30
"""Time limit for the first answer of the server. It usually takes 1 or 2 seconds."""
CUSTOM_RESOURCE_SECONDS = 30
"""Time limit for the response of a custom resource."""


class EmulatedAccount(Account, contextlib.AbstractContextManager["EmulatedAccount"]):
    """An empty AWS account on this machine, for as long as the ``with`` block lasts.

    It listens on 127.0.0.1 only. Its own files and those of the commands that :meth:`run` starts are in one temporary
    folder, which is deleted together with the account.
    """

    environment: dict[str, str]
    """The environment variables of commands. They point to this account, and contain nothing of the user's."""
    session: boto3.Session
    """A boto3 session in this account."""
    folder: Path
    """The temporary folder of the account."""
    limits = EMULATED

    def __init__(
        self,
        *,
        port: int = 0,
        custom_resource_seconds: int = CUSTOM_RESOURCE_SECONDS,
        enforce_permissions: bool = False,
        interruption: Interruption | None = None,
    ) -> None:
        """:param port: the port to listen on; 0 for any free one.
        :param enforce_permissions: whether the policies of roles count. :attr:`environment` is the root user's, who may
            do everything. CloudFormation may, too, because the account does not look at the role of a stack.
        :param interruption: every method that waits raises as soon as it is set.
        """
        self._asked_port = port
        self._interruption = interruption or Interruption()
        self._custom_resource_seconds = custom_resource_seconds
        self._enforce_permissions = enforce_permissions

    def __enter__(self) -> "EmulatedAccount":
        """:raises RehearsalError: if the port is in use, or the server does not start."""
        with contextlib.ExitStack() as undo:
            self.folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="patternbook-rehearsal-")))
            listening = _listen(self._asked_port)
            undo.callback(listening.close)
            self.port = listening.getsockname()[1]
            self.endpoint = f"http://{LOOPBACK}:{self.port}"
            self.environment = {
                **isolated_environment(self.folder),
                "AWS_ENDPOINT_URL": self.endpoint,
                "AWS_ENDPOINT_URL_S3": self.endpoint,
                "AWS_ACCESS_KEY_ID": ACCOUNT_ID,  # MiniStack uses it as the account id
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
            }
            self.session = _Session(self.endpoint)
            self._server = self._start(listening)
            undo.callback(self._stop)
            # The server has its own copy of the socket. If the server ends, connections are refused.
            listening.close()
            self._wait_until_ready()
            self._undo = undo.pop_all()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """:raises RehearsalError: if the block failed because the server had ended by itself."""
        with self._undo:
            if isinstance(error, Exception) and not isinstance(error, StopRequestError):
                self._check_server()

    def _start(self, listening: socket.socket) -> "subprocess.Popen[bytes]":
        self._log = self.folder / "server.log"
        environment = {
            **isolated_environment(self.folder),
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": LOOPBACK,
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "MINISTACK_REGION": REGION,
            # AWS has more than a thousand managed policies. MiniStack knows a few, and takes the others for typos.
            "MINISTACK_AUTOCREATE_AWS_MANAGED": "1",
            # Without these, MiniStack would open more ports: for brokers, and for containers of a Docker engine.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{self.folder / 'no-docker.sock'}",
            **({"AUTH": "true", "AWS_SECRET_ACCESS_KEY": SECRET} if self._enforce_permissions else {}),
        }
        arguments = (str(listening.fileno()), str(self._custom_resource_seconds))
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "rehearsal.server", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,  # the server ends when this pipe is closed
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[listening.fileno()],
                start_new_session=True,  # Ctrl-C reaches the rehearsal only, which then ends the server
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.check_running()
            # The socket listens already, so the first request waits until the server answers.
            with contextlib.suppress(OSError):
                self._get("/_ministack/health", timeout=1)
                return
            if time.monotonic() > deadline:
                raise RehearsalError(
                    f"The emulated account did not start in {START_SECONDS} seconds.{self._end_of_log()}"
                )

    def _stop(self) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        try:
            self._server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            kill(self._server)

    def check_running(self) -> None:
        """Everything that waits for something calls this repeatedly.

        :raises RehearsalError: if the server has ended by itself.
        :raises StopRequestError: after a signal to end.
        """
        self._interruption.raise_if_set()
        self._check_server()

    def _check_server(self) -> None:
        status = self._server.poll()
        if status is not None:
            raise RehearsalError(f"The emulated account ended by itself (status {status}).{self._end_of_log()}")

    def _end_of_log(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        return "".join(f"\n    {line}" for line in lines)

    def _get(self, path: str, *, timeout: float) -> bytes:
        # A proxy of the environment cannot reach the loopback address of this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.endpoint + path, timeout=timeout) as answer:
            return answer.read()

    def inventory(self) -> dict[str, list[str]]:
        """The keys of all records in the account, by store."""
        return json.loads(self._get(INVENTORY, timeout=10))

    def handler_calls(self) -> dict[str, list[str]]:
        """The API functions that the handlers of CloudFormation types have called, by type."""
        return json.loads(self._get(CALLS, timeout=10))


class _Session(boto3.Session):
    """A session with one endpoint. It ignores environment variables, profiles, config files and proxies."""

    def __init__(self, endpoint: str) -> None:
        without_sources: Any = {
            name: (None, None, os.devnull if name.endswith("_file") else default, convert)
            for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
        }
        super().__init__(
            botocore_session=botocore.session.Session(session_vars=without_sources),
            aws_access_key_id=ACCOUNT_ID,
            aws_secret_access_key=SECRET,
            region_name=REGION,
        )
        self._endpoint = endpoint

    def client(self, service_name: str, *arguments: Any, **named: Any) -> Any:
        config = Config(proxies={}, connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2})
        return super().client(
            service_name,
            *arguments,
            **{"endpoint_url": self._endpoint, "config": config, **named},
        )


def isolated_environment(home: Path) -> dict[str, str]:
    """Environment variables with the project's tools on the path, and without the user's variables, home or proxies."""
    cache = "Library/Caches/com.amazonaws.jsii" if sys.platform == "darwin" else ".cache/aws/jsii"
    return {
        # With sbin, because PostgreSQL refuses to run as root: its wrapper adds a user by useradd.
        "PATH": os.pathsep.join([str(BIN), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "CI": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",  # the CLI would send it to AWS
        # jsii caches unpacked packages in the user's home. Without this, each command would unpack them again.
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": os.environ.get(
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(Path.home() / cache / "package-cache")
        ),
    }


def _listen(port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise RehearsalError(f"The port must be 0 to 65535, got {port}.")
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except OSError as error:
        listening.close()
        reason = f"Port {port} of {LOOPBACK} is not free: {error.strerror}."
        raise RehearsalError(f"{reason} Choose another port, or 0 for any free one.") from None
    listening.listen(100)
    return listening
