"""Pods on Fargate: which ones, what they act as while they start, and where what they print goes."""

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IDependable

from patternbook.data.logs import log_group
from patternbook.eks.cluster import EksCluster
from patternbook.eks.roles import role_with_policies
from patternbook.limits.logs import check_retention
from patternbook.posture import Posture
from patternbook.settings.fields import NAMESPACE

SYSTEM: Final = ("kube-system", "aws-observability")
"""Namespaces that belong to the cluster."""
MAX_NAMESPACES: Final = 5
"""Selectors of a profile: https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html"""


def check_namespaces(namespaces: Sequence[str]) -> None:
    """:raises ValueError: for what is no namespace or belongs to the cluster, and for more, or less, than a profile
    takes.
    """
    if not 1 <= len(namespaces) <= MAX_NAMESPACES:
        raise ValueError(f"expected 1 to {MAX_NAMESPACES} namespaces, not {len(namespaces)}")
    for name in namespaces:
        if not NAMESPACE.accepts(name):
            raise ValueError(f"expected {NAMESPACE.text}, unlike {name!r}")
        if name in SYSTEM:
            raise ValueError(f"expected namespaces of your own, unlike {name}, which belongs to the cluster")


class FargatePods(Construct):
    """Fargate profiles, by which pods of some namespaces run on Fargate, in the private subnets of a cluster without
    nodes; CoreDNS on Fargate too; and the log group that what pods print goes to.

    *A role*, of the kubelet and not of the pods, pulls images and writes to that one log group. It is for profiles of
    this one cluster.

    EKS changes one profile of a cluster at a time, so they are made, and deleted, one after the other.

    https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: EksCluster,
        posture: Posture,
        namespaces: Sequence[str] = ("default",),
        log_retention_days: int | None = None,
        key: kms.Key | None = None,
    ) -> None:
        """:param namespaces: whose pods run on Fargate; others find no node.
        :param key: encrypts the log group.
        :raises ValueError: see :func:`check_namespaces` and :func:`patternbook.limits.logs.check_retention`.
        """
        check_namespaces(namespaces)
        check_retention(log_retention_days)
        super().__init__(scope, construct_id)
        self.log_group = log_group(self, "Logs", posture=posture, retention_days=log_retention_days, key=key)
        self.role = self._role_of_the_kubelet(cluster)
        system = self._profile(
            "System", cluster, [eks.Selector(namespace="kube-system", labels={"k8s-app": "kube-dns"})]
        )
        self.profile = self._profile(
            "Own", cluster, [eks.Selector(namespace=namespace) for namespace in namespaces], after=[system]
        )
        self.dns = cluster.add_on("coredns", configuration={"computeType": "Fargate"}, after=[system])

    @property
    def values(self) -> dict[str, str]:
        """What the manifest of the log router asks for."""
        return {"LogGroupName": self.log_group.log_group_name, "Region": cdk.Stack.of(self).region}

    def _role_of_the_kubelet(self, cluster: EksCluster) -> iam.Role:
        """https://docs.aws.amazon.com/eks/latest/userguide/pod-execution-role.html"""
        stack = cdk.Stack.of(self)
        # Known before the cluster is.
        profiles = stack.format_arn(service="eks", resource="fargateprofile", resource_name=f"{cluster.name}/*")
        role = role_with_policies(
            self,
            "Role",
            description="Starts pods on Fargate",
            assumed_by=iam.ServicePrincipal(
                "eks-fargate-pods.amazonaws.com", conditions={"ArnLike": {"aws:SourceArn": profiles}}
            ),
            policies=["AmazonEKSFargatePodExecutionRolePolicy"],
            reason="AWS documents this policy for Fargate: to pull images. Pods cannot act as the role.",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                resources=[self.log_group.log_group_arn],
            )
        )
        return role

    def _profile(
        self,
        construct_id: str,
        cluster: EksCluster,
        selectors: Sequence[eks.Selector],
        after: Sequence[IDependable] = (),
    ) -> eks.FargateProfile:
        profile = eks.FargateProfile(
            self,
            construct_id,
            cluster=cluster.cluster,
            pod_execution_role=self.role,  # ty: ignore[invalid-argument-type]
            vpc=cluster.cluster.vpc,
            subnet_selection=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            selectors=selectors,
        )
        # Pods need their way out, and the kubelet its permissions, for as long as there are any.
        profile.node.add_dependency(
            self.role,
            *after,
            *(subnet.internet_connectivity_established for subnet in cluster.cluster.vpc.private_subnets),
        )
        return profile
