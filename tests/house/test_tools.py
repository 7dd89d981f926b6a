"""The output of the Makefile's commands."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import settings, templates

ROOT = Path(__file__).parents[2]


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


class TestTemplates:
    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            (
                resource("AWS::EFS::FileSystem", KmsKeyId="a"),
                resource("AWS::EFS::FileSystem", KmsKeyId="b"),
                "Replace AWS::EFS::FileSystem It (holds data)\n             /KmsKeyId",
            ),
            (
                resource("AWS::EFS::FileSystem", ThroughputMode="bursting"),
                resource("AWS::EFS::FileSystem", ThroughputMode="elastic"),
                "Modify  AWS::EFS::FileSystem It\n             /ThroughputMode",
            ),
            (
                resource("AWS::EC2::Subnet", CidrBlock="10.0.0.0/24"),
                resource("AWS::EC2::Subnet", CidrBlock="10.0.1.0/24"),
                "Replace AWS::EC2::Subnet It\n             /CidrBlock",
            ),
            (
                resource("AWS::EC2::SecurityGroup", GroupDescription="a", SecurityGroupIngress=[{"FromPort": 1}]),
                resource("AWS::EC2::SecurityGroup", GroupDescription="a", SecurityGroupIngress=[{"FromPort": 2}]),
                "Modify  AWS::EC2::SecurityGroup It\n             /SecurityGroupIngress/0/FromPort",
            ),
            (resource("AWS::SQS::Queue"), resource("AWS::SNS::Topic"), "Replace AWS::SQS::Queue It (holds data)"),
            (resource("AWS::S3::Bucket"), None, "Remove  AWS::S3::Bucket It (holds data)"),
            (None, resource("AWS::SNS::Topic"), "Add     AWS::SNS::Topic It"),
        ],
    )
    def test_a_change_names_the_action_of_cloudformation(self, old: Any, new: Any, said: str) -> None:
        of = [{"Resources": {"It": each} if each else {}} for each in (old, new)]
        [change] = templates.compare(*of)
        assert str(change).strip() == said

    def test_lost_data_comes_first(self) -> None:
        old = {"Resources": {"A": resource("AWS::SNS::Topic"), "B": resource("AWS::S3::Bucket")}}
        new = {"Resources": {"C": resource("AWS::SNS::Topic")}}
        assert [change.logical_id for change in templates.compare(old, new)] == ["B", "A", "C"]

    def test_the_report_names_changed_templates_and_counts_the_others(self, capsys: pytest.CaptureFixture[str]) -> None:
        topic = {"Resources": {"It": resource("AWS::SNS::Topic")}}
        bucket = {"Resources": {"It": resource("AWS::S3::Bucket")}}
        templates.report({"a": topic, "b": bucket, "c": {}}, {"a": topic, "b": topic, "d": {}})
        said = capsys.readouterr().out
        assert said.index("c is gone.") < said.index("d is new.") < said.index("b\n  Replace AWS::S3::Bucket It")
        assert said.endswith("1 of 2 templates are the same.\n")


class TestSettings:
    def test_the_overview_names_every_setting(self) -> None:
        said = settings.main([])
        for name, pattern in settings.PATTERNS.items():
            assert f"{name}: {pattern.title}\n" in said
            for field in pattern.settings_type.model_fields:
                assert field in said
        assert len(said.splitlines()) < 150

    @pytest.mark.parametrize("stack", [*settings.PATTERNS, "stages"])
    def test_an_arn_is_never_broken(self, stack: str) -> None:
        said = settings.main([stack])
        arns = [word for word in said.split() if '"arn:' in word]
        assert all(word.rstrip(".,;)]}").endswith('"') for word in arns)

    def test_an_unknown_stack_is_one_message(self) -> None:
        with pytest.raises(SystemExit, match='Did you mean "EcrStack"'):
            settings.main(["Ecr"])

    def test_a_closed_pipe_ends_it_quietly(self) -> None:
        done = subprocess.run(
            f"{sys.executable} -m tools.settings FargateEfsStack | head -1",
            shell=True,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.startswith("FargateEfsStack: ")
        assert done.stderr == ""
