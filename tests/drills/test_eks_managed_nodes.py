"""What rings in `EksManagedNodesStack`, and when."""

from typing import Final

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
from stacks.eks_managed_nodes import EksManagedNodesStack

PATTERN = EksManagedNodesStack

FSX: Final = Promise(
    cluster.full_file_system(),
    10,
    "Raise its capacity setting and deploy. AWS advises to keep 20 % free.",
)

DRILL = Drill(
    [*cluster_rings(), *nodes_ring(), SPOT, FSX],
    [*CLUSTER_IS_SILENT, *NODES_ARE_SILENT, cluster.filling_file_system()],
)


class TestDrills(Drilled):
    pass
