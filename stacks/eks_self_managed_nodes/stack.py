"""The drawing of the architecture: the package's docstring says what each part promises."""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import Monitoring, Network, PatternStack, Posture, SelfManagedNodes, StackOptions, data_key, node_role
from patternbook.eks.add_ons import (
    NODES_CALL,
    add_container_insights,
    add_ebs_driver,
    add_ons_after_nodes,
    add_ons_before_nodes,
)
from patternbook.eks.from_settings import cluster_from
from patternbook.eks.manifests import MANIFESTS
from patternbook.eks.self_managed_nodes import service_cidr
from patternbook.eks.storage_class import default_class
from stacks.eks_self_managed_nodes.settings import EksSelfManagedNodesSettings


class EksSelfManagedNodesStack(PatternStack):
    """A cluster, and nodes that a person owns."""

    title = "EKS on self-managed nodes, with an AMI of one's own"
    settings_type = EksSelfManagedNodesSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EksSelfManagedNodesSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        days = settings.log_retention_days
        services = service_cidr(settings.vpc_cidr)
        key = data_key(self, "Key", posture=posture)
        network = Network(self, "Network", posture=posture, cidr=settings.vpc_cidr, log_retention_days=days, key=key)
        cluster = cluster_from(
            self,
            "Eks",
            settings=settings,
            network=network,
            posture=posture,
            key=key,
            service_cidr=services,
            kubectl=bool(settings.storage),
        )
        cluster.add_interface_endpoints(NODES_CALL)
        nodes = SelfManagedNodes(
            self,
            "Nodes",
            cluster=cluster,
            role=node_role(self, "NodeRole"),
            posture=posture,
            service_cidr=services,
            ami_id=settings.ami_id,
            architecture=settings.architecture,
            instance_types=settings.instance_types,
            on_demand_base=settings.on_demand_base,
            spot_percent=settings.spot_percent,
            min_nodes=settings.min_nodes,
            max_nodes=settings.max_nodes,
            volume_gib=settings.volume_gib,
            labels=settings.node_labels,
            after=add_ons_before_nodes(cluster),
        )
        add_ons_after_nodes(cluster, nodes=[nodes.group])
        if settings.container_insights:
            add_container_insights(cluster, nodes=[nodes.group], posture=posture, log_retention_days=days, key=key)
        if "ebs" in settings.storage:
            driver = add_ebs_driver(cluster, nodes=[nodes.group], key=key)
            cluster.apply("Gp3", default_class(MANIFESTS / "storage-class-gp3.yaml", key=key), after=[driver])

        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_kubernetes(cluster.name, container_insights=settings.container_insights)

        self.output("KubeconfigCommand", cluster.kubeconfig_command, "After it, kubectl talks to the cluster")
        self.output("ControlPlaneLogGroupName", cluster.log_group.log_group_name, "What the control plane logs")
        self.output("NodeGroupName", nodes.group.auto_scaling_group_name, "The Auto Scaling group of the nodes")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load and health at a glance")
