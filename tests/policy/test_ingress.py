"""Rungs 2 to 7 of load balancers for Ingresses: no pattern has them, so these stacks are synthesized here."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from cdk_nag import AwsSolutionsChecks

import app
from patternbook import PatternbookRules
from patternbook.eks.manifests import MANIFESTS
from patternbook.limits.eks_versions import KUBERNETES_VERSION
from patternbook.posture import POSTURES
from patternbook.testing.synthesis import feature_flags
from tests.book import template_files, templates_in
from tests.ingress import PUBLIC, in_auto_mode, on_fargate, on_nodes
from tests.policy.linting import lint
from tests.policy.ordering import Order
from tests.policy.test_findings import Metadata, Report
from tests.policy.test_iam_policies import ACCEPTED, Policies, findings
from tests.policy.test_manifests import applied, errors

Assemblies = Callable[[str], Path]

PARAMETERS: dict[str, dict[str, Any]] = {
    # https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-alb.html
    "eks.amazonaws.com/v1": {
        "scheme": ("internal", "internet-facing"),
        "certificateARNs": list,
        "group": {"name": str},
        "ipAddressType": str,
        "loadBalancerAttributes": list,
        "namespaceSelector": dict,
        "subnets": {"ids": list, "matchTags": list},
        "tags": list,
    },
    # https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/helm/aws-load-balancer-controller/crds/crds.yaml
    "elbv2.k8s.aws/v1beta1": {
        "scheme": ("internal", "internet-facing"),
        "certificateArn": list,
        "group": {"name": str},
        "inboundCIDRs": list,
        "ipAddressType": ("ipv4", "dualstack", "dualstack-without-public-ipv4"),
        "loadBalancerAttributes": list,
        "loadBalancerName": str,
        "namespaceSelector": dict,
        "sslPolicy": str,
        "sslRedirectPort": str,
        "subnets": {"ids": list, "tags": dict},
        "tags": list,
        "targetType": ("instance", "ip"),
        "wafv2AclArn": str,
    },
}
"""The fields of ``spec`` of an IngressClassParams by its apiVersion: their types, their values, or their own fields.
There is no schema of the one of Auto Mode."""

NO_DEFECTS = ACCEPTED | {
    # This action is newer than the linter's data:
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ValidateSecurityGroupQuotasForInterface.html
    "Unknown action ec2:ValidateSecurityGroupQuotasForInterface",
    # AWS's own policy allows this action on the VPC, too:
    # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEKSLoadBalancingPolicy.html
    "ec2:CreateSecurityGroup is for arn:*:ec2:*:*:security-group/* only",
    # The linter looks at the table of Classic Load Balancers. The one of the others has the key:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
    "Unknown condition elasticloadbalancing:CreateAction for action elasticloadbalancing:AddTags",
}


def parameter_errors(spec: Mapping[str, Any], fields: Mapping[str, Any], path: str = "spec") -> Iterator[str]:
    for name, value in spec.items():
        match fields.get(name):
            case None:
                yield f"{path}.{name} is unknown"
            case dict() as inner:
                yield from parameter_errors(value, inner, f"{path}.{name}")
            case tuple() as known:
                if value not in known:
                    yield f"{path}.{name} is {value!r}"
            case type() as wanted:
                if not isinstance(value, wanted):
                    yield f"{path}.{name} is no {wanted.__name__}"
    if ids := spec.get("loadBalancerAttributes"):
        yield from (f"{path}.loadBalancerAttributes has {each!r}" for each in ids if each.keys() != {"key", "value"})


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Assemblies:
    """Clusters with ingress classes, checked by CDK's validation, cdk-nag and our own rules."""

    @cache
    def make(posture: str) -> Path:
        outdir = tmp_path_factory.mktemp("ingress")
        checked = cdk.App(context=feature_flags(app.CDK_JSON), outdir=str(outdir))
        cdk.Validations.of(checked).add_plugins(AwsSolutionsChecks(checked), PatternbookRules())
        on_nodes(checked, posture=posture, ingress_class=PUBLIC)
        on_fargate(checked, posture=posture)
        in_auto_mode(checked, posture=posture, ingress_class=PUBLIC)
        checked.synth()  # raises for a finding that is not acknowledged
        return outdir

    return make


@pytest.mark.parametrize("posture", POSTURES)
class TestTemplates:
    def test_each_acknowledgement_has_a_finding(self, posture: str, assemblies: Assemblies) -> None:
        report = Report(assemblies(posture) / "validation-report.json")
        assert "AwsSolutions" in report.plugins
        assert report.findings == set()
        declared = {
            key for key in Metadata(assemblies(posture)).acknowledgements if key[0].startswith("AwsSolutions::")
        }
        assert any("listener-rule" in rule for rule, _ in declared)
        assert declared == report.acknowledged.keys()

    def test_no_finding_of_cfn_lint(self, posture: str, assemblies: Assemblies) -> None:
        files = template_files(assemblies(posture))
        assert files.keys() == {"OnNodes", "OnFargate", "InAutoMode"}
        assert lint(*files.values()) == ""

    def test_workloads_depend_on_what_they_need(self, posture: str, assemblies: Assemblies) -> None:
        for template in templates_in(assemblies(posture)).values():
            assert Order(template).findings() == set()
            assert Order(template).unlogged_functions() == set()

    def test_policies(self, posture: str, assemblies: Assemblies) -> None:
        for template in templates_in(assemblies(posture)).values():
            documents = [document for _, document in Policies(template)]
            assert documents
            assert [said for document in documents for said in findings(document) - NO_DEFECTS] == []

    def test_manifests(self, posture: str, assemblies: Assemblies) -> None:
        found = list(applied(templates_in(assemblies(posture))["InAutoMode"]))
        assert {each["kind"] for each in found} == {"IngressClass", "IngressClassParams"}
        assert [said for each in found if (said := errors(each, KUBERNETES_VERSION))] == []
        [parameters] = [each for each in found if each["kind"] == "IngressClassParams"]
        assert list(parameter_errors(parameters["spec"], PARAMETERS[parameters["apiVersion"]])) == []


def test_the_classes_of_both_controllers_have_known_fields_only() -> None:
    assert list(parameter_errors(PUBLIC.controller_spec(), PARAMETERS["elbv2.k8s.aws/v1beta1"])) == []
    assert list(parameter_errors(PUBLIC.auto_mode_spec(), PARAMETERS["eks.amazonaws.com/v1"])) == []


def test_the_fields_of_one_controller_are_unknown_to_the_other() -> None:
    """A field that a controller does not know would be dropped without a word."""
    said = list(parameter_errors(PUBLIC.controller_spec(), PARAMETERS["eks.amazonaws.com/v1"]))
    assert said == ["spec.certificateArn is unknown"]
    spec = {"scheme": "public", "subnets": {"tags": {}}, "tags": {}, "loadBalancerAttributes": [{"name": "x"}]}
    assert list(parameter_errors(spec, PARAMETERS["eks.amazonaws.com/v1"])) == [
        "spec.scheme is 'public'",
        "spec.subnets.tags is unknown",
        "spec.tags is no list",
        "spec.loadBalancerAttributes has {'name': 'x'}",
    ]


class TestExample:
    @staticmethod
    def ingress() -> dict[str, Any]:
        return yaml.safe_load((MANIFESTS / "example-ingress.yaml").read_text(encoding="utf-8"))

    def test_http_is_redirected_to_https(self) -> None:
        """By annotations that both controllers know. Without listen-ports, there is HTTPS only."""
        annotations = self.ingress()["metadata"]["annotations"]
        ports = json.loads(annotations["alb.ingress.kubernetes.io/listen-ports"])
        assert ports == [{"HTTP": 80}, {"HTTPS": 443}]
        assert annotations["alb.ingress.kubernetes.io/ssl-redirect"] == "443"

    def test_no_annotation_is_refused_by_auto_mode(self) -> None:
        """https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-alb.html"""
        refused = {"kubernetes.io/ingress.class"} | {
            f"alb.ingress.kubernetes.io/{name}"
            for name in ("group.name", "waf-acl-id", "web-acl-id", "shield-advanced-protection", "auth-type")
        }
        assert not refused & self.ingress()["metadata"]["annotations"].keys()

    def test_it_names_the_class_of_the_constructs(self) -> None:
        assert self.ingress()["spec"]["ingressClassName"] == "alb"
