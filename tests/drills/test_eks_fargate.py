"""What rings in `EksFargateStack`, and when."""

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.promises import (
    CLUSTER_IS_SILENT,
    FARGATE_IS_SILENT,
    Drill,
    cluster_rings,
    fargate_rings,
)
from stacks.eks_fargate import EksFargateStack

PATTERN = EksFargateStack

DRILL = Drill([*cluster_rings(), *fargate_rings()], [*CLUSTER_IS_SILENT, *FARGATE_IS_SILENT])


class TestDrills(Drilled):
    pass
