"""Finds the processes of a command, so that tests can interrupt them and check that none is left."""

import re
import signal
import subprocess
import time
from pathlib import Path

PROC = Path("/proc")
HAS_PROC = (PROC / "self" / "environ").exists()


def processes_of(folder: Path) -> dict[int, str]:
    """The command lines of the processes that have a folder in their environment, by process id.

    All processes of a rehearsal have their home in its temporary folder.
    """
    listed = _of_proc() if HAS_PROC else _of_ps()
    return {number: command for number, command, environment in listed if f"{folder}" in environment}


def _of_proc() -> list[tuple[int, str, str]]:
    found = []
    for process in PROC.glob("[0-9]*"):
        try:
            command, environment = (
                (process / name).read_bytes().decode(errors="replace") for name in ("cmdline", "environ")
            )
        except OSError:  # the process has ended in the meantime
            continue
        found.append((int(process.name), command.replace("\0", " "), environment))
    return found


def _of_ps() -> list[tuple[int, str, str]]:
    listed = subprocess.run(["ps", "-axEww", "-o", "pid=,command="], capture_output=True, text=True, check=True).stdout
    lines = [line.strip().partition(" ") for line in listed.splitlines()]
    return [(int(number), command, command) for number, _, command in lines]


def handles(process: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal. Python itself has one for SIGINT, which ends in a traceback."""
    if HAS_PROC:
        status = (PROC / str(process) / "status").read_text(encoding="utf-8")
        [caught] = re.findall(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)
    else:
        command = ["ps", "-o", "caught=", "-p", str(process)]
        caught = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return bool(int(caught, 16) & 1 << (number - 1))


def server_of(folder: Path) -> int:
    """The process id of the server of an emulated account."""
    [number] = [number for number, command in processes_of(folder).items() if "rehearsal.server" in command]
    return number


def wait_until_none(folder: Path, excluding: int | None = None, seconds: float = 30) -> None:
    """Waits for the end of all processes of a folder. Killed processes take a moment to end.

    :param excluding: the id of a process that may keep running.
    """
    deadline = time.monotonic() + seconds
    while found := {number: command for number, command in processes_of(folder).items() if number != excluding}:
        assert time.monotonic() < deadline, f"These processes still run: {found}"
        time.sleep(0.1)
