# What `import patternbook` has to offer: the one list of it, for type checkers and for __init__.py.

from .anywhere import AnywhereService, Machines, external_cluster
from .app_runner import AppRunnerService, PrivateIngress, SourceRepository, VpcConnector
from .book import PatternStack, build_app, synthesize
from .distribution_logs import DistributionLogs
from .ec2_capacity import Ec2Capacity
from .edge_function import EdgeFunction
from .eks_cluster import EksCluster
from .eks_efs import EfsStorage
from .eks_fargate import FargatePods
from .eks_lustre import LustreStorage
from .eks_nodes import ManagedNodes, node_role
from .eks_ontap import OntapStorage
from .eks_self_managed_nodes import SelfManagedNodes
from .encryption import data_key
from .express import ExpressService
from .file_system import SharedFileSystem
from .live_function import LiveFunction, Provisioned
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
from .site import SiteUpload, site_bucket
from .task import Task
from .validation import PatternbookRules
from .work_queue import FailureQueue, WorkQueue

__all__ = [
    "PRODUCTION",
    "SANDBOX",
    "AnywhereService",
    "AppRunnerService",
    "DistributionLogs",
    "Ec2Capacity",
    "Ec2Service",
    "EdgeFunction",
    "EfsStorage",
    "EksCluster",
    "EndpointConsumer",
    "EndpointService",
    "ExpressService",
    "FailureQueue",
    "FargatePods",
    "FargateService",
    "InternalLoadBalancer",
    "LiveFunction",
    "LustreStorage",
    "Machines",
    "ManagedInstances",
    "ManagedInstancesService",
    "ManagedNodes",
    "Monitoring",
    "Network",
    "NotificationTopic",
    "OntapStorage",
    "PatternSettings",
    "PatternStack",
    "PatternbookRules",
    "Posture",
    "PrivateIngress",
    "Provisioned",
    "PublicLoadBalancer",
    "SelfManagedNodes",
    "ServiceScaling",
    "SettingsError",
    "SettingsModel",
    "SharedFileSystem",
    "SiteUpload",
    "SourceRepository",
    "Task",
    "VpcConnector",
    "WorkQueue",
    "build_app",
    "cluster",
    "data_key",
    "external_cluster",
    "log_group",
    "node_role",
    "read_manifests",
    "site_bucket",
    "synthesize",
]
