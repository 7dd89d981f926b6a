"""The promises of EksAutoModeStack."""

from collections.abc import Mapping
from typing import Any

import pytest

from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.eks import (
    ClusterPromises,
    InsightsPromises,
    NetworkPromises,
    OperationPromises,
    add_ons,
    cluster,
    manifest,
    policies,
    trust,
)
from patternbook.testing.eks_applications import AddOnPromises, ApplicationPromises
from patternbook.testing.options import CLUSTER_OPTIONS, OPTIONAL_ADD_ONS
from patternbook.testing.reading import Reading
from patternbook.testing.synthesis import refusal
from stacks.eks_auto_mode import EksAutoModeStack

PATTERN = EksAutoModeStack
EVERY_OPTION: Mapping[str, Any] = {
    **CLUSTER_OPTIONS,
    "add_ons": {"metrics-server": {"version": "v0.8.0-eksbuild.2"}, **OPTIONAL_ADD_ONS},
}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
BARE: Mapping[str, Any] = {"container_insights": False}
VARIANTS = {"full": FULL, "bare": BARE}


class TestNetwork(NetworkPromises): ...


class TestCluster(ClusterPromises): ...


class TestFurtherAddOns(AddOnPromises): ...


class TestApplication(ApplicationPromises): ...


class TestContainerInsights(InsightsPromises): ...


class TestOperation(OperationPromises): ...


class TestAutoMode:
    def test_eks_brings_nodes_volumes_and_load_balancers(self, any_stack: Reading) -> None:
        assert cluster(any_stack)["ComputeConfig"]["Enabled"] is True
        assert cluster(any_stack)["ComputeConfig"]["NodePools"] == ["system", "general-purpose"]
        assert cluster(any_stack)["StorageConfig"] == {"BlockStorage": {"Enabled": True}}
        assert cluster(any_stack)["KubernetesNetworkConfig"]["ElasticLoadBalancing"] == {"Enabled": True}
        assert not any_stack.all("AWS::EKS::Nodegroup")

    def test_auto_mode_needs_no_add_ons_for_network_names_and_volumes(self, any_stack: Reading, bare: Reading) -> None:
        assert add_ons(any_stack) <= {"metrics-server", "amazon-cloudwatch-observability", *OPTIONAL_ADD_ONS}
        assert add_ons(bare) == {"metrics-server"}

    def test_the_node_role_may_pull_images_and_nothing_else(self, any_stack: Reading) -> None:
        role = any_stack.to(cluster(any_stack)["ComputeConfig"]["NodeRoleArn"])
        assert policies(any_stack, role) == {"AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"}
        assert any_stack.statements(role) == []
        assert [each["Principal"] for each in trust(any_stack, role)] == [{"Service": "ec2.${AWS::URLSuffix}"}]

    def test_the_cluster_role_has_the_policies_that_aws_documents(self, any_stack: Reading) -> None:
        role = any_stack.to(cluster(any_stack)["RoleArn"])
        kinds = ("Cluster", "Compute", "BlockStorage", "LoadBalancing", "Networking")
        assert policies(any_stack, role) == {f"AmazonEKS{kind}Policy" for kind in kinds}
        [trusted] = trust(any_stack, role)
        assert trusted["Principal"] == {"Service": "eks.amazonaws.com"}
        assert set(trusted["Action"]) == {"sts:AssumeRole", "sts:TagSession"}

    def test_the_cluster_encrypts_volumes_with_the_key_of_the_stack(
        self, production: Reading, sandbox: Reading
    ) -> None:
        statements = production.statements(production.to(cluster(production)["RoleArn"]))
        assert {statement["Resource"] for statement in statements} == {"${AWS::KMS::Key.Arn}"}
        grant, use = statements
        assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        assert all(action.startswith("kms:") and "*" not in action for action in use["Action"])
        assert sandbox.statements(sandbox.to(cluster(sandbox)["RoleArn"])) == []

    def test_network_policies_are_enforced(self, any_stack: Reading) -> None:
        found = manifest(any_stack, "ConfigMap", "amazon-vpc-cni")
        assert found["metadata"]["namespace"] == "kube-system"
        assert found["data"] == {"enable-network-policy-controller": "true"}


def test_the_parts_of_the_stack_are_attributes(full: Reading) -> None:
    stack = full.stack
    assert isinstance(stack, EksAutoModeStack)
    assert stack.cluster.cluster.vpc == stack.network.vpc
    assert stack.monitoring.topic


class TestStorage:
    def test_the_default_class_is_gp3_of_auto_mode(self, any_stack: Reading) -> None:
        found = manifest(any_stack, "StorageClass", "gp3")
        assert found["provisioner"] == "ebs.csi.eks.amazonaws.com"
        assert found["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
        assert (found["parameters"]["type"], found["parameters"]["encrypted"]) == ("gp3", "true")
        assert (found["volumeBindingMode"], found["allowVolumeExpansion"]) == ("WaitForFirstConsumer", True)

    def test_production_encrypts_with_the_key_of_the_stack(self, production: Reading, sandbox: Reading) -> None:
        assert manifest(production, "StorageClass", "gp3")["parameters"]["kmsKeyId"] == "${AWS::KMS::Key.Arn}"
        assert "kmsKeyId" not in manifest(sandbox, "StorageClass", "gp3")["parameters"]


@pytest.mark.parametrize(
    ("settings", "path", "remedy"),
    [
        ({"kubernetes_version": "1.30"}, "kubernetes_version", "support of Kubernetes 1.30 ended on 2025-07-23"),
        ({"public_access_cidrs": ["10.0.0.0/8"]}, "public_access_cidrs", "must be public addresses, got 10.0.0.0/8."),
        (
            {"add_ons": {"vpc-cni": {}}},
            "add_ons",
            "got vpc-cni. Choose from amazon-cloudwatch-observability, aws-secrets-store-csi-driver-provider, ",
        ),
    ],
)
def test_refusals(settings: dict[str, Any], path: str, remedy: str) -> None:
    said = refusal(PATTERN, **settings)
    assert list(said) == [path]
    assert remedy in said[path]


class TestDrawing(DrawingPromises):
    """What docs/eks-auto-mode.d2 shows."""
