"""Measures what a synth costs, each pattern in it, the site and the tests: ``python -m tools.bench [--parts]``.

The default prints ratios of CPU seconds within one run, interleaved, as medians of five, and measures the rules, the
functions at the edge and those of the web API. Absolute times differ between machines, and on one between minutes.
``--parts`` prints the seconds of the unit tests of one pattern and of each part of ``make check``, once each, as
multiples of one synth of the book. It takes as long as ``make check``.
"""

import json
import re
import statistics
import sys
import tempfile
from collections.abc import Mapping
from typing import Any, Final

import app
from patternbook.settings.context import read_cdk_json
from patternbook.settings.keys import PATTERNS
from tools import bench_edge, bench_rules, bench_web_api, bench_work
from tools.costs import ROOT, Cost, cost

ROUNDS: Final = 5
BOOK: Final = (sys.executable, "app.py")
UNIT_TESTS: Final = (sys.executable, "-m", "pytest", "tests/unit")
ONE_PATTERN: Final = (*UNIT_TESTS[:-1], "tests/unit/test_fargate_efs.py")
ONE_BUCKET: Final = """
import json
import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

app = cdk.App(context=json.load(open("cdk.json"))["context"])
s3.Bucket(cdk.Stack(app, "OneBucket"), "Bucket")
app.synth()
"""


def cost_of_book(**context: Any) -> Cost:
    """Synthesizes the app.

    :param context: context keys that the command line would give, beside those of ``cdk.json``.
    """
    given = json.dumps({**read_cdk_json(app.CDK_JSON), **context})
    with tempfile.TemporaryDirectory() as outdir:
        return cost(*BOOK, CDK_OUTDIR=outdir, CDK_CONTEXT_JSON=given)


def cost_of_site() -> Cost:
    """Builds the site."""
    with tempfile.TemporaryDirectory() as folder:
        return cost(sys.executable, "-m", "tools.site", folder)


def ratios() -> None:
    """Prints ratios of CPU seconds, and their aims."""
    alone = {pattern.__name__: {PATTERNS: pattern.__name__} for pattern in app.PATTERNS}
    seconds: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        measured = {
            "one bucket": cost(sys.executable, "-c", ONE_BUCKET),
            "the book": cost_of_book(),
            "the site": cost_of_site(),
            "unit tests": cost(*UNIT_TESTS),
            **{name: cost_of_book(**context) for name, context in alone.items()},
        }
        for name, each in measured.items():
            seconds.setdefault(name, []).append(each.cpu_seconds)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in medians.items():
        print(f"{name:<33} {value:6.2f} CPU seconds (median of {ROUNDS})")
    bucket, book = medians["one bucket"], medians["the book"]
    print(f"\nthe book / one bucket   {book / bucket:.2f}")
    for name in alone:
        print(f"{name} alone / one bucket   {medians[name] / bucket:.2f} (aim: 1.6)")
    further = (book - statistics.mean(medians[name] for name in alone)) / (len(alone) - 1)
    print(f"each further pattern / one bucket   {further / bucket:.2f} (aim: 0.2)")
    print(f"the site / the book   {medians['the site'] / book:.2f} (aim: 1.5)")
    print(f"unit tests / the book   {medians['unit tests'] / book:.2f} (aim: 3)")


def parts() -> None:
    """Prints the seconds of the parts of a check, by the clock."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [check] = re.findall(r"^check: ([\w -]+?) *##", makefile, re.MULTILINE)
    commands: Mapping[str, tuple[str, ...]] = {
        "unit tests of FargateEfsStack": ONE_PATTERN,
        **{f"make {part}": ("make", part) for part in check.split()},
    }
    book = cost_of_book().wall_seconds
    print(f"{'one synth of the book':<33} {book:6.1f} s", flush=True)
    for name, command in commands.items():
        seconds = cost(*command).wall_seconds
        print(f"{name:<33} {seconds:6.1f} s   {seconds / book:5.1f} times one synth", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            ratios()
            bench_rules.main()
            bench_edge.main()
            bench_web_api.main()
            bench_work.main()
        case ["--parts"]:
            parts()
        case _:
            sys.exit("python -m tools.bench takes no argument, or --parts.")
