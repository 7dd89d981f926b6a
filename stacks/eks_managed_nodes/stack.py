"""The drawing of the architecture: the package's docstring says what each part promises."""

from typing import Any

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    EfsStorage,
    LustreStorage,
    ManagedNodes,
    Monitoring,
    Network,
    OntapStorage,
    PatternStack,
    Posture,
    StackOptions,
    data_key,
    node_role,
    read_manifests,
)
from patternbook.eks.add_ons import (
    NODES_CALL,
    add_container_insights,
    add_ebs_driver,
    add_ons_after_nodes,
    add_ons_before_nodes,
)
from patternbook.eks.from_settings import cluster_from
from patternbook.eks.manifests import MANIFESTS
from patternbook.eks.storage_class import default_class
from stacks.eks_managed_nodes.settings import EksManagedNodesSettings


class EksManagedNodesStack(PatternStack):
    """A cluster, two groups of nodes that EKS manages, and what pods need of AWS."""

    title = "EKS on managed nodes, with storage by CSI drivers"
    settings_type = EksManagedNodesSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EksManagedNodesSettings,
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
            kubectl=bool(settings.storage),
        )
        cluster.add_interface_endpoints(NODES_CALL)
        ready = add_ons_before_nodes(cluster)
        role = node_role(self, "NodeRole")
        system = ManagedNodes(
            self,
            "System",
            cluster=cluster,
            role=role,
            operating_system=settings.operating_system,
            architecture=settings.architecture,
            instance_types=settings.system_instance_types,
            min_nodes=settings.min_system_nodes,
            max_nodes=settings.max_system_nodes,
            volume_gib=settings.volume_gib,
            labels=settings.system_labels,
            after=ready,
        )
        ManagedNodes(
            self,
            "Spot",
            cluster=cluster,
            role=role,
            capacity_type="SPOT",
            operating_system=settings.operating_system,
            architecture=settings.architecture,
            instance_types=settings.spot_instance_types,
            min_nodes=settings.min_spot_nodes,
            max_nodes=settings.max_spot_nodes,
            volume_gib=settings.volume_gib,
            labels=settings.spot_labels,
            taints=settings.spot_taints,
            after=ready,
        )
        nodes = [system.group]
        add_ons_after_nodes(cluster, nodes=nodes)
        if settings.container_insights:
            add_container_insights(cluster, nodes=nodes, posture=posture, log_retention_days=days, key=key)
        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_kubernetes(cluster.name, container_insights=settings.container_insights)
        shared: dict[str, Any] = {
            "cluster": cluster,
            "network": network,
            "posture": posture,
            "nodes": nodes,
            "key": key,
        }
        if "ebs" in settings.storage:
            driver = add_ebs_driver(cluster, nodes=nodes, key=key)
            cluster.apply("Gp3", default_class(MANIFESTS / "storage-class-gp3.yaml", key=key), after=[driver])
        if "efs" in settings.storage:
            efs = EfsStorage(self, "Efs", **shared)
            manifests = read_manifests(MANIFESTS / "storage-class-efs.yaml", **efs.values)
            cluster.apply("EfsClass", manifests, after=efs.mountable)
        if "fsx-lustre" in settings.storage:
            lustre = LustreStorage(
                self,
                "Lustre",
                capacity_gib=settings.lustre_capacity_gib,
                mbps_per_tib=settings.lustre_mbps_per_tib,
                **shared,
            )
            manifests = read_manifests(MANIFESTS / "storage-fsx-lustre.yaml", **lustre.values)
            cluster.apply("LustreVolume", manifests, after=lustre.mountable)
            monitoring.watch("LustreFull", lustre.used(), threshold=80, description="FSx for Lustre is filling up")
        if "fsx-ontap" in settings.storage:
            ontap = OntapStorage(
                self, "Ontap", capacity_gib=settings.ontap_capacity_gib, mbps=settings.ontap_mbps, **shared
            )
            ontap.apply(
                read_manifests(MANIFESTS / "backend-fsx-ontap.yaml", **ontap.values),
                read_manifests(MANIFESTS / "storage-class-fsx-ontap.yaml"),
            )
            monitoring.watch("OntapFull", ontap.used(), threshold=80, description="FSx for ONTAP is filling up")

        self.output("KubeconfigCommand", cluster.kubeconfig_command, "After it, kubectl talks to the cluster")
        self.output("ControlPlaneLogGroupName", cluster.log_group.log_group_name, "What the control plane logs")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load and health at a glance")
