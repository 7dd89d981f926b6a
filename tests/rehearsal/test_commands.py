"""``python -m rehearsal``, as a person runs it, and whatever may come between."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rehearsal.account import ACCOUNT_ID, BIN, ROOT
from tests.rehearsal.processes import processes_of, wait_until_none

pytestmark = pytest.mark.skipif(not (BIN / "cdk").exists(), reason="the CDK CLI is not installed here: run make setup")

STEPS = (
    *("synth", "bootstrap", "deploy", "check", "deploy again", "deploy a change"),
    *("check again", "diff", "drift", "destroy", "nothing left"),
)


class Rehearsal:
    """The command in a process of its own, whose temporary files are all in one folder."""

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
        )

    def wait_for(self, text: str) -> None:
        """Reads until a line has the text."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return
        raise AssertionError(f"it ended without {text!r}: {self.process.communicate()}")

    def end(self, status: int) -> tuple[str, str]:
        """What it wrote, when it ended with that status and left neither process nor file."""
        out, err = self.process.communicate(timeout=120)
        assert self.process.returncode == status, out + err
        assert "Traceback" not in err
        wait_until_none(self.folder)
        assert list(self.folder.iterdir()) == []
        return out, err


def test_a_rehearsal_is_one_line_a_step_and_leaves_nothing(tmp_path: Path) -> None:
    out, err = Rehearsal(tmp_path, "run", "EcrStack", "--posture", "sandbox").end(0)
    assert err == ""
    assert tuple(re.findall(r"^  ✓ (\S.*?) +\d+\.\d s", out, re.MULTILINE)) == STEPS
    assert "✗" not in out
    for limit in ("permissions", "no\nquotas", "runs no container", "no Kubernetes manifest", "types that"):
        assert re.sub(r"\s+", " ", limit) in re.sub(r"\s+", " ", out.replace("Types", "types"))


@pytest.mark.parametrize("step", STEPS)
def test_ctrl_c_at_each_step(step: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, "run", "EcrStack", "--posture", "sandbox")
    if step != STEPS[0]:
        rehearsal.wait_for(f"✓ {STEPS[STEPS.index(step) - 1]} ")
    else:
        while not processes_of(tmp_path):
            time.sleep(0.05)
    time.sleep(0.0 if step == STEPS[-1] else 0.3)
    rehearsal.process.send_signal(signal.SIGINT)
    if step == STEPS[-1]:  # over in milliseconds: it may have come to its end
        rehearsal.process.communicate(timeout=60)
        assert rehearsal.process.returncode in (0, 130)
        return
    _, err = rehearsal.end(130)
    assert err == "\nStopped, and the emulated account is gone.\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_requests_to_end(number: signal.Signals, tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, "run", "EcrStack", "--posture", "sandbox")
    rehearsal.wait_for("✓ bootstrap")
    rehearsal.process.send_signal(number)
    rehearsal.end(130)


def test_an_account_that_is_killed_in_the_middle(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, "run", "EcrStack", "--posture", "sandbox")
    rehearsal.wait_for("✓ bootstrap")
    [server] = [int(line.split()[0]) for line in processes_of(tmp_path) if "rehearsal.server" in line]
    os.kill(server, signal.SIGKILL)
    _, err = rehearsal.end(1)
    assert "The emulated account ended by itself (status -9)." in err


def test_two_at_once(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    both = [Rehearsal(folder, "run", "EcrStack", "--posture", "sandbox") for folder in folders]
    for rehearsal in both:
        rehearsal.end(0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "EcrStak"], "No pattern is called EcrStak. There are FargateEfsStack, EcrStack."),
        (["run", "--posture", "prod"], "Argument --posture: invalid choice: 'prod' (choose from"),
        (["up", "--port", "http"], "Argument --port: invalid int value: 'http'. See python -m rehearsal up --help."),
        (["up", "--port", "70000"], "Port 70000 does not exist; they go from 0 to 65535."),
        ([], "The following arguments are required: COMMAND. See python -m rehearsal --help."),
    ],
)
def test_bad_arguments_are_one_message_and_status_1(arguments: list[str], message: str, tmp_path: Path) -> None:
    out, err = Rehearsal(tmp_path, *arguments).end(1)
    assert out == ""
    assert err.startswith(f"\n{message}")
    assert len(err.strip().splitlines()) == 1


def test_a_mistake_in_cdk_json_is_one_message_and_status_1(tmp_path: Path) -> None:
    project, temporary = tmp_path / "project", tmp_path / "tmp"
    temporary.mkdir()
    project.mkdir()
    for name in ("app.py", "stacks", "workloads", "rehearsal"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, project / name)
    cdk_json = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    cdk_json["context"]["EcrStack"] = {"other_days": 0}
    (project / "cdk.json").write_text(json.dumps(cdk_json), encoding="utf-8")
    out, err = Rehearsal(temporary, "run", "EcrStack", cwd=project).end(1)
    assert re.fullmatch(r"  ✗ synth +\d+\.\d s\n", out)
    assert err.startswith("\nSettings: 1 mistake; no template was written.\n\n  EcrStack.other_days = 0")


def test_an_account_to_try_things_in(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, "up", "--port", "0", AWS_PROFILE="work", AWS_SESSION_TOKEN="real")
    rehearsal.wait_for("For another shell:")
    assert rehearsal.process.stdout is not None
    rehearsal.process.stdout.readline()
    pasted = "".join(iter(rehearsal.process.stdout.readline, "\n"))
    assert pasted.startswith("unset AWS_PROFILE AWS_SESSION_TOKEN\nexport ")
    ask = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    finished = subprocess.run(
        ["sh", "-ec", f'{pasted}\n"{sys.executable}" -c "{ask}"\ncdk deploy EcrStack --require-approval never'],
        cwd=ROOT,
        env={
            "PATH": f"{BIN}:/usr/bin:/bin",
            "HOME": os.environ["HOME"],
            "AWS_PROFILE": "work",
            "AWS_SESSION_TOKEN": "real",
            "AWS_ACCESS_KEY_ID": "AKIAREAL",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[0] == ACCOUNT_ID
    assert "EcrStack.RepositoryUri = " in finished.stderr + finished.stdout
    rehearsal.process.send_signal(signal.SIGINT)
    out, err = rehearsal.end(0)
    assert out.endswith("\nThe emulated account is gone.\n")
    assert err == ""
