"""The parts of a template with an EKS cluster that report metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from patternbook.testing.drills.emitters.eks import Cluster, Kubernetes, PodCounter
from patternbook.testing.drills.emitters.fsx import Lustre, Ontap, Storage
from patternbook.testing.drills.emitters.reports import Report
from patternbook.testing.drills.emitters.sqs import Messages, Queue
from patternbook.testing.drills.intrinsics import Names
from patternbook.testing.drills.parts.resources import of_type

OBSERVABILITY: Final = "amazon-cloudwatch-observability"
CONTROLLERS: Final[Mapping[str, str]] = {
    "aws-ebs-csi-driver": "ebs-csi-controller",
    "aws-efs-csi-driver": "efs-csi-controller",
    "aws-fsx-csi-driver": "fsx-csi-controller",
    "coredns": "coredns",
    "metrics-server": "metrics-server",
    "snapshot-controller": "snapshot-controller",
}
"""The Deployments of add-ons. They are not the list of the alarm, which they check."""


@dataclass(frozen=True)
class Kubernetic:
    """The emitters of a template. One without a cluster has none."""

    clusters: tuple[Cluster, ...] = ()
    file_systems: tuple[Lustre | Ontap, ...] = ()
    node_events: tuple[Queue, ...] = ()
    """Queues of events about nodes that come and go."""
    pod_counters: tuple[PodCounter, ...] = ()

    def metrics(self, minute: Kubernetes, storage: Storage, node_events: Messages) -> Report:
        sent: Report = {}
        for cluster in self.clusters:
            sent |= cluster.metrics(minute)
        for counter in self.pod_counters:
            sent |= counter.metrics(minute)
        for file_system in self.file_systems:
            sent |= file_system.metrics(storage)
        for queue in self.node_events:
            sent |= queue.metrics(node_events)
        return sent

    @property
    def parts(self) -> set[str]:
        return {
            *(["cluster"] if self.clusters else []),
            *(["insights"] if any(each.insights for each in self.clusters) else []),
            *(["fsx"] if self.file_systems else []),
            *(["node events"] if self.node_events else []),
            *(["fargate pods"] if self.pod_counters else []),
        }


def cluster_emitters(template: Mapping[str, Any], names: Names) -> Kubernetic:
    add_ons = {properties["AddonName"] for _, properties in of_type(template, "AWS::EKS::Addon")}
    # The dimension is the name, which Ref returns.
    deployments = tuple(name for add_on, name in CONTROLLERS.items() if add_on in add_ons)
    clusters = [
        Cluster(names.of(properties["Name"]), OBSERVABILITY in add_ons, deployments)
        for _, properties in of_type(template, "AWS::EKS::Cluster")
    ]
    if not clusters:
        return Kubernetic()
    return Kubernetic(
        tuple(clusters),
        tuple(_file_systems(template)),
        tuple(Queue(name) for name, _ in of_type(template, "AWS::SQS::Queue")),
        tuple(_pod_counters(template, names, clusters[0])),
    )


def _pod_counters(template: Mapping[str, Any], names: Names, cluster: Cluster) -> Iterator[PodCounter]:
    """The functions with an alias that count pods, which their variables tell."""
    aliases = {names.of(each["FunctionName"]): each["Name"] for _, each in of_type(template, "AWS::Lambda::Alias")}
    for name, properties in of_type(template, "AWS::Lambda::Function"):
        variables = names.of(properties.get("Environment", {}).get("Variables", {}))
        if "LATE_MINUTES" in variables:
            yield PodCounter(
                name,
                aliases[name],
                cluster.name,
                variables["METRIC_NAMESPACE"],
                variables["METRIC_NAME"],
                int(variables["LATE_MINUTES"]),
            )


def _file_systems(template: Mapping[str, Any]) -> Iterator[Lustre | Ontap]:
    for name, properties in of_type(template, "AWS::FSx::FileSystem"):
        lustre = properties["FileSystemType"] == "LUSTRE"
        yield Lustre(name, properties["StorageCapacity"]) if lustre else Ontap(name)
