"""Patternbook: AWS container and serverless patterns, as CDK constructs. Start at :mod:`patternbook.book`."""

from patternbook import _node as _node  # first: it sets up Node before aws_cdk starts it
from patternbook.book import PatternStack, build_app, synthesize
from patternbook.encryption import data_key
from patternbook.file_system import SharedFileSystem
from patternbook.load_balancer import PublicLoadBalancer
from patternbook.logs import log_group
from patternbook.monitoring import Monitoring, NotificationTopic
from patternbook.network import Network
from patternbook.posture import PRODUCTION, SANDBOX, Posture
from patternbook.scaling import ServiceScaling
from patternbook.service import FargateService, cluster
from patternbook.settings import PatternSettings, SettingsError, SettingsModel
from patternbook.task import Task

__all__ = [
    "PRODUCTION",
    "SANDBOX",
    "FargateService",
    "Monitoring",
    "Network",
    "NotificationTopic",
    "PatternSettings",
    "PatternStack",
    "Posture",
    "PublicLoadBalancer",
    "ServiceScaling",
    "SettingsError",
    "SettingsModel",
    "SharedFileSystem",
    "Task",
    "build_app",
    "cluster",
    "data_key",
    "log_group",
    "synthesize",
]
