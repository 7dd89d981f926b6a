"""What rings in `AuroraServerlessStack`, and when."""

from typing import Final

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import database
from patternbook.testing.drills.promises import LOGS, Drill, Promise
from stacks.aurora_serverless import AuroraServerlessStack

PATTERN = AuroraServerlessStack

DATABASE: Final = "The events of the cluster in the RDS console give the reason."

DRILL = Drill(
    [
        Promise(database.down(), 10, DATABASE),
        Promise(database.down_unnoticed(), 15, DATABASE),
        Promise(database.failover(), 1, "Look at the event of the old writer. Aurora repairs it by itself."),
        Promise(database.storage_low(), 1, "Delete data, or ask AWS Support."),
        Promise(database.key_lost(), 1, "Enable the key again at once: after some days, data is lost."),
        Promise(
            database.at_maximum(),
            20,
            "Find the heaviest statements in Database Insights, or raise `max_acu`.",
        ),
        Promise(database.memory_full(), 20, "Raise `max_acu`, or close sessions that need much memory."),
        Promise(
            database.connections_exhausted(),
            10,
            "`pg_stat_activity` names the clients. Let them close or share connections.",
        ),
        Promise(
            database.deadlocks(),
            20,
            "PostgreSQL's log has both statements. Let transactions lock rows in the same order.",
        ),
        Promise(database.reader_lags(), 20, "Look for long transactions on the reader."),
        Promise(
            database.login_refused(),
            10,
            "The log says why. A deployment with another migration, or a rotation, sets the password again.",
        ),
        Promise(database.rare_calls_fail(), 30, LOGS),
        Promise(database.some_calls_fail(), 10, LOGS),
        Promise(database.calls_throttled(), 10, "Raise the concurrency quota of the account."),
        Promise(database.slow_statements(), 10, "Find the slow statements in Database Insights."),
        Promise(
            database.migration_fails(),
            1,
            "The message has the reason. CloudFormation rolls back. Repair the migration, and deploy again.",
        ),
        Promise(
            database.rotation_fails(),
            5,
            "The log has the reason. Secrets Manager tries again. The old password stays valid.",
        ),
    ],
    [
        database.day(),
        database.weekend(),
        database.resume(),
        database.backup(),
        database.upgrade(),
        database.burst(),
        database.one_failed_call(),
        database.one_deadlock(),
        database.migration(),
    ],
)


class TestDrills(Drilled):
    pass
