"""Patternbook: AWS container and serverless patterns, as CDK constructs. Start at :mod:`patternbook.book`."""

from patternbook import _node as _node  # first: it sets up Node before aws_cdk starts it
from patternbook.anywhere import AnywhereService, Machines, external_cluster
from patternbook.app_runner import AppRunnerService, PrivateIngress, SourceRepository, VpcConnector
from patternbook.book import PatternStack, build_app, synthesize
from patternbook.distribution_logs import DistributionLogs
from patternbook.ec2_capacity import Ec2Capacity
from patternbook.edge_function import EdgeFunction
from patternbook.eks_cluster import EksCluster
from patternbook.eks_efs import EfsStorage
from patternbook.eks_fargate import FargatePods
from patternbook.eks_lustre import LustreStorage
from patternbook.eks_nodes import ManagedNodes, node_role
from patternbook.eks_ontap import OntapStorage
from patternbook.eks_self_managed_nodes import SelfManagedNodes
from patternbook.encryption import data_key
from patternbook.express import ExpressService
from patternbook.file_system import SharedFileSystem
from patternbook.live_function import LiveFunction, Provisioned
from patternbook.load_balancer import PublicLoadBalancer
from patternbook.logs import log_group
from patternbook.managed_instances import ManagedInstances
from patternbook.manifests import read_manifests
from patternbook.monitoring import Monitoring, NotificationTopic
from patternbook.network import Network
from patternbook.network_load_balancer import InternalLoadBalancer
from patternbook.posture import PRODUCTION, SANDBOX, Posture
from patternbook.private_link import EndpointConsumer, EndpointService
from patternbook.scaling import ServiceScaling
from patternbook.service import Ec2Service, FargateService, ManagedInstancesService, cluster
from patternbook.settings import PatternSettings, SettingsError, SettingsModel
from patternbook.site import SiteUpload, site_bucket
from patternbook.task import Task
from patternbook.work_queue import FailureQueue, WorkQueue

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
