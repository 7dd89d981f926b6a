"""What rings in `FargatePrivateLinkStack`, and when."""

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import calm, services
from patternbook.testing.drills.promises import (
    LOGS,
    ROLL_BACK,
    STOPPED,
    Drill,
    Promise,
    targets_ring,
    tasks_are_silent,
    tasks_ring,
)
from stacks.fargate_private_link import FargatePrivateLinkStack

PATTERN = FargatePrivateLinkStack

DRILL = Drill(
    [
        Promise(services.total_outage(requests=600), 15, STOPPED),
        Promise(services.crash_loop(requests=600), 15, STOPPED),
        *tasks_ring(),
        *targets_ring(),
        Promise(services.resets(600), 10, LOGS),
        Promise(services.resets(5), 10, LOGS),
        Promise(services.idle_connections(), 15, "Let clients send TCP keepalives."),
        Promise(
            services.blocked(),
            15,
            "A client, or a consumer's VPC, is not in `allowed_cidrs`. The flow logs have its address.",
        ),
        Promise(services.no_ports(), 5, "Raise `min_tasks`: each task adds 55,000 connections."),
        ROLL_BACK,
    ],
    [*tasks_are_silent(start_minutes=2), calm.new_consumer()],
)


class TestDrills(Drilled):
    pass
