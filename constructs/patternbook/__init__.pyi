# What `import patternbook` has to offer: the one list of it, for type checkers and for __init__.py.

from .api.http_api import JwtApi, Throttle
from .api.openapi import read_operations
from .api.sign_in import SignIn
from .app import PatternStack, StackOptions, build_app, synthesize
from .app_runner.service import AppRunnerService
from .app_runner.source import SourceRepository
from .app_runner.vpc import PrivateIngress, VpcConnector
from .aws_lambda.function import LiveFunction
from .aws_lambda.powertools import powertools_layer_arn
from .aws_lambda.provisioned_concurrency import Provisioned
from .aws_lambda.redrive import EventRedrive
from .data.databases import ServerlessDatabase
from .data.encryption import allow_services, data_key
from .data.file_system import SharedFiles, SharedFileSystem
from .data.logs import LogGroup
from .data.queues import FailureQueue, WorkQueue
from .data.schema import DatabaseSchema
from .data.tables import SingleTable
from .ecs.anywhere import AnywhereService, Machines, external_cluster
from .ecs.container_settings import ContainerHealthCheck, WritablePath
from .ecs.ec2_capacity import Ec2Capacity
from .ecs.express import ExpressService
from .ecs.managed_instances import ManagedInstances
from .ecs.scaling import ServiceScaling
from .ecs.service import Ec2Service, FargateService, ManagedInstancesService, cluster
from .ecs.task import Task
from .edge.distribution import SiteDistribution
from .edge.distribution_logs import DistributionLogs
from .edge.function import EdgeFunction
from .edge.origin import site_bucket, site_origin
from .edge.redirects import EdgeRedirects
from .edge.site import SiteUpload
from .eks.access import node_role
from .eks.application_identity import ApplicationIdentity
from .eks.cluster import EksCluster
from .eks.ingress.classes import AutoModeIngress, IngressClass
from .eks.ingress.controller import LoadBalancerController
from .eks.karpenter.controller import Karpenter
from .eks.manifests import read_manifests
from .eks.nodes.fargate import FargatePods
from .eks.nodes.managed import ManagedNodes
from .eks.nodes.pending_pods import PendingPods
from .eks.nodes.self_managed import SelfManagedNodes
from .eks.nodes.termination import NodeTermination
from .eks.storage.cluster_storage import ClusterStorage
from .eks.storage.efs import EfsStorage, StaticEfsVolume
from .eks.storage.fsx_lustre import LustreStorage
from .eks.storage.fsx_ontap import OntapStorage
from .eks.web_identity import WebIdentity
from .messaging.consumer import QueueConsumer
from .messaging.topic import EventTopic
from .messaging.uploads import UploadBucket
from .monitoring.monitoring import Monitoring
from .monitoring.topic import NotificationTopic
from .network.internal_load_balancer import InternalLoadBalancer
from .network.private_link import EndpointConsumer, EndpointService
from .network.public_load_balancer import PublicLoadBalancer
from .network.settings import ApplicationHealthCheck, NetworkHealthCheck
from .network.vpc import ExistingNetwork, Network, existing_vpc
from .network.vpc_settings import ExistingVpc
from .posture import PRODUCTION, SANDBOX, Posture
from .rules.plugin import PatternbookRules
from .settings.base import PatternSettings, SettingsModel
from .settings.mistakes import SettingsError
from .streams.bucket import EventBucket
from .streams.queries import QueryWorkgroup
from .streams.stream import EventStream
from .streams.subscription import StreamSubscription
from .streams.table import EventTable
from .workflows.people import PeopleQueue
from .workflows.state_machine import Workflow
from .workflows.task_step import TaskStep

__all__ = [
    "PRODUCTION",
    "SANDBOX",
    "AnywhereService",
    "AppRunnerService",
    "ApplicationHealthCheck",
    "ApplicationIdentity",
    "AutoModeIngress",
    "ClusterStorage",
    "ContainerHealthCheck",
    "DatabaseSchema",
    "DistributionLogs",
    "Ec2Capacity",
    "Ec2Service",
    "EdgeFunction",
    "EdgeRedirects",
    "EfsStorage",
    "EksCluster",
    "EndpointConsumer",
    "EndpointService",
    "EventBucket",
    "EventRedrive",
    "EventStream",
    "EventTable",
    "EventTopic",
    "ExistingNetwork",
    "ExistingVpc",
    "ExpressService",
    "FailureQueue",
    "FargatePods",
    "FargateService",
    "IngressClass",
    "InternalLoadBalancer",
    "JwtApi",
    "Karpenter",
    "LiveFunction",
    "LoadBalancerController",
    "LogGroup",
    "LustreStorage",
    "Machines",
    "ManagedInstances",
    "ManagedInstancesService",
    "ManagedNodes",
    "Monitoring",
    "Network",
    "NetworkHealthCheck",
    "NodeTermination",
    "NotificationTopic",
    "OntapStorage",
    "PatternSettings",
    "PatternStack",
    "PatternbookRules",
    "PendingPods",
    "PeopleQueue",
    "Posture",
    "PrivateIngress",
    "Provisioned",
    "PublicLoadBalancer",
    "QueryWorkgroup",
    "QueueConsumer",
    "SelfManagedNodes",
    "ServerlessDatabase",
    "ServiceScaling",
    "SettingsError",
    "SettingsModel",
    "SharedFileSystem",
    "SharedFiles",
    "SignIn",
    "SingleTable",
    "SiteDistribution",
    "SiteUpload",
    "SourceRepository",
    "StackOptions",
    "StaticEfsVolume",
    "StreamSubscription",
    "Task",
    "TaskStep",
    "Throttle",
    "UploadBucket",
    "VpcConnector",
    "WebIdentity",
    "WorkQueue",
    "Workflow",
    "WritablePath",
    "allow_services",
    "build_app",
    "cluster",
    "data_key",
    "existing_vpc",
    "external_cluster",
    "node_role",
    "powertools_layer_arn",
    "read_manifests",
    "read_operations",
    "site_bucket",
    "site_origin",
    "synthesize",
]
