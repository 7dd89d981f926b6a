"""What rings in `EcsEc2Stack`, and when."""

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import calm, services
from patternbook.testing.drills.promises import (
    CAPACITY,
    FILES,
    ROLLED_BACK,
    STOPPED,
    Drill,
    Promise,
    targets_ring,
    web_is_silent,
    web_rings,
)
from stacks.ecs_ec2 import EcsEc2Stack

PATTERN = EcsEc2Stack

DRILL = Drill(
    [
        *web_rings(),
        *targets_ring(),
        FILES,
        Promise(services.lost_instance(), 20, CAPACITY),
        Promise(services.no_room("worker"), 20, CAPACITY),
        Promise(services.roll_back("worker"), 1, ROLLED_BACK),
        Promise(services.worker_outage(), 15, STOPPED),
        Promise(services.idle_worker_outage(), 15, STOPPED),
        Promise(services.worker_crash_loop(), 20, STOPPED),
        Promise(services.one_crashes("worker"), 20, STOPPED),
        Promise(services.backlog(), 20, "Raise `max_workers`, or see in the log what the worker waits for."),
        Promise(
            services.poisoned(),
            20,
            "Read the message in the dead-letter queue, repair the worker, and start a redrive.",
        ),
    ],
    [
        *web_is_silent(start_minutes=5),
        calm.rolling_deployment("worker"),
        calm.scale_out("worker", start_minutes=5),
        calm.scale_in("worker"),
        calm.one_replaced("worker"),
        calm.batch_of_messages(),
        calm.burst_on_files(),
    ],
)


class TestDrills(Drilled):
    pass
