"""Runs commands for the steps of a stack's life, in whichever account: an emulated one, or a real one."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import boto3


class RehearsalError(Exception):
    """A step failed. The message is written for the person who started it."""


@dataclass(frozen=True)
class CommandResult:
    """The exit status and output of a command."""

    status: int
    output: str


@dataclass(frozen=True)
class Limits:
    """How long an account may take."""

    command_seconds: float
    """Time limit for a command."""
    roll_back_seconds: float
    """Time limit for a deployment that fails, and its roll-back."""
    pause_seconds: float
    """Time between two looks at something that is in progress."""


EMULATED: Final = Limits(command_seconds=120, roll_back_seconds=60, pause_seconds=0.1)
"""The limits of an emulated account. The slowest command, and the slowest roll-back, take 5 seconds."""


class Account(ABC):
    """An account in which stacks are deployed."""

    session: boto3.Session
    limits: Limits
    folder: Path
    """The working directory of commands. It has no cdk.json that would make the CLI start an app."""
    environment: dict[str, str]
    """The environment variables of commands that see the account."""

    @abstractmethod
    def check_running(self) -> None:
        """Everything that waits for something calls this repeatedly.

        :raises StopRequestError: after a signal to end.
        """

    def run(
        self,
        *command: str,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> CommandResult:
        """Runs a command of the project's environment that sees this account. Its failure is not an error here.

        :param folder: the working directory, in place of the account's.
        :param environment: other environment variables, for a command that must not see the account.
        :raises RehearsalError: if the command is not installed, takes too long, or the account ends.
        :raises StopRequestError: after a signal to end.
        """
        return _run(
            *command,
            folder=folder or self.folder,
            environment=environment or self.environment,
            seconds=self.limits.command_seconds if seconds is None else seconds,
            check_running=self.check_running,
        )


def _run(
    *command: str, folder: Path, environment: Mapping[str, str], seconds: float, check_running: Callable[[], None]
) -> CommandResult:
    """Runs a command, and ends it as soon as ``check_running`` raises.

    :raises RehearsalError: if the command is not installed, or takes longer than ``seconds``.
    """
    check_running()
    if shutil.which(command[0], path=environment["PATH"]) is None:
        raise RehearsalError(f"The command {command[0]} is not in {environment['PATH']}. Run make setup.")
    deadline = time.monotonic() + seconds
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C reaches the caller only, which then ends the command
    ) as process:
        try:
            while True:
                try:
                    output, _ = process.communicate(timeout=0.2)
                    return CommandResult(process.returncode, output.decode(errors="replace"))
                except subprocess.TimeoutExpired:
                    check_running()
                if time.monotonic() > deadline:
                    raise RehearsalError(f"The command did not finish in {seconds:g} seconds: {' '.join(command)}")
        finally:
            kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process that leads its own process group, and the whole group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
