"""Runs commands of the Makefile with wrong arguments, without access to AWS, and in an odd folder."""

import re
import shlex
from pathlib import Path

import pytest

from tests.house.commands import BIN, ROOT, run

pytestmark = pytest.mark.skipif(not (BIN / "cdk").exists(), reason="the CDK CLI is not installed here: run make setup")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"AWS_ACCESS_KEY_ID": ""}, "There are no AWS credentials"),
        ({}, "There is no Region. Set AWS_REGION"),
        ({"AWS_PROFILE": "nope"}, "The config profile (nope) could not be found"),
        # The CDK CLI reads AWS_REGION, but boto3 does not. The command must accept it.
        ({"AWS_REGION": "eu-west-1"}, "AWS did not describe EcrStack in eu-west-1: Could not connect to the endpoint"),
        # A stack of the setting `regions`, one that AWS pins, and stages. The commands need no AWS_REGION then.
        (
            {"STACK": "EksManagedNodesStack-eu-west-1"},
            "AWS did not describe EksManagedNodesStack-eu-west-1 in eu-west-1",
        ),
        ({"STACK": "LambdaEdgeStack"}, "AWS did not describe LambdaEdgeStack in us-east-1"),
        ({"AWS_REGION": "eu-west-1", "STAGE": "sandbox"}, "AWS did not describe EcrStack in eu-west-1"),
        ({"AWS_REGION": "eu-west-1", "STAGE": "production"}, "AWS did not describe production-EcrStack in eu-west-1"),
    ],
)
def test_verifying_without_access_fails_with_a_reason(environment: dict[str, str], message: str) -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    nobody = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nobody"}
    variables = [f"{name}={value}" for name, value in (nowhere | nobody | environment).items()]
    result = run(["env", "STACK=EcrStack", *variables, "make", "verify"])
    said = result.stdout + result.stderr
    assert result.returncode == 2, "make ends with status 2 if a command ends with 1"
    assert re.search(r"make: \*\*\* \[.*verify.*\] Error 1", said)
    assert said.count(message) == 1
    assert "skipped" not in said
    assert "passed" not in said
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said


NO_STACK = "STACK must be a stack of the book, got 'EcrStak'. Did you mean \"EcrStack\"? Choose from "
NO_STAGE = "STAGE must be sandbox or production, got '{}'. Did you mean \"production\"? Leave it out for the sandbox"
IN_REHEARSAL = "STAGE must be sandbox or production in a rehearsal, got 'live'. Leave it out for both."


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("make verify STACK=", "STACK=… names the stack to verify"),
        ("make verify STACK=EcrStak", NO_STACK),
        ("make verify STACK=EcrStack-central", "got 'EcrStack-central'. Did you mean \"EcrStack\"?"),
        ("make verify STACK=EcrStack STAGE=prod", NO_STAGE.format("prod")),
        ("make preflight STACK=", "STACK=… names the stack to ask about"),
        ("make preflight STACK=EcrStak", NO_STACK),
        ("make preflight STACK=EcrStack STAGE=prod", NO_STAGE.format("prod")),
        ("make prove STACK=", "STACK=… names the stack to prove"),
        ("make prove STACK=EcrStak", NO_STACK),
        ("make prove STACK=EcrStack STAGE=prod", NO_STAGE.format("prod")),
        ("make prove STACK=EcrStack", "There are no AWS credentials. Set AWS_PROFILE"),
        ('make leftovers ARGS="--region eu-west-1"', "There are no AWS credentials. Set AWS_PROFILE"),
        ("make explain STACK=", "STACK=… names the stack to explain"),
        ("make explain STACK=EcrStak", NO_STACK),
        ("make explain STACK=EcrStack STAGE=prod", NO_STAGE.format("prod")),
        ("make rehearse STACK=EcrStak", NO_STACK),
        ("make rehearse STAGE=live", IN_REHEARSAL),
        ("make record STACK=EcrStak", NO_STACK),
        ("make settings STACK=EcrStak", "STACK must be one stack of the book, or stages, got 'EcrStak'. Did you mean"),
        ("make synth STAGE=prod", NO_STAGE.format("prod")),
        ("make synth STAGE=production,sandbox", NO_STAGE.format("production,sandbox")),
        ("make diff-templates REF=", "REF=… names the commit to compare with"),
        ("make diff-templates REF=nope", "git rev-parse --verify nope^{commit}: fatal: Needed a single revision"),
    ],
)
def test_a_wrong_stack_stage_or_commit_is_one_message(command: str, message: str) -> None:
    result = run(shlex.split(command))
    said = result.stdout + result.stderr
    assert result.returncode != 0
    assert said.count(message) == 1
    assert len(said.strip().splitlines()) <= 3, "the message, and those of make and pytest"
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("environment", "arguments", "message"),
    [
        ({}, "STACK=EcrStack", "There are no AWS credentials. Set AWS_PROFILE or --profile"),
        (
            {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            'STACK=EcrStack ARGS="--region eu-west-1 --timeout 5"',
            "AWS does not say in eu-west-1 whose credentials these are: sts in eu-west-1 does not answer",
        ),
    ],
)
def test_preflight_without_access_fails_with_a_reason(
    environment: dict[str, str], arguments: str, message: str
) -> None:
    command = ["make", "preflight", *shlex.split(arguments)]
    result = run(command, cwd=ROOT, CDK_VALIDATION="false", **environment)
    said = result.stdout + result.stderr
    assert result.returncode == 2
    assert re.search(r"make: \*\*\* \[.*preflight.*\] Error 2", said)
    assert said.count(message) == 1
    assert "Traceback" not in said


def test_make_works_in_a_folder_of_any_name(tmp_path: Path) -> None:
    """The environment is a link here. So the test does not see its scripts, which a dollar sign breaks."""
    folder = tmp_path / "a folder of $HOME"
    folder.mkdir()
    for name in ("Makefile", "app.py", "cdk.json", "constructs", "stacks", "tools", ".venv", "node_modules"):
        (folder / name).symlink_to(ROOT / name)
    for file in ("requirements.txt", "package-lock.json"):
        (folder / file).symlink_to(ROOT / file)
    settings = run(["make", "settings", "STACK=EcrStack"], cwd=folder)
    assert (settings.returncode, settings.stderr) == (0, "")
    assert settings.stdout.startswith("EcrStack: ")
    words = ["make", "synth", "ARGS=-c patterns=EcrStack", "OUT=an assembly"]
    synth = run(words, cwd=folder, CDK_VALIDATION="false")  # `make templates` validates
    assert synth.returncode == 0, synth.stderr
    assert (folder / "an assembly" / "EcrStack.template.json").exists()
