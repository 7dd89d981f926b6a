"""One construct for all alarms of a stack."""

from patternbook.monitoring.apis import ApiAlarms
from patternbook.monitoring.app_runner import AppRunnerAlarms
from patternbook.monitoring.databases import DatabaseAlarms
from patternbook.monitoring.distributions import DistributionAlarms
from patternbook.monitoring.ecs import EcsAlarms
from patternbook.monitoring.eks import EksAlarms
from patternbook.monitoring.file_systems import FileSystemAlarms
from patternbook.monitoring.functions import FunctionAlarms
from patternbook.monitoring.load_balancers import LoadBalancerAlarms
from patternbook.monitoring.messaging import MessagingAlarms
from patternbook.monitoring.queues import QueueAlarms
from patternbook.monitoring.streams import StreamAlarms
from patternbook.monitoring.tables import TableAlarms
from patternbook.monitoring.workflows import WorkflowAlarms


class Monitoring(
    LoadBalancerAlarms,
    EcsAlarms,
    EksAlarms,
    MessagingAlarms,
    StreamAlarms,
    FunctionAlarms,
    QueueAlarms,
    FileSystemAlarms,
    AppRunnerAlarms,
    DistributionAlarms,
    DatabaseAlarms,
    ApiAlarms,
    TableAlarms,
    WorkflowAlarms,
):
    """A dashboard, an alarm topic, and alarms. Each base class has the alarms of one AWS service."""
