"""The life cycle of an emulated account, and of the commands that see it and nothing else of AWS."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from rehearsal import INVENTORY
from rehearsal.interruption import Interruption, StopRequestError

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
LOOPBACK = "127.0.0.1"
ACCOUNT_ID = "111122223333"
REGION = "us-east-1"

START_SECONDS = 30
"""How long the server may take to answer for the first time; it takes 1 or 2."""
COMMAND_SECONDS = 120
"""How long a command may run; the slowest takes 5 seconds."""
CUSTOM_RESOURCE_SECONDS = 30
"""How long a custom resource may take to answer."""


class RehearsalError(Exception):
    """Why a rehearsal cannot go on, in words for the person who started it."""


@dataclass(frozen=True)
class Finished:
    """A command that ran to its end."""

    status: int
    output: str


class EmulatedAccount(contextlib.AbstractContextManager["EmulatedAccount"]):
    """An empty AWS account on this machine, for as long as the ``with`` block lasts.

    It listens on 127.0.0.1 only. All files, its own and those of the commands that :meth:`run` starts, are in one
    temporary folder, which goes with it.
    """

    environment: dict[str, str]
    """All that a command gets to see: this account, and neither variables, profiles nor config files of the user."""
    session: boto3.Session
    """boto3 in this account."""
    folder: Path
    """For files that need not outlive the account."""

    def __init__(
        self,
        *,
        port: int = 0,
        custom_resource_seconds: int = CUSTOM_RESOURCE_SECONDS,
        interruption: Interruption | None = None,
    ) -> None:
        """:param port: 0 for any that is free.
        :param interruption: heeded by everything here that waits.
        """
        self._asked_port = port
        self._interruption = interruption or Interruption()
        self._custom_resource_seconds = custom_resource_seconds

    def __enter__(self) -> "EmulatedAccount":
        """:raises RehearsalError: where the port is taken, or the server does not start."""
        with contextlib.ExitStack() as undo:
            self.folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="patternbook-rehearsal-")))
            listening = _listen(self._asked_port)
            undo.callback(listening.close)
            self.port = listening.getsockname()[1]
            self.endpoint = f"http://{LOOPBACK}:{self.port}"
            self.environment = {
                **unseen_user(self.folder),
                "AWS_ENDPOINT_URL": self.endpoint,
                "AWS_ENDPOINT_URL_S3": self.endpoint,
                "AWS_ACCESS_KEY_ID": ACCOUNT_ID,  # MiniStack takes it for the number of the account
                "AWS_SECRET_ACCESS_KEY": "rehearsal",
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
            }
            self.session = _Session(self.endpoint)
            self._server = self._start(listening)
            undo.callback(self._stop)
            listening.close()  # the server's now: without a server, connections are refused
            self._wait_until_ready()
            self._undo = undo.pop_all()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """:raises RehearsalError: where what ended the block comes of a server that ended by itself."""
        with self._undo:
            if isinstance(error, Exception) and not isinstance(error, StopRequestError):
                self._must_be_alive()

    def _start(self, listening: socket.socket) -> "subprocess.Popen[bytes]":
        self._log = self.folder / "server.log"
        environment = {
            **unseen_user(self.folder),
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": LOOPBACK,
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "MINISTACK_REGION": REGION,
            # What would listen beside the socket: brokers, and the containers that a Docker engine would run.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{self.folder / 'no-docker.sock'}",
        }
        arguments = (str(listening.fileno()), str(self._custom_resource_seconds))
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "rehearsal.server", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,  # the server ends when this does
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[listening.fileno()],
                start_new_session=True,  # Ctrl-C is for the rehearsal, which then ends the server
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.must_go_on()
            # The socket listens already, so the first question waits for its answer.
            with contextlib.suppress(OSError):
                self._get("/_ministack/health", timeout=1)
                return
            if time.monotonic() > deadline:
                raise RehearsalError(
                    f"The emulated account did not start in {START_SECONDS} seconds.{self._last_words()}"
                )

    def _stop(self) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        try:
            self._server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            _kill(self._server)

    def must_go_on(self) -> None:
        """For whoever waits.

        :raises RehearsalError: where the server has ended by itself.
        :raises StopRequestError: where somebody wants an end.
        """
        self._interruption.heed()
        self._must_be_alive()

    def _must_be_alive(self) -> None:
        status = self._server.poll()
        if status is not None:
            raise RehearsalError(f"The emulated account ended by itself (status {status}).{self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        return "".join(f"\n    {line}" for line in lines)

    def _get(self, path: str, *, timeout: float) -> bytes:
        # Without the proxies of the environment: this is for loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.endpoint + path, timeout=timeout) as answer:
            return answer.read()

    def inventory(self) -> dict[str, list[str]]:
        """All that is in the account, by store; to compare with what was there before."""
        return json.loads(self._get(INVENTORY, timeout=10))

    def run(
        self,
        *command: str,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        seconds: float = COMMAND_SECONDS,
    ) -> Finished:
        """Runs a command of the project's environment to its end, whatever its exit status.

        :param folder: where it runs; without one in the account's own, where no cdk.json has the CLI start an app.
        :param environment: for a command that is not to see the account.
        :raises RehearsalError: where it is not installed, takes longer than ``seconds``, or the account ends meanwhile.
        :raises StopRequestError: where somebody wants an end.
        """
        self.must_go_on()
        environment = environment or self.environment
        if shutil.which(command[0], path=environment["PATH"]) is None:
            raise RehearsalError(f"There is no {command[0]} in {environment['PATH']}: run make setup.")
        deadline = time.monotonic() + seconds
        with subprocess.Popen(
            command,
            cwd=folder or self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the rehearsal, which then ends the command
        ) as process:
            try:
                while True:
                    try:
                        output, _ = process.communicate(timeout=0.2)
                        return Finished(process.returncode, output.decode(errors="replace"))
                    except subprocess.TimeoutExpired:
                        self.must_go_on()
                    if time.monotonic() > deadline:
                        raise RehearsalError(f"{' '.join(command)}: not finished after {seconds:g} seconds.")
            finally:
                _kill(process)


class _Session(boto3.Session):
    """A session that asks one endpoint, and knows of no environment variable, profile, config file or proxy."""

    def __init__(self, endpoint: str) -> None:
        deaf: Any = {
            name: (None, None, os.devnull if name.endswith("_file") else default, convert)
            for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
        }
        super().__init__(
            botocore_session=botocore.session.Session(session_vars=deaf),
            aws_access_key_id=ACCOUNT_ID,
            aws_secret_access_key="rehearsal",
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


def unseen_user(home: Path) -> dict[str, str]:
    """An environment with the tools of the project, and nothing of the user: no variables, no home, no proxies."""
    cache = "Library/Caches/com.amazonaws.jsii" if sys.platform == "darwin" else ".cache/aws/jsii"
    return {
        "PATH": os.pathsep.join([str(BIN), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "CI": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",  # it would go to AWS
        # Where jsii keeps what it has unpacked: the one thing that is better not done again.
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": os.environ.get(
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(Path.home() / cache / "package-cache")
        ),
    }


def _listen(port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise RehearsalError(f"Port {port} does not exist; they go from 0 to 65535.")
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except OSError as error:
        listening.close()
        raise RehearsalError(f"Port {port} of {LOOPBACK} is not free: {error.strerror}. Name another, or 0.") from None
    listening.listen(100)
    return listening


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process that leads a group of its own, with all of the group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
