"""What a person would look at once ``EksSelfManagedNodesStack`` is deployed.

Each check asks AWS, not the template, and holds in both postures and with any settings. That each can fail is shown
in tests/proof/test_eks_self_managed_nodes.py.
"""

from base64 import b64decode
from typing import Any

from tests.deployed import cluster as any_cluster
from tests.deployed import service as any_service
from tests.deployed.cluster import check_subnets, cluster_of
from tests.deployed.stack import DeployedStack

STACK = "EksSelfManagedNodesStack"

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

# The same of nodes that EKS manages.
test_the_add_ons_of_every_cluster_are_there = any_cluster.test_the_add_ons_of_every_cluster_are_there
test_network_policies_are_enforced = any_cluster.test_network_policies_are_enforced
test_the_cni_gives_addresses_by_a_role_of_its_own = any_cluster.test_the_cni_gives_addresses_by_a_role_of_its_own
test_the_ebs_driver_has_a_role_of_its_own = any_cluster.test_the_ebs_driver_has_a_role_of_its_own


def test_nodes_are_in_private_subnets_of_three_azs(stack: DeployedStack) -> None:
    check_subnets(stack, "nodes", _group(stack)["VPCZoneIdentifier"].split(","))


def test_nodes_run_on_demand_first_and_beyond_on_spot_with_a_choice(stack: DeployedStack) -> None:
    mix = _group(stack).get("MixedInstancesPolicy")
    assert mix, "the group has no mixed instances policy"
    strategy = mix["InstancesDistribution"]["SpotAllocationStrategy"]
    assert strategy == "price-capacity-optimized", f"Spot is chosen by {strategy}"
    types = [each["InstanceType"] for each in mix["LaunchTemplate"]["Overrides"]]
    assert len(types) > 1, f"there is one instance type only, {types[0]}"


def test_nodes_are_replaced_by_age_in_production(stack: DeployedStack) -> None:
    lifetime = _group(stack).get("MaxInstanceLifetime")
    assert lifetime or not stack.production, "nodes are never replaced by their age"


def test_metadata_of_nodes_takes_imdsv2_and_one_hop(stack: DeployedStack) -> None:
    any_cluster.check_metadata(_launched(stack))


def test_volumes_of_nodes_are_encrypted(stack: DeployedStack) -> None:
    any_cluster.check_volumes(_launched(stack))


def test_nodes_join_this_cluster_by_themselves(stack: DeployedStack) -> None:
    launched, cluster = _launched(stack), cluster_of(stack)
    config = b64decode(launched.get("UserData", "")).decode()
    for what in (cluster["name"], cluster["endpoint"], cluster["certificateAuthority"]["data"]):
        assert what in config, f"the user data of nodes does not say {what}"
    groups, expected = launched.get("SecurityGroupIds", []), cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert groups == [expected], f"nodes have the security groups {groups}, not {expected}"


def test_the_node_role_may_join_and_no_more(stack: DeployedStack) -> None:
    arn = _launched(stack)["IamInstanceProfile"]["Arn"]
    profile = stack.client("iam").get_instance_profile(InstanceProfileName=arn.rpartition("/")[2])["InstanceProfile"]
    [role] = profile["Roles"]
    any_cluster.check_node_role(stack, role["RoleName"])
    entry = stack.client("eks").describe_access_entry(clusterName=cluster_of(stack)["name"], principalArn=role["Arn"])
    kind = entry["accessEntry"]["type"]
    assert kind == "EC2_LINUX", f"the access entry of the node role is of type {kind}"


def _group(stack: DeployedStack) -> dict[str, Any]:
    name = stack.only("AWS::AutoScaling::AutoScalingGroup")
    found = stack.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return found["AutoScalingGroups"][0]


def _launched(stack: DeployedStack) -> dict[str, Any]:
    """What nodes are launched with."""
    template = stack.only("AWS::EC2::LaunchTemplate")
    versions = stack.client("ec2").describe_launch_template_versions(LaunchTemplateId=template, Versions=["$Latest"])
    return versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
