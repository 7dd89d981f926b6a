"""A copy of each pattern synthesizes and passes its tests where nothing of the book can be imported but the package."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from patternbook.cli import main
from patternbook.copying.book import patterns

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[str], Path]:
    """Copies a pattern, by the name of its stack."""

    def make(name: str) -> Path:
        assert main(["copy", name, str(tmp_path / "shop")]) == 0
        return tmp_path / "shop"

    return make


def run(folder: Path, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Runs a command in a copy, as after ``source .venv/bin/activate``, without credentials."""
    return subprocess.run(
        command,
        cwd=folder,
        env={
            "PATH": f"{BIN}{os.pathsep}/usr/bin:/bin",
            "HOME": os.environ["HOME"],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )


def run_tests(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(folder, [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *arguments])


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[int, str]]:
    """The exit status and the output of the synth and the tests in a copy of each pattern."""
    folders = {name: tmp_path_factory.mktemp("copies") / "shop" for name in patterns(ROOT)}
    for name, folder in folders.items():
        assert main(["copy", name, str(folder)]) == 0
    ran = run(ROOT, [sys.executable, str(Path(__file__).with_name("one_process.py")), *map(str, folders.values())])
    assert ran.returncode == 0, ran.stderr
    results = json.loads(ran.stdout)
    return {name: results[str(folder)] for name, folder in folders.items()}


@pytest.mark.parametrize("name", patterns(ROOT))
def test_a_copy_synthesizes_and_passes_its_tests(name: str, finished: Mapping[str, tuple[int, str]]) -> None:
    status, output = finished[name]
    assert status == 0, output
    assert " passed" in output
    assert "skipped" not in output


@pytest.mark.parametrize("name", ["DeployRoleStack", "EksFargateStack", "LambdaEdgeStack"])
def test_the_cli_synthesizes_a_copy(name: str, copy: Callable[[str], Path]) -> None:
    """Three are enough: ``cdk.json``, which the CLI reads, says the same in each copy but for the name of the stack."""
    folder = copy(name)
    synthesized = run(folder, ["cdk", "synth", "--quiet"])
    assert synthesized.returncode == 0, synthesized.stderr
    assert [path for path in (folder / "cdk.out").glob("*.template.json") if path.name.startswith(name)]


def test_a_pattern_that_imports_another_one_cannot_leave(copy: Callable[[str], Path]) -> None:
    folder = copy("EcrStack")
    replace(folder / "tests/unit/test_ecr.py", "import json\n", "import json\n\nimport stacks.fargate_efs\n")
    finished = run_tests(folder, "tests/unit")
    assert finished.returncode == 2, finished.stdout
    assert "No module named 'stacks.fargate_efs'" in finished.stdout


def test_a_copy_without_cdk_json_is_told(copy: Callable[[str], Path]) -> None:
    folder = copy("EcrStack")
    (folder / "cdk.json").unlink()
    finished = run_tests(folder, "tests/drills")
    assert finished.returncode == 1
    assert "There is no cdk.json in the folders above" in finished.stdout


def test_the_unit_tests_of_a_copy_see_its_stack(copy: Callable[[str], Path]) -> None:
    folder = copy("EcrStack")
    replace(folder / "stacks/ecr/stack.py", "image_scan_on_push=True", "image_scan_on_push=False")
    assert run_tests(folder, "tests/unit").returncode == 1


def test_the_drills_of_a_copy_see_its_promises(copy: Callable[[str], Path]) -> None:
    folder = copy("FargateEfsStack")
    replace(folder / "tests/drills/test_fargate_efs.py", "[*web_is_silent(", "[services.roll_back(), *web_is_silent(")
    replace(folder / "tests/drills/test_fargate_efs.py", "events import calm", "events import calm, services")
    finished = run_tests(folder, "tests/drills")
    assert finished.returncode == 1
    assert "A deployment fails and is rolled back: DeploymentFailed rings" in finished.stdout
