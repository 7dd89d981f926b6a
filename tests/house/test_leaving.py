"""A pattern can leave the book: its folder, its unit tests and its page need only the package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from patternbook.testing.synthesis import feature_flags

ROOT = Path(__file__).parents[2]
CONFTEST = """\
from patternbook.testing.fixtures import any_stack, bare, full, own, production, read, sandbox, stack
from patternbook.testing.fixtures import pytest_generate_tests
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one pattern of the book, the feature flags and nothing else."""
    shutil.copytree(ROOT / "stacks/fargate_efs", tmp_path / "stacks/fargate_efs")
    for name in ("stacks/__init__.py", "tests/unit/test_fargate_efs.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tests/conftest.py").write_text(CONFTEST, encoding="utf-8")
    flags = {"context": feature_flags(ROOT / "cdk.json")}
    (tmp_path / "cdk.json").write_text(json.dumps(flags), encoding="utf-8")
    return tmp_path


def unit_tests(project: Path) -> subprocess.CompletedProcess[str]:
    """Runs them where only the project and installed packages can be imported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", "--rootdir", ".", "tests"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_unit_tests_of_a_pattern_need_only_the_package(project: Path) -> None:
    finished = unit_tests(project)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert " passed" in finished.stdout


def test_a_pattern_that_imports_another_one_cannot_leave(project: Path) -> None:
    tests = project / "tests/unit/test_fargate_efs.py"
    tests.write_text(f"import stacks.ecr\n{tests.read_text(encoding='utf-8')}", encoding="utf-8")
    finished = unit_tests(project)
    assert finished.returncode == 2, finished.stdout
    assert "No module named 'stacks.ecr'" in finished.stdout


def test_a_project_without_cdk_json_is_told(project: Path) -> None:
    (project / "cdk.json").unlink()
    finished = unit_tests(project)
    assert finished.returncode == 1
    assert "There is no cdk.json in the folders above" in finished.stdout
