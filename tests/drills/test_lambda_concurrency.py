"""What rings in `LambdaConcurrencyStack`, and when."""

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import work
from patternbook.testing.drills.promises import (
    LOGS,
    NEW_VERSION,
    RAISE_CONCURRENCY,
    RAISE_UNITS,
    SLOW_CALLS,
    Drill,
    Promise,
)
from stacks.lambda_concurrency import LambdaConcurrencyStack

PATTERN = LambdaConcurrencyStack

DRILL = Drill(
    [
        Promise(work.every_call_fails(600), 5, LOGS),
        Promise(work.every_call_fails(5), 10, LOGS),
        Promise(work.some_calls_fail(), 10, LOGS),
        Promise(work.rare_calls_fail(), 30, LOGS),
        Promise(work.throttled(), 10, RAISE_CONCURRENCY),
        Promise(work.rare_calls_throttled(), 30, RAISE_CONCURRENCY),
        Promise(work.slow_calls(), 10, SLOW_CALLS),
        Promise(
            work.late_events(),
            15,
            "Raise `reserved_concurrency`, or let fewer events arrive at the same time.",
        ),
        Promise(
            work.rare_late_events(),
            30,
            "Raise `reserved_concurrency`, or find the function that uses up the concurrency of the account.",
        ),
        Promise(
            work.dropped_event(),
            5,
            "Read the event and its error in the queue `FailuresQueueUrl`. Repair, and start the redrive by the "
            "command in the outputs.",
        ),
        Promise(work.throttled_table(), 10, RAISE_UNITS),
        Promise(
            work.unreachable_table(),
            5,
            "The log group has the error of DynamoDB. Repair, and start the redrive by the command in the outputs.",
        ),
        Promise(
            work.lost_event(),
            5,
            "Compare the policies of the queue and of its key with the template. The log group has what is left.",
        ),
        Promise(
            work.spill_over(),
            15,
            "Raise `provisioned_concurrency`, or `max_provisioned_concurrency` if it scales.",
        ),
        Promise(work.new_version_fails(60), 4, NEW_VERSION),
        Promise(work.new_version_fails(1), 4, NEW_VERSION),
        Promise(work.new_version_is_slow(), 4, NEW_VERSION),
    ],
    [
        work.day(),
        work.night(),
        work.one_failed_call(),
        work.rare_failures(),
        work.burst(),
        work.brief_throttling_of_table(),
        work.deployment(),
        work.quiet_deployment(),
    ],
)


class TestDrills(Drilled):
    pass
