"""Measures a synthesis, the share of each pattern, and the unit tests: ``python -m tools.bench``.

It prints ratios of CPU time, because absolute times differ between machines, and between minutes on one machine. The
commands run five times in turn, and the medians count.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import app
from patternbook.settings.context import is_cdk_key
from tools import bench_edge

ROOT = Path(__file__).parent.parent
ROUNDS = 5

ONE_BUCKET = """
import json
import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

app = cdk.App(context=json.load(open("cdk.json"))["context"])
s3.Bucket(cdk.Stack(app, "OneBucket"), "Bucket")
app.synth()
"""

# Synthesizes the book without one pattern. The arguments are a cdk.json and the name of the pattern. The cdk.json must
# have no keys of patterns, because the key of the missing pattern would be unknown.
BOOK_WITHOUT = """
import sys
from pathlib import Path

import app
from patternbook import synthesize

synthesize([pattern for pattern in app.PATTERNS if pattern.__name__ != sys.argv[2]], cdk_json=Path(sys.argv[1]))
"""


def _cpu_seconds(*command: str) -> float:
    """User and system CPU time of a command and all its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as outdir:
        subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "CDK_OUTDIR": outdir},
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints the ratios and their limits."""
    with tempfile.TemporaryDirectory() as folder:
        flags = Path(folder, "cdk.json")
        context = json.loads(app.CDK_JSON.read_text(encoding="utf-8"))["context"]
        flags.write_text(json.dumps({"context": {key: value for key, value in context.items() if is_cdk_key(key)}}))
        medians = _measure(
            {
                "one bucket": (sys.executable, "-c", ONE_BUCKET),
                "the book": (sys.executable, "app.py"),
                "unit tests": (sys.executable, "-m", "pytest", "tests/unit"),
                **{
                    f"without {pattern.__name__}": (sys.executable, "-c", BOOK_WITHOUT, str(flags), pattern.__name__)
                    for pattern in app.PATTERNS
                },
            }
        )
    bucket, book = medians["one bucket"], medians["the book"]
    print(f"the book / one bucket   {book / bucket:.2f}")
    print(f"unit tests / the book   {medians['unit tests'] / book:.2f} (3.0 or less)")
    for pattern in app.PATTERNS:
        share = (book - medians[f"without {pattern.__name__}"]) / bucket
        print(f"{pattern.__name__} / one bucket   {share:.2f} (0.2 or less)")
    bench_edge.main()


def _measure(commands: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """The median of the CPU seconds of each command."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _round in range(ROUNDS):
        for name, command in commands.items():
            seconds[name].append(_cpu_seconds(*command))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in medians.items():
        print(f"{name:<33} {value:6.2f} CPU seconds (median of {ROUNDS})")
    return medians


if __name__ == "__main__":
    main()
