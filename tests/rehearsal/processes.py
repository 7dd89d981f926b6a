"""What runs on this machine, to see that nothing stays."""

import subprocess
import time
from pathlib import Path


def processes_of(folder: Path) -> list[str]:
    """Processes whose command line or environment mentions a folder: all that a rehearsal starts have their home there.

    By number and command line, oldest first.
    """
    listed = subprocess.run(["ps", "axeww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line.strip() for line in listed.splitlines() if str(folder) in line]


def wait_until_none(folder: Path, seconds: float = 10) -> None:
    """Processes that were just killed take a moment to go."""
    deadline = time.monotonic() + seconds
    while processes_of(folder):
        assert time.monotonic() < deadline, f"still there: {processes_of(folder)}"
        time.sleep(0.1)
