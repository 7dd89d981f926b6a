"""Measures ``patternbook check`` on the ten largest templates of the book: ``python -m tools.bench_rules``.

It prints CPU seconds as medians, and their ratio to a process that only reads the same files.
"""

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

from tools.assembly import template_files
from tools.costs import cost

ROUNDS: Final = 5
TEMPLATES: Final = 10
AIM_SECONDS: Final = 0.5
READ: Final = "import json, sys; [json.load(open(path)) for path in sys.argv[1:]]"


def main() -> None:
    """Prints the medians and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        cost(sys.executable, "app.py", CDK_OUTDIR=folder)
        largest = sorted(template_files(Path(folder)).values(), key=lambda path: path.stat().st_size)[-TEMPLATES:]
        paths = list(map(str, largest))
        read, check = (
            statistics.median(cost(sys.executable, *command, *paths).cpu_seconds for _ in range(ROUNDS))
            for command in (("-c", READ), ("-m", "patternbook.cli", "check"))
        )
    print(f"check of {TEMPLATES} templates   {check:.2f} CPU seconds (aim: {AIM_SECONDS})")
    print(f"check / read of {TEMPLATES} templates   {check / read:.1f}")


if __name__ == "__main__":
    main()
