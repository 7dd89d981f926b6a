"""Roles that pods assume by EKS Pod Identity."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook.eks.access import role_with_policies


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
