"""kubectl → EKS control plane → managed node groups (private subnets) → EBS, and EFS or FSx (isolated subnets)."""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    ApplicationIdentity,
    ClusterStorage,
    EksCluster,
    ManagedNodes,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    StackOptions,
    data_key,
    node_role,
)
from patternbook.eks.add_ons import (
    NODE_ENDPOINTS,
    add_container_insights,
    add_ons_after_nodes,
    add_ons_before_nodes,
    add_optional_add_ons,
)
from stacks.eks_managed_nodes.settings import EksManagedNodesSettings


class EksManagedNodesStack(PatternStack):
    """A cluster, two managed node groups, and the storage that pods claim."""

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
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.network = Network.from_settings(self, "Network", settings, posture=posture, key=self.key)
        self.cluster = EksCluster.from_settings(
            self, "Eks", settings, network=self.network, posture=posture, kubectl=bool(settings.storage), key=self.key
        )
        self.cluster.add_interface_endpoints(NODE_ENDPOINTS)
        ready = add_ons_before_nodes(self.cluster)
        self.application = ApplicationIdentity.from_settings(self, "Application", settings, cluster=self.cluster)
        role = node_role(self, "NodeRole")
        self.system_nodes = ManagedNodes.from_settings(
            self, "System", settings.system_nodes, cluster=self.cluster, role=role, after=[*ready, self.application]
        )
        self.spot_nodes = ManagedNodes.from_settings(
            self, "Spot", settings.spot_nodes, cluster=self.cluster, role=role, after=[*ready, self.application]
        )
        # Add-ons need on-demand nodes: the taints of the Spot nodes keep them off.
        nodes = [self.system_nodes.group]
        add_ons_after_nodes(self.cluster, nodes=nodes)
        if settings.container_insights:
            add_container_insights(self.cluster, nodes=nodes)
        add_optional_add_ons(self.cluster, nodes=nodes)

        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/eks-managed-nodes.md"
        )
        self.storage = ClusterStorage.from_settings(
            self, settings, cluster=self.cluster, network=self.network, posture=posture, nodes=nodes, key=self.key
        )
        self.monitoring.watch_kubernetes(self.cluster.name, container_insights=settings.container_insights)
        self.monitoring.watch_storage(self.storage)
        self.monitoring.watch_add_ons(self.cluster)

        for name, (value, description) in self.cluster.outputs().items():
            self.output(name, value, description)
        self.output("ApplicationRoleArn", self.application.role.role_arn, "Role of the service account application")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
