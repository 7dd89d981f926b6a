# What `import patternbook` has to offer: the one list of it, for type checkers and for __init__.py.

from .anywhere import AnywhereService, Machines, external_cluster
from .book import PatternStack, build_app, synthesize
from .ec2_capacity import Ec2Capacity
from .eks_cluster import EksCluster
from .eks_efs import EfsStorage
from .eks_fargate import FargatePods
from .eks_nodes import ManagedNodes, node_role
from .eks_self_managed_nodes import SelfManagedNodes
from .encryption import data_key
from .file_system import SharedFileSystem
from .load_balancer import PublicLoadBalancer
from .logs import log_group
from .managed_instances import ManagedInstances
from .manifests import read_manifests
from .monitoring import Monitoring, NotificationTopic
from .network import Network
from .network_load_balancer import InternalLoadBalancer
from .posture import PRODUCTION, SANDBOX, Posture
from .private_link import EndpointConsumer, EndpointService
from .scaling import ServiceScaling
from .service import Ec2Service, FargateService, ManagedInstancesService, cluster
from .settings import PatternSettings, SettingsError, SettingsModel
from .task import Task
from .validation import PatternbookRules
from .work_queue import WorkQueue

__all__ = [
    "PRODUCTION",
    "SANDBOX",
    "AnywhereService",
    "Ec2Capacity",
    "Ec2Service",
    "EfsStorage",
    "EksCluster",
    "EndpointConsumer",
    "EndpointService",
    "FargatePods",
    "FargateService",
    "InternalLoadBalancer",
    "Machines",
    "ManagedInstances",
    "ManagedInstancesService",
    "ManagedNodes",
    "Monitoring",
    "Network",
    "NotificationTopic",
    "PatternSettings",
    "PatternStack",
    "PatternbookRules",
    "Posture",
    "PublicLoadBalancer",
    "SelfManagedNodes",
    "ServiceScaling",
    "SettingsError",
    "SettingsModel",
    "SharedFileSystem",
    "Task",
    "WorkQueue",
    "build_app",
    "cluster",
    "data_key",
    "external_cluster",
    "log_group",
    "node_role",
    "read_manifests",
    "synthesize",
]
