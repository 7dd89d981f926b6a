"""What rings in `EcsExpressStack`, and when."""

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.promises import Drill, targets_ring, web_is_silent, web_rings
from stacks.ecs_express import EcsExpressStack

PATTERN = EcsExpressStack

DRILL = Drill([*web_rings(), *targets_ring()], web_is_silent(start_minutes=2))


class TestDrills(Drilled):
    pass
