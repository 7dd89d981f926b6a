"""What rings in `EksAutoModeStack`, and when."""

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.promises import CLUSTER_IS_SILENT, NODES_ARE_SILENT, Drill, cluster_rings, nodes_ring
from stacks.eks_auto_mode import EksAutoModeStack

PATTERN = EksAutoModeStack

DRILL = Drill([*cluster_rings(), *nodes_ring()], [*CLUSTER_IS_SILENT, *NODES_ARE_SILENT])


class TestDrills(Drilled):
    pass
