"""What rings in `EcsManagedInstancesStack`, and when."""

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.promises import Drill, targets_ring, web_is_silent, web_rings
from stacks.ecs_managed_instances import EcsManagedInstancesStack

PATTERN = EcsManagedInstancesStack

DRILL = Drill([*web_rings(), *targets_ring()], web_is_silent(start_minutes=5))


class TestDrills(Drilled):
    pass
