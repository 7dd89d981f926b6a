"""Acknowledgements in the metadata of a template, and acknowledgements of the CDK."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_eks as eks

from patternbook.rules import RULES
from patternbook.rules.engine import check
from patternbook.rules.plugin import PatternbookRules
from patternbook.testing.synthesis import unchecked_app
from tests.rules.cases.base import REMOVED, TODAY, changed, document
from tests.rules.cases.eks import CLUSTER


def found(*acknowledged: Any) -> list[tuple[str, str]]:
    """The ids and messages of the findings for a cluster without logs, with these acknowledgements."""
    resources = changed(
        CLUSTER, {"Cluster.Logging": REMOVED, "Cluster.Metadata": {"patternbook": {"acknowledge": list(acknowledged)}}}
    )
    return [(each.rule.id, each.problem.message) for each in check(document(resources), RULES, today=TODAY)]


class TestInMetadata:
    def test_without_acknowledgements_a_finding_is_reported(self) -> None:
        assert [rule for rule, _ in found()] == ["eks-logs-off"]

    def test_an_acknowledgement_with_a_reason_removes_the_finding(self) -> None:
        assert found({"id": "eks-logs-off", "reason": "A classroom."}) == []

    @pytest.mark.parametrize("reason", [{}, {"reason": ""}, {"reason": " "}, {"reason": None}])
    def test_an_acknowledgement_without_a_reason_is_a_finding(self, reason: dict[str, Any]) -> None:
        assert [rule for rule, _ in found({"id": "eks-logs-off", **reason})] == ["acknowledgement-reason"]

    def test_an_acknowledgement_without_a_finding_is_a_finding(self) -> None:
        findings = found({"id": "eks-public-endpoint", "reason": "A classroom."})
        assert [rule for rule, _ in findings] == ["eks-logs-off", "acknowledgement-unused"]
        assert "no such finding" in findings[1][1]

    def test_an_acknowledgement_of_an_unknown_rule_is_a_finding(self) -> None:
        findings = found({"id": "eks-log-off", "reason": "A classroom."})
        assert "no rule has this id" in findings[1][1]

    @pytest.mark.parametrize("nonsense", ["text", 5, None, {"reason": "no id"}])
    def test_a_malformed_acknowledgement_is_a_finding(self, nonsense: Any) -> None:
        assert "acknowledgement-unused" in [rule for rule, _ in found(nonsense)]

    @pytest.mark.parametrize("metadata", ["text", {"patternbook": 5}, {"patternbook": {"acknowledge": {}}}])
    def test_other_metadata_is_ignored(self, metadata: Any) -> None:
        resources = changed(CLUSTER, {"Cluster.Metadata": metadata})
        assert check(document(resources), RULES, today=TODAY) == []


def report_at(path: Path) -> dict[str, Any]:
    """The report of the plugin, without the reports of others."""
    reports = json.loads(path.read_text(encoding="utf-8"))["pluginReports"]
    return next(each for each in reports if each["pluginName"] == "Patternbook")


class Synthesized:
    """An app with the plugin, and a cluster without logs and with an open endpoint."""

    def __init__(self, outdir: Path) -> None:
        self.path = outdir / "validation-report.json"
        self.app = unchecked_app(outdir)
        cdk.Validations.of(self.app).add_plugins(PatternbookRules(today=TODAY))
        self.stack = cdk.Stack(self.app, "Classroom")
        self.cluster = eks.CfnCluster(
            self.stack,
            "Cluster",
            role_arn="arn:aws:iam::111122223333:role/cluster",
            resources_vpc_config=eks.CfnCluster.ResourcesVpcConfigProperty(
                subnet_ids=["subnet-1", "subnet-2"], endpoint_public_access=True
            ),
        )

    def report(self) -> dict[str, Any]:
        self.app.synth()
        return report_at(self.path)

    def findings(self) -> set[tuple[str, str]]:
        """The id of each finding, with the path of its construct."""
        return {
            (each["ruleName"], construct["constructPath"])
            for each in self.report()["violations"]
            for construct in each["violatingConstructs"]
        }


@pytest.fixture
def synthesized(tmp_path: Path) -> Synthesized:
    return Synthesized(tmp_path)


LOGS = ("eks-logs-off", "Classroom/Cluster")
ENDPOINT = ("eks-public-endpoint", "Classroom/Cluster")


def acknowledge(scope: Any, rule: str, reason: str = "A classroom.") -> None:
    cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=f"Patternbook::{rule}", reason=reason))


class TestInCdk:
    def test_a_finding_has_summary_place_fix_and_source(self, synthesized: Synthesized) -> None:
        report = synthesized.report()
        assert report["conclusion"] == "success", "warnings do not fail the synthesis"
        violation = next(each for each in report["violations"] if each["ruleName"] == "eks-logs-off")
        assert violation["severity"] == "warning"
        assert violation["description"].startswith("A cluster writes no control plane logs.")
        assert "Enable the log types" in violation["suggestedFix"]
        assert violation["suggestedFix"].endswith(
            "https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html"
        )
        (construct,) = violation["violatingConstructs"]
        assert construct["constructPath"] == "Classroom/Cluster"
        assert construct["cloudFormationResource"]["propertyPaths"] == [
            "Properties/Logging/ClusterLogging/EnabledTypes"
        ]

    def test_an_error_fails_the_synthesis(self, synthesized: Synthesized) -> None:
        ecs.CfnService(
            synthesized.stack,
            "Service",
            task_definition="task",
            launch_type="FARGATE",
            capacity_provider_strategy=[
                ecs.CfnService.CapacityProviderStrategyItemProperty(capacity_provider="FARGATE")
            ],
        )
        with pytest.raises(RuntimeError, match="ecs-launch-type-and-strategy"):
            synthesized.app.synth()

    def test_without_acknowledgements_all_findings_are_reported(self, synthesized: Synthesized) -> None:
        assert synthesized.findings() == {LOGS, ENDPOINT}

    def test_an_acknowledgement_on_the_construct_removes_the_finding(self, synthesized: Synthesized) -> None:
        acknowledge(synthesized.cluster, "eks-logs-off")
        assert synthesized.findings() == {ENDPOINT}

    def test_an_acknowledgement_on_a_parent_or_the_app_removes_the_finding(self, synthesized: Synthesized) -> None:
        acknowledge(synthesized.stack, "eks-logs-off")
        acknowledge(synthesized.app, "eks-public-endpoint")
        assert synthesized.findings() == set()

    def test_an_acknowledgement_without_a_reason_is_a_finding(self, synthesized: Synthesized) -> None:
        acknowledge(synthesized.cluster, "eks-logs-off", reason=" ")
        assert synthesized.findings() == {ENDPOINT, ("acknowledgement-reason", "Classroom/Cluster")}

    def test_an_acknowledgement_without_a_finding_is_a_finding(self, synthesized: Synthesized) -> None:
        acknowledge(synthesized.cluster, "eks-version-ended")
        acknowledge(synthesized.app, "ecs-fargate-size")
        assert synthesized.findings() == {
            LOGS,
            ENDPOINT,
            ("acknowledgement-unused", "Classroom/Cluster"),
            ("acknowledgement-unused", ""),
        }

    def test_an_acknowledgement_on_another_construct_does_not_count(self, synthesized: Synthesized) -> None:
        elsewhere = cdk.CfnResource(synthesized.stack, "Cluster2", type="AWS::SNS::Topic")
        acknowledge(elsewhere, "eks-logs-off")
        assert synthesized.findings() == {LOGS, ENDPOINT, ("acknowledgement-unused", "Classroom/Cluster2")}

    def test_acknowledgements_of_other_plugins_are_ignored(self, synthesized: Synthesized) -> None:
        cdk.Validations.of(synthesized.cluster).acknowledge(cdk.Acknowledgment(id="AwsSolutions::X", reason=""))
        assert synthesized.findings() == {LOGS, ENDPOINT}

    def test_rules_know_the_region_of_a_stack(self, tmp_path: Path) -> None:
        app = unchecked_app(tmp_path)
        cdk.Validations.of(app).add_plugins(PatternbookRules(today=TODAY))
        for region in ("us-east-1", "eu-west-1"):
            stack = cdk.Stack(app, region, env=cdk.Environment(region=region))
            certificate = cdk.CfnResource(stack, "Certificate", type="AWS::CertificateManager::Certificate")
            viewer = {"AcmCertificateArn": certificate.ref}
            cdk.CfnResource(
                stack,
                "Distribution",
                type="AWS::CloudFront::Distribution",
                properties={"DistributionConfig": {"Aliases": ["a.example.com"], "ViewerCertificate": viewer}},
            )
        with pytest.raises(RuntimeError, match="The certificate is in eu-west-1"):
            app.synth()
        (violation,) = report_at(tmp_path / "validation-report.json")["violations"]
        assert violation["violatingConstructs"][0]["constructPath"] == "eu-west-1/Distribution"
