"""What rings in `AppRunnerStack`, and when."""

from typing import Final

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import edge
from patternbook.testing.drills.promises import Drill, Promise
from stacks.app_runner import AppRunnerStack

PATTERN = AppRunnerStack

OPERATION: Final = (
    "The message and the log group `…/service` have the reason. The service still runs what it ran before. Repair, and "
    "deploy again."
)
APP_LOGS: Final = "`LogsCommand` shows the logs of the application."

DRILL = Drill(
    [
        Promise(edge.every_request_fails(600), 5, APP_LOGS),
        Promise(edge.every_request_fails(5), 10, APP_LOGS),
        Promise(edge.one_in_ten_fails(), 10, APP_LOGS),
        Promise(edge.quiet_service_fails(), 30, APP_LOGS),
        Promise(edge.slow_answers(), 10, "If CPU on the dashboard is high, raise `cpu` or `max_instances`."),
        Promise(edge.all_instances(), 20, "Raise `max_instances` or `max_concurrency`."),
        Promise(edge.update_rolled_back(), 1, OPERATION),
        Promise(edge.deployment_fails(), 1, OPERATION),
    ],
    [
        edge.requests_by_day(),
        edge.no_requests(),
        edge.an_update(),
        edge.one_failed_request(),
        edge.a_busy_quarter(),
    ],
)


class TestDrills(Drilled):
    pass
