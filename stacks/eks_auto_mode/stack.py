"""kubectl → EKS control plane in Auto Mode → nodes that EKS brings for waiting pods (private subnets) → EBS volumes."""

from pathlib import Path

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    ApplicationIdentity,
    EksCluster,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    StackOptions,
    data_key,
    read_manifests,
)
from patternbook.eks.add_ons import NODE_ENDPOINTS, add_container_insights, add_optional_add_ons
from patternbook.eks.storage.ebs import apply_default_class
from stacks.eks_auto_mode.settings import EksAutoModeSettings

MANIFESTS = Path(__file__).with_name("runtime")


class EksAutoModeStack(PatternStack):
    """A cluster whose nodes, volumes and load balancers EKS brings by itself."""

    title = "EKS in Auto Mode"
    settings_type = EksAutoModeSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EksAutoModeSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.network = Network.from_settings(self, "Network", settings, posture=posture, key=self.key)
        self.cluster = EksCluster.from_settings(
            self, "Eks", settings, network=self.network, posture=posture, auto_mode=True, kubectl=True, key=self.key
        )
        self.cluster.add_interface_endpoints(NODE_ENDPOINTS)
        self.cluster.add_on("metrics-server")
        if settings.container_insights:
            add_container_insights(self.cluster)
        add_optional_add_ons(self.cluster)
        self.application = ApplicationIdentity.from_settings(self, "Application", settings, cluster=self.cluster)
        self.cluster.kubectl.apply("NetworkPolicy", read_manifests(MANIFESTS / "network-policy-auto.yaml"))
        apply_default_class(self.cluster, path=MANIFESTS / "storage-class-auto.yaml", key=self.key)

        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/eks-auto-mode.md"
        )
        self.monitoring.watch_kubernetes(self.cluster.name, container_insights=settings.container_insights)
        self.monitoring.watch_add_ons(self.cluster)

        for name, (value, description) in self.cluster.outputs().items():
            self.output(name, value, description)
        self.output("ApplicationRoleArn", self.application.role.role_arn, "Role of the service account application")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
