"""Access to a cluster: the IAM roles of administrators and nodes, and their access entries."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.nag import acknowledge
from patternbook.partitions import instance_principal


def role_with_policies(
    scope: Construct,
    construct_id: str,
    *,
    description: str,
    assumed_by: iam.PrincipalBase,
    policies: Sequence[str],
    reason: str,
) -> iam.Role:
    """A role with AWS managed policies.

    :param policies: names of AWS managed policies.
    :param reason: why these policies allow no more than the role needs, for cdk-nag.
    """
    role = iam.Role(
        scope,
        construct_id,
        description=description,
        assumed_by=assumed_by,  # ty: ignore[invalid-argument-type]
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(name) for name in policies],
    )
    for name in policies:
        acknowledge(role, f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{name}]", reason)
    return role


def admin_role(scope: Construct, construct_id: str, *, cluster: eks.Cluster, principals: Sequence[str]) -> iam.Role:
    """A role that is an administrator of the cluster by an access entry.

    :param principals: ARNs of the roles, users or accounts that may assume the role. Without any, the IAM policies of
        this account decide.
    """
    trusted = [iam.ArnPrincipal(arn) for arn in principals] or [iam.AccountRootPrincipal()]
    role = iam.Role(
        scope,
        construct_id,
        description=f"Administrator of the cluster of {cdk.Stack.of(scope).stack_name}",
        assumed_by=iam.CompositePrincipal(*trusted),  # ty: ignore[invalid-argument-type]
    )
    role.add_to_policy(iam.PolicyStatement(actions=["eks:DescribeCluster"], resources=[cluster.cluster_arn]))
    cluster.grant_cluster_admin("AdminAccess", role.role_arn)
    return role


def node_role(scope: Construct, construct_id: str) -> iam.Role:
    """The role of the kubelet of a node. Pods have roles of their own by EKS Pod Identity. So does the VPC CNI, which
    would use this role by default.

    https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
    """
    return role_with_policies(
        scope,
        construct_id,
        description="Nodes",
        assumed_by=instance_principal(scope),
        policies=("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"),
        reason="AWS documents this policy for nodes; pods cannot act as the role: metadata answers for one hop only.",
    )


def auto_mode_node_role(scope: Construct, construct_id: str) -> iam.Role:
    """https://docs.aws.amazon.com/eks/latest/userguide/auto-create-node-role.html"""
    return role_with_policies(
        scope,
        construct_id,
        description="Nodes that EKS brings",
        assumed_by=instance_principal(scope),
        policies=("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"),
        reason="AWS documents this policy for the nodes of Auto Mode.",
    )


def node_access_entry(scope: Construct, construct_id: str, *, cluster: eks.Cluster, role: iam.Role) -> eks.AccessEntry:
    """Lets nodes with this role join the cluster. EKS makes this entry itself for managed node groups only.

    https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
    """
    return eks.AccessEntry(
        scope,
        construct_id,
        cluster=cluster,  # ty: ignore[invalid-argument-type]
        principal=role.role_arn,
        access_policies=[],
        access_entry_type=eks.AccessEntryType.EC2_LINUX,
    )
