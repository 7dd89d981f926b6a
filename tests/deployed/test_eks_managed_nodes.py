"""What a person would look at once ``EksManagedNodesStack`` is deployed.

Each check asks AWS, not the template, and holds in both postures and with any settings. That each can fail is shown
in tests/proof/test_eks_managed_nodes.py.
"""

import json
from typing import Any

import pytest

from tests.deployed import cluster as any_cluster
from tests.deployed import service as any_service
from tests.deployed.cluster import (
    add_ons_of,
    check_subnets,
    installed,
    pod_role_of,
    policies_of,
    principals_of,
)
from tests.deployed.service import inline_statements, listed
from tests.deployed.stack import DeployedStack

STACK = "EksManagedNodesStack"

NODE_POLICIES = {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}
DRIVER = "aws-ebs-csi-driver"
BASIC = {
    *("vpc-cni", "kube-proxy", "eks-pod-identity-agent"),
    *("coredns", "metrics-server", "eks-node-monitoring-agent"),
}

# The same of any cluster.
test_add_ons_run = any_cluster.test_add_ons_run
test_alarms_notify_the_topic = any_cluster.test_alarms_notify_the_topic
test_container_insights_writes_to_log_groups_of_the_stack = (
    any_cluster.test_container_insights_writes_to_log_groups_of_the_stack
)
test_logs_are_kept_for_a_set_time = any_cluster.test_logs_are_kept_for_a_set_time
test_nobody_from_outside_connects = any_cluster.test_nobody_from_outside_connects
test_not_everybody_in_aws_may_act_as_the_admin = any_cluster.test_not_everybody_in_aws_may_act_as_the_admin
test_pods_have_roles_that_are_for_pods_only = any_cluster.test_pods_have_roles_that_are_for_pods_only
test_secrets_are_encrypted_with_a_rotated_key_of_the_stack = (
    any_cluster.test_secrets_are_encrypted_with_a_rotated_key_of_the_stack
)
test_the_admin_role_can_log_in_and_so_can_kubectl_and_nobody_else = (
    any_cluster.test_the_admin_role_can_log_in_and_so_can_kubectl_and_nobody_else
)
test_the_admin_role_may_describe_its_cluster_only = any_cluster.test_the_admin_role_may_describe_its_cluster_only
test_the_api_is_reached_from_within_and_from_given_blocks_only = (
    any_cluster.test_the_api_is_reached_from_within_and_from_given_blocks_only
)
test_the_cluster_refuses_to_be_deleted_in_production_only = (
    any_cluster.test_the_cluster_refuses_to_be_deleted_in_production_only
)
test_the_control_plane_logs_everything_to_a_group_of_the_stack = (
    any_cluster.test_the_control_plane_logs_everything_to_a_group_of_the_stack
)
test_the_topic_takes_messages_of_alarms = any_service.test_the_topic_takes_messages_of_alarms
test_the_version_is_in_support = any_cluster.test_the_version_is_in_support


def test_nodes_are_healthy_and_repaired(stack: DeployedStack) -> None:
    for nodes in _groups(stack):
        name, issues = nodes["nodegroupName"], [issue["message"] for issue in nodes["health"]["issues"]]
        assert (nodes["status"], issues) == ("ACTIVE", []), f"the group {name} is {nodes['status']}: {issues}"
        assert nodes.get("nodeRepairConfig", {}).get("enabled"), f"broken nodes of the group {name} stay"


def test_one_group_runs_on_demand_and_one_on_spot_with_a_choice(stack: DeployedStack) -> None:
    kinds = sorted(nodes["capacityType"] for nodes in _groups(stack))
    assert kinds == ["ON_DEMAND", "SPOT"], f"the groups of nodes are {kinds}"
    [spot] = [nodes for nodes in _groups(stack) if nodes["capacityType"] == "SPOT"]
    assert len(spot["instanceTypes"]) > 1, f"Spot has one instance type only, {spot['instanceTypes'][0]}"


def test_nodes_are_in_private_subnets_of_three_azs(stack: DeployedStack) -> None:
    for nodes in _groups(stack):
        check_subnets(stack, "nodes", nodes["subnets"])
        assert "remoteAccess" not in nodes, f"the group {nodes['nodegroupName']} takes SSH"


def test_metadata_of_nodes_takes_imdsv2_and_one_hop(stack: DeployedStack) -> None:
    for launched in _launched(stack):
        options = launched.get("MetadataOptions", {})
        assert options.get("HttpTokens") == "required", "metadata of nodes takes IMDSv1"
        hops = options.get("HttpPutResponseHopLimit")
        assert hops == 1, f"metadata of nodes answers over {hops} hops, so pods can act as the node"


def test_volumes_of_nodes_are_encrypted(stack: DeployedStack) -> None:
    for launched in _launched(stack):
        volumes = [device["Ebs"] for device in launched.get("BlockDeviceMappings", [])]
        assert volumes, "the volumes of nodes are left to the AMI"
        for volume in volumes:
            kind, encrypted = volume.get("VolumeType"), volume.get("Encrypted")
            assert (kind, encrypted) == ("gp3", True), f"a volume of nodes is {kind}, encrypted: {encrypted}"


def test_the_node_role_is_for_nodes_only(stack: DeployedStack) -> None:
    for role in {nodes["nodeRole"].rpartition("/")[2] for nodes in _groups(stack)}:
        attached = policies_of(stack, role)
        assert attached == NODE_POLICIES, f"the node role has more policies, or less: {attached ^ NODE_POLICIES}"
        inline = list(inline_statements(stack, role))
        assert not inline, f"the node role may {[statement['Action'] for statement in inline]}"
        trusted = principals_of(stack, role)
        assert trusted == [("Service", "ec2.amazonaws.com")], f"the node role is for {trusted}"


def test_the_add_ons_of_every_cluster_are_there(stack: DeployedStack) -> None:
    there = add_ons_of(stack).keys()
    assert there >= BASIC, f"the cluster has no {', '.join(sorted(BASIC - there))}"


def test_network_policies_are_enforced(stack: DeployedStack) -> None:
    configuration = json.loads(add_ons_of(stack)["vpc-cni"].get("configurationValues") or "{}")
    enforced = configuration.get("enableNetworkPolicy")
    assert enforced == "true", f"the VPC CNI enforces no network policies: {configuration}"


def test_the_cni_gives_addresses_by_a_role_of_its_own(stack: DeployedStack) -> None:
    attached = policies_of(stack, pod_role_of(stack, "aws-node"))
    assert attached == {"AmazonEKS_CNI_Policy"}, f"the VPC CNI has the policies {sorted(attached)}"


def test_the_ebs_driver_has_a_role_of_its_own(stack: DeployedStack) -> None:
    if DRIVER not in installed(stack):
        pytest.skip("this stack has no EBS")
    role = pod_role_of(stack, "ebs-csi-controller-sa")
    attached = policies_of(stack, role)
    assert attached == {"AmazonEBSCSIDriverPolicy"}, f"the EBS driver has the policies {sorted(attached)}"
    keys = stack.all("AWS::KMS::Key")
    for statement in inline_statements(stack, role):
        others = [arn for arn in listed(statement["Resource"]) if arn.rpartition("/")[2] not in keys]
        assert not others, f"the EBS driver may {statement['Action']} on {others}"


def _groups(stack: DeployedStack) -> list[dict[str, Any]]:
    eks, cluster = stack.client("eks"), stack.only("AWS::EKS::Cluster")
    pages = eks.get_paginator("list_nodegroups").paginate(clusterName=cluster)
    names = [name for page in pages for name in page["nodegroups"]]
    return [eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"] for name in names]


def _launched(stack: DeployedStack) -> list[dict[str, Any]]:
    """What nodes are launched with, by group."""
    ec2, found = stack.client("ec2"), []
    for nodes in _groups(stack):
        template = nodes.get("launchTemplate")
        assert template, f"the group {nodes['nodegroupName']} has no launch template"
        [version] = ec2.describe_launch_template_versions(
            LaunchTemplateId=template["id"], Versions=[template["version"]]
        )["LaunchTemplateVersions"]
        found.append(version["LaunchTemplateData"])
    return found
