"""The EKS add-ons of a cluster, each with no more permissions than it needs."""

from collections.abc import Mapping, Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import IDependable

from patternbook.eks.cluster import EksCluster
from patternbook.eks.pod_identity import pod_role
from patternbook.limits.eks_add_ons import CONFIGURED, EXTERNAL_DNS, OBSERVABILITY, OPTIONAL, POD_IDENTITY_AGENT
from patternbook.nag import acknowledge

BEFORE_NODES: Final = (POD_IDENTITY_AGENT, "vpc-cni", "kube-proxy")
AFTER_NODES: Final = ("coredns", "metrics-server", "eks-node-monitoring-agent")

INSIGHTS_LOGS: Final = ("application", "dataplane", "host", "performance")
"""The log groups of Container Insights. It would create those that are missing, without retention.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference.html
"""

NODE_ENDPOINTS: Final = (
    ec2.InterfaceVpcEndpointAwsService.EKS,
    ec2.InterfaceVpcEndpointAwsService.EKS_AUTH,
    ec2.InterfaceVpcEndpointAwsService.EC2,
    ec2.InterfaceVpcEndpointAwsService.ECR,
    ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    ec2.InterfaceVpcEndpointAwsService.STS,
    ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
)
"""The AWS services that nodes and add-ons call: https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html"""


def add_ons_before_nodes(cluster: EksCluster) -> list[eks.CfnAddon]:
    """The add-ons without which no node becomes ready. They are DaemonSets, so they wait for nodes: the VPC CNI, which
    enforces network policies too, kube-proxy, and the agent that hands out the credentials of EKS Pod Identity.

    https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html
    """
    agent, cni, proxy = BEFORE_NODES
    policy = "AmazonEKS_CNI_Policy"
    role = pod_role(cluster, "VpcCniRole", description="Addresses of pods", managed_policies=[policy])
    # The CNI gives pods their addresses from network interfaces, which it attaches under its role. So the agent, which
    # hands out the credentials of the role, comes before the CNI.
    identity = cluster.add_on(agent)
    return [
        identity,
        cluster.add_on(cni, configuration=CONFIGURED[cni], roles={"aws-node": role}, after=[identity]),
        cluster.add_on(proxy),
    ]


def add_ons_after_nodes(cluster: EksCluster, *, nodes: Sequence[IDependable]) -> list[eks.CfnAddon]:
    """The add-ons that run on nodes and need no IAM permissions: CoreDNS, the metrics server for ``kubectl top`` and
    horizontal scaling, and the node monitoring agent, which reports broken nodes to node auto repair.

    https://docs.aws.amazon.com/eks/latest/userguide/node-health.html
    """
    return [cluster.add_on(name, after=nodes) for name in AFTER_NODES]


def add_container_insights(cluster: EksCluster, *, nodes: Sequence[IDependable] = ()) -> eks.CfnAddon:
    """Container Insights with enhanced observability: metrics of cluster, nodes, pods and containers, and the output of
    containers, in log groups like the cluster's own.

    Application Signals is off, because it would put an agent into every pod. A workload can ask for it by annotation.

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
        configuration=CONFIGURED[OBSERVABILITY],
        roles={"cloudwatch-agent": role},
        after=[*nodes, *groups],
    )


def add_optional_add_ons(
    cluster: EksCluster, *, names: Sequence[str] = OPTIONAL, nodes: Sequence[IDependable] = ()
) -> list[eks.CfnAddon]:
    """Those of some add-ons that were chosen for the cluster.

    :param names: names of add-ons that need no IAM permissions, and external-dns.
    :param nodes: the nodes that they run on.
    """
    others = [name for name in cluster.chosen_add_ons if name in names and name != EXTERNAL_DNS]
    added = [cluster.add_on(name, after=nodes) for name in others]
    if EXTERNAL_DNS in names and EXTERNAL_DNS in cluster.chosen_add_ons:
        zones = cluster.chosen_add_ons[EXTERNAL_DNS].hosted_zones
        added.append(add_external_dns(cluster, hosted_zones=zones, nodes=nodes))
    return added


def add_external_dns(
    cluster: EksCluster, *, hosted_zones: Mapping[str, str], nodes: Sequence[IDependable] = ()
) -> eks.CfnAddon:
    """external-dns, which makes records in Route 53 for Services and Ingresses.

    It marks its records with the name of the cluster, and leaves those of other clusters alone.

    https://docs.aws.amazon.com/eks/latest/userguide/community-addons.html#external-dns

    :param hosted_zones: domain names by the ids of their hosted zones. It may change no others.
    """
    stack = cdk.Stack.of(cluster)
    arns = [
        stack.format_arn(service="route53", region="", account="", resource="hostedzone", resource_name=zone)
        for zone in hosted_zones
    ]
    role = pod_role(
        cluster,
        "ExternalDnsRole",
        description="Records of Services and Ingresses",
        statements=[
            iam.PolicyStatement(
                actions=["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"], resources=arns
            ),
            # IAM has no resource for it.
            iam.PolicyStatement(actions=["route53:ListHostedZones"], resources=["*"]),
        ],
    )
    acknowledge(role, "IAM5[Resource::*]", "IAM has no resource for route53:ListHostedZones.")
    # It stops at the first zone that it has no permission for. By their domain names alone, it would also look into the
    # zones of subdomains, and into private zones of the same name:
    # https://github.com/kubernetes-sigs/external-dns/issues/3153
    # https://github.com/kubernetes-sigs/external-dns/issues/230
    # The add-on has no other key for the ids:
    # https://github.com/aws-games/cloud-game-development-toolkit/blob/55fbcc1bedbcff297a1594f98ec320699494d806/modules/unreal/unreal-cloud-ddc/modules/ddc-infra/eksaddons.tf
    return cluster.add_on(
        EXTERNAL_DNS,
        configuration={
            "domainFilters": sorted(set(hosted_zones.values())),
            "extraArgs": [f"--zone-id-filter={zone}" for zone in hosted_zones],
            "txtOwnerId": cluster.name,
        },
        roles={EXTERNAL_DNS: role},
        after=nodes,
    )
