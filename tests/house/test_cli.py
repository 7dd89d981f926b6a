"""The commands of the README, by the pinned CDK CLI."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

import app

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(not (BIN / "cdk").exists(), reason="the CDK CLI is not installed here: run make setup")


def run(command: Sequence[str], *, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command as after ``source .venv/bin/activate``, without credentials."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={
            "PATH": f"{BIN}{os.pathsep}/usr/bin:/bin",
            "HOME": os.environ["HOME"],
            "CI": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_cli_is_the_pinned_one() -> None:
    pinned = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    assert run(["cdk", "--version"]).stdout.startswith(f"{pinned} ")


def test_mistakes_end_cdk_synth_with_status_1_one_message_and_no_template(tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = {
        "posture": "production",
        "FargateEfsStack.cpu": "512",
        "FargateEfsStack.min_tasks": "9",
        "EcrStak.x": "1",
        "FargateEfsStack.alarm_email": "nobody",
    }
    arguments = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
    result = run(["cdk", "synth", "--quiet", "--output", str(out), *arguments])
    assert result.returncode == 1
    assert result.stderr.count("no template was written") == 1
    for path in ("posture", "EcrStak.x", "FargateEfsStack.memory_mib", "FargateEfsStack.max_tasks"):
        assert f"  {path} = " in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert not list(out.glob("*"))


def test_a_cdk_json_that_is_not_json_ends_cdk_synth_with_status_1(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text("{ not json", encoding="utf-8")
    result = run(["cdk", "synth"], cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("cdk.json: ")
    assert "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cdk.json"]


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"AWS_ACCESS_KEY_ID": ""}, "There are no AWS credentials"),
        ({}, "There is no Region. Set AWS_REGION"),
        ({"AWS_PROFILE": "nope"}, "The config profile (nope) could not be found"),
        # AWS_REGION is what the CDK CLI goes by, and boto3 does not.
        ({"AWS_REGION": "eu-west-1"}, "EcrStack is not deployed in eu-west-1: Could not connect to the endpoint"),
    ],
)
def test_verifying_where_nothing_can_be_looked_at_fails_and_says_why(environment: dict[str, str], message: str) -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    nobody = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nobody"}
    variables = [f"{name}={value}" for name, value in (nowhere | nobody | environment).items()]
    result = run(["env", *variables, "make", "verify", "STACK=EcrStack"])
    said = result.stdout + result.stderr
    assert result.returncode == 2, "make's own status for a command that ends in 1"
    assert re.search(r"make: \*\*\* \[.*verify.*\] Error 1", said)
    assert said.count(message) == 1
    assert "skipped" not in said
    assert "passed" not in said
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said


@pytest.mark.parametrize(("stack", "message"), [("", "STACK=… names"), ("EcrStak", "no checks of EcrStak; there are")])
def test_verifying_what_is_no_stack_is_one_message(stack: str, message: str) -> None:
    result = run(["make", "verify", f"STACK={stack}"])
    assert result.returncode != 0
    assert message in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def commands(markdown: str) -> list[str]:
    """The command lines of all ``sh`` blocks, without their comments, and what the text says of make."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [*filter(None, lines), *re.findall(r"`(make \w+)`", markdown)]


# CI runs these; each would run itself from inside a test. They are said here, by file and line.
BY_CI = {
    "make check": (".ci/run", r"make .*\bcheck"),
    "make synth": ("Makefile", r"\t\$\(MAKE\) synth"),
    "make test": ("Makefile", r"check: .*\btest\b.*"),
    "make rehearse": ("Makefile", r"check: .*\brehearse\b.*"),
    "pytest": ("Makefile", r"\t@\$\(BIN\)/pytest"),
}
# These brought the reader here, or have tests of their own, the last two in tests/rehearsal.
NOT_RUN = {
    "git clone <this repository> patternbook && cd patternbook",
    "source .venv/bin/activate",
    "make rehearse STACK=FargateEfsStack",
    "make rehearsal",
    "make verify",
}
# These want an account: without credentials they synthesize, and stop where they would ask AWS.
WANT_AN_ACCOUNT = re.compile(r"cdk (deploy|destroy|bootstrap)")
OFFLINE = re.compile(r"cdk (synth|list)|make (help|settings|synth)")
STACKS = {pattern.__name__ for pattern in app.PATTERNS}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize(("file", "line"), BY_CI.values(), ids=BY_CI)
def test_ci_runs_what_the_tests_leave_to_it(file: str, line: str) -> None:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    assert any(re.fullmatch(line, each) for each in lines)


def test_activation_puts_the_pinned_cli_on_the_path() -> None:
    result = run(
        ["sh", "-c", ". .venv/bin/activate && command -v cdk && command -v node && cdk --version"], PATH="/usr/bin:/bin"
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[:2] == [str(BIN / "cdk"), str(BIN / "node")]


@pytest.mark.parametrize("command", sorted({*commands(README)} - BY_CI.keys() - NOT_RUN))
def test_every_command_of_the_readme(command: str, tmp_path: Path) -> None:
    """Each is run for real; where it names a stack, the app is limited to that one."""
    words = shlex.split(command)
    if command.startswith("make verify"):
        result = run(words)
        assert (result.returncode, "There are no AWS credentials" in result.stdout) == (2, True)
        return
    named = [word.rpartition("/")[2] for word in words if word.rpartition("/")[2] in STACKS]
    limit = ["-c", f"patterns={','.join(named) or 'EcrStack'}"] if words[0] == "cdk" else []
    if WANT_AN_ACCOUNT.match(command):
        flags = (
            ["--force"] if words[1] == "destroy" else ["--require-approval", "never"] if words[1] == "deploy" else []
        )
        result = run([*words, *flags, *limit, "--output", str(tmp_path)])
        assert result.returncode == 1, result.stdout
        assert "Settings:" not in result.stderr
        assert re.search(r"credentials|Unable to (resolve|determine).*(account|environment)", result.stderr, re.I), (
            result.stderr
        )
        return
    assert OFFLINE.match(command), f"no test runs {command!r}"
    output = ["--output", str(tmp_path)] if words[0] == "cdk" else [f"OUT={tmp_path}"]
    result = run([*words, *limit, *output])
    assert result.returncode == 0, result.stderr
    assert result.stdout


class TestStages:
    """By the CDK CLI, as a user types it."""

    def synth(self, stack: str, *arguments: str, outdir: Path) -> subprocess.CompletedProcess[str]:
        return run(["cdk", "synth", stack, "--quiet", "--output", str(outdir), "-c", "stages=production", *arguments])

    def test_a_stack_of_production_says_nothing_of_the_others(self, tmp_path: Path) -> None:
        result = self.synth("production/EcrStack", outdir=tmp_path)
        assert result.returncode == 0, result.stderr
        assert "Stack" not in result.stderr, result.stderr

    def test_a_stack_that_misses_a_requirement_is_refused_with_one_message(self, tmp_path: Path) -> None:
        chosen = ("-c", "patterns=FargateEfsStack,EcrStack")
        result = self.synth("production/FargateEfsStack", *chosen, outdir=tmp_path / "refused")
        assert result.returncode == 1
        assert (result.stdout + result.stderr).count("Set certificate_arn to the ARN of an ACM certificate") == 1
        neighbour = self.synth("production/EcrStack", *chosen, outdir=tmp_path / "neighbour")
        assert neighbour.returncode == 0, neighbour.stderr

    def test_without_the_stage_there_is_no_such_stack(self, tmp_path: Path) -> None:
        result = run(["cdk", "synth", "production/EcrStack", "-c", "patterns=EcrStack", "--output", str(tmp_path)])
        assert result.returncode == 1
        assert "No stacks match" in result.stderr

    def test_keys_of_somebody_else_are_named_once(self, tmp_path: Path) -> None:
        chosen = ("-c", "patterns=EcrStack", "-c", "costCenter=7")
        result = self.synth("production/EcrStack", *chosen, outdir=tmp_path)
        assert result.returncode == 0
        assert result.stderr.count("costCenter") == 1


def test_nothing_ignores_errors() -> None:
    """``--ignore-errors`` deploys a stack that its own annotation refuses."""
    files = [ROOT / "Makefile", ROOT / "cdk.json", ROOT / ".ci/run", *PAGES]
    files += [*ROOT.glob(".github/workflows/*"), *ROOT.glob("tools/*.py"), *ROOT.glob("rehearsal/*.py")]
    assert [path.name for path in files if "--ignore-errors" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_name_stacks_that_exist(page: Path) -> None:
    """``cdk destroy`` of a stack that does not exist ends with status 0."""
    for command in commands(page.read_text(encoding="utf-8")):
        named = re.findall(r"(?<![\w.])(?:[a-z][\w-]*/)?(\w+Stack)(?:-[a-z0-9-]+)?(?![\w.])", command)
        assert {name for name in named if name != "EveryStack"} <= STACKS, command


def test_ctrl_c_in_a_synth_shows_no_traceback(tmp_path: Path) -> None:
    """At any time: while modules are imported, and while the app is synthesized."""
    for seconds in (0.3, 1.5, 4.0):
        started = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env={**os.environ, "CDK_OUTDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        time.sleep(seconds)
        os.killpg(started.pid, signal.SIGINT)
        said, _ = started.communicate(timeout=60)
        assert "Traceback" not in said
        assert started.returncode != 0
