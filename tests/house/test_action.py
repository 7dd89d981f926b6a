"""The example workflow for GitHub Actions checks templates and keeps its findings."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from patternbook.rules.report import SARIF_SCHEMA
from tests.house.commands import ROOT, run

WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / "docs/examples/check-templates.yml").read_text(encoding="utf-8"))
JOB: dict[str, Any] = WORKFLOW["jobs"]["check"]
[CHECK] = [step["run"] for step in JOB["steps"] if "patternbook check" in step.get("run", "")]

BAD = {
    "Resources": {
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {"MemorySize": 64}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True, "QueueName": "orders"}},
    }
}
GOOD = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}


def checked(folder: Path, template: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Runs the step as GitHub's runner does, with ``bash -e``."""
    (folder / "templates").mkdir()
    (folder / "templates/app.yaml").write_text(yaml.safe_dump(template), encoding="utf-8")
    return run(["bash", "-e", "-c", CHECK], cwd=folder)


@pytest.mark.parametrize(("template", "status"), [(BAD, 1), (GOOD, 0)])
def test_the_check_fails_with_findings_and_writes_them(tmp_path: Path, template: dict[str, Any], status: int) -> None:
    finished = checked(tmp_path, template)
    assert (finished.returncode, finished.stderr) == (status, "")
    [upload] = [step for step in JOB["steps"] if "upload-sarif" in step.get("uses", "")]
    written = json.loads((tmp_path / upload["with"]["sarif_file"]).read_text())
    assert written["$schema"] == SARIF_SCHEMA
    results = written["runs"][0]["results"]
    assert bool(results) == bool(status)
    for result in results:
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "templates/app.yaml"


def test_findings_are_uploaded_although_they_fail_the_step_before() -> None:
    [condition] = [step["if"] for step in JOB["steps"] if "upload-sarif" in step.get("uses", "")]
    assert condition.startswith("(success() || failure()) && ")


def test_only_the_upload_may_write() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert JOB["permissions"] == {"contents": "read", "security-events": "write"}


def test_it_uses_the_actions_of_the_book_s_own_workflow() -> None:
    ours = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    used = [step["uses"] for step in JOB["steps"] if step.get("uses", "").startswith("actions/")]
    assert len(used) == 2
    assert all(f"uses: {action}" in ours for action in used)


def test_it_installs_the_version_of_this_book() -> None:
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    [install] = [step["run"] for step in JOB["steps"] if step.get("run", "").startswith("pip install")]
    assert install.startswith(f"pip install patternbook=={version[1]}")
