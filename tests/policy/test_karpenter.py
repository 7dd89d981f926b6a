"""Karpenter by the checks of a pattern: findings, linters, IAM policies, order and custom resources."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from patternbook.posture import POSTURES
from tests.karpenter import EVERY_OPTION, KarpenterStack, karpenter_stack
from tests.policy.custom_resources import mistakes
from tests.policy.linting import lint
from tests.policy.ordering import Order
from tests.policy.test_iam_policies import ACCEPTED, Policies, findings
from tests.unit import test_recipes as checks

OPTIONS: dict[str, dict[str, Any]] = {"defaults": {}, "every option": EVERY_OPTION}
APART = {
    f"ec2:{action} is for arn:*:ec2:*:{kind}/* only"
    for action, kinds in {
        "CreateFleet": ("*:fleet", "*:instance"),
        "RunInstances": (":image", "*:instance", "*:network-interface", "*:security-group", "*:subnet"),
    }.items()
    for kind in kinds
}
"""The linter expects all resources of an action in one statement. Those that exist have other conditions than those
that are made."""
TABLES = {
    # IAM checks the path that is asked for: https://github.com/kubernetes/kops/pull/17854
    "iam:ListInstanceProfiles is for * only",
    # A public parameter has no account in its ARN: https://karpenter.sh/docs/reference/cloudformation/
    "ssm:GetParameter is for arn:*:ssm:*:*:parameter/* only",
    # The linter has the two resource types of 2023. A condition names the cluster:
    # https://docs.aws.amazon.com/r53recovery/latest/dg/security_iam_service-with-iam-zonal-shift.html
    "['arc-zonal-shift:GetManagedResource']",
}
"""Where the linter's tables are older than what IAM does."""


@pytest.fixture(scope="module", params=[(posture, options) for posture in POSTURES for options in OPTIONS], ids=str)
def template(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    posture, options = request.param
    return dict(Template.from_stack(karpenter_stack(POSTURES[posture], **OPTIONS[options])).to_json())


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("posture", POSTURES)
def test_no_finding(posture: str, options: str, tmp_path: Path) -> None:
    """CDK's validation, cdk-nag and our own rules."""
    app = checks.checked_app(tmp_path)
    KarpenterStack(app, POSTURES[posture], **OPTIONS[options])
    assert checks.findings(app, tmp_path) == []


def test_the_linter_has_no_finding(template: Mapping[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "Karpenter.template.json"
    path.write_text(json.dumps(template), encoding="utf-8")
    assert lint(path) == ""


def test_iam_accepts_the_policies(template: dict[str, Any]) -> None:
    documents = list(Policies(template))
    assert len(documents) > 2
    assert [
        (name, said) for name, document in documents for said in findings(document) - ACCEPTED - APART - TABLES
    ] == []


def test_policies_fit_into_a_role(template: dict[str, Any]) -> None:
    """All inline policies of a role have 10,240 characters together, without white space.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    for _, document in Policies(template):
        assert len(json.dumps(document, separators=(",", ":"))) < 8000


def test_workloads_depend_on_what_they_need(template: Mapping[str, Any]) -> None:
    assert {str(need) for need in Order(template).findings()} == set()
    assert Order(template).unlogged_functions() == set()


class TestCustomResources:
    @pytest.fixture
    def manifests(self, template: dict[str, Any]) -> dict[str, dict[str, Any]]:
        [applied] = [
            each["Properties"]["Manifest"]
            for each in template["Resources"].values()
            if each["Type"] == "Custom::AWSCDK-EKS-KubernetesResource"
        ]
        return {each["kind"]: each for each in json.loads(self.known(applied, template))}

    def known(self, value: Any, template: dict[str, Any]) -> str:
        """The text, with an id of its kind for each reference."""
        match value:
            case {"Fn::Join": ["", list(parts)]}:
                return "".join(self.known(part, template) for part in parts)
            case {"Ref": str(name)} if template["Resources"][name]["Type"] == "AWS::EC2::Subnet":
                return "subnet-0123456789abcdef0"
            case {"Fn::GetAtt": [str(), "ClusterSecurityGroupId"]}:
                return "sg-0123456789abcdef0"
        return value if isinstance(value, str) else "something"

    def test_they_are_valid(self, manifests: dict[str, dict[str, Any]]) -> None:
        assert manifests.keys() == {"EC2NodeClass", "NodePool"}
        assert {kind: mistakes(each) for kind, each in manifests.items()} == dict.fromkeys(manifests, "")


CLASS: dict[str, Any] = {
    "apiVersion": "karpenter.k8s.aws/v1",
    "kind": "EC2NodeClass",
    "metadata": {"name": "default"},
    "spec": {
        "instanceProfile": "nodes",
        "amiSelectorTerms": [{"alias": "al2023@v20261023"}],
        "subnetSelectorTerms": [{"id": "subnet-0123456789abcdef0"}],
        "securityGroupSelectorTerms": [{"id": "sg-0123456789abcdef0"}],
        "metadataOptions": {"httpTokens": "required"},
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": "30Gi", "volumeType": "gp3"}}],
    },
}
POOL: dict[str, Any] = {
    "apiVersion": "karpenter.sh/v1",
    "kind": "NodePool",
    "metadata": {"name": "default"},
    "spec": {
        "template": {
            "spec": {
                "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"},
                "requirements": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}],
                "expireAfter": "720h",
            }
        },
        "disruption": {"consolidateAfter": "5m", "budgets": [{"nodes": "10%"}]},
        "limits": {"cpu": "32"},
    },
}


class TestTheValidator:
    @pytest.mark.parametrize("manifest", [CLASS, POOL], ids=lambda each: each["kind"])
    def test_it_accepts_a_valid_one(self, manifest: dict[str, Any]) -> None:
        assert mistakes(manifest) == ""

    @pytest.mark.parametrize(
        ("manifest", "path", "value"),
        [
            (CLASS, "spec/metadataOptions/httpTokens", "needed"),
            (CLASS, "spec/blockDeviceMappings/0/ebs/volumeType", "gp4"),
            (CLASS, "spec/blockDeviceMappings/0/ebs/size", "30Gi"),
            (CLASS, "spec/amiSelectorTerms/0/alias", 2023),
            (CLASS, "spec/subnetSelectorTerms", None),
            (CLASS, "spec/instanceProfil", "nodes"),
            (CLASS, "spec/securityGroupSelectorTerms/0/ids", "sg-1"),
            (POOL, "apiVersion", "karpenter.sh/v1beta1"),
            (POOL, "spec/template/spec/expireAfter", "30 days"),
            (POOL, "spec/template/spec/nodeClassRef/name", None),
            (POOL, "spec/template/spec/requirements/0/operator", "Is"),
            (POOL, "spec/template/spec/requirements/0/value", "arm64"),
            (POOL, "spec/template/spec/terminationGrace", "24h"),
            (POOL, "spec/disruption/consolidateAfter", "soon"),
            (POOL, "spec/disruption/budgets/0/nodes", "many"),
            (POOL, "spec/limit", {"cpu": "32"}),
        ],
    )
    def test_it_finds_a_defect(self, manifest: dict[str, Any], path: str, value: Any) -> None:
        changed = copy.deepcopy(manifest)
        here: Any = changed
        *keys, last = path.split("/")
        for key in keys:
            here = here[int(key) if isinstance(here, list) else key]
        if value is None:
            del here[last]
        else:
            here[last] = value
        assert mistakes(changed)
