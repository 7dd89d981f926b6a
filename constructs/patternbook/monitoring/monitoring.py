"""One construct that watches everything a stack runs."""

from patternbook.monitoring.app_runner import AppRunnerAlarms
from patternbook.monitoring.distributions import DistributionAlarms
from patternbook.monitoring.ecs import EcsAlarms
from patternbook.monitoring.eks import EksAlarms
from patternbook.monitoring.file_systems import FileSystemAlarms
from patternbook.monitoring.functions import FunctionAlarms
from patternbook.monitoring.load_balancers import LoadBalancerAlarms
from patternbook.monitoring.queues import QueueAlarms


class Monitoring(
    LoadBalancerAlarms,
    EcsAlarms,
    EksAlarms,
    FunctionAlarms,
    QueueAlarms,
    FileSystemAlarms,
    AppRunnerAlarms,
    DistributionAlarms,
):
    """A dashboard and alarms for each service that a stack uses: each base class watches one service."""
