"""Measures ``patternbook check`` on the ten largest templates of the book: ``python -m tools.bench_rules``.

It prints CPU seconds as medians, and their ratio to a process that only reads the same files.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tools.assembly import template_files

ROOT: Final = Path(__file__).parents[1]
ROUNDS: Final = 5
TEMPLATES: Final = 10
AIM_SECONDS: Final = 0.5
READ: Final = "import json, sys; [json.load(open(path)) for path in sys.argv[1:]]"


def cpu_seconds(*command: str) -> float:
    """CPU seconds of a command, which has to succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints the medians and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run((sys.executable, "app.py"), cwd=ROOT, env={**os.environ, "CDK_OUTDIR": folder}, check=True)
        largest = sorted(template_files(Path(folder)).values(), key=lambda path: path.stat().st_size)[-TEMPLATES:]
        paths = list(map(str, largest))
        read, check = (
            statistics.median(cpu_seconds(sys.executable, *command, *paths) for _ in range(ROUNDS))
            for command in (("-c", READ), ("-m", "patternbook.cli", "check"))
        )
    print(f"check of {TEMPLATES} templates   {check:.2f} CPU seconds (aim: {AIM_SECONDS})")
    print(f"check / read of {TEMPLATES} templates   {check / read:.1f}")


if __name__ == "__main__":
    main()
