"""The commands of docs/rollout.md and docs/deploy-role.md: a shell understands them, and programs know the options."""

import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from patternbook.cli import main as patternbook
from patternbook.posture import POSTURES
from patternbook.settings.loading import load_settings
from stacks.deploy_role import DeployRoleSettings
from tests.house.commands import BIN, ROOT

PAGES = ("rollout.md", "deploy-role.md")
PROGRAMS = ("cdk", "aws", "gh", "make", "patternbook")
# Each stand-in writes down its name and its arguments. gh answers as the expression of the page asks.
STAND_IN = """#!{python}
import json, os, sys
name = os.path.basename(sys.argv[0])
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps([name, *sys.argv[1:]]) + "\\n")
if name == "gh":
    print(json.dumps({{"owner": "123456", "repository": "456789"}}, indent=2))
"""


def calls_of(page: str, folder: Path) -> list[list[str]]:
    """The commands of a page, as a shell passes them on, each block in the same folder."""
    (folder / "bin").mkdir()
    for name in PROGRAMS:
        (folder / "bin" / name).write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
        (folder / "bin" / name).chmod(0o755)
    (folder / "policies").mkdir()
    for number in (1, 2):
        (folder / "policies" / f"execution-{number}.json").write_text("{}", encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.M | re.S)
    for block in blocks:
        environment = {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "CALLS": str(folder / "calls")}
        shell = ["bash", "-eu", "-c", block]
        done = subprocess.run(shell, cwd=folder, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, (block, done.stderr)
    return [json.loads(line) for line in (folder / "calls").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(params=PAGES)
def calls(request: pytest.FixtureRequest, tmp_path: Path) -> list[list[str]]:
    return calls_of(request.param, tmp_path)


def options(words: list[str], name: str) -> list[str]:
    return [value for option, value in itertools.pairwise(words) if option == name]


def test_the_settings_are_those_of_the_stack(calls: list[list[str]]) -> None:
    """The CLI gives each value to the app, which reads JSON where a setting is no text."""
    given = [option for words in calls if words[0] == "cdk" for option in options(words, "-c")]
    for each in given:
        name, _, value = each.partition("=")
        assert name.partition(".")[0] in {"patterns", "stages", "DeployRoleStack"}, each
        if name.startswith("DeployRoleStack."):
            setting = name.partition(".")[2]
            more = {"repository": "octo-org/shop"} if setting == "repository_ids" else {}
            settings = {setting: value, **more}
            load_settings(DeployRoleSettings, settings, posture=POSTURES["sandbox"], stack="DeployRoleStack")
    assert any(each.startswith("DeployRoleStack.repository=") for each in given)


def test_the_options_of_the_aws_cli_are_those_of_the_api(calls: list[list[str]], tmp_path: Path) -> None:
    of_aws = [words[1:] for words in calls if words[0] == "aws"]
    assert of_aws
    for words in of_aws:
        done = subprocess.run(
            [sys.executable, "-m", "tests.aws_cli", *words],
            cwd=tmp_path,
            env={**os.environ, "PARSE_ONLY": "1", "PYTHONPATH": f"{ROOT}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@cache
def help_of(command: str) -> str:
    """The text that the CDK CLI prints about one of its commands."""
    return subprocess.run(
        [str(BIN / "cdk"), command, "--help"],
        env={**os.environ, "PATH": f"{BIN}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_options_of_the_cdk_cli_exist(calls: list[list[str]]) -> None:
    for command in sorted({words[1] for words in calls if words[0] == "cdk"}):
        asked = help_of(command)
        used = {word for words in calls if words[:2] == ["cdk", command] for word in words if word.startswith("-")}
        assert [each for each in used if not re.search(rf"(?<![\w-]){re.escape(each)}\b", asked)] == []


def test_the_commands_of_patternbook_read_their_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are missing here. So a command that understands its options names them, and no other mistake."""
    monkeypatch.chdir(tmp_path)
    for words in (words for words in calls_of("rollout.md", tmp_path) if words[0] == "patternbook"):
        (tmp_path / "change-set.json").unlink(missing_ok=True)
        assert patternbook(words[1:]) == 2
        assert re.search(r"(change-set|template)\.json: ", capsys.readouterr().err), shlex.join(words)


def test_bootstrapping_names_each_policy_that_is_made(tmp_path: Path) -> None:
    calls = calls_of("rollout.md", tmp_path)
    made = [
        name for words in calls if words[1:3] == ["iam", "create-policy"] for name in options(words, "--policy-name")
    ]
    [named] = [each for words in calls for each in options(words, "--cloudformation-execution-policies")]
    assert made == ["cdk-execution-1", "cdk-execution-2"]
    assert named == ",".join(f"arn:aws:iam::777788889999:policy/{name}" for name in made)


def test_make_has_the_targets_and_their_variables(calls: list[list[str]]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for words in (words for words in calls if words[0] == "make"):
        names = [word.partition("=")[0] for word in words[2:]]
        assert re.search(rf"^{words[1]}: ", makefile, re.M)
        assert [each for each in names if f"$({each})" not in makefile] == []
