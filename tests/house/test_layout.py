"""Folders cause no name clash, and a synthesis is reproducible, without network and credentials."""

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Every Node process of the app loads this. It ends the process at any connection or look-up of a name.
NO_NETWORK_JS = """
const refuse = (what) => () => { console.error(`network call: ${what}`); process.exit(97); };
require('net').Socket.prototype.connect = refuse('connect');
require('dns').lookup = refuse('lookup');
require('dgram').createSocket = refuse('dgram');
"""
# Python imports this as sitecustomize when it starts.
NO_NETWORK_PY = """
import os, sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        sys.stderr.write(f"network call: {event}\\n")
        os._exit(97)
sys.addaudithook(refuse)
"""


def bare_environment(**more: str) -> dict[str, str]:
    """An environment without variables for AWS and the CDK."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **more}


def synthesize(outdir: Path, *, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=cwd,
        env=bare_environment(CDK_OUTDIR=str(outdir), **environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_constructs_is_a_source_root_and_not_a_package() -> None:
    assert not (ROOT / "constructs" / "__init__.py").exists(), (
        "As a package, it would hide PyPI's constructs from aws_cdk"
    )
    import constructs

    assert "site-packages" in Path(str(constructs.__file__)).parts


@pytest.mark.parametrize("path", sorted(ROOT.glob("stacks/*/stack.py")), ids=lambda path: path.parent.name)
def test_stack_files_are_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 120, "Move details into a construct, or into a module beside the stack"


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables that end each process of Python or Node at a network call, and give no credentials."""
    folder = tmp_path_factory.mktemp("guard")
    (folder / "no_network.js").write_text(NO_NETWORK_JS, encoding="utf-8")
    (folder / "sitecustomize.py").write_text(NO_NETWORK_PY, encoding="utf-8")
    return {
        "NODE_OPTIONS": f"--require {folder / 'no_network.js'}",
        "PYTHONPATH": str(folder),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def test_a_repeated_synth_without_network_is_the_same(guard: dict[str, str], tmp_path: Path) -> None:
    """The second one has another working directory, no guard, and no validation, which writes no template."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    guarded = synthesize(tmp_path / "first", cwd=ROOT, **guard)
    assert "network call" not in guarded.stderr
    for result in (guarded, synthesize(tmp_path / "second", cwd=elsewhere, CDK_VALIDATION="false")):
        assert result.returncode == 0, result.stderr
    first, second = (_files(tmp_path / run) for run in ("first", "second"))
    assert first == second
    # Metadata files are left out. They contain stack traces with the path of jsii's temporary folder.
    names = [name for name in second if not name.endswith(".metadata.json")]
    assert {"FargateEfsStack.template.json", "manifest.json"} <= set(names)
    _, different, unread = filecmp.cmpfiles(tmp_path / "first", tmp_path / "second", names, shallow=False)
    assert (different, unread) == ([], [])


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("node", "require('net').connect(9, '127.0.0.1')"),
        ("node", "require('https').get('https://127.0.0.1:9')"),
        ("python", "import socket; socket.create_connection(('127.0.0.1', 9))"),
    ],
)
def test_the_guard_ends_a_process_that_connects(program: str, code: str, guard: dict[str, str]) -> None:
    command = [os.environ["JSII_NODE"], "-e", code] if program == "node" else [sys.executable, "-c", code]
    caught = subprocess.run(
        command, env=bare_environment(**guard), capture_output=True, text=True, check=False, timeout=60
    )
    assert caught.returncode == 97, caught.stderr
    assert "network call" in caught.stderr


def test_a_broken_cdk_json_is_one_message(tmp_path: Path) -> None:
    for name in ("app.py", "stacks"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    (tmp_path / "cdk.json").write_text("{ not json", encoding="utf-8")
    out = tmp_path / "out"
    result = subprocess.run(
        [sys.executable, "app.py"],
        cwd=tmp_path,
        env=bare_environment(CDK_OUTDIR=str(out)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Settings: 1 mistake; no template was written.\n\n  cdk.json, line 1, column 3\n")
    assert "Traceback" not in result.stderr
    assert not list(out.glob("*"))


@pytest.mark.parametrize("content", ["[]", '{"context": 5}', '"text"', "\xff"])
def test_a_cdk_json_of_another_shape_is_one_message(content: str, tmp_path: Path) -> None:
    from patternbook import SettingsError, build_app

    path = tmp_path / "cdk.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingsError, match="JSON"):
        build_app([], cdk_json=path)
