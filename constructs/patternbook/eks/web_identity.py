"""Roles that pods assume by the OIDC provider of their cluster (IAM roles for service accounts)."""

import json
from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.eks.cluster import EksCluster

AUDIENCE: Final = "sts.amazonaws.com"
"""The audience of the tokens that EKS gives to pods, in every partition."""


class WebIdentity(Construct):
    """The IAM OIDC provider of a cluster, and roles for its service accounts. It is for pods on Fargate, where EKS Pod
    Identity has no agent. Pods on nodes use :func:`patternbook.eks.pod_identity.pod_role`.

    https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
    """

    def __init__(self, scope: Construct, construct_id: str, *, cluster: EksCluster) -> None:
        super().__init__(scope, construct_id)
        self.provider = eks.OidcProviderNative(self, "Provider", url=cluster.cluster.cluster_open_id_connect_issuer_url)
        self.issuer: str = cdk.Fn.select(1, cdk.Fn.split(":oidc-provider/", self.provider.oidc_provider_arn))
        """The issuer of the tokens, without ``https://``. The conditions of a trust policy begin with it."""

    def add_role(
        self,
        construct_id: str,
        *,
        namespace: str,
        service_account: str,
        description: str,
        policy_arns: Sequence[str] = (),
    ) -> iam.Role:
        """A role that the pods of one service account assume, and nothing else. The service account names the role in
        its annotation ``eks.amazonaws.com/role-arn``.

        :param policy_arns: ARNs of managed policies.
        """
        arn = self.provider.oidc_provider_arn
        role = iam.Role(
            self,
            construct_id,
            description=description,
            assumed_by=iam.WebIdentityPrincipal(arn),  # ty: ignore[invalid-argument-type]
            managed_policies=[
                iam.ManagedPolicy.from_managed_policy_arn(self, f"{construct_id}Policy{number}", policy)
                for number, policy in enumerate(policy_arns)
            ],
        )
        resource = role.node.default_child
        assert isinstance(resource, iam.CfnRole)
        # The issuer is known at deployment only, and a template cannot have it as the key of an object. As a text, it
        # can. The CDK would need a custom resource for it (CfnJson).
        conditions = {
            "StringEquals": {
                f"{self.issuer}:aud": AUDIENCE,
                f"{self.issuer}:sub": f"system:serviceaccount:{namespace}:{service_account}",
            }
        }
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": conditions,
        }
        resource.assume_role_policy_document = json.dumps(
            {"Version": "2012-10-17", "Statement": [statement]}, sort_keys=True
        )
        return role
