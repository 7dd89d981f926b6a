"""The drawing of the architecture: the package's docstring says what each part promises."""

from pathlib import Path

from constructs import Construct
from typing_extensions import Unpack

from patternbook import Monitoring, Network, PatternStack, Posture, StackOptions, data_key, read_manifests
from patternbook.eks.add_ons import NODES_CALL, add_container_insights
from patternbook.eks.from_settings import cluster_from
from patternbook.eks.storage_class import default_class
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
        days = settings.log_retention_days
        key = data_key(self, "Key", posture=posture)
        network = Network(self, "Network", posture=posture, cidr=settings.vpc_cidr, log_retention_days=days, key=key)
        cluster = cluster_from(
            self,
            "Eks",
            settings=settings,
            network=network,
            posture=posture,
            key=key,
            auto_mode=True,
            kubectl=True,
        )
        cluster.add_interface_endpoints(NODES_CALL)
        cluster.add_on("metrics-server")
        if settings.container_insights:
            add_container_insights(cluster, posture=posture, log_retention_days=days, key=key)
        cluster.apply("NetworkPolicy", read_manifests(MANIFESTS / "network-policy-auto.yaml"))
        cluster.apply("Gp3", default_class(MANIFESTS / "storage-class-auto.yaml", key=key))

        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_kubernetes(cluster.name, container_insights=settings.container_insights)

        self.output("KubeconfigCommand", cluster.kubeconfig_command, "After it, kubectl talks to the cluster")
        self.output("ControlPlaneLogGroupName", cluster.log_group.log_group_name, "What the control plane logs")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load and health at a glance")
