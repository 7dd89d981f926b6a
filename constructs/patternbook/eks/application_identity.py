"""Roles of applications by EKS Pod Identity."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct
from typing_extensions import Self

from patternbook.eks.cluster import EksCluster
from patternbook.eks.pod_identity import pod_role
from patternbook.eks.settings import ApplicationSettings
from patternbook.limits.eks_add_ons import POD_IDENTITY_AGENT
from patternbook.settings.fields import NAMESPACE, POLICY_ARN

APPLICATION: Final = "application"
"""The service account of the application role."""


def check_agent(cluster: EksCluster) -> None:
    """:raises ValueError: for a cluster without the agent of EKS Pod Identity, which is part of Auto Mode."""
    if not cluster.auto_mode and POD_IDENTITY_AGENT not in cluster.add_ons:
        raise ValueError(
            f"cluster must have the add-on {POD_IDENTITY_AGENT} before an ApplicationIdentity. Add it by "
            "add_ons_before_nodes. On Fargate, use WebIdentity.add_role."
        )


class ApplicationIdentity(Construct):
    """A role for the pods of one service account, by EKS Pod Identity. The service account needs no annotation.

    It is for pods on nodes. On Fargate, where the agent of EKS Pod Identity does not run, use
    :meth:`patternbook.eks.web_identity.WebIdentity.add_role`.

    What the stack applies with kubectl should depend on this construct: a pod gets credentials only if the association
    was there when the pod started.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: EksCluster,
        namespace: str = "default",
        service_account: str = APPLICATION,
        policy_arns: Sequence[str] = (),
        target_role_arn: str | None = None,
    ) -> None:
        """:param cluster: a cluster in Auto Mode, or one that has the add-on ``eks-pod-identity-agent`` already.
        :param policy_arns: ARNs of managed policies of the role. Add statements to ``role`` for anything else.
        :param target_role_arn: a role, usually of another account, that EKS assumes by this role and gives to the pods
            instead. It has to trust this role, for ``sts:AssumeRole`` and ``sts:TagSession``.
        :raises ValueError: for anything but the name of a namespace and of a service account, for other ARNs, and see
            :func:`check_agent`.
        """
        for name, value in (("namespace", namespace), ("service_account", service_account)):
            if not NAMESPACE.accepts(value):
                raise ValueError(
                    f"{name} must be 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both "
                    f"ends, got {value!r}."
                )
        for arn in policy_arns:
            if not POLICY_ARN.accepts(arn):
                raise ValueError(f"Each of policy_arns must be {POLICY_ARN.text}, got {arn!r}.")
        check_agent(cluster)
        super().__init__(scope, construct_id)
        self.role = pod_role(self, "Role", description=f"Pods of the service account {namespace}/{service_account}")
        for number, arn in enumerate(policy_arns):
            self.role.add_managed_policy(iam.ManagedPolicy.from_managed_policy_arn(self, f"Policy{number}", arn))
        if target_role_arn:
            self.role.add_to_policy(
                iam.PolicyStatement(actions=["sts:AssumeRole", "sts:TagSession"], resources=[target_role_arn])
            )
        self.association = eks.CfnPodIdentityAssociation(
            self,
            "Association",
            cluster_name=cluster.cluster.cluster_name,
            namespace=namespace,
            service_account=service_account,
            role_arn=self.role.role_arn,
            target_role_arn=target_role_arn,
        )
        agent = cluster.add_ons.get(POD_IDENTITY_AGENT)
        # The dependency on the role includes its policies.
        self.association.node.add_dependency(self.role, *filter(None, [agent]))

    @classmethod
    def from_settings(
        cls, scope: Construct, construct_id: str, settings: ApplicationSettings, *, cluster: EksCluster
    ) -> Self:
        return cls(scope, construct_id, cluster=cluster, policy_arns=settings.application_policy_arns)
