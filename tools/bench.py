"""What a synth and the unit tests cost: ``python -m tools.bench``.

Ratios of CPU seconds within one run, interleaved, medians of five: absolute times differ between machines, and on
one machine between minutes.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import patternbook  # noqa: F401 - the commands below run jsii on the Node that it finds

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


def _cpu_seconds(*command: str) -> float:
    """CPU time, of user and system, of a command and all its children."""
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
    """Prints the ratios, and what they are to stay below."""
    commands = {
        "one bucket": (sys.executable, "-c", ONE_BUCKET),
        "the book": (sys.executable, "app.py"),
        "unit tests": (sys.executable, "-m", "pytest", "tests/unit"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _round in range(ROUNDS):
        for name, command in commands.items():
            seconds[name].append(_cpu_seconds(*command))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in medians.items():
        print(f"{name:<11} {value:6.2f} CPU seconds (median of {ROUNDS})")
    print(f"the book / one bucket   {medians['the book'] / medians['one bucket']:.2f} (aim: 2.0 or less)")
    print(f"unit tests / the book   {medians['unit tests'] / medians['the book']:.2f} (3.0 or less)")


if __name__ == "__main__":
    main()
