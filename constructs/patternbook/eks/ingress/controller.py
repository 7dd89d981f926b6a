"""The AWS Load Balancer Controller, for clusters without Auto Mode."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from patternbook.eks.application_identity import ApplicationIdentity
from patternbook.eks.charts import Chart
from patternbook.eks.cluster import EksCluster
from patternbook.eks.ingress.chart_values import VALUE_NAMES
from patternbook.eks.ingress.classes import IngressClass
from patternbook.eks.ingress.permissions import allow_load_balancing
from patternbook.eks.web_identity import WebIdentity
from patternbook.network.vpc import Network
from patternbook.settings.mistakes import did_you_mean

CONTROLLER: Final = "aws-load-balancer-controller"
"""The chart, its release, its Deployment and its service account."""
NAMESPACE: Final = "kube-system"
CHART: Final = Chart(name=CONTROLLER, version="3.5.0", repository="https://aws.github.io/eks-charts")
"""https://github.com/kubernetes-sigs/aws-load-balancer-controller/tree/v3.5.0/helm/aws-load-balancer-controller"""
TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""That of the book's other load balancers. The controller's default would accept TLS 1.0."""

VALUES: Final[Mapping[str, Any]] = {
    "replicaCount": 2,
    "podDisruptionBudget": {"maxUnavailable": 1},
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app.kubernetes.io/name": CONTROLLER}},
        }
    ],
    "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
    "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
    "securityContext": {"capabilities": {"drop": ["ALL"]}},
    # By default, each upgrade makes another certificate, which the API server trusts before the pods have it. Until
    # they do, the webhooks fail: https://github.com/kubernetes-sigs/aws-load-balancer-controller/pull/4581
    "keepTLSSecret": True,
    # New Services of type LoadBalancer belong to this controller: without it, they would get Classic Load Balancers.
    "enableServiceMutatorWebhook": True,
    # By default, nobody could make any Service while no pod of the controller is ready:
    # https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/4140
    "serviceMutatorWebhookConfig": {"failurePolicy": "Ignore"},
    # The VPC CNI gives pods addresses of the VPC.
    "defaultTargetType": "ip",
    "defaultSSLPolicy": TLS_POLICY,
    # The role has no permissions for these.
    "enableShield": False,
    "enableWaf": False,
}
"""Values of the chart that differ from its defaults."""

GIVEN_BY_CONSTRUCT: Final = ("clusterName", "ingressClass", "ingressClassParams", "region", "serviceAccount", "vpcId")


class LoadBalancerController(Construct):
    """The AWS Load Balancer Controller: Application Load Balancers for Ingresses, and Network Load Balancers for
    Services of type LoadBalancer. EKS offers it as part of Auto Mode, and otherwise as a Helm chart only.

    - *Role*: by EKS Pod Identity, or on Fargate by web identity. It makes load balancers in the VPC, and changes only
      what has the tag of its cluster. It may add rules to the security group that EKS has made for the cluster.
    - *Ingress class*: ``alb``, not the default one of the cluster.
    - *Order*: it is there after the nodes, and is uninstalled before them. Delete Ingresses and Services before that:
      nothing else deletes their load balancers.

    The CDK has an ``AlbController``, too. Its role may change the load balancers of others, and its service account
    needs an IAM OIDC provider.

    https://docs.aws.amazon.com/eks/latest/userguide/lbc-helm.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: EksCluster,
        network: Network,
        ingress_class: IngressClass | None = None,
        web_identity: WebIdentity | None = None,
        values: Mapping[str, Any] | None = None,
        after: Sequence[IDependable] = (),
    ) -> None:
        """:param cluster: a cluster with ``kubectl``, and with the add-on ``eks-pod-identity-agent`` or
            ``web_identity``.
        :param network: the network of the cluster. Its subnets should have the tags that
            :class:`patternbook.eks.cluster.EksCluster` describes, or the ingress class should name subnets.
        :param ingress_class: defaults to the class ``alb`` of internal load balancers.
        :param web_identity: for a cluster whose ``kube-system`` is on Fargate, where EKS Pod Identity has no agent.
        :param values: more values of the chart. They override :data:`VALUES`, name by name.
        :param after: nodes, and the add-on CoreDNS: the pods must become ready while Helm waits.
        :raises ValueError: for a cluster without ``kubectl`` or an identity of pods, and for values that the chart does
            not know or the construct sets.
        """
        kubectl = cluster.kubectl
        check_chart_values(values or {})
        super().__init__(scope, construct_id)
        self.ingress_class = ingress_class or IngressClass()
        self.role, identified = self._identity(cluster, web_identity)
        """The role of the controller. Add statements for what it may not do, such as to register targets in target
        groups that Kubernetes has not made."""
        allow_load_balancing(self.role, cluster=cluster, vpc_id=network.vpc.vpc_id)
        account: dict[str, Any] = {"name": CONTROLLER}
        if web_identity:
            account |= {"annotations": {"eks.amazonaws.com/role-arn": self.role.role_arn}}
        self.chart = kubectl.install(
            # The name of the release is fixed, so a second controller in a cluster is refused here.
            "LoadBalancerController",
            CHART,
            values={
                **VALUES,
                **(values or {}),
                "clusterName": cluster.cluster.cluster_name,
                # Metadata of an instance answers over one hop only:
                # https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/3695
                "region": cdk.Stack.of(self).region,
                "vpcId": network.vpc.vpc_id,
                "serviceAccount": account,
                "ingressClass": self.ingress_class.name,
                "ingressClassParams": {"create": True, "spec": self.ingress_class.controller_spec()},
            },
            after=[identified, *after],
        )
        """The release. Manifests with Ingresses come after it."""

    def _identity(self, cluster: EksCluster, web_identity: WebIdentity | None) -> tuple[iam.Role, IDependable]:
        """The role, and what has to be there before the pods start."""
        if web_identity is None:
            identity = ApplicationIdentity(
                self, "Identity", cluster=cluster, namespace=NAMESPACE, service_account=CONTROLLER
            )
            return identity.role, identity
        role = web_identity.add_role(
            "LoadBalancerController",
            namespace=NAMESPACE,
            service_account=CONTROLLER,
            description=f"Pods of the service account {NAMESPACE}/{CONTROLLER}",
        )
        return role, role


def check_chart_values(values: Mapping[str, Any]) -> None:
    """:raises ValueError: for values that the chart does not know, or that :class:`LoadBalancerController` sets."""
    for name in values:
        if name in GIVEN_BY_CONSTRUCT:
            raise ValueError(
                f"values may not set {name}, which the construct sets. Remove it; ingress_class describes the class."
            )
        if name not in VALUE_NAMES:
            raise ValueError(
                f"values must be values of the chart {CONTROLLER} {CHART.version}, got {name!r}."
                f"{did_you_mean(name, VALUE_NAMES)}"
            )
