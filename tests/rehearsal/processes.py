"""What runs on this machine, to see that nothing stays."""

import subprocess
import time
from pathlib import Path

PROC = Path("/proc")


def processes_of(folder: Path) -> dict[int, str]:
    """Processes in whose environment a folder is: all that a rehearsal starts have their home in its own.

    Command lines by process number.
    """
    listed = _of_proc() if (PROC / "self" / "environ").exists() else _of_ps()
    return {number: command for number, command, environment in listed if f"{folder}" in environment}


def _of_proc() -> list[tuple[int, str, str]]:
    found = []
    for process in PROC.glob("[0-9]*"):
        try:
            command, environment = (
                (process / name).read_bytes().decode(errors="replace") for name in ("cmdline", "environ")
            )
        except OSError:  # gone meanwhile
            continue
        found.append((int(process.name), command.replace("\0", " "), environment))
    return found


def _of_ps() -> list[tuple[int, str, str]]:
    listed = subprocess.run(["ps", "-axEww", "-o", "pid=,command="], capture_output=True, text=True, check=True).stdout
    lines = [line.strip().partition(" ") for line in listed.splitlines()]
    return [(int(number), command, command) for number, _, command in lines]


def server_of(folder: Path) -> int:
    """The number of the process that is the emulated account."""
    [number] = [number for number, command in processes_of(folder).items() if "rehearsal.server" in command]
    return number


def wait_until_none(folder: Path, but: int | None = None, seconds: float = 30) -> None:
    """Processes that were just killed take a moment to go.

    :param but: one that may stay.
    """
    deadline = time.monotonic() + seconds
    while found := {number: command for number, command in processes_of(folder).items() if number != but}:
        assert time.monotonic() < deadline, f"still there: {found}"
        time.sleep(0.1)
