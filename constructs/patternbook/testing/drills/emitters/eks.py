"""Amazon EKS: the control plane, and Container Insights.

- https://docs.aws.amazon.com/eks/latest/userguide/cloudwatch.html: the metrics of the control plane, once a minute,
  with the dimension ``ClusterName``. They come from the scheduler and the API server of the cluster. The scheduler of
  Fargate is another one and sends none.
- https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-EKS.html: the metrics of the
  cluster, which the CloudWatch agent sends. It runs on the nodes, so without any node that works it sends nothing. A
  node has failed if it is not ready, or under pressure of memory, disk or process IDs.
- https://github.com/aws/amazon-cloudwatch-agent/blob/main/translator/translate/otel/exporter/awsemf/kubernetes.go: the
  numbers of unavailable pods of each Deployment and DaemonSet, whose name is the dimension ``PodName``. They are sent
  once more with ``ClusterName`` alone, and are then samples of the same metric. Pods of a failed node are unavailable.
- https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html: a
  function that counts pods on Fargate writes the number into its log. A call that fails writes none.
- https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html and
  https://docs.aws.amazon.com/eks/latest/userguide/community-addons.html: the add-ons, all in ``kube-system``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from patternbook.testing.drills.alarms import Samples
from patternbook.testing.drills.emitters.aws_lambda import Calls, Function
from patternbook.testing.drills.emitters.reports import Report, report


@dataclass(frozen=True)
class Kubernetes:
    """A cluster in one minute."""

    pods: int = 20
    """Pods that run."""
    unschedulable: int = 0
    """Pods for which the default scheduler finds no node."""
    requests: int = 900
    """Requests to the API server."""
    server_errors: int = 0
    client_errors: int = 5
    nodes: int = 3
    failed_nodes: int = 0
    missing_daemons: int = 0
    """Unavailable pods of the DaemonSet ``aws-node``."""
    missing_replicas: int = 0
    """Unavailable pods of each Deployment in ``kube-system``."""
    agent: bool = True
    """Whether the CloudWatch agent works."""
    waiting: tuple[int, ...] = ()
    """The ages, in minutes, of the pods that wait for Fargate."""
    counting: Literal["works", "fails", "stopped"] = "works"
    """The state of the function that counts these pods."""


@dataclass(frozen=True)
class Cluster:
    name: str
    insights: bool
    """Whether Container Insights is installed."""
    deployments: tuple[str, ...] = ()
    """The Deployments in ``kube-system``."""

    def metrics(self, minute: Kubernetes) -> Report:
        attempts = minute.unschedulable * 2
        control_plane = {
            "scheduler_schedule_attempts_total": attempts,
            "scheduler_schedule_attempts_SCHEDULED": 0,
            "scheduler_schedule_attempts_UNSCHEDULABLE": attempts,
            "scheduler_schedule_attempts_ERROR": 0,
            "scheduler_pending_pods": minute.unschedulable,
            "scheduler_pending_pods_ACTIVEQ": 0,
            "scheduler_pending_pods_UNSCHEDULABLE": minute.unschedulable,
            "scheduler_pending_pods_BACKOFF": 0,
            "scheduler_pending_pods_GATED": 0,
            "apiserver_request_total": minute.requests,
            "apiserver_request_total_4XX": minute.client_errors,
            "apiserver_request_total_5XX": minute.server_errors,
            "apiserver_request_total_429": 0,
            "apiserver_storage_size_bytes": 20_000_000,
        }
        sent = report("AWS/EKS", {"ClusterName": self.name}, control_plane)
        if not self.insights or not minute.agent or minute.nodes == minute.failed_nodes:
            return sent
        insights = {
            "cluster_node_count": minute.nodes,
            "cluster_failed_node_count": minute.failed_nodes,
            "cluster_number_of_running_pods": minute.pods,
        }
        sent |= report("ContainerInsights", {"ClusterName": self.name}, insights)
        unavailable = max(minute.missing_daemons, minute.failed_nodes)
        return (
            sent
            | self._workloads("daemonset_status_number_unavailable", {"aws-node": unavailable})
            | self._workloads("status_replicas_unavailable", dict.fromkeys(self.deployments, minute.missing_replicas))
        )

    def _workloads(self, metric: str, unavailable: Mapping[str, int]) -> Report:
        sent: Report = {}
        for name, count in unavailable.items():
            dimensions = {"ClusterName": self.name, "Namespace": "kube-system", "PodName": name}
            sent |= report("ContainerInsights", dimensions, {metric: count})
        together: Samples = tuple((float(count), 1) for count in unavailable.values())
        return sent | report("ContainerInsights", {"ClusterName": self.name}, {metric: together or None})


@dataclass(frozen=True)
class PodCounter:
    """A function that counts the pods that have waited for Fargate for too long."""

    name: str
    alias: str
    cluster: str
    namespace: str
    metric: str
    late_minutes: int

    def metrics(self, minute: Kubernetes) -> Report:
        calls = Calls(done=minute.counting == "works", failed=minute.counting == "fails")
        sent = Function(self.name, self.alias).metrics(calls)
        if minute.counting == "works":
            late = sum(age > self.late_minutes for age in minute.waiting)
            sent |= report(self.namespace, {"ClusterName": self.cluster}, {self.metric: late})
        return sent
