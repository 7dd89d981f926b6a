"""Each page says what stays after a failed first production deployment: what is protected, and what that depends on."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import app
from patternbook import PatternStack
from patternbook.rules.template.dependencies import Dependencies
from tests.policy.conftest import Templates

ROOT = Path(__file__).parents[2]
PARAGRAPH = re.compile(r"^If the \*first\* deployment fails, (.*)$", re.MULTILINE)
NAMES = {
    "AWS::AutoScaling::AutoScalingGroup": "Auto Scaling group",
    "AWS::Cognito::UserPool": "user pool",
    "AWS::DynamoDB::GlobalTable": "table",
    "AWS::EC2::InternetGateway": "internet gateway",
    "AWS::EC2::NatGateway": "three NAT gateways",
    "AWS::EC2::VPC": "VPC",
    "AWS::ECS::Cluster": "ECS cluster",
    "AWS::EKS::Cluster": "cluster",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "load balancer",
    "AWS::KMS::Key": "key",
    "AWS::Lambda::Function": "functions",
    "AWS::Lambda::Version": "versions",
    "AWS::Logs::LogGroup": "log groups",
    "AWS::RDS::DBCluster": "cluster",
    "AWS::S3::Bucket": "bucket",
}
"""What a page calls the resources that matter, because they cost money or keep others."""


def protected(resources: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The resources that a rollback of their creation does not delete."""
    for name, body in resources.items():
        properties = body.get("Properties", {})
        attributes = properties.get("LoadBalancerAttributes", [])
        if (
            {"Key": "deletion_protection.enabled", "Value": "true"} in attributes
            or properties.get("DeletionProtection") in (True, "ACTIVE")
            or any(each.get("DeletionProtectionEnabled") for each in properties.get("Replicas", []))
            or properties.get("NewInstancesProtectedFromScaleIn") is True
            or body.get("DeletionPolicy") == "Retain"
        ):
            yield name


@pytest.mark.parametrize("pattern", app.PATTERNS, ids=lambda pattern: pattern.__name__)
def test_the_page_says_what_stays(pattern: type[PatternStack], templates: Templates) -> None:
    promises = (sys.modules[pattern.__module__.rpartition(".")[0]].__doc__ or "").strip()
    page = (ROOT / promises.rpartition("Page: ")[2]).read_text(encoding="utf-8")
    [said] = PARAGRAPH.findall(page)
    resources = templates("production", "defaults")[pattern.__name__]["Resources"]
    roots = set(protected(resources))
    assert said.startswith("CloudFormation rolls everything back") == (not roots)
    dependencies = Dependencies(resources)
    stays = roots.union(*(dependencies.of(name) for name in roots))
    types = {resources[name]["Type"] for name in stays}
    missing = [NAMES[each] for each in sorted(types & NAMES.keys()) if NAMES[each] not in said]
    assert not missing, f"the page does not say that these stay: {missing}"
    names = {NAMES[each] for each in types & NAMES.keys()}
    exceeding = [name for name in NAMES.values() if name not in names and re.search(rf"\b{name}s?\b", said)]
    # A bucket of options, or one that has files in it; and a word within another name.
    allowed = (
        {"bucket"}
        if "with TLS" in said or "with its files" in said
        else {"cluster"}
        if "AWS::ECS::Cluster" in types
        else set()
    )
    assert set(exceeding) <= allowed, f"the page says of these that they stay: {exceeding}"


def test_the_overview_names_each_stack_of_which_something_stays(templates: Templates) -> None:
    page = (ROOT / "docs" / "failed-deployments.md").read_text(encoding="utf-8")
    [table] = re.findall(r"^\| Stack \| What remains \|\n(?:\|.*\n)+", page, re.MULTILINE)
    stay = {
        stack
        for stack, template in templates("production", "defaults").items()
        if any(protected(template["Resources"]))
    }
    of_eks = {stack for stack in stay if stack.startswith("Eks")}
    assert of_eks
    assert "| The stacks of EKS |" in table
    assert set(re.findall(r"`(\w+Stack)`", table)) | of_eks == stay
