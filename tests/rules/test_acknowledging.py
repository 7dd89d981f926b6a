"""Findings that somebody accepts: in the metadata of a plain template, and as CDK does it."""

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
from tests.rules.smallest import CLUSTER, REMOVED, TODAY, changed, document


def found(*acknowledged: Any) -> list[tuple[str, str]]:
    """What is found in a cluster without logs, with these acknowledgements: ids and messages."""
    resources = changed(
        CLUSTER, {"Cluster.Logging": REMOVED, "Cluster.Metadata": {"patternbook": {"acknowledge": list(acknowledged)}}}
    )
    return [(each.rule.id, each.problem.message) for each in check(document(resources), RULES, today=TODAY)]


class TestInMetadata:
    def test_without_any(self) -> None:
        assert [rule for rule, _ in found()] == ["eks-logs-off"]

    def test_with_a_reason(self) -> None:
        assert found({"id": "eks-logs-off", "reason": "A classroom."}) == []

    @pytest.mark.parametrize("reason", [{}, {"reason": ""}, {"reason": " "}, {"reason": None}])
    def test_without_a_reason(self, reason: dict[str, Any]) -> None:
        assert [rule for rule, _ in found({"id": "eks-logs-off", **reason})] == ["acknowledgement-reason"]

    def test_of_what_is_not_found(self) -> None:
        findings = found({"id": "eks-secrets-key", "reason": "A classroom."})
        assert [rule for rule, _ in findings] == ["eks-logs-off", "acknowledgement-unused"]
        assert "no such finding" in findings[1][1]

    def test_of_no_rule(self) -> None:
        findings = found({"id": "eks-log-off", "reason": "A classroom."})
        assert "the id of no rule" in findings[1][1]

    @pytest.mark.parametrize("nonsense", ["text", 5, None, {"reason": "no id"}])
    def test_nonsense(self, nonsense: Any) -> None:
        assert "acknowledgement-unused" in [rule for rule, _ in found(nonsense)]

    @pytest.mark.parametrize("metadata", ["text", {"patternbook": 5}, {"patternbook": {"acknowledge": {}}}])
    def test_other_metadata(self, metadata: Any) -> None:
        resources = changed(CLUSTER, {"Cluster.Metadata": metadata})
        assert check(document(resources), RULES, today=TODAY) == []


def report_at(path: Path) -> dict[str, Any]:
    """What the plugin reports; CDK's own validation has a report of its own."""
    reports = json.loads(path.read_text(encoding="utf-8"))["pluginReports"]
    return next(each for each in reports if each["pluginName"] == "Patternbook")


class Synthesized:
    """A cluster without logs and without a key for secrets, in an app with the plugin, and CDK's report of it."""

    def __init__(self, outdir: Path) -> None:
        self.path = outdir / "validation-report.json"
        self.app = cdk.App(outdir=str(outdir))
        cdk.Validations.of(self.app).add_plugins(PatternbookRules(today=TODAY))
        self.stack = cdk.Stack(self.app, "Classroom")
        self.cluster = eks.CfnCluster(
            self.stack,
            "Cluster",
            role_arn="arn:aws:iam::111122223333:role/cluster",
            resources_vpc_config=eks.CfnCluster.ResourcesVpcConfigProperty(
                subnet_ids=["subnet-1", "subnet-2"], endpoint_public_access=False
            ),
        )

    def report(self) -> dict[str, Any]:
        self.app.synth()
        return report_at(self.path)

    def findings(self) -> set[tuple[str, str]]:
        """Ids, each with the path of its construct."""
        return {
            (each["ruleName"], construct["constructPath"])
            for each in self.report()["violations"]
            for construct in each["violatingConstructs"]
        }


@pytest.fixture
def synthesized(tmp_path: Path) -> Synthesized:
    return Synthesized(tmp_path)


LOGS = ("eks-logs-off", "Classroom/Cluster")
SECRETS = ("eks-secrets-key", "Classroom/Cluster")


def acknowledge(scope: Any, rule: str, reason: str = "A classroom.") -> None:
    cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=f"Patternbook::{rule}", reason=reason))


class TestInCdk:
    def test_a_finding_says_what_where_and_how(self, synthesized: Synthesized) -> None:
        report = synthesized.report()
        assert report["conclusion"] == "success", "warnings do not end the synthesis"
        violation = next(each for each in report["violations"] if each["ruleName"] == "eks-logs-off")
        assert violation["severity"] == "warning"
        assert violation["description"].startswith("A cluster keeps no logs of its control plane.")
        assert "Enable the types of log" in violation["suggestedFix"]
        assert violation["suggestedFix"].endswith(
            "https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html"
        )
        (construct,) = violation["violatingConstructs"]
        assert construct["constructPath"] == "Classroom/Cluster"
        assert construct["cloudFormationResource"]["propertyPaths"] == [
            "Properties/Logging/ClusterLogging/EnabledTypes"
        ]

    def test_an_error_ends_the_synthesis(self, synthesized: Synthesized) -> None:
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

    def test_without_acknowledgements(self, synthesized: Synthesized) -> None:
        assert synthesized.findings() == {LOGS, SECRETS}

    def test_beside_the_construct_above_it_and_for_the_app(self, synthesized: Synthesized) -> None:
        acknowledge(synthesized.cluster, "eks-logs-off")
        assert synthesized.findings() == {SECRETS}

    def test_above_it(self, synthesized: Synthesized) -> None:
        acknowledge(synthesized.stack, "eks-logs-off")
        acknowledge(synthesized.app, "eks-secrets-key")
        assert synthesized.findings() == set()

    def test_without_a_reason(self, synthesized: Synthesized) -> None:
        acknowledge(synthesized.cluster, "eks-logs-off", reason=" ")
        assert synthesized.findings() == {SECRETS, ("acknowledgement-reason", "Classroom/Cluster")}

    def test_of_what_is_not_found(self, synthesized: Synthesized) -> None:
        acknowledge(synthesized.cluster, "eks-public-endpoint")
        acknowledge(synthesized.app, "ecs-fargate-size")
        assert synthesized.findings() == {
            LOGS,
            SECRETS,
            ("acknowledgement-unused", "Classroom/Cluster"),
            ("acknowledgement-unused", ""),
        }

    def test_of_what_is_found_elsewhere(self, synthesized: Synthesized) -> None:
        elsewhere = cdk.CfnResource(synthesized.stack, "Cluster2", type="AWS::SNS::Topic")
        acknowledge(elsewhere, "eks-logs-off")
        assert synthesized.findings() == {LOGS, SECRETS, ("acknowledgement-unused", "Classroom/Cluster2")}

    def test_those_of_others_are_none_of_ours(self, synthesized: Synthesized) -> None:
        cdk.Validations.of(synthesized.cluster).acknowledge(cdk.Acknowledgment(id="AwsSolutions::X", reason=""))
        assert synthesized.findings() == {LOGS, SECRETS}

    def test_the_region_of_a_stack_is_known(self, tmp_path: Path) -> None:
        app = cdk.App(outdir=str(tmp_path))
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
        with pytest.raises(RuntimeError, match="It is in eu-west-1"):
            app.synth()
        (violation,) = report_at(tmp_path / "validation-report.json")["violations"]
        assert violation["violatingConstructs"][0]["constructPath"] == "eu-west-1/Distribution"
