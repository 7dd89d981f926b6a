"""Fargate profiles, the two roles of pods on Fargate, and their log router."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IDependable
from typing_extensions import Self

from patternbook.data.logs import LogGroup
from patternbook.eks.access import role_with_policies
from patternbook.eks.application_identity import APPLICATION
from patternbook.eks.cluster import EksCluster
from patternbook.eks.manifests import MANIFESTS, read_manifests
from patternbook.eks.nodes.settings import FargatePodsSettings, check_namespaces
from patternbook.eks.web_identity import WebIdentity
from patternbook.limits.logs import check_retention
from patternbook.posture import Posture


class FargatePods(Construct):
    """Fargate profiles for the pods of some namespaces and of ``kube-system``, in the private subnets of a cluster
    without nodes, and a log group for the output of pods.

    - The *pod execution role* belongs to the kubelet, not to the pods. It pulls images, and writes to that one log
      group. Only Fargate profiles of this one cluster can use it.
    - The *application role* belongs to pods. They assume it by the OIDC provider of the cluster, because EKS Pod
      Identity has no agent on Fargate.
    - The *log router* of Fargate reads its configuration when a pod starts, so the configuration exists before the
      first pod of CoreDNS.

    EKS changes one Fargate profile of a cluster at a time, so CloudFormation makes and deletes them one by one.

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
        policy_arns: Sequence[str] = (),
        log_retention_days: int | None = None,
        key: kms.IKey | None = None,
    ) -> None:
        """:param cluster: a cluster with ``kubectl``.
        :param namespaces: namespaces whose pods run on Fargate, beside ``kube-system``. Pods of other namespaces find
            no node.
        :param policy_arns: ARNs of managed policies of the application role. Pods with the service account
            ``application`` in the first of the namespaces assume it.
        :param key: encrypts the log group.
        :raises ValueError: see :func:`patternbook.eks.nodes.settings.check_namespaces` and
            :func:`patternbook.limits.logs.check_retention`.
        """
        check_namespaces(namespaces)
        check_retention(log_retention_days)
        super().__init__(scope, construct_id)
        self.log_group = LogGroup(self, "Logs", posture=posture, retention_days=log_retention_days, key=key)
        self.role = self._pod_execution_role(cluster)
        router = self._log_router(cluster)
        system = self._profile("System", cluster, ["kube-system"], after=[router])
        self.profile = self._profile("Own", cluster, namespaces, after=[system])
        self.dns = cluster.add_on("coredns", configuration={"computeType": "Fargate"}, after=[system])
        self.identity = WebIdentity(self, "Identity", cluster=cluster)
        self.application_role = self.identity.add_role(
            "Application",
            namespace=namespaces[0],
            service_account=APPLICATION,
            description=f"Pods of the service account {APPLICATION}",
            policy_arns=policy_arns,
        )

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: FargatePodsSettings,
        *,
        cluster: EksCluster,
        posture: Posture,
        key: kms.IKey | None = None,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            cluster=cluster,
            posture=posture,
            namespaces=settings.namespaces,
            policy_arns=settings.application_policy_arns,
            log_retention_days=settings.log_retention_days,
            key=key,
        )

    def _log_router(self, cluster: EksCluster) -> IDependable:
        """The configuration of Fargate's log router, which sends the output of pods to the log group.

        https://docs.aws.amazon.com/eks/latest/userguide/fargate-logging.html
        """
        manifests = read_manifests(
            MANIFESTS / "log-router-fargate.yaml",
            LogGroupName=self.log_group.log_group_name,
            Region=cdk.Stack.of(self).region,
        )
        return cluster.kubectl.apply("LogRouter", manifests, after=[self.log_group])

    def _pod_execution_role(self, cluster: EksCluster) -> iam.Role:
        """https://docs.aws.amazon.com/eks/latest/userguide/pod-execution-role.html"""
        stack = cdk.Stack.of(self)
        # An ARN from the name of the cluster, because the role is made before the cluster.
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
        self, construct_id: str, cluster: EksCluster, namespaces: Sequence[str], *, after: Sequence[IDependable]
    ) -> eks.CfnFargateProfile:
        """L1, because the CDK's L2 makes everything that kubectl applies wait for the profile: the log router, too."""
        profile = eks.CfnFargateProfile(
            Construct(self, construct_id),
            "Resource",
            cluster_name=cluster.cluster.cluster_name,
            pod_execution_role_arn=self.role.role_arn,
            subnets=[subnet.subnet_id for subnet in cluster.cluster.vpc.private_subnets],
            selectors=[eks.CfnFargateProfile.SelectorProperty(namespace=namespace) for namespace in namespaces],
        )
        # Pods need their route out, and the kubelet its permissions, until the last pod is gone.
        profile.node.add_dependency(self.role, *after, cluster.before_members)
        return profile
