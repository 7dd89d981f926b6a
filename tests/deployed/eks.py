"""Functions that look at an EKS cluster. No API of AWS shows what is inside it: ``kubectl get storageclass`` does."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.deployed.looking import inline_statements, policies_of, principals_of
from tests.deployed.stack import DeployedStack

NODE_POLICIES = {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}
FILES = "AWS::EFS::FileSystem"


def installed(stack: DeployedStack) -> set[str]:
    """The add-ons that the stack has made, whatever became of them; ``Ref`` is the cluster and the add-on."""
    return {physical_id.partition("|")[2] for physical_id in stack.all("AWS::EKS::Addon")}


def file_system_of(stack: DeployedStack) -> dict[str, Any]:
    if not stack.all(FILES):
        pytest.skip("this stack has no file system")
    return stack.ask("efs.describe_file_systems", FileSystemId=stack.only(FILES))["FileSystems"][0]


def cluster_of(stack: DeployedStack) -> dict[str, Any]:
    return stack.ask("eks.describe_cluster", name=stack.only("AWS::EKS::Cluster"))["cluster"]


def secrets_key_of(stack: DeployedStack) -> str:
    keys = [setup["provider"]["keyArn"] for setup in cluster_of(stack).get("encryptionConfig", [])]
    assert keys, "secrets are encrypted with no key of anybody's own"
    return keys[0].rpartition("/")[2]


def admin_role_of(stack: DeployedStack) -> str:
    return stack.outputs["KubeconfigCommand"].rpartition(" ")[2]


def kubectl_roles_of(stack: DeployedStack) -> Iterable[str]:
    """The roles of the functions that CDK applies manifests with. They run Python; its other functions run Node.js.

    A function of the stack's own has another handler.
    """
    for name in stack.all("AWS::Lambda::Function"):
        function = stack.ask("lambda.get_function_configuration", FunctionName=name)
        if function["Runtime"].startswith("python") and function["Handler"] == "index.handler":
            yield function["Role"]


def access_of(stack: DeployedStack) -> dict[str, set[str]]:
    """The names of access policies, by principal."""
    name = stack.only("AWS::EKS::Cluster")
    found: dict[str, set[str]] = {}
    for principal in stack.ask("eks.list_access_entries", clusterName=name)["accessEntries"]:
        answer = stack.ask("eks.list_associated_access_policies", clusterName=name, principalArn=principal)
        found[principal] = {each["policyArn"].rpartition("/")[2] for each in answer["associatedAccessPolicies"]}
    return found


def add_ons_of(stack: DeployedStack) -> dict[str, dict[str, Any]]:
    name = stack.only("AWS::EKS::Cluster")
    names = stack.ask("eks.list_addons", clusterName=name)["addons"]
    return {each: stack.ask("eks.describe_addon", clusterName=name, addonName=each)["addon"] for each in names}


def associations_of(stack: DeployedStack) -> list[dict[str, Any]]:
    """The associations of service accounts with roles."""
    name = stack.only("AWS::EKS::Cluster")
    found = stack.ask("eks.list_pod_identity_associations", clusterName=name)["associations"]
    ids = [each["associationId"] for each in found]
    return [
        stack.ask("eks.describe_pod_identity_association", clusterName=name, associationId=each)["association"]
        for each in ids
    ]


def pod_role_of(stack: DeployedStack, account: str) -> str:
    """The name of the role that a service account's pods act as."""
    found = [each["roleArn"] for each in associations_of(stack) if each["serviceAccount"] == account]
    assert len(found) == 1, f"the service account {account} has {len(found)} roles"
    return found[0].rpartition("/")[2]


def check_metadata(launched: dict[str, Any]) -> None:
    """Checks the metadata options of nodes."""
    options = launched.get("MetadataOptions", {})
    assert options.get("HttpTokens") == "required", "metadata of nodes takes IMDSv1"
    hops = options.get("HttpPutResponseHopLimit")
    assert hops == 1, f"metadata of nodes answers over {hops} hops, so pods can act as the node"


def check_volumes(launched: dict[str, Any]) -> None:
    """Checks the volumes of nodes."""
    volumes = [device["Ebs"] for device in launched.get("BlockDeviceMappings", [])]
    assert volumes, "the volumes of nodes are left to the AMI"
    for volume in volumes:
        kind, encrypted = volume.get("VolumeType"), volume.get("Encrypted")
        assert (kind, encrypted) == ("gp3", True), f"a volume of nodes is {kind}, encrypted: {encrypted}"


def check_node_role(stack: DeployedStack, role: str) -> None:
    """Checks that a role is for the kubelet of nodes only."""
    attached = policies_of(stack, role)
    assert attached == NODE_POLICIES, f"the node role has more policies, or less: {attached ^ NODE_POLICIES}"
    inline = list(inline_statements(stack, role))
    assert not inline, f"the node role may {[statement['Action'] for statement in inline]}"
    trusted = principals_of(stack, role)
    assert trusted == [("Service", "ec2.amazonaws.com")], f"the node role is for {trusted}"
