"""What a person would look at once ``EksFargateStack`` is deployed.

Each check asks AWS, not the template, and holds in both postures and with any settings. That each can fail is shown
in tests/proof/test_eks_fargate.py.
"""

import json
from typing import Any

from tests.deployed import cluster as any_cluster
from tests.deployed import service as any_service
from tests.deployed.cluster import add_ons_of, check_subnets, cluster_of, policies_of
from tests.deployed.service import inline_statements, listed
from tests.deployed.stack import DeployedStack

STACK = "EksFargateStack"

# The same of any cluster with EFS.
test_files_are_encrypted_with_the_stacks_key_in_production = (
    any_cluster.test_files_are_encrypted_with_the_stacks_key_in_production
)
test_files_are_reached_by_tls_and_not_as_root = any_cluster.test_files_are_reached_by_tls_and_not_as_root
test_only_the_cluster_reaches_the_file_system = any_cluster.test_only_the_cluster_reaches_the_file_system

# The same of any cluster.
test_add_ons_run = any_cluster.test_add_ons_run
test_alarms_notify_the_topic = any_cluster.test_alarms_notify_the_topic
test_logs_are_kept_for_a_set_time = any_cluster.test_logs_are_kept_for_a_set_time
test_nobody_from_outside_connects = any_cluster.test_nobody_from_outside_connects
test_not_everybody_in_aws_may_act_as_the_admin = any_cluster.test_not_everybody_in_aws_may_act_as_the_admin
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


def test_there_are_no_nodes(stack: DeployedStack) -> None:
    groups = stack.client("eks").list_nodegroups(clusterName=stack.only("AWS::EKS::Cluster"))["nodegroups"]
    assert not groups, f"the cluster has groups of nodes: {groups}"


def test_profiles_are_active_in_private_subnets_of_three_azs(stack: DeployedStack) -> None:
    for profile in _profiles(stack):
        name, status = profile["fargateProfileName"], profile["status"]
        assert status == "ACTIVE", f"the Fargate profile {name} is {status}"
        check_subnets(stack, "pods", profile["subnets"])


def test_coredns_runs_on_fargate(stack: DeployedStack) -> None:
    configuration = json.loads(add_ons_of(stack)["coredns"].get("configurationValues") or "{}")
    where = configuration.get("computeType")
    assert where == "Fargate", f"CoreDNS waits for nodes: {configuration}"
    wanted = {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}
    selectors = [selector for profile in _profiles(stack) for selector in profile["selectors"]]
    assert wanted in selectors, f"no Fargate profile is for CoreDNS: {selectors}"


def test_the_pod_execution_role_pulls_images_and_writes_to_one_log_group(stack: DeployedStack) -> None:
    arns = {profile["podExecutionRoleArn"] for profile in _profiles(stack)}
    group = stack.outputs["LogGroupName"]
    assert group in stack.all("AWS::Logs::LogGroup"), f"the log group {group} is not the stack's"
    for role in [arn.rpartition("/")[2] for arn in arns]:
        attached = policies_of(stack, role)
        assert attached == {"AmazonEKSFargatePodExecutionRolePolicy"}, f"the role has the policies {sorted(attached)}"
        for statement in inline_statements(stack, role):
            on = [arn.removesuffix(":*").rpartition(":log-group:")[2] for arn in listed(statement["Resource"])]
            actions = listed(statement["Action"])
            writes = on == [group] and all(action.startswith("logs:") for action in actions)
            assert writes, f"the role may {actions} on {listed(statement['Resource'])}"


def test_the_pod_execution_role_is_for_this_cluster(stack: DeployedStack) -> None:
    here = cluster_of(stack)["arn"].replace(":cluster/", ":fargateprofile/") + "/*"
    for profile in _profiles(stack):
        role = profile["podExecutionRoleArn"].rpartition("/")[2]
        document = stack.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        for statement in document["Statement"]:
            source = statement.get("Condition", {}).get("ArnLike", {}).get("aws:SourceArn")
            assert source == here, f"the role is for {source or 'every cluster'}, not for {here}"


def _profiles(stack: DeployedStack) -> list[dict[str, Any]]:
    eks, cluster = stack.client("eks"), stack.only("AWS::EKS::Cluster")
    names = eks.list_fargate_profiles(clusterName=cluster)["fargateProfileNames"]
    assert names, "there is no Fargate profile"
    return [
        eks.describe_fargate_profile(clusterName=cluster, fargateProfileName=name)["fargateProfile"] for name in names
    ]
