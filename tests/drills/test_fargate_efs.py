"""What rings in `FargateEfsStack`, and when."""

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import calm
from patternbook.testing.drills.promises import FILES, Drill, targets_ring, web_is_silent, web_rings
from stacks.fargate_efs import FargateEfsStack

PATTERN = FargateEfsStack

DRILL = Drill(
    [
        *web_rings(),
        *targets_ring(),
        FILES,
    ],
    [*web_is_silent(start_minutes=2), calm.burst_on_files()],
)


class TestDrills(Drilled):
    pass
