"""The rollout: its order, where it stops, and the workflow that runs it on GitHub."""

import itertools
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from patternbook.testing.drawings.source import read
from tests.clock import Clock
from tests.house.commands import ROOT
from tools import rollout
from tools.rollout import Rollout, RolloutError, StackOf, order

PAGE = (ROOT / "docs/rollout.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "docs/examples"
CALLER, REUSABLE = (
    yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8")) for name in ("rollout.yml", "deploy-stage.yml")
)
[STAGES] = [json.loads("{" + block + "}")["stages"] for block in re.findall(r"^```json\n(.*?)^```", PAGE, re.M | re.S)]
TABLE_GONE = {"Action": "Remove", "LogicalResourceId": "Table1", "ResourceType": "AWS::DynamoDB::Table"}


class Account:
    """An account that writes down what it is asked, and refuses what a test says."""

    def __init__(self, *, fails: str = "", changes: Mapping[str, list[Any]] | None = None, rings: str = "") -> None:
        self.asked: list[str] = []
        self.fails, self.changes, self.rings = fails, changes, rings
        self.executed = ""

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> int:
        words = [word for word in command if not word.startswith(("/", "--app", "cdk.out"))]
        said = " ".join(words)
        self.asked.append(f"{said} in {environment['AWS_REGION']}" if environment else said)
        return int(bool(self.fails) and self.fails in self.asked[-1])

    def credentials(self, stack: StackOf) -> Mapping[str, str]:
        assert stack.lookup_role.endswith(f":role/cdk-hnb659fds-lookup-role-111122223333-{stack.region}")
        return {"AWS_REGION": stack.region}

    def change_set(self, stack: StackOf, name: str) -> dict[str, Any]:
        added = {"Action": "Add", "LogicalResourceId": "Topic", "ResourceType": "AWS::SNS::Topic"}
        changes = [added] if self.changes is None else self.changes.get(stack.path, [])
        found = [{"Type": "Resource", "ResourceChange": each} for each in changes]
        execution = "EXECUTE_COMPLETE" if stack.path == self.executed else "AVAILABLE"
        return {
            "StackName": stack.name,
            "ChangeSetName": name,
            "Status": "CREATE_COMPLETE",
            "ExecutionStatus": execution,
            "Changes": found,
        }

    def ringing(self, stack: StackOf) -> list[str]:
        self.asked.append(f"alarms {stack.path}")
        return ["live-Errors"] if self.rings and self.rings in stack.path else []


def rolled(account: Account, folder: Path, *, bake_minutes: int = 0, **entry: Any) -> Rollout:
    """A rollout of two patterns in two Regions, and of one that AWS pins to a third."""
    stacks = [
        *(("EcrStack", "eu-west-1"), ("EcrStack-us-west-2", "us-west-2"), ("LambdaEdgeStack", "us-east-1")),
        *(("WebApiStack", "eu-west-1"), ("WebApiStack-us-west-2", "us-west-2")),
    ]
    artifacts = {
        name: {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://111122223333/{region}",
            "displayName": f"live/{name}",
            "properties": {
                "stackName": f"live-{name}",
                "templateFile": f"{name}.template.json",
                "lookupRole": {
                    "arn": "arn:${AWS::Partition}:iam::111122223333:role/"
                    f"cdk-hnb659fds-lookup-role-111122223333-{region}"
                },
            },
        }
        for name, region in stacks
    }
    (folder / "assembly-live").mkdir()
    (folder / "assembly-live/manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    entry = {"region": "eu-west-1", "further_regions": ["us-west-2"], **entry}
    return Rollout(
        stage="live", entry=entry, assembly=folder, change_set="r1", account=account, bake_minutes=bake_minutes
    )


def executed(account: Account) -> list[str]:
    return [line.split()[1] for line in account.asked if "execute-change-set" in line]


def test_a_review_prepares_every_change_set_after_every_preflight_and_executes_none(tmp_path: Path) -> None:
    account = Account()
    said = rolled(account, tmp_path).review()
    kinds = ["preflight" if "preflight" in line else line.split(" ")[3] for line in account.asked]
    assert kinds == ["preflight"] * 5 + ["prepare-change-set"] * 5
    assert account.asked[1].endswith("--stack-name live-LambdaEdgeStack in us-east-1")
    assert said.count("### live-") == 5


def test_a_deployment_goes_region_by_region_and_verifies_before_the_next(tmp_path: Path) -> None:
    account = Account()
    rolled(account, tmp_path).deploy()
    first, second = ["EcrStack", "LambdaEdgeStack", "WebApiStack"], ["EcrStack-us-west-2", "WebApiStack-us-west-2"]
    assert account.asked == [
        line
        for wave, region in ((first, "eu-west-1"), (second, "us-west-2"))
        for lines in (
            [
                f"deploy live/{name} --method execute-change-set --change-set-name r1 --require-approval never "
                "--exclusively"
                for name in wave
            ],
            [
                f"make verify STACK={name} STAGE=live in {'us-east-1' if name == 'LambdaEdgeStack' else region}"
                for name in wave
            ],
            [f"alarms live/{name}" for name in wave],
        )
        for line in lines
    ]


@pytest.mark.parametrize(
    ("fails", "rings", "message"),
    [
        ("deploy live/LambdaEdgeStack", "", "the deployment of live/LambdaEdgeStack in us-east-1 failed."),
        ("verify STACK=EcrStack STAGE", "", "the verification of live/EcrStack in eu-west-1 failed."),
        ("", "live/WebApiStack", "because of live-Errors, of live/WebApiStack in eu-west-1 failed."),
    ],
)
def test_what_fails_in_the_first_region_spares_the_others(fails: str, rings: str, message: str, tmp_path: Path) -> None:
    account = Account(fails=fails, rings=rings)
    with pytest.raises(RolloutError, match=re.escape(message)) as caught:
        rolled(account, tmp_path).deploy()
    assert "These Regions are as before: us-west-2." in str(caught.value)
    assert not [path for path in executed(account) if "us-west-2" in path]


def test_a_preflight_that_stops_prepares_nothing(tmp_path: Path) -> None:
    account = Account(fails="live-WebApiStack-us-west-2")
    with pytest.raises(RolloutError, match="the preflight of live/WebApiStack-us-west-2 in us-west-2 failed"):
        rolled(account, tmp_path).review()
    assert not [line for line in account.asked if "prepare-change-set" in line]


def test_a_stack_without_changes_is_verified_and_not_deployed(tmp_path: Path) -> None:
    account = Account(changes={"live/EcrStack": [TABLE_GONE]})
    rolled(account, tmp_path).deploy()
    assert executed(account) == ["live/EcrStack"]
    assert len([line for line in account.asked if "make verify" in line]) == 5


def test_a_job_that_is_run_again_executes_only_what_is_left(tmp_path: Path) -> None:
    account = Account()
    account.executed = "live/EcrStack"
    rolled(account, tmp_path).deploy()
    assert len(executed(account)) == 4
    assert "live/EcrStack" not in executed(account)
    assert len([line for line in account.asked if "make verify" in line]) == 5


def test_lost_data_stops_the_review_unless_the_stage_allows_it(tmp_path: Path) -> None:
    account = Account(changes={"live/WebApiStack": [TABLE_GONE]})
    with pytest.raises(RolloutError, match=r"would lose stored data, .*: live-WebApiStack/Table1") as caught:
        rolled(account, tmp_path).review()
    assert "stages.live.may_lose of cdk.json" in str(caught.value)
    (tmp_path / "again").mkdir()
    assert "| allowed | `Table1` |" in rolled(account, tmp_path / "again", may_lose=["Table1"]).review()


def test_alarms_are_looked_at_each_minute_of_the_bake_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, account = Clock(), Account()
    monkeypatch.setattr(rollout, "time", clock)
    rolled(account, tmp_path, bake_minutes=3).deploy()
    assert account.asked.count("alarms live/EcrStack") == 4


def test_a_stage_without_a_place_or_an_assembly_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert rollout.main(["review", "production"], Account()) == 1
    assert "Type: make synth STAGE=production OUT=cdk.out.production" in capsys.readouterr().err
    manifest = tmp_path / "cdk.out.production/assembly-production/manifest.json"
    manifest.parent.mkdir(parents=True)
    stack = {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/eu-west-1", "properties": {}}
    manifest.write_text(json.dumps({"artifacts": {"A": {**stack, "displayName": "production/A"}}}), encoding="utf-8")
    assert rollout.main(["deploy", "production"], Account()) == 1
    assert "Set account and region in stages.production of cdk.json." in capsys.readouterr().err
    assert rollout.main(["review"], Account()) == 1
    assert "Name a stage of cdk.json" in capsys.readouterr().err


def test_the_drawing_shows_the_stages_of_the_page_in_their_order() -> None:
    drawing = read(ROOT / "docs/rollout.d2")
    places = {
        name: [f"{name}.{region}" for region in (stage["region"], *stage.get("further_regions", ()))]
        for name, stage in STAGES.items()
    }
    waves = [arrow for each in places.values() for arrow in itertools.pairwise(each)]
    after = [(places[name][-1], places[own][0]) for own, stage in STAGES.items() for name in stage.get("after", ())]
    first = [("commit", places[name][0]) for name, stage in STAGES.items() if "after" not in stage]
    assert drawing.nodes.keys() == {"commit", *STAGES, *(each for found in places.values() for each in found)}
    assert sorted((arrow.source, arrow.target) for arrow in drawing.arrows) == sorted([*first, *waves, *after])
    for name, found in places.items():
        for place in found:
            assert drawing.nodes[place].label == f"{place.partition('.')[2]} {STAGES[name]['account']}"


def test_the_workflow_deploys_the_stages_of_the_page_in_their_order() -> None:
    jobs = {name: job for name, job in CALLER["jobs"].items() if "uses" in job}
    assert {name: job["with"]["stage"] for name, job in jobs.items()} == {name: name for name in STAGES}
    for name, stage in STAGES.items():
        assert jobs[name]["needs"] == (stage.get("after") or ["test"])[0]
        assert len(stage.get("after", [])) <= 1
    assert list(order(STAGES)) == [["development"], ["staging"], ["live"]]
    with pytest.raises(RolloutError, match="waits for the next"):
        list(order({"a": {"after": ["b"]}, "b": {"after": ["a"]}}))


def test_the_workflow_deploys_after_the_review_and_the_approval() -> None:
    review, deploy = REUSABLE["jobs"]["review"], REUSABLE["jobs"]["deploy"]
    assert (review["environment"], deploy["environment"]) == ("${{ inputs.stage }}-review", "${{ inputs.stage }}")
    assert deploy["needs"] == "review"
    commands = [step["run"] for step in review["steps"] if "run" in step]
    assert [each.split()[0:2] for each in commands[:2]] == [["make", "setup"], ["make", "synth"]]
    assert "patternbook check" in commands[2]
    assert "tools.rollout review" in commands[3]
    assert "tools.rollout deploy" in deploy["steps"][-1]["run"]
    assert REUSABLE["concurrency"]["cancel-in-progress"] is False


@pytest.mark.parametrize("status", [0, 1])
def test_a_review_that_stops_fails_its_step_and_its_reason_is_in_the_summary(status: int, tmp_path: Path) -> None:
    """GitHub runs ``bash -eo pipefail`` for ``shell: bash``, and ``bash -e`` without it."""
    [step] = [each for each in REUSABLE["jobs"]["review"]["steps"] if each.get("id") == "review"]
    options = {"bash": "-eo pipefail"}.get(step.get("shell"), "-e").split()
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" >&2\nexit {status}\n', encoding="utf-8")
    python.chmod(0o755)
    summary = tmp_path / "summary"
    files = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(tmp_path / "output")}
    environment = {"PATH": "/usr/bin:/bin", "STAGE": "live", "CHANGE_SET": "rollout-7-1", **files}
    finished = subprocess.run(
        ["bash", "--noprofile", "--norc", *options, "-c", step["run"]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == status
    assert summary.read_text(encoding="utf-8") == "-m tools.rollout review live --change-set rollout-7-1\n"
    assert (tmp_path / "output").read_text(encoding="utf-8") == "change-set=rollout-7-1\n"


@pytest.mark.parametrize("workflow", [CALLER, REUSABLE], ids=["rollout", "deploy-stage"])
def test_the_workflow_has_the_least_permissions_and_pins_its_actions(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {}
    ours = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    for job in workflow["jobs"].values():
        assert job["permissions"].keys() <= {"contents", "id-token"}
        assert job["permissions"]["contents"] == "read"
        for step in job.get("steps", ()):
            action = step.get("uses", "")
            assert not action or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
            assert not action.startswith("actions/") or action in ours
            # What people choose reaches a shell as a variable. In the text of a command, it would be a command itself.
            assert "${{" not in step.get("run", "")
