"""What rings in `EksSelfManagedNodesStack`, and when."""

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import cluster
from patternbook.testing.drills.promises import (
    CLUSTER_IS_SILENT,
    NODES_ARE_SILENT,
    SPOT,
    Drill,
    Promise,
    cluster_rings,
    nodes_ring,
)
from stacks.eks_self_managed_nodes import EksSelfManagedNodesStack

PATTERN = EksSelfManagedNodesStack

DRILL = Drill(
    [
        *cluster_rings(),
        *nodes_ring(),
        SPOT,
        Promise(
            cluster.nobody_drains(),
            20,
            "See the pods and the log of the Deployment `aws-node-termination-handler` in `kube-system`.",
        ),
    ],
    [*CLUSTER_IS_SILENT, *NODES_ARE_SILENT, cluster.slow_drain()],
)


class TestDrills(Drilled):
    pass
