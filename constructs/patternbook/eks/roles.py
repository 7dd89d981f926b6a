"""Roles with policies that AWS documents for who acts as them."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.nag import acknowledge


def role_with_policies(
    scope: Construct,
    construct_id: str,
    *,
    description: str,
    assumed_by: iam.PrincipalBase,
    policies: Sequence[str],
    reason: str,
) -> iam.Role:
    """
    :param policies: names of AWS managed policies.
    :param reason: why they are no more than it takes.
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
