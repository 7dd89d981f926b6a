"""The CDK CLI refuses the stacks that have errors and no others, whatever found the errors."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import app
from patternbook.testing.synthesis import feature_flags
from tests.house.test_cli import BIN, run

pytestmark = pytest.mark.skipif(not (BIN / "cdk").exists(), reason="the CDK CLI is not installed here: run make setup")

FINDERS = ("Annotation", "Rule", "Nag")
PLACES = ("", "production/")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the stacks of ``verdicts.py``, in the app and in a stage."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(Path(__file__).with_name("verdicts.py"), folder / "app.py")
    context = {**feature_flags(app.CDK_JSON), "stages": {"production": {}}}
    (folder / "cdk.json").write_text(json.dumps({"app": "python app.py", "context": context}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def bare(project: Path) -> subprocess.CompletedProcess[str]:
    """What the CLI says without the name of a stack. It writes the assembly that the other tests read."""
    return run(["cdk", "synth", "--quiet"], cwd=project)


@pytest.mark.usefixtures("bare")
class TestStacks:
    def synth(self, project: Path, *stacks: str) -> subprocess.CompletedProcess[str]:
        return run(["cdk", "synth", "--quiet", "--app", "cdk.out", *stacks], cwd=project)

    def test_a_warning_refuses_no_stack(self, project: Path) -> None:
        """Not even if it has the same source as errors of other stacks."""
        warned = [f"{place}{finder}WarnedStack" for place in PLACES for finder in FINDERS]
        result = self.synth(project, *warned)
        assert result.returncode == 0, result.stderr
        assert [stack for stack in warned if result.stderr.count(f"\n   {stack}") != 1] == []
        assert "ERROR" not in result.stderr

    @pytest.mark.parametrize("place", PLACES)
    def test_a_stack_without_findings_is_silent(self, place: str, project: Path) -> None:
        result = self.synth(project, f"{place}FineStack", f"{place}AnnotationAcknowledgedStack")
        assert result.returncode == 0
        assert "Stack\n" not in result.stderr

    @pytest.mark.parametrize("finder", FINDERS)
    @pytest.mark.parametrize("place", PLACES)
    def test_an_error_refuses_its_stack(self, place: str, finder: str, project: Path) -> None:
        stack = f"{place}{finder}RefusedStack"
        result = self.synth(project, stack, f"{place}FineStack")
        assert result.returncode == 1
        assert f"\n   {stack}" in result.stderr
        assert "WarnedStack" not in result.stderr

    @pytest.mark.parametrize("place", PLACES)
    def test_a_pattern_of_names_selects_errors_and_warnings(self, place: str, project: Path) -> None:
        result = self.synth(project, f"{place}*")
        assert result.returncode == 1
        for finder in FINDERS:
            assert f"\n   {place}{finder}RefusedStack" in result.stderr
            assert f"\n   {place}{finder}WarnedStack" in result.stderr


def test_without_a_name_the_stacks_of_the_app_are_judged(bare: subprocess.CompletedProcess[str]) -> None:
    assert bare.returncode == 1
    for finder in FINDERS:
        assert f"\n   {finder}RefusedStack" in bare.stderr
    assert "production/" not in bare.stderr


def test_a_plugin_that_fails_refuses_everything(project: Path, tmp_path: Path) -> None:
    """The CLI would say nothing, and end with status 0."""
    command = ["cdk", "synth", "--quiet", "--app", "python app.py broken", "--output", str(tmp_path), "FineStack"]
    result = run(command, cwd=project)
    assert result.returncode == 1
    assert result.stderr.count("Validation plugin 'Broken' failed: a defect of the plugin") == 1
    assert "Traceback" not in result.stderr
