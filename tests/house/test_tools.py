"""The output of the Makefile's commands."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from patternbook.posture import POSTURES
from tools import settings, templates
from tools.checkouts import BIN, Checkout, RefusedError, synthesize_both
from tools.stage import StageError, stage_named

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


APP = """
import json, os, sys
from pathlib import Path

context, out = json.loads(os.environ["CDK_CONTEXT_JSON"]), Path(os.environ["CDK_OUTDIR"])
if "EcrStack.new" in context:
    sys.exit('Settings: 1 mistake; no template was written.\\n\\n  EcrStack.new.0.days = "1"\\n      Unknown setting.')
if "EcrStack.broken" in context:
    sys.exit("The app is broken.")
stages = context.get("stages", {})
if stages == "":
    sys.exit("stages is empty.")
named = stages.split(",") if isinstance(stages, str) and stages != "{}" else []
names = ["EcrStack", *(f"{stage}-EcrStack" for stage in named)]
artifacts = {}
for name in names:
    (out / f"{name}.json").write_text(json.dumps({"Resources": {}, "Description": context.get("EcrStack.old")}))
    artifacts[name] = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": f"{name}.json"},
        "displayName": name.replace("-", "/"),
    }
(out / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": artifacts}))
"""
"""An app that knows the setting ``old``, without the CDK."""


class TestCheckouts:
    """The tool asks a commit by the CDK CLI only. So it can read every commit."""

    def checkout(self, folder: Path, **context: Any) -> Checkout:
        folder.mkdir()
        (folder / "app.py").write_text(APP, encoding="utf-8")
        content = {"app": "python app.py", "notices": False, "context": context}
        (folder / "cdk.json").write_text(json.dumps(content), encoding="utf-8")
        return Checkout(folder, BIN)

    def test_both_are_synthesized_with_their_stages(self, tmp_path: Path) -> None:
        both = [self.checkout(tmp_path / "old", stages={"live": {}}), self.checkout(tmp_path / "new", stages={})]
        (old, new), refused = synthesize_both(both, {"EcrStack.old": "1"}, tmp_path)
        assert old.keys() == {"EcrStack", "production/EcrStack", "live/EcrStack"}
        assert new.keys() == {"EcrStack", "production/EcrStack"}
        assert old["EcrStack"]["Description"] == "1"
        assert refused == []

    def test_a_commit_from_before_stages_is_compared_without_them_and_without_settings_that_it_refuses(
        self, tmp_path: Path
    ) -> None:
        both = [self.checkout(tmp_path / "old"), self.checkout(tmp_path / "new", stages={})]
        found, refused = synthesize_both(both, {"EcrStack.old": "1", "EcrStack.new": "1"}, tmp_path)
        assert [templates.keys() for templates in found] == [{"EcrStack"}, {"EcrStack"}]
        assert refused == ["EcrStack.new"]

    def test_an_app_that_fails_is_one_message(self, tmp_path: Path) -> None:
        both = [self.checkout(tmp_path / "old"), self.checkout(tmp_path / "new")]
        with pytest.raises(RefusedError, match=r"^The app is broken\."):
            synthesize_both(both, {"EcrStack.broken": "1"}, tmp_path)


class TestStages:
    @pytest.mark.parametrize(
        ("given", "configured", "name"),
        [
            ("", {}, ""),
            ("sandbox", {}, ""),
            ("sandbox", {"sandbox": {}}, "sandbox"),
            ("production", {}, "production"),
            ("live", {"live": {"posture": "production"}}, "live"),
        ],
    )
    def test_a_stage_has_one_meaning(self, given: str, configured: Any, name: str, tmp_path: Path) -> None:
        path = tmp_path / "cdk.json"
        path.write_text(json.dumps({"context": {"stages": configured}}), encoding="utf-8")
        assert stage_named(given, path) == name

    def test_an_unknown_stage_is_refused_with_the_known_ones(self, tmp_path: Path) -> None:
        path = tmp_path / "cdk.json"
        path.write_text('{"context": {"stages": {"live": {"posture": "production"}}}}', encoding="utf-8")
        with pytest.raises(
            StageError, match=r"STAGE must be sandbox, production or live, got 'liv'\. Did you mean \"live\""
        ):
            stage_named("liv", path)

    def test_every_posture_is_a_stage(self) -> None:
        assert {stage_named(posture) or "sandbox" for posture in POSTURES} == POSTURES.keys()


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
        with pytest.raises(SystemExit, match=r'got .Ecr.\. Did you mean "EcrStack"'):
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
