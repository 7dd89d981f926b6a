"""Costs of commands, for benchmarks."""

import os
import resource
import subprocess
import time
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]


class Cost(NamedTuple):
    """What a command and all its children took."""

    cpu_seconds: float
    wall_seconds: float


def cost(*command: str, **environment: str) -> Cost:
    """Runs a command in the folder of the project. It has to succeed.

    :param environment: variables beside those of this process.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, end - start)
