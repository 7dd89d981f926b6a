"""Access to a cluster: the IAM roles of administrators and nodes, access entries, and those of teams."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.eks.settings import EVERYWHERE, POLICIES, PRINCIPAL, Level, check_namespaces
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


def refuse_admin(scope: Construct, role: iam.Role, principal: str) -> None:
    """Refuses the admin role among teams, because EKS takes one access entry of a principal. CloudFormation puts the
    logical id of the role into its name, which only a deployment knows. A principal with such a name is an error on the
    stack.

    :param role: the admin role.
    :raises ValueError: for the ARN of the role itself.
    """
    if principal == role.role_arn:
        raise ValueError("principal must not be the admin role, which has an access entry. Remove it.")
    resource = role.node.default_child
    assert isinstance(resource, cdk.CfnElement)
    if f"-{cdk.Stack.of(scope).get_logical_id(resource)}-" in principal:
        cdk.Annotations.of(scope).add_error(
            f"access must not have the admin role of the stack, which has an access entry, got {principal}. Remove it."
        )


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


def team_access_entry(
    scope: Construct, *, cluster: eks.Cluster, principal: str, levels: Mapping[Level, Sequence[str]]
) -> eks.AccessEntry:
    """An access entry of a team. Its construct id follows from the principal, because EKS takes one entry of a
    principal: if another team is removed, this one keeps its entry.

    https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html

    :param principal: ARN of an IAM role or user.
    :param levels: namespaces by level, such as ``{"edit": ["team-a"], "view": ["*"]}``.
    :raises ValueError: for another ARN, for another level, for no levels, and see
        :func:`patternbook.eks.settings.check_namespaces`.
    """
    if not PRINCIPAL.accepts(principal):
        raise ValueError(f"principal must be {PRINCIPAL.text}, got {principal!r}.{PRINCIPAL.hint(principal)}")
    if not levels or not levels.keys() <= POLICIES.keys():
        raise ValueError(f"levels must have keys of {', '.join(POLICIES)}, got {', '.join(levels) or 'none'}.")
    for namespaces in levels.values():
        check_namespaces(namespaces)
    return eks.AccessEntry(
        scope,
        _id_of(scope, principal),
        cluster=cluster,  # ty: ignore[invalid-argument-type]
        principal=principal,
        access_policies=[_policy(level, namespaces) for level, namespaces in sorted(levels.items())],
    )


def _policy(level: Level, namespaces: Sequence[str]) -> eks.AccessPolicy:
    everywhere = EVERYWHERE in namespaces
    return eks.AccessPolicy.from_access_policy_name(  # ty: ignore[invalid-explicit-return]
        POLICIES[level],
        access_scope_type=eks.AccessScopeType.CLUSTER if everywhere else eks.AccessScopeType.NAMESPACE,
        namespaces=None if everywhere else list(namespaces),
    )


def _id_of(scope: Construct, principal: str) -> str:
    """A construct id that is the same whatever other principals there are."""
    resolved = cdk.Stack.of(scope).resolve(principal)
    name = re.sub(r"\W|_", "", principal.rpartition("/")[2]) if isinstance(resolved, str) else ""
    digest = hashlib.sha256(json.dumps(resolved, sort_keys=True).encode()).hexdigest()
    return f"Access{name}{digest[:8]}"
