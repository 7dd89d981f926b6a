"""The workflow for GitHub Actions builds the site and publishes it, with no more permissions than that needs."""

import re
from typing import Any

import yaml

from tools.explain import ROOT

TEXT = (ROOT / ".github/workflows/site.yml").read_text(encoding="utf-8")
WORKFLOW: dict[str, Any] = yaml.safe_load(TEXT)
BUILD, PUBLISH = WORKFLOW["jobs"]["build"], WORKFLOW["jobs"]["publish"]


def test_it_uploads_the_folder_that_make_writes() -> None:
    [upload] = [step for step in BUILD["steps"] if "upload-pages-artifact" in step.get("uses", "")]
    assert [step["run"] for step in BUILD["steps"] if "run" in step] == ["make site"]
    assert f"\nSITE := {upload['with']['path']}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert PUBLISH["needs"] == "build"


def test_every_action_is_pinned_and_shared_with_the_workflow_of_ci() -> None:
    used = re.findall(r"uses: (\S+)", TEXT)
    assert len(used) == 4
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", each) for each in used)
    ci = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert all(each in ci for each in used if "pages" not in each)


def test_only_the_publishing_job_may_write_and_it_runs_none_of_our_code() -> None:
    """The permissions are those that actions/deploy-pages asks for (https://github.com/actions/deploy-pages)."""
    assert WORKFLOW["permissions"] == {}
    assert BUILD["permissions"] == {"contents": "read"}
    assert PUBLISH["permissions"] == {"pages": "write", "id-token": "write"}
    assert [list(step) for step in PUBLISH["steps"]] == [["id", "uses"]]
