"""Roles that pods assume by EKS Pod Identity, and the role by which EKS makes volumes in Auto Mode."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook.eks.access import role_with_policies
from patternbook.nag import acknowledge

AUTO_MODE_POLICIES: Final = ("Compute", "BlockStorage", "LoadBalancing", "Networking")
"""Managed policies that Auto Mode needs in the cluster role: https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html"""


def pod_role(
    scope: Construct,
    construct_id: str,
    *,
    description: str,
    managed_policies: Sequence[str] = (),
    statements: Sequence[iam.PolicyStatement] = (),
) -> iam.Role:
    """A role for the pods of one service account. An association names the service account: that of an add-on
    (:meth:`patternbook.eks.cluster.EksCluster.add_on`), or a ``CfnPodIdentityAssociation``.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html

    :param managed_policies: names of AWS managed policies. AWS documents some for its own add-ons, and changes them
        when a new version of the add-on needs more.
    :param statements: everything else that the pods may do.
    """
    role = role_with_policies(
        scope,
        construct_id,
        description=description,
        # EKS tags each session with cluster, namespace, service account and pod.
        assumed_by=iam.SessionTagsPrincipal(iam.ServicePrincipal("pods.eks.amazonaws.com")),  # ty: ignore[invalid-argument-type]
        policies=managed_policies,
        reason="AWS keeps the policy in step with the versions of its add-on; only the pods of one service account "
        "act as the role.",
    )
    for statement in statements:
        role.add_to_policy(statement)
    return role


def volume_key_statements(key: kms.IKey) -> list[iam.PolicyStatement]:
    """The permissions of a CSI driver to let EBS encrypt volumes with a customer managed key.

    https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html
    """
    return [
        iam.PolicyStatement(
            actions=["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
            resources=[key.key_arn],
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        iam.PolicyStatement(
            actions=[
                *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
                *("kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
            ],
            resources=[key.key_arn],
        ),
    ]


def complete_cluster_role(cluster: eks.Cluster, *, auto_mode: bool, key: kms.IKey | None) -> None:
    """Lets the role of a cluster use the key of its volumes in Auto Mode, and says why it has managed policies."""
    for kind in ("Cluster", *AUTO_MODE_POLICIES) if auto_mode else ("Cluster",):
        acknowledge(
            cluster,
            f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonEKS{kind}Policy]",
            "AWS documents this policy for the role of a cluster, which only EKS acts as.",
        )
    resource = cluster.node.default_child
    assert isinstance(resource, eks.CfnCluster)
    for statement in volume_key_statements(key) if auto_mode and key else ():
        # EKS brings the first node as soon as the cluster exists. The policy is a resource of its own.
        added = cluster.role.add_to_principal_policy(statement)
        assert added.policy_dependable
        resource.node.add_dependency(added.policy_dependable)
