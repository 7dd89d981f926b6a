"""kubectl → EKS control plane → pods on Fargate (private subnets) → EFS (isolated subnets)."""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    EksCluster,
    FargatePods,
    Monitoring,
    Network,
    PatternStack,
    PendingPods,
    Posture,
    StackOptions,
    StaticEfsVolume,
    data_key,
)
from patternbook.eks.add_ons import NODE_ENDPOINTS, add_optional_add_ons
from patternbook.limits.regions import EKS_FARGATE
from stacks.eks_fargate.settings import EksFargateSettings


class EksFargateStack(PatternStack):
    """A cluster whose pods run on Fargate, and a file system that they share."""

    title = "EKS on Fargate, with EFS"
    settings_type = EksFargateSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EksFargateSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.refuse_where_missing(EKS_FARGATE)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.network = Network.from_settings(self, "Network", settings, posture=posture, key=self.key)
        self.cluster = EksCluster.from_settings(
            self, "Eks", settings, network=self.network, posture=posture, kubectl=True, key=self.key
        )
        self.cluster.add_interface_endpoints(NODE_ENDPOINTS)
        self.pods = FargatePods.from_settings(
            self, "Pods", settings, cluster=self.cluster, posture=posture, key=self.key
        )
        add_optional_add_ons(self.cluster, names=settings.optional_add_ons, nodes=[self.pods.dns])
        self.pending_pods = PendingPods(self, "PendingPods", cluster=self.cluster, network=self.network)
        self.files: StaticEfsVolume | None = None
        if "efs" in settings.storage:
            self.files = StaticEfsVolume(
                self, "Files", cluster=self.cluster, network=self.network, posture=posture, key=self.key
            )

        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/eks-fargate.md"
        )
        self.monitoring.watch_kubernetes(self.cluster.name, container_insights=False)
        self.monitoring.watch_pending_pods(self.pending_pods)

        for name, (value, description) in self.cluster.outputs().items():
            self.output(name, value, description)
        self.output("OidcIssuer", self.pods.identity.issuer, "Issuer of the tokens of pods, for roles of your own")
        self.output(
            "ApplicationRoleArn", self.pods.application_role.role_arn, "Role of the service account application"
        )
        self.output("LogGroupName", self.pods.log_group.log_group_name, "CloudWatch log group of the pods")
        self.output(
            "PendingPodsLogGroupName",
            self.pending_pods.log_group.log_group_name,
            "CloudWatch log group of the function that counts pending pods",
        )
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
