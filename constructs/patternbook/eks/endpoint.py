"""The private endpoint of a cluster, and the command that lets kubectl use it."""

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam

CONTROL_PLANE_GROUP: Final = "ControlPlaneSecurityGroup"
"""The CDK's id of the security group of the control plane's network interfaces. Nothing else is in that group."""


def admit_clients(cluster: eks.Cluster, *, cidrs: Sequence[str], security_groups: Sequence[str]) -> None:
    """Admits clients of a network to the private endpoint.

    https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html#private-access
    """
    admit(cluster, [*map(ec2.Peer.ipv4, cidrs), *map(ec2.Peer.security_group_id, security_groups)])


def admit(cluster: eks.Cluster, clients: Sequence[ec2.IPeer]) -> None:
    """Admits clients to the private endpoint. The rules are in the security group of the control plane, because those
    of the cluster's group would admit the clients to nodes and pods, too.

    The rules exist before the cluster and until after it, so the security group of a client must not depend on it.
    """
    [group] = [each for each in cluster.connections.security_groups if each.node.id == CONTROL_PLANE_GROUP]
    for client in clients:
        group.add_ingress_rule(client, ec2.Port.HTTPS, "Private endpoint")
    resource = cluster.node.default_child
    assert isinstance(resource, eks.CfnCluster)
    resource.node.add_dependency(group)


def kubeconfig_command(cluster: eks.Cluster, role: iam.Role) -> str:
    """The command that sets up kubectl to talk to the cluster as a role.

    It looks the cluster up as this role, too. So it works in other accounts, and for people who may do nothing but
    assume the role: https://github.com/aws/aws-cli/pull/9443
    """
    region = cdk.Stack.of(cluster).region
    return (
        f"aws eks update-kubeconfig --name {cluster.cluster_name} --region {region} --role-arn {role.role_arn} "
        f"--assume-role-arn {role.role_arn}"
    )
