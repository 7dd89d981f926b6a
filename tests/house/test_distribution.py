"""The wheel and the sdist have every file that they need, and the base installation works without the CDK."""

import json
import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from patternbook import _cdk
from patternbook.copying.book import patterns
from patternbook.copying.project import project

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "constructs" / "patternbook"
BASE_MIB, OURS_MIB = 40, 8
"""The most that the base installation may take, and the part of it that is this package."""
NEEDS_CDK = "needs the AWS CDK, which is not installed. Type: pip install 'patternbook[cdk]'"


def build(project: Path, folder: Path, *targets: str) -> list[Path]:
    """Builds distributions by the build backend itself, which needs no network then."""
    arguments = [argument for target in targets for argument in ("-t", target)]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder), *arguments],
        cwd=project,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist and the wheel of the book."""
    wheel, sdist = build(ROOT, tmp_path_factory.mktemp("dist"), "sdist", "wheel")
    return sdist, wheel


def names_in(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_a_wheel_has_every_module_and_every_file_that_copies_need(built: tuple[Path, Path]) -> None:
    names = names_in(built[1])
    kinds = ("unit", "drills")
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "constructs/patternbook"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    ours = {name.removeprefix("constructs/") for name in tracked if (ROOT / name).exists()}
    assert {name for name in names if not name.startswith("patternbook/_book/")} == ours
    copied = {f"stacks/{path}" for path in _files(ROOT / "stacks")} | {f"docs/{path}" for path in _files(ROOT / "docs")}
    book = {name.removeprefix("patternbook/_book/") for name in names - ours}
    assert book - copied == {
        *("cdk.json", "package.json", "package-lock.json", "tests/__init__.py"),
        *(f"tests/{kind}/__init__.py" for kind in kinds),
        *(f"tests/{kind}/{path.name}" for kind in kinds for path in (ROOT / "tests" / kind).glob("test_*.py")),
    }
    assert copied <= book


def _files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_wheel_of_the_sdist_is_the_wheel_of_the_clone(built: tuple[Path, Path], tmp_path: Path) -> None:
    sdist, wheel = built
    shutil.unpack_archive(sdist, tmp_path)
    [project] = tmp_path.iterdir()
    [again] = build(project, tmp_path / "dist", "wheel")
    assert again.read_bytes() == wheel.read_bytes()


def test_a_deleted_module_is_in_no_later_wheel(tmp_path: Path) -> None:
    project = tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("constructs/patternbook", "docs", "stacks", "tests/unit", "tests/drills"):
        shutil.copytree(ROOT / name, project / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", "cdk.json", "package.json", "package-lock.json"):
        shutil.copy(ROOT / name, project / name)
    given_up = project / "constructs" / "patternbook" / "given_up.py"
    given_up.touch()
    before = set(project.iterdir())
    assert "patternbook/given_up.py" in names_in(*build(project, tmp_path / "dist", "wheel"))
    given_up.unlink()
    assert "patternbook/given_up.py" not in names_in(*build(project, tmp_path / "dist", "wheel"))
    assert set(project.iterdir()) == before


def test_twine_accepts_the_wheel_and_the_sdist(built: tuple[Path, Path]) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "twine", "--no-color", "check", "--strict", *map(str, built)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("PASSED") == 2


def test_the_license_is_in_both(built: tuple[Path, Path]) -> None:
    sdist, wheel = built
    with ZipFile(wheel) as archive:
        assert archive.read("patternbook-0.1.0.dist-info/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        assert b"License-Expression: MIT-0\n" in archive.read("patternbook-0.1.0.dist-info/METADATA")
    with tarfile.open(sdist) as archive:
        assert "patternbook-0.1.0/LICENSE" in archive.getnames()


def needed(name: str, extras: frozenset[str] = frozenset()) -> Iterator[str]:
    """The distributions that a distribution needs, with those that these need."""
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        if any(requirement.marker is None or requirement.marker.evaluate({"extra": extra}) for extra in extras or {""}):
            yield requirement.name
            yield from needed(requirement.name, frozenset(requirement.extras))


@pytest.fixture(scope="module")
def base(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and only what it needs without an extra."""
    folder = tmp_path_factory.mktemp("base")
    venv.create(folder, with_pip=False, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    for name in set(needed("patternbook")):
        for top in {file.parts[0] for file in distribution(name).files or () if file.parts[0] != ".."}:
            target = Path(str(distribution(name).locate_file(top)))
            if not (packages / top).exists() and top != "__pycache__":
                (packages / top).symlink_to(target)
    with ZipFile(built[1]) as archive:
        archive.extractall(packages)
    return folder / "bin" / "python"


def run(python: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), "-I", *arguments], cwd=cwd, check=False, capture_output=True, text=True, timeout=120
    )


def test_the_base_installation_is_small_and_has_no_cdk_and_no_node(base: Path, tmp_path: Path) -> None:
    assert {name.lower() for name in needed("patternbook")} == {
        *("boto3", "botocore", "jmespath", "lazy-loader", "packaging", "python-dateutil", "pyyaml"),
        *("s3transfer", "six", "urllib3"),
    }
    program = "import aws_cdk"
    assert "No module named 'aws_cdk'" in run(base, "-c", program, cwd=tmp_path).stderr


def test_the_base_installation_stays_below_its_limit(built: tuple[Path, Path]) -> None:
    """Somebody who only checks templates in CI installs it each time. Most of it is the data of botocore."""
    files = {
        distribution(name).locate_file(file)
        for name in set(needed("patternbook"))
        for file in distribution(name).files or ()
        if "__pycache__" not in file.parts
    }
    dependencies = sum(Path(str(each)).stat().st_size for each in files)
    with ZipFile(built[1]) as archive:
        ours = sum(each.file_size for each in archive.infolist())
    assert dependencies + ours < BASE_MIB * 1024 * 1024
    assert ours < OURS_MIB * 1024 * 1024


def test_the_base_installation_checks_templates(base: Path, tmp_path: Path) -> None:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}}
    (tmp_path / "topic.json").write_text(json.dumps(template))
    (tmp_path / "topic.yaml").write_text("Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n")
    checked = run(base, "-m", "patternbook.cli", "check", "topic.json", "topic.yaml", cwd=tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_base_installation_copies_every_pattern_as_a_clone_does(base: Path, tmp_path: Path) -> None:
    program = """
import hashlib, json
from patternbook.copying.book import book, patterns
from patternbook.copying.project import project
root = book()
assert root.name == "_book"
print(json.dumps({name: {file: hashlib.sha256(text).hexdigest() for file, text in project(root, each).items()}
                  for name, each in patterns(root).items()}))
"""
    finished = run(base, "-c", program, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    installed = json.loads(finished.stdout)
    for name, pattern in patterns(ROOT).items():
        assert installed[name].keys() == project(ROOT, pattern).keys(), name
    assert run(base, "-m", "patternbook.cli", "copy", "EcrStack", "shop", cwd=tmp_path).returncode == 0
    assert (tmp_path / "shop/stacks/ecr/stack.py").read_text() == (ROOT / "stacks/ecr/stack.py").read_text()
    assert (tmp_path / "shop/requirements.txt").read_text().splitlines()[1] == "patternbook[cdk,node,testing]==0.1.0"


def test_a_construct_without_the_cdk_says_what_to_install(base: Path, tmp_path: Path) -> None:
    for program, module in (
        ("from patternbook import FargateService", "patternbook.ecs"),
        ("import patternbook; patternbook.Network", "patternbook.network"),
        ("import patternbook.network", "patternbook.network"),
        ("from patternbook.rules.plugin import PatternbookRules", "patternbook.rules.plugin"),
        ("import patternbook.testing.fixtures", "patternbook.testing"),
    ):
        finished = run(base, "-c", program, cwd=tmp_path)
        assert finished.stderr.splitlines()[-1] == f"ModuleNotFoundError: {module} {NEEDS_CDK}", program


def test_every_module_works_without_the_cdk_or_says_what_to_install(base: Path, tmp_path: Path) -> None:
    program = f"""
import pkgutil, patternbook
from importlib import import_module
def walk(path, prefix):
    for found in pkgutil.iter_modules(path, prefix):
        try:
            module = import_module(found.name)
        except ModuleNotFoundError as error:
            assert str(error).endswith({NEEDS_CDK!r}), (found.name, error)
        else:
            print(found.name.removeprefix("patternbook."))
            if found.ispkg:
                walk(module.__path__, f"{{found.name}}.")
walk(patternbook.__path__, "patternbook.")
"""
    finished = run(base, "-c", program, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    light = {name for name in finished.stdout.split() if not name.startswith("_")}
    assert light >= {"cli", "copying.project", "limits.edge", "rules.engine", "settings.mistakes"}
    assert not [name for name in light if not _cdk.is_light(name)]
