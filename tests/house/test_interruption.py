"""Ctrl-C ends every command of the Makefile without a traceback, at any moment."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.rehearsal.processes import handles, processes_of, wait_until_none

ROOT = Path(__file__).parents[2]
SECONDS = 60

pytestmark = pytest.mark.skipif(
    not Path(sys.executable).with_name("cdk").exists(), reason="the CDK CLI is not installed here: run make setup"
)

CLI = r"\S*node \S*cdk "
APP = r"python app\.py"
NODE_OF_JSII = r"\S*node .*jsii-runtime"
SERVER = r"\S*python\S* -m rehearsal\.server"


def module(name: str) -> str:
    """The command line of a module that the Makefile runs."""
    return rf"\S*python tools/run\.py {name}"


def wait_for(command: str, folder: Path) -> int:
    """The id of the first process with such a command line."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for number, line in processes_of(folder).items():
            if re.match(command, line):
                return number
        time.sleep(0.02)
    raise AssertionError(f"No process runs {command}.")


@contextmanager
def interrupted(command: str, folder: Path) -> Generator[None]:
    """Starts ``make``, and presses Ctrl-C after the block: the whole process group gets it, as from a terminal."""
    said = folder / "said"
    with said.open("wb") as output:
        started = subprocess.Popen(
            ["make", *command.split()],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "HOME": os.environ["HOME"], "TMPDIR": str(folder)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
        os.killpg(started.pid, signal.SIGINT)
        assert started.wait(SECONDS) != 0
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
    assert "Traceback" not in said.read_text(encoding="utf-8")
    wait_until_none(folder)


@pytest.mark.parametrize(
    ("command", "during", "imports"),
    [
        ("synth", CLI, False),
        ("synth", APP, True),
        ("synth", NODE_OF_JSII, False),
        ("test", module("pytest"), True),
        ("test", NODE_OF_JSII, False),
        ("settings", module("tools.settings"), True),
        ("record STACK=EcrStack", SERVER, False),
        ("rehearse STACK=EcrStack", SERVER, False),
        ("diff-templates REF=HEAD", module("tools.templates"), True),
        ("diff-templates REF=HEAD", CLI, False),
        ("diff-templates REF=HEAD", NODE_OF_JSII, False),
        ("verify STACK=EcrStack", module("pytest"), True),
        ("bench", module("tools.bench"), True),
    ],
)
def test_ctrl_c_prints_no_traceback(command: str, during: str, imports: bool, tmp_path: Path) -> None:
    """:param during: the signal comes when a process with this command line runs.
    :param imports: whether the signal comes when the process has replaced Python's own handler, and still imports
        modules. The start of the interpreter comes before.
    """
    with interrupted(command, tmp_path):
        process = wait_for(during, tmp_path)
        time.sleep(0.05)
        while imports and handles(process, signal.SIGINT):
            time.sleep(0.005)


@pytest.mark.parametrize("seconds", [0, 3])
def test_ctrl_c_during_tests_prints_no_traceback(seconds: int, tmp_path: Path) -> None:
    """pytest handles Ctrl-C by then. The Node of jsii ends by it, too."""
    with interrupted("test", tmp_path):
        wait_for(NODE_OF_JSII, tmp_path)
        tests = wait_for(module("pytest"), tmp_path)
        while not handles(tests, signal.SIGINT):
            time.sleep(0.005)
        time.sleep(seconds)
