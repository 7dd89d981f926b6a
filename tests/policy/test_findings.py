"""Rungs 2 to 5: CDK's validation, cdk-nag, cfn-lint and our rules find nothing, and each acknowledgement is needed."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks
from constructs import Construct

import app
from patternbook import PatternSettings, PatternStack, Posture, build_app
from patternbook.data.databases import LITERAL_ZONE
from tests.book import SCENARIOS, patterns_with, template_files
from tests.policy.conftest import Book
from tests.policy.linting import lint

PLAIN_HTTP, CLOSED = "patternbook:plainHttp", "patternbook:appRunnerClosed"
KEY_POLICY, NO_REPOSITORY = "patternbook:keyPolicy", "patternbook:noRepository"
LUSTRE, ONTAP = "patternbook:lustreCost", "patternbook:ontapCost"
EXPECTED_WARNINGS = {
    "defaults": {PLAIN_HTTP, CLOSED, NO_REPOSITORY},
    "every option": {LUSTRE, ONTAP},
    "other options": {PLAIN_HTTP, CLOSED, LUSTRE, KEY_POLICY},
    "existing VPC": {PLAIN_HTTP, CLOSED, LUSTRE, KEY_POLICY},
}


class Finding(NamedTuple):
    rule: str
    path: str


class Report:
    """The report of the CDK's validation of an app."""

    def __init__(self, path: Path) -> None:
        plugins: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["pluginReports"]
        self.plugins = {plugin["pluginName"] for plugin in plugins}
        self.findings = {
            Finding(violation["ruleName"], construct["constructPath"])
            for plugin in plugins
            for violation in plugin["violations"]
            for construct in violation["violatingConstructs"]
        }
        self.acknowledged = {
            (violation["acknowledgedId"], violation["acknowledgedAt"]): violation["reason"]
            for plugin in plugins
            for violation in plugin.get("suppressedViolations", [])
        }


class Metadata:
    """What the constructs of the stacks of a synthesized app say about themselves.

    The assembly has all of it. Asking each construct through jsii would take longer than the synthesis.
    """

    def __init__(self, assembly: Path) -> None:
        self.entries = [
            (path.removeprefix("/"), entry["type"], entry.get("data"))
            for file in assembly.rglob("*.metadata.json")
            for path, entries in json.loads(file.read_text(encoding="utf-8")).items()
            for entry in entries
        ]

    @property
    def warnings(self) -> set[str]:
        """The ids of the warnings that an app's own code adds to its constructs."""
        return {
            str(data).rpartition("[ack: ")[2].removesuffix("]")
            for _, kind, data in self.entries
            if kind == "aws:cdk:warning"
        }

    @property
    def acknowledgements(self) -> dict[tuple[str, str], str]:
        """The reasons of all acknowledgements in an app, by rule id and construct path."""
        return {
            (rule, path): reason
            for path, kind, data in self.entries
            if kind == "aws:cdk:acknowledged-rules"
            for rule, reason in data.items()
            if rule.startswith("AwsSolutions::") or rule == LITERAL_ZONE  # the CDK itself acknowledges other rules
        }


@pytest.mark.parametrize(("posture", "options"), SCENARIOS)
class TestEveryPattern:
    def test_no_finding_of_cdk_validation_and_cdk_nag(self, posture: str, options: str, synthesized: Book) -> None:
        report = Report(Path(synthesized(posture, options).outdir, "validation-report.json"))
        assert "AwsSolutions" in report.plugins
        assert report.findings == set()

    def test_only_expected_warnings(self, posture: str, options: str, synthesized: Book) -> None:
        assert Metadata(Path(synthesized(posture, options).outdir)).warnings == EXPECTED_WARNINGS[options]

    def test_each_acknowledgement_has_a_finding_and_a_reason(
        self, posture: str, options: str, synthesized: Book
    ) -> None:
        assembly = Path(synthesized(posture, options).outdir)
        report = Report(assembly / "validation-report.json")
        declared = Metadata(assembly).acknowledgements
        assert declared
        assert all(len(reason) > 30 for reason in declared.values())
        assert declared.keys() == report.acknowledged.keys()

    def test_no_finding_of_cfn_lint(self, posture: str, options: str, synthesized: Book) -> None:
        templates = template_files(Path(synthesized(posture, options).outdir))
        assert templates.keys() == {pattern.__name__ for pattern in patterns_with(options)}
        assert lint(*templates.values()) == ""


class TestCheckersFindDefects:
    """Each checker finds a defect. This proves that the tests above can fail."""

    def test_cdk_validation(self, tmp_path: Path) -> None:
        flags = json.loads(app.CDK_JSON.read_text(encoding="utf-8"))["context"]
        broken = cdk.App(context=flags, outdir=str(tmp_path))
        topic = sns.CfnTopic(cdk.Stack(broken, "Broken"), "Topic")
        topic.add_property_override("Nonsense", 1)
        with pytest.raises(RuntimeError, match="Nonsense"):
            broken.synth()

    def test_our_rules(self, tmp_path: Path) -> None:
        """The rules run in every app with patterns. The tests of each rule are in tests/rules."""

        class Broken(PatternStack):
            title = "A pattern with a defect"
            settings_type = PatternSettings

            def __init__(
                self, scope: Construct, construct_id: str, *, settings: PatternSettings, posture: Posture
            ) -> None:
                super().__init__(scope, construct_id, settings=settings, posture=posture)
                ecs.CfnService(
                    self,
                    "Service",
                    task_definition="task",
                    launch_type="FARGATE",
                    capacity_provider_strategy=[
                        ecs.CfnService.CapacityProviderStrategyItemProperty(capacity_provider="FARGATE")
                    ],
                )

        broken = build_app([Broken], cdk_json=app.CDK_JSON, outdir=str(tmp_path))
        with pytest.raises(RuntimeError, match="ecs-launch-type-and-strategy"):
            broken.synth()

    def test_cdk_nag(self, tmp_path: Path) -> None:
        broken = cdk.App(outdir=str(tmp_path))
        s3.Bucket(cdk.Stack(broken, "Broken"), "Bucket")
        cdk.Validations.of(broken).add_plugins(AwsSolutionsChecks(broken))
        with pytest.raises(RuntimeError, match="AwsSolutions-S1"):
            broken.synth()
        assert (
            Finding("AwsSolutions-S1", "Broken/Bucket/Resource") in Report(tmp_path / "validation-report.json").findings
        )

    def test_cfn_lint(self, tmp_path: Path) -> None:
        path = tmp_path / "broken.template.json"
        path.write_text('{"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"Nam": 1}}}}', encoding="utf-8")
        assert "E3002" in lint(path)

    def test_cfn_lint_where_a_rule_has_validators_of_its_own(self, tmp_path: Path) -> None:
        tags = [{"Key": "team", "Value": "web"}, {"Key": "team", "Value": "data"}]
        path = tmp_path / "broken.template.json"
        topic = {"Type": "AWS::SNS::Topic", "Properties": {"Tags": tags}}
        path.write_text(json.dumps({"Resources": {"T": topic}}), encoding="utf-8")
        assert "E3024" in lint(path)

    def test_cfn_lint_where_an_equal_resource_was_checked_before(self, tmp_path: Path) -> None:
        """It checks equal resources once, but not where one refers to something else, or where there was a finding."""

        def findings(name: str, resources: dict[str, Any]) -> str:
            path = tmp_path / f"{name}.template.json"
            path.write_text(json.dumps({"Resources": resources}), encoding="utf-8")
            return lint(path)

        group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "Group"}}
        rule = {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {"GroupId": {"Fn::GetAtt": ["Group", "GroupId"]}, "IpProtocol": "-1", "CidrIp": "10.0.0.0/8"},
        }
        topic = {"Type": "AWS::SNS::Topic"}
        assert findings("good", {"Group": group, "Rule": rule}) == ""
        assert "E1010" in findings("other", {"Group": topic, "Rule": rule})
        broken = {"Type": "AWS::SNS::Topic", "Properties": {"Nam": 1}}
        assert [findings(name, {"Group": group, "Rule": rule, "T": broken}).count("E3002") for name in "ab"] == [1, 1]
        assert "E3004" in findings("circle", {"A": {**topic, "DependsOn": "B"}, "B": {**topic, "DependsOn": "A"}})
