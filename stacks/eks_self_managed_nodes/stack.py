"""kubectl → EKS control plane → Auto Scaling group of nodes (private subnets) → EBS volumes."""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    ApplicationIdentity,
    EksCluster,
    Monitoring,
    Network,
    NodeTermination,
    PatternStack,
    Posture,
    SelfManagedNodes,
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
from patternbook.eks.storage.ebs import add_ebs_driver, apply_default_class
from patternbook.limits.eks import service_cidr
from stacks.eks_self_managed_nodes.settings import EksSelfManagedNodesSettings


class EksSelfManagedNodesStack(PatternStack):
    """A cluster, and an Auto Scaling group of nodes that join it by themselves."""

    title = "EKS on self-managed nodes, with an AMI of your own"
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
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.network = Network.from_settings(self, "Network", settings, posture=posture, key=self.key)
        self.cluster = EksCluster.from_settings(
            self,
            "Eks",
            settings,
            network=self.network,
            posture=posture,
            service_cidr=service_cidr(*settings.cidr_blocks),
            kubectl=True,
            key=self.key,
        )
        self.cluster.add_interface_endpoints(NODE_ENDPOINTS)
        role = node_role(self, "NodeRole")
        ready = add_ons_before_nodes(self.cluster)
        self.application = ApplicationIdentity.from_settings(self, "Application", settings, cluster=self.cluster)
        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/eks-self-managed-nodes.md"
        )
        alarms = self.monitoring.watch_kubernetes(self.cluster.name, container_insights=settings.container_insights)
        self.termination = NodeTermination(self, "Termination", cluster=self.cluster)
        self.monitoring.watch_node_events(self.termination)
        self.nodes = SelfManagedNodes.from_settings(
            self,
            "Nodes",
            settings,
            cluster=self.cluster,
            role=role,
            posture=posture,
            termination=self.termination,
            refresh_alarms=alarms,
            after=[*ready, self.application],
        )
        nodes = [self.nodes.group]
        add_ons_after_nodes(self.cluster, nodes=nodes)
        if settings.container_insights:
            add_container_insights(self.cluster, nodes=nodes)
        add_optional_add_ons(self.cluster, nodes=nodes)
        if "ebs" in settings.storage:
            driver = add_ebs_driver(self.cluster, nodes=nodes, key=self.key)
            apply_default_class(self.cluster, key=self.key, after=[driver])
        self.monitoring.watch_add_ons(self.cluster)

        for name, (value, description) in self.cluster.outputs().items():
            self.output(name, value, description)
        self.output("NodeGroupName", self.nodes.group.auto_scaling_group_name, "Auto Scaling group of the nodes")
        self.output("ApplicationRoleArn", self.application.role.role_arn, "Role of the service account application")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
