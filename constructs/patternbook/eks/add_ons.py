"""The EKS add-ons that a cluster with nodes needs, each with no more permissions than it has a use for."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from constructs import IDependable

from patternbook.eks.cluster import EksCluster
from patternbook.eks.pod_identity import pod_role

BEFORE_NODES: Final = ("eks-pod-identity-agent", "vpc-cni", "kube-proxy")
AFTER_NODES: Final = ("coredns", "metrics-server", "eks-node-monitoring-agent")
EBS: Final = "aws-ebs-csi-driver"
OBSERVABILITY: Final = "amazon-cloudwatch-observability"

INSIGHTS_LOGS: Final = ("application", "dataplane", "host", "performance")
"""What Container Insights writes to log groups, which it would make itself and keep for ever.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference.html
"""

NODES_CALL: Final = (
    ec2.InterfaceVpcEndpointAwsService.EKS,
    ec2.InterfaceVpcEndpointAwsService.EKS_AUTH,
    ec2.InterfaceVpcEndpointAwsService.EC2,
    ec2.InterfaceVpcEndpointAwsService.ECR,
    ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    ec2.InterfaceVpcEndpointAwsService.STS,
    ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
)
"""What nodes and add-ons call: https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html"""


def add_ons_before_nodes(cluster: EksCluster) -> list[eks.CfnAddon]:
    """What a node needs to be ready, as daemon sets that wait for nodes: network, with network policies enforced,
    service addresses, and the agent by which pods get the credentials of their roles.

    https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html
    """
    agent, cni, proxy = BEFORE_NODES
    policy = "AmazonEKS_CNI_Policy"
    role = pod_role(cluster, "VpcCniRole", description="Addresses of pods", managed_policies=[policy])
    # Pods get addresses from interfaces that the CNI adds to the node, so it has to have its role before they do.
    identity = cluster.add_on(agent)
    return [
        identity,
        cluster.add_on(cni, configuration={"enableNetworkPolicy": "true"}, roles={"aws-node": role}, after=[identity]),
        cluster.add_on(proxy),
    ]


def add_ons_after_nodes(cluster: EksCluster, *, nodes: Sequence[IDependable]) -> list[eks.CfnAddon]:
    """What runs on nodes and needs no permissions of IAM: names, the numbers behind ``kubectl top`` and horizontal
    scaling, and who sees that a node is broken before the kubelet does, for node auto repair.

    https://docs.aws.amazon.com/eks/latest/userguide/node-health.html
    """
    return [cluster.add_on(name, after=nodes) for name in AFTER_NODES]


def add_container_insights(
    cluster: EksCluster,
    *,
    nodes: Sequence[IDependable] = (),
) -> eks.CfnAddon:
    """Container Insights with enhanced observability: metrics of cluster, nodes, pods and containers, and what
    containers print, in log groups that keep it as long as the posture says.

    Application Signals, which would put an agent into every pod, is off; a workload can ask for it by annotation.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/install-CloudWatch-Observability-EKS-addon.html
    """
    role = pod_role(
        cluster,
        "CloudWatchRole",
        description="Metrics and logs of the cluster",
        managed_policies=["CloudWatchAgentServerPolicy"],
    )
    groups = [
        cluster.add_log_group(f"{kind.capitalize()}Logs", name=f"/aws/containerinsights/{cluster.name}/{kind}")
        for kind in INSIGHTS_LOGS
    ]
    return cluster.add_on(
        OBSERVABILITY,
        configuration={"manager": {"applicationSignals": {"autoMonitor": {"monitorAllServices": False}}}},
        roles={"cloudwatch-agent": role},
        after=[*nodes, *groups],
    )
