"""The form of the promises of a pattern, and those that several patterns make.

A promise is an event, the minutes within which people hear of it, and what to do then.

The minutes come from what a user needs, not from what the alarms do. An outage that clients notice has to be known
within five minutes. What costs only redundancy, or what nobody notices yet, has more time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from patternbook.testing.drills.events import calm, cluster, services
from patternbook.testing.drills.scenarios import Scenario


@dataclass(frozen=True)
class Promise:
    """An event, and the minutes within which people hear of it."""

    event: Scenario
    minutes: int
    remedy: str
    """The remedy, as a sentence or two of Markdown."""


@dataclass(frozen=True)
class Drill:
    """All that a pattern promises."""

    rings: Sequence[Promise]
    silent: Sequence[Scenario]


STOPPED: Final = "The events of the service and its stopped tasks give the reason."
LOGS: Final = "See the log group for errors of the application."
HEALTH_CHECK: Final = (
    "Compare the path and the port of the health check with the application. "
    "`aws elbv2 describe-target-health` gives the reason."
)
CAPACITY: Final = "The events of the service give the reason. Wait, or choose other capacity."
SLOW: Final = (
    "If CPU or memory on the dashboard is high, raise `max_tasks`, or `cpu` and `memory_mib`. If not, find what the "
    "application waits for."
)
ROLLED_BACK: Final = "The message has the reason. See the stopped tasks and their logs, repair, and deploy again."


RAISE_UNITS: Final = (
    "Raise `max_read_request_units` or `max_write_request_units`, or find the caller who sends so much."
)
RAISE_CONCURRENCY: Final = "Raise `reserved_concurrency`, or ask AWS for a higher quota."
SLOW_CALLS: Final = "The traces of the functions show what takes the time. Raise `memory_mib` if it is their own code."
NEW_VERSION: Final = (
    "CodeDeploy has shifted the traffic back. See the logs of the new version, repair, and deploy again."
)
FILES: Final = Promise(
    services.files_at_their_limit(),
    15,
    "Find what reads or writes so much. Cache, or write in larger pieces. AWS Support can raise the limit.",
)
ROLL_BACK: Final = Promise(services.roll_back(), 1, ROLLED_BACK)


def tasks_ring() -> list[Promise]:
    """The promises of any service about its tasks, whoever its clients are."""
    return [
        Promise(services.total_outage(requests=0), 15, STOPPED),
        Promise(services.crash_loop(requests=0), 20, STOPPED),
        Promise(services.one_crashes(), 20, STOPPED),
        Promise(services.no_room(), 20, CAPACITY),
    ]


def web_rings() -> list[Promise]:
    """The promises of a service behind an Application Load Balancer."""
    return [
        Promise(services.total_outage(requests=600), 5, STOPPED),
        Promise(services.total_outage(requests=5), 5, STOPPED),
        Promise(services.crash_loop(requests=600), 10, STOPPED),
        *tasks_ring(),
        Promise(services.failing(5, 5, "Every request fails (5 a minute)"), 10, LOGS),
        Promise(services.failing(600, 60, "One request in ten fails"), 10, LOGS),
        Promise(services.quiet_service_fails(), 30, LOGS),
        Promise(services.unanswered(), 10, SLOW),
        Promise(services.slow(), 10, SLOW),
        ROLL_BACK,
    ]


def targets_ring() -> list[Promise]:
    """The promises of a service behind any load balancer about its targets."""
    return [
        Promise(services.one_unhealthy(), 15, HEALTH_CHECK),
        Promise(services.all_unhealthy(), 10, HEALTH_CHECK),
    ]


def tasks_are_silent(*, start_minutes: int) -> list[Scenario]:
    """:param start_minutes: how long a task may take to start, with an instance for it where that has to boot."""
    return [
        calm.day(),
        calm.quiet_night(),
        calm.rolling_deployment(),
        calm.scale_out(start_minutes=2),
        calm.scale_out(start_minutes=start_minutes),
        calm.growth(start_minutes=start_minutes),
        calm.scale_in(),
        calm.scheduled_minimum(),
        calm.one_replaced(),
        calm.zone_rebalance(),
    ]


def web_is_silent(*, start_minutes: int) -> list[Scenario]:
    return [
        *tasks_are_silent(start_minutes=start_minutes),
        calm.one_error(),
        calm.rare_errors(),
        calm.one_error_at_night(),
        calm.one_slow_request(),
    ]


PENDING: Final = (
    "`kubectl get events --field-selector reason=FailedScheduling -A` says what the pod lacks: room, a toleration, or "
    "a node in the AZ of its volume."
)

WEBHOOKS: Final = (
    "`kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations` has the webhooks. Repair the one that "
    "does not answer, or delete its configuration."
)


def cluster_rings() -> list[Promise]:
    """The promises of any cluster."""
    return [
        Promise(cluster.pending_pod(), 20, PENDING),
        Promise(cluster.pending_pod_in_busy_cluster(), 20, PENDING),
        Promise(
            cluster.failing_api_server(),
            10,
            "Look into the log group `ControlPlaneLogGroupName`, and at the requests on the dashboard.",
        ),
        Promise(
            cluster.silent_webhook(),
            10,
            WEBHOOKS,
        ),
        Promise(cluster.silent_webhook_of_rare_changes(), 20, WEBHOOKS),
    ]


WAITING: Final = (
    "The log group `PendingPodsLogGroupName` names the pod, and `kubectl describe pod` has the reason. Put it right, "
    "and delete the pod, so that its Deployment makes another."
)
COUNT: Final = "See the log group `PendingPodsLogGroupName` for the error. No alarm knows pods on Fargate meanwhile."


def fargate_rings() -> list[Promise]:
    """The promises of a cluster with pods on Fargate."""
    return [
        Promise(cluster.waiting_pod(), 20, WAITING),
        Promise(cluster.pod_that_is_replaced(), 30, WAITING),
        Promise(cluster.failing_count(), 20, COUNT),
        Promise(
            cluster.stopped_count(),
            20,
            "Look for the schedule in EventBridge Scheduler, and for throttles of the function. No alarm knows pods on "
            "Fargate meanwhile.",
        ),
    ]


NODE: Final = "`kubectl describe node` has the reason. Replace the node."
ADD_ON: Final = (
    "`kubectl get daemonset,deployment -A` shows what lacks pods, and `aws eks describe-addon --query addon.health` "
    "what EKS knows about it."
)


def nodes_ring() -> list[Promise]:
    """The promises of a cluster with nodes."""
    return [
        Promise(cluster.all_nodes_lost(), 30, "See the Auto Scaling groups of the nodes for their activities."),
        Promise(cluster.failed_node(), 10, NODE),
        Promise(cluster.flapping_node(), 20, NODE),
        Promise(cluster.degraded_add_on(), 20, ADD_ON),
        Promise(cluster.crashing_daemon(), 20, ADD_ON),
        Promise(
            cluster.silent_agent(),
            20,
            "See the pods in the namespace `amazon-cloudwatch` and their logs. No alarm knows failed nodes meanwhile.",
        ),
    ]


SPOT: Final = Promise(
    cluster.no_spot_capacity(),
    20,
    "Name more instance types, or let the pods tolerate other nodes. The activities of the Auto Scaling group have the "
    "reason.",
)
CLUSTER_IS_SILENT: Final = (
    cluster.day(),
    cluster.night(),
    cluster.control_plane_update(),
    cluster.few_errors(),
)
FARGATE_IS_SILENT: Final = (cluster.burst_on_fargate(), cluster.large_image())
NODES_ARE_SILENT: Final = (
    cluster.scale_out(),
    cluster.batch(),
    cluster.node_replacement(),
    cluster.add_on_update(),
)
