"""Events of an EKS cluster that people must hear of, and events of its normal operation."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from patternbook.testing.drills.emitters.fsx import Storage
from patternbook.testing.drills.emitters.sqs import Messages
from patternbook.testing.drills.scenarios import Course, Part, Scenario
from patternbook.testing.drills.world import Minute


def _happens(title: str, course: Course, *parts: Part) -> Scenario:
    return Scenario(title, course, by=None, needs=frozenset(parts or ("cluster",)))


def _with(calm: Minute, **changes: Any) -> Minute:
    return replace(calm, kubernetes=replace(calm.kubernetes, **changes))


def _during(minutes: Callable[[int], bool], **changes: Any) -> Course:
    return lambda minute, calm: _with(calm, **changes) if minutes(minute) else calm


def _always(**changes: Any) -> Course:
    return _during(lambda _: True, **changes)


def _on_fargate(title: str, changes: Callable[[int], dict[str, Any]]) -> Scenario:
    return _happens(title, lambda minute, calm: _with(calm, **changes(minute)), "cluster", "fargate pods")


# Events that must ring


def pending_pod() -> Scenario:
    """As with a request of more memory than any node has, or a volume in an AZ without nodes."""
    return _happens("A pod finds no node", _always(unschedulable=1))


def pending_pod_in_busy_cluster() -> Scenario:
    """The scheduler tries the pod again as others come and go, and does not count it as unschedulable meanwhile."""
    return _happens(
        "A pod finds no node, and is tried again every five minutes",
        _during(lambda minute: minute % 5 != 0, unschedulable=1),
    )


def no_spot_capacity() -> Scenario:
    """EC2 has taken back the Spot nodes, and has no others of these types. Their pods tolerate no other nodes."""

    def course(minute: int, calm: Minute) -> Minute:
        return _with(calm, nodes=2, unschedulable=8 if minute >= 1 else 0)

    return _happens("EC2 has no Spot capacity for the nodes", course)


def all_nodes_lost() -> Scenario:
    """Kubernetes evicts the pods of a silent node after five minutes. Nothing reports the nodes themselves."""

    def course(minute: int, calm: Minute) -> Minute:
        return _with(calm, nodes=3, failed_nodes=3, pods=0, unschedulable=15 if minute >= 6 else 0)

    return _happens("All nodes fail at once", course)


def failed_node() -> Scenario:
    """As with a kubelet that has died, or a full disk."""
    return _happens("A node is not ready, or its disk is full", _always(failed_nodes=1), "cluster", "insights")


def flapping_node() -> Scenario:
    """As with a kubelet that restarts again and again."""
    return _happens(
        "A node is not ready in every other minute",
        _during(lambda minute: minute % 2 == 0, failed_nodes=1),
        "cluster",
        "insights",
    )


def degraded_add_on() -> Scenario:
    """As with an image that nobody can pull, or a role without its permissions."""
    return _happens("An add-on lacks a replica", _always(missing_replicas=1), "cluster", "insights")


def crashing_daemon() -> Scenario:
    """It runs for a minute between two restarts."""
    return _happens(
        "A pod of an add-on crashes on one node, again and again",
        _during(lambda minute: minute % 5 != 0, missing_daemons=1),
        "cluster",
        "insights",
    )


def silent_agent() -> Scenario:
    """As without the permission to send metrics."""
    return _happens("The CloudWatch agent sends nothing", _always(agent=False), "cluster", "insights")


def waiting_pod() -> Scenario:
    """Fargate has no capacity, the subnets have no addresses, or nobody can pull the image."""
    return _on_fargate("A pod on Fargate does not start", lambda minute: {"waiting": (minute,)})


def pod_that_is_replaced() -> Scenario:
    """A CronJob, for instance, runs every ten minutes and replaces the pod before."""
    return _on_fargate(
        "A pod on Fargate does not start, and is replaced every ten minutes",
        lambda minute: {"waiting": (minute % 10,)},
    )


def failing_count() -> Scenario:
    """The API server does not answer, or the function may not list pods."""
    return _on_fargate("The function that counts pending pods fails", lambda _: {"counting": "fails"})


def stopped_count() -> Scenario:
    """Somebody has turned the schedule off, for instance."""
    return _on_fargate("Nothing calls the function that counts pending pods", lambda _: {"counting": "stopped"})


def failing_api_server() -> Scenario:
    return _happens("The API server answers one request in ten with 5xx", _always(server_errors=90))


def silent_webhook() -> Scenario:
    """An admission webhook does not answer, and each change fails. A quiet cluster changes little."""
    return _happens("An admission webhook does not answer, in a quiet cluster", _always(requests=120, server_errors=12))


def silent_webhook_of_rare_changes() -> Scenario:
    """A controller changes something in one minute of three."""
    return _happens(
        "An admission webhook does not answer, and something changes every three minutes",
        _during(lambda minute: minute % 3 == 0, requests=120, server_errors=12),
    )


def full_file_system() -> Scenario:
    """It fills by two percent in a minute."""

    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, storage=Storage(min(79 + 2 * minute, 100)))

    return _happens("A file system of FSx fills up", course, "cluster", "fsx")


def nobody_drains() -> Scenario:
    """The handler of node events does not run, and a node comes or goes."""

    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, node_events=Messages(visible=1, oldest_seconds=min(60 * (minute + 1), 1200)))

    return _happens("Nobody handles the events of nodes that come or go", course, "cluster", "node events")


# Normal operation


def day() -> Scenario:
    return _happens("an ordinary day", lambda _, calm: calm)


def night() -> Scenario:
    return _happens("a quiet night", _always(requests=60, client_errors=0))


def scale_out() -> Scenario:
    """Pods wait for four minutes, until an autoscaler has brought a node."""
    return _happens("pods that wait until a node has come", _during(lambda minute: minute < 4, unschedulable=3))


def batch() -> Scenario:
    """Jobs start every ten minutes, and wait for nodes for five."""
    return _happens(
        "jobs that wait for nodes, again and again", _during(lambda minute: minute % 10 < 5, unschedulable=20)
    )


def node_replacement() -> Scenario:
    """Each old node is not ready for two minutes before it is gone. One goes every six minutes."""
    return _happens(
        "an update that replaces all nodes",
        _during(lambda minute: minute % 6 < 2, failed_nodes=1, nodes=4),
        "cluster",
        "insights",
    )


def add_on_update() -> Scenario:
    """Each of three nodes is without a pod of the DaemonSet for two minutes, and then the Deployment lacks one."""
    return _happens(
        "an update of the add-ons",
        lambda minute, calm: (
            _with(calm, missing_daemons=1) if minute < 6 else _with(calm, missing_replicas=1 if minute < 9 else 0)
        ),
        "cluster",
        "insights",
    )


def control_plane_update() -> Scenario:
    """While EKS replaces the instances of the control plane, some requests fail for two minutes at a time."""
    return _happens(
        "an update of the control plane",
        _during(lambda minute: minute % 10 < 2, server_errors=15, counting="fails"),
    )


def burst_on_fargate() -> Scenario:
    """Each of many pods has a machine after four minutes."""
    return _on_fargate("many pods that start on Fargate", lambda minute: {"waiting": (minute % 5,) * 50})


def large_image() -> Scenario:
    """Its pod is pending for ten minutes."""
    return _on_fargate(
        "a pod on Fargate with an image that takes ten minutes to pull",
        lambda minute: {"waiting": (minute,) if minute <= 10 else ()},
    )


def few_errors() -> Scenario:
    return _happens("a few failed requests to the API server", _always(server_errors=2))


def filling_file_system() -> Scenario:
    return _happens(
        "a file system of FSx that is three quarters full",
        lambda _, calm: replace(calm, storage=Storage(75)),
        "cluster",
        "fsx",
    )


def slow_drain() -> Scenario:
    """Pods take nine minutes to end. The handler deletes the message then."""

    def course(minute: int, calm: Minute) -> Minute:
        if minute >= 9:
            return calm
        return replace(calm, node_events=Messages(in_flight=1, oldest_seconds=60 * (minute + 1)))

    return _happens("a drain of nine minutes", course, "cluster", "node events")
