"""``python -m rehearsal`` as a person runs it, with interruptions and mistakes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rehearsal.account import ACCOUNT_ID, BIN, ROOT, isolated_environment
from tests.rehearsal.processes import handles, processes_of, server_of, wait_until_none

pytestmark = pytest.mark.skipif(not (BIN / "cdk").exists(), reason="the CDK CLI is not installed here: run make setup")

LIMIT_SECONDS = 180
"""Time limit for each command in these tests. The slowest takes 20 seconds on a busy machine."""

STEPS = (
    *("synth", "bootstrap", "preflight", "fail first deployment", "deploy", "check", "fail update"),
    *("deploy as before", "update", "check again", "deploy again", "diff", "drift", "destroy", "check leftovers"),
)
DIFFERENT_STEPS = ("synth", "bootstrap")
"""Steps that wait for different commands: a process of Python, and the CDK CLI.

All steps wait by :meth:`rehearsal.account.EmulatedAccount.run`, which ``test_account`` interrupts while a command runs
that ignores signals. ``test_late_failures`` interrupts what waits otherwise.
"""


class Rehearsal:
    """The command in another process. All its temporary files are in one folder."""

    def __init__(self, folder: Path, *arguments: str, cwd: Path = ROOT, **environment: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal", *arguments],
            cwd=cwd,
            env={"PATH": "/usr/bin:/bin", "HOME": os.environ["HOME"], "TMPDIR": str(folder), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            # nohup starts the tests with SIGHUP ignored, which the command would inherit.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        assert self.process.stdout is not None
        self.out = self.process.stdout
        # A test that waits for output ends when the process does.
        self._limit = threading.Timer(LIMIT_SECONDS, self.process.kill)
        self._limit.start()

    def __enter__(self) -> "Rehearsal":
        return self

    def __exit__(self, *_: object) -> None:
        self._limit.cancel()
        with self.process:
            self.process.kill()

    def wait_for(self, text: str) -> None:
        """Reads lines up to one with the text."""
        for line in self.out:
            if text in line:
                return
        raise AssertionError(f"The command ended without printing {text!r}: {self.process.communicate()}")

    def wait_for_synth(self) -> None:
        """Waits until the process of the first step runs. The account runs, too, by then."""
        while not any("rehearsal.assemblies" in command for command in processes_of(self.folder).values()):
            assert self.process.poll() is None, f"The command ended before synth: {self.process.communicate()}"
            time.sleep(0.05)

    def end(self, *statuses: int) -> tuple[str, str]:
        """Waits for the end. Checks the status, and that no process and no file is left.

        :return: the standard output and the standard error.
        """
        out, err = self.process.communicate()
        assert self.process.returncode in statuses, out + err
        assert "Traceback" not in err
        wait_until_none(self.folder)
        assert list(self.folder.iterdir()) == []
        return out, err


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Callable[..., Rehearsal]]:
    """Starts the command with arguments."""
    with ExitStack() as started:
        yield lambda *arguments, folder=tmp_path, **more: started.enter_context(Rehearsal(folder, *arguments, **more))


ECR = ("run", "EcrStack", "--stage", "sandbox")
Start = Callable[..., Rehearsal]


def test_a_rehearsal_prints_one_line_per_step_and_leaves_nothing(rehearsal: Start, tmp_path: Path) -> None:
    """Another account that runs beside it makes no difference to either."""
    folders = [tmp_path / name for name in ("beside", "own")]
    for folder in folders:
        folder.mkdir()
    beside = rehearsal("up", "--port", "0", folder=folders[0])
    out, err = rehearsal(*ECR, folder=folders[1]).end(0)
    assert err == ""
    beside.wait_for("into another shell:")
    beside.process.send_signal(signal.SIGINT)
    beside.end(0)
    assert tuple(re.findall(r"^  ✓ (\S.*?) +\d+\.\d s", out, re.MULTILINE)) == STEPS
    assert "✗" not in out
    said = re.sub(r"\s+", " ", out)
    for limit in (
        "no quotas and no permissions",
        "runs no container",
        "no Kubernetes manifest",
        "Types that this project",
    ):
        assert limit in said


@pytest.mark.parametrize("step", DIFFERENT_STEPS)
def test_ctrl_c_at_each_step(step: str, rehearsal: Start) -> None:
    running = rehearsal(*ECR)
    if step == STEPS[0]:
        running.wait_for_synth()
    else:
        running.wait_for(f"✓ {STEPS[STEPS.index(step) - 1]} ")
    running.process.send_signal(signal.SIGINT)
    _, err = running.end(130)
    assert err == "\nStopped. The emulated account is deleted.\n"


@pytest.mark.parametrize("milliseconds", [0, 100, 300])
def test_ctrl_c_while_it_starts_or_ends(milliseconds: int, rehearsal: Start, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("starting", "ending")]
    for folder in folders:
        folder.mkdir()
    starting = rehearsal("up", "--port", "0", folder=folders[0])
    while not handles(starting.process.pid, signal.SIGTERM):  # it does from the first line of the command on
        time.sleep(0.005)
    time.sleep(milliseconds / 1000)
    starting.process.send_signal(signal.SIGINT)
    starting.end(130, 0)
    ending = rehearsal("up", "--port", "0", folder=folders[1])
    ending.wait_for("into another shell:")
    ending.process.send_signal(signal.SIGINT)
    time.sleep(milliseconds / 1000)
    ending.process.send_signal(signal.SIGINT)
    ending.end(0, -signal.SIGINT)  # Python resets the handlers when it exits, so a late signal kills it


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_other_signals_to_end(number: signal.Signals, status: int, rehearsal: Start) -> None:
    running = rehearsal(*ECR)
    running.wait_for_synth()
    running.process.send_signal(number)
    running.end(status)


def test_a_killed_rehearsal_leaves_nothing(rehearsal: Start) -> None:
    running = rehearsal(*ECR)
    running.wait_for("✓ bootstrap")
    running.process.kill()
    running.end(-signal.SIGKILL)


def test_a_killed_server_ends_the_rehearsal_with_a_message(rehearsal: Start) -> None:
    running = rehearsal(*ECR)
    running.wait_for("✓ bootstrap")
    os.kill(server_of(running.folder), signal.SIGKILL)
    _, err = running.end(1)
    assert "The emulated account ended by itself (status -9)." in err


def test_a_closed_pipe_ends_the_rehearsal_quietly(rehearsal: Start) -> None:
    running = rehearsal(*ECR)
    running.wait_for("✓ bootstrap")
    running.out.close()
    assert running.process.wait() == 1
    assert running.process.stderr is not None
    assert running.process.stderr.read() == ""
    wait_until_none(running.folder)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["run", "EcrStak"],
            "STACK must be a stack of the book, got 'EcrStak'. Did you mean \"EcrStack\"? Choose from ",
        ),
        (["run", "--stage", "prod"], "STAGE must be sandbox or production in a rehearsal, got 'prod'. Leave it out"),
        (["up", "--port", "http"], "Argument --port: invalid int value: 'http'. See python -m rehearsal up --help."),
        (["up", "--port", "70000"], "The port must be 0 to 65535, got 70000."),
        ([], "The following arguments are required: COMMAND. See python -m rehearsal --help."),
    ],
)
def test_bad_arguments_are_one_message_and_status_1(arguments: list[str], message: str, rehearsal: Start) -> None:
    out, err = rehearsal(*arguments).end(1)
    assert out == ""
    assert err.startswith(f"\n{message}")
    assert len(err.strip().splitlines()) == 1


def test_a_mistake_in_cdk_json_is_one_message_and_status_1(rehearsal: Start, tmp_path: Path) -> None:
    project, temporary = tmp_path / "project", tmp_path / "tmp"
    temporary.mkdir()
    project.mkdir()
    for name in ("app.py", "stacks", "rehearsal", "tools"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, project / name)
    cdk_json = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    cdk_json["context"]["EcrStack"] = {"other_days": 0}
    (project / "cdk.json").write_text(json.dumps(cdk_json), encoding="utf-8")
    out, err = rehearsal(*ECR, folder=temporary, cwd=project).end(1)
    assert re.fullmatch(r"  ✗ synth +\d+\.\d s\n", out)
    assert err.startswith("\nSettings: 1 mistake; no template was written.\n\n  EcrStack.other_days = 0")


def test_another_shell_can_use_a_running_account(rehearsal: Start, tmp_path: Path) -> None:
    temporary, out = tmp_path / "tmp", tmp_path / "cdk.out"
    temporary.mkdir()
    running = rehearsal("up", "--port", "0", folder=temporary)
    running.wait_for("Paste this into another shell:")
    running.out.readline()
    pasted = "".join(iter(running.out.readline, "\n"))
    ask = (
        "import boto3; print(boto3.client('sts').get_caller_identity()['Account'],"
        " len(boto3.client('ecr').describe_repositories()['repositories']))"
    )
    # The shell has variables that would lead to another account.
    result = subprocess.run(
        [
            *("sh", "-ec"),
            f'{pasted}\n"{sys.executable}" -c "{ask}"\n'
            f'cdk deploy EcrStack -c patterns=EcrStack --require-approval never --output "{out}"\n'
            f'"{sys.executable}" -c "{ask}"',
        ],
        cwd=ROOT,
        env={
            **isolated_environment(tmp_path),
            "CDK_VALIDATION": "false",
            "AWS_PROFILE": "work",
            "AWS_SESSION_TOKEN": "real",
            "AWS_ACCESS_KEY_ID": "AKIAREAL",
            "AWS_ENDPOINT_URL_ECR": "http://127.0.0.1:9",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            "HTTP_PROXY": "http://127.0.0.1:9",
            "HTTPS_PROXY": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
    assert result.returncode == 0, result.stderr
    before, *_, after = [line for line in result.stdout.splitlines() if line.startswith(ACCOUNT_ID)]
    assert int(after.split()[1]) == int(before.split()[1]) + 1
    running.process.send_signal(signal.SIGINT)
    said, err = running.end(0)
    assert said.endswith("\nThe emulated account is deleted.\n")
    assert err == ""
