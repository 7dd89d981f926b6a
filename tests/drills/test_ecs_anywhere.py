"""What rings in `EcsAnywhereStack`, and when."""

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import calm, services
from patternbook.testing.drills.promises import ROLL_BACK, Drill, Promise, tasks_ring
from stacks.ecs_anywhere import EcsAnywhereStack

PATTERN = EcsAnywhereStack

DRILL = Drill(
    [
        *tasks_ring(),
        Promise(services.not_placed(), 1, "The message has the reason: no machine, no room, or a port in use."),
        Promise(
            services.silent_agents(),
            20,
            "Check that the machine runs and reaches AWS: `systemctl status ecs amazon-ssm-agent` there.",
        ),
        Promise(
            services.silent_agents(machines=1),
            20,
            "Check that the machine runs and reaches AWS: `systemctl status ecs amazon-ssm-agent` there.",
        ),
        ROLL_BACK,
    ],
    [calm.day(), calm.rolling_deployment(), calm.one_replaced(), calm.reconnecting_agents()],
)


class TestDrills(Drilled):
    pass
