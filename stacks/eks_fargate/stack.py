"""The drawing of the architecture: the package's docstring says what each part promises."""

from pathlib import Path

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    FargatePods,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    SharedFileSystem,
    StackOptions,
    data_key,
    read_manifests,
)
from patternbook.eks.add_ons import NODES_CALL
from patternbook.eks.from_settings import cluster_from
from stacks.eks_fargate.settings import EksFargateSettings

MANIFESTS = Path(__file__).with_name("runtime")


class EksFargateStack(PatternStack):
    """A cluster without nodes, whose pods run on Fargate, and a file system that they share."""

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
            kubectl=True,
        )
        cluster.add_interface_endpoints(NODES_CALL)
        pods = FargatePods(
            self,
            "Pods",
            cluster=cluster,
            posture=posture,
            namespaces=settings.namespaces,
            log_retention_days=days,
            key=key,
        )
        cluster.apply(
            "LogRouter", read_manifests(MANIFESTS / "log-router-fargate.yaml", **pods.values), after=[pods.log_group]
        )
        if "efs" in settings.storage:
            files = SharedFileSystem(self, "Files", vpc=network.vpc, posture=posture, key=key)
            files.admit(cluster.node_connections)
            volume = {
                "FileSystemId": files.file_system.file_system_id,
                "AccessPointId": files.access_point.access_point_id,
            }
            cluster.apply(
                "Shared",
                read_manifests(MANIFESTS / "storage-efs-fargate.yaml", **volume),
                after=[files.file_system.mount_targets_available],
            )

        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_kubernetes(cluster.name, container_insights=False)

        self.output("KubeconfigCommand", cluster.kubeconfig_command, "After it, kubectl talks to the cluster")
        self.output("ControlPlaneLogGroupName", cluster.log_group.log_group_name, "What the control plane logs")
        self.output("LogGroupName", pods.log_group.log_group_name, "What pods print")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load and health at a glance")
