"""Alarms of EKS clusters, and of file systems that only their pods use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch

from patternbook.limits.eks_add_ons import DEPLOYMENTS, OBSERVABILITY
from patternbook.monitoring.base import MonitoringBase, metrics_of
from patternbook.monitoring.failures import MINUTE

if TYPE_CHECKING:  # a stack that does not use the service does not load its constructs
    from patternbook.eks.cluster import EksCluster
    from patternbook.eks.karpenter.controller import Karpenter
    from patternbook.eks.nodes.pending_pods import PendingPods
    from patternbook.eks.nodes.termination import NodeTermination
    from patternbook.eks.storage.cluster_storage import ClusterStorage


class EksAlarms(MonitoringBase):
    """Alarms on pods, nodes and the API server of a cluster, and on its file systems."""

    def watch_kubernetes(self, cluster_name: str, *, container_insights: bool) -> list[cloudwatch.Alarm]:
        """Adds alarms on pods without a node and on errors of the API server, and a graph of its requests.

        With Container Insights it also adds an alarm on failed nodes. It returns the alarms that ring when new nodes do
        not work.

        https://docs.aws.amazon.com/eks/latest/userguide/cloudwatch.html
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-EKS.html
        """
        names = {"ClusterName": cluster_name}
        metric = metrics_of("AWS/EKS", names)
        pending = self.watch(
            "PendingPods",
            metric("scheduler_pending_pods_UNSCHEDULABLE", "max"),
            threshold=0,
            minutes=15,
            # The scheduler tries a pod again whenever something changes, and does not count it as waiting meanwhile.
            breaching_minutes=12,
            description="A pod waits for a node that it may run on",
        )
        self.watch(
            "ApiServerErrors",
            metric("apiserver_request_total_5XX", "sum"),
            threshold=5,
            minutes=15,
            breaching_minutes=5,
            description="More than 5 responses of the API server per minute are 5xx",
        )
        self.graph("Requests to the API server", [metric("apiserver_request_total", "sum")])
        if not container_insights:
            return [pending]
        failed = self.watch(
            "FailedNodes",
            metrics_of("ContainerInsights", names)("cluster_failed_node_count", "max"),
            threshold=0,
            minutes=15,
            breaching_minutes=7,  # an update of the nodes may replace one after the other
            description="A node is not ready, or lacks memory, disk or process IDs",
        )
        return [pending, failed]

    def watch_add_ons(self, cluster: EksCluster) -> None:
        """With Container Insights, adds an alarm on missing pods of any DaemonSet, and of the Deployments of add-ons.

        Call it after the last add-on.

        EKS calls such an add-on degraded, and sends no event: https://github.com/aws/containers-roadmap/issues/2203.
        The alarm also rings if Container Insights itself sends nothing, as other alarms depend on it.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-enhanced-EKS.html
        """
        if OBSERVABILITY not in cluster.add_ons:
            return
        names = {"ClusterName": cluster.name}
        missing = {"daemons": metrics_of("ContainerInsights", names)("daemonset_status_number_unavailable", "max")}
        for number, add_on in enumerate(sorted(DEPLOYMENTS.keys() & cluster.add_ons.keys())):
            of_one = metrics_of(
                "ContainerInsights", {**names, "Namespace": "kube-system", "PodName": DEPLOYMENTS[add_on]}
            )
            missing[f"deployment{number}"] = of_one("status_replicas_unavailable", "max")
        alarm = self.watch(
            "AddOnPods",
            cloudwatch.MathExpression(
                expression=" + ".join(missing), using_metrics=missing, label="Missing pods", period=MINUTE
            ),
            threshold=0,
            minutes=15,
            # An update replaces the pods of one node after the other.
            breaching_minutes=12,
            missing_data=cloudwatch.TreatMissingData.BREACHING,
            description="An add-on or a DaemonSet lacks pods, or Container Insights sends nothing",
        )
        # There is nothing to watch before.
        alarm.node.add_dependency(*cluster.add_ons.values())

    def watch_node_events(self, controller: Karpenter | NodeTermination, *, name: str = "") -> None:
        """Adds an alarm on events of nodes that nobody takes from the queue, as without a running controller, or with
        one that may not read the queue.

        The age does not count an event that was received three times:
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html

        :param name: beginning of the name of the alarm, if there are several controllers.
        """
        self.watch(
            f"{name}UnhandledNodes",
            controller.event_age(),
            threshold=900,
            description="For 15 minutes, nobody has taken the event of a node that comes or goes",
        )

    def watch_pending_pods(self, pods: PendingPods) -> None:
        """Adds an alarm on pods that wait for Fargate. It also rings if nobody counts them, because the API server does
        not answer, or the function fails.
        """
        self.watch(
            pods.METRIC,
            pods.metric(),
            threshold=0,
            minutes=15,
            # One image that takes long to pull, or a few calls that fail, are no reason to wake anybody.
            breaching_minutes=7,
            missing_data=cloudwatch.TreatMissingData.BREACHING,
            description=f"A pod on Fargate has not started for {pods.LATE_MINUTES} minutes, or nobody counts such pods",
        )

    def watch_storage(self, storage: ClusterStorage) -> None:
        """Adds an alarm on each file system of FSx, which rings before it is full. EFS and EBS have no such limit."""
        if storage.lustre:
            self.watch(
                "LustreFull",
                storage.lustre.storage_utilization(),
                threshold=80,
                description="FSx for Lustre is filling up",
            )
        if storage.ontap:
            self.watch(
                "OntapFull",
                storage.ontap.storage_utilization(),
                threshold=80,
                description="FSx for ONTAP is filling up",
            )
