"""What a person would look at once ``EksAutoModeStack`` is deployed.

Each check asks AWS, not the template, and holds in both postures and with any settings. That each can fail is shown
in tests/proof/test_eks_auto_mode.py.
"""

from tests.deployed import cluster as any_cluster
from tests.deployed import service as any_service
from tests.deployed.cluster import check_subnets, cluster_of, policies_of, principals_of
from tests.deployed.service import inline_statements, listed
from tests.deployed.stack import DeployedStack

STACK = "EksAutoModeStack"

NODE_POLICIES = {"AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"}
CLUSTER_POLICIES = {
    f"AmazonEKS{kind}Policy" for kind in ("Cluster", "Compute", "BlockStorage", "LoadBalancing", "Networking")
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


def test_eks_brings_nodes_volumes_and_load_balancers(stack: DeployedStack) -> None:
    cluster = cluster_of(stack)
    compute = cluster.get("computeConfig", {})
    pools = set(compute.get("nodePools", []))
    assert compute.get("enabled"), "EKS brings no nodes"
    assert pools == {"system", "general-purpose"}, f"the node pools are {sorted(pools)}"
    assert cluster.get("storageConfig", {}).get("blockStorage", {}).get("enabled"), "EKS brings no volumes"
    balancing = cluster["kubernetesNetworkConfig"].get("elasticLoadBalancing", {})
    assert balancing.get("enabled"), "EKS brings no load balancers"


def test_nodes_are_in_private_subnets_of_three_azs(stack: DeployedStack) -> None:
    check_subnets(stack, "nodes", cluster_of(stack)["resourcesVpcConfig"]["subnetIds"])


def test_the_node_role_pulls_images_and_no_more(stack: DeployedStack) -> None:
    role = cluster_of(stack)["computeConfig"]["nodeRoleArn"].rpartition("/")[2]
    attached = policies_of(stack, role)
    assert attached == NODE_POLICIES, f"the node role has more policies, or less: {attached ^ NODE_POLICIES}"
    inline = list(inline_statements(stack, role))
    assert not inline, f"the node role may {[statement['Action'] for statement in inline]}"
    trusted = principals_of(stack, role)
    assert trusted == [("Service", "ec2.amazonaws.com")], f"the node role is for {trusted}"


def test_the_cluster_role_is_for_eks_and_may_use_the_key_of_volumes_besides(stack: DeployedStack) -> None:
    role = cluster_of(stack)["roleArn"].rpartition("/")[2]
    attached = policies_of(stack, role)
    assert attached == CLUSTER_POLICIES, f"the cluster role has more, or less: {attached ^ CLUSTER_POLICIES}"
    trusted = principals_of(stack, role)
    assert trusted == [("Service", "eks.amazonaws.com")], f"the cluster role is for {trusted}"
    keys = stack.all("AWS::KMS::Key")
    for statement in inline_statements(stack, role):
        others = [arn for arn in listed(statement["Resource"]) if arn.rpartition("/")[2] not in keys]
        assert not others, f"the cluster role may {statement['Action']} on {others}"
