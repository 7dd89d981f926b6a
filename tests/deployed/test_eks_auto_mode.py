"""Checks of a deployed ``EksAutoModeStack``."""

from tests.deployed.changes import ATTACHED, EVERYTHING, PUBLIC_WAY, SUBNET_ZONES, TRUST, WAYS_OUT, allow, by, may
from tests.deployed.cluster import CLUSTER, ClusterWithInsights
from tests.deployed.eks import cluster_of
from tests.deployed.looking import check_private_subnets, inline_statements, listed, policies_of, principals_of
from tests.deployed.proving import fails
from tests.deployed.stack import DeployedStack

STACK = "EksAutoModeStack"

NODE_POLICIES = {"AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"}
CLUSTER_POLICIES = {
    f"AmazonEKS{kind}Policy" for kind in ("Cluster", "Compute", "BlockStorage", "LoadBalancing", "Networking")
}


class TestCluster(ClusterWithInsights):
    """The checks of any cluster with Container Insights."""


@fails("EKS brings no nodes", f"{CLUSTER} computeConfig enabled", False)
@fails(r"node pools are \['system'\]", f"{CLUSTER} computeConfig nodePools", ["system"])
@fails("EKS brings no volumes", f"{CLUSTER} storageConfig")
@fails("EKS brings no load balancers", f"{CLUSTER} kubernetesNetworkConfig", {})
def test_eks_brings_nodes_volumes_and_load_balancers(stack: DeployedStack) -> None:
    cluster = cluster_of(stack)
    compute = cluster.get("computeConfig", {})
    pools = set(compute.get("nodePools", []))
    assert compute.get("enabled"), "EKS brings no nodes"
    assert pools == {"system", "general-purpose"}, f"the node pools are {sorted(pools)}"
    assert cluster.get("storageConfig", {}).get("blockStorage", {}).get("enabled"), "EKS brings no volumes"
    balancing = cluster["kubernetesNetworkConfig"].get("elasticLoadBalancing", {})
    assert balancing.get("enabled"), "EKS brings no load balancers"


@fails("not in 3 AZs", SUBNET_ZONES, "a")
@fails("not every subnet of nodes", WAYS_OUT, PUBLIC_WAY)
def test_nodes_are_in_private_subnets_of_all_azs(stack: DeployedStack) -> None:
    check_private_subnets(stack, "nodes", cluster_of(stack)["resourcesVpcConfig"]["subnetIds"])


@fails("more policies, or less: .*Everything", ATTACHED, EVERYTHING)
@fails(r"the node role may .*s3:\*", may(allow("s3:*")))
@fails("the node role is for", f"{TRUST} Principal", {"AWS": "*"})
def test_the_node_role_pulls_images_and_no_more(stack: DeployedStack) -> None:
    role = cluster_of(stack)["computeConfig"]["nodeRoleArn"].rpartition("/")[2]
    attached = policies_of(stack, role)
    assert attached == NODE_POLICIES, f"the node role has more policies, or less: {attached ^ NODE_POLICIES}"
    inline = list(inline_statements(stack, role))
    assert not inline, f"the node role may {[statement['Action'] for statement in inline]}"
    trusted = principals_of(stack, role)
    assert trusted == [("Service", "ec2.amazonaws.com")], f"the node role is for {trusted}"


@fails("has more, or less: .*Everything", ATTACHED, EVERYTHING)
@fails("the cluster role is for", f"{TRUST} Principal", by("ec2.amazonaws.com"))
@fails(r"may kms:CreateGrant on \['\*'\]", may(allow("kms:CreateGrant")))
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
