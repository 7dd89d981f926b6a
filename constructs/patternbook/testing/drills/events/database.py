"""What happens to a database, its schema and the function that uses it: events, and normal operation."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from patternbook.testing.drills.emitters.aurora import AuroraCluster
from patternbook.testing.drills.emitters.aws_lambda import Calls
from patternbook.testing.drills.emitters.cloudformation import StackResource
from patternbook.testing.drills.scenarios import Course, Part, Scenario
from patternbook.testing.drills.world import Minute, Role, Sent

READERS = frozenset[Part]({"readers"})


def _scenario(
    title: str,
    course: Course,
    *,
    sent: Sequence[Sent] = (),
    before: Course | None = None,
    by: Role = "database",
    needs: frozenset[Part] = frozenset(),
) -> Scenario:
    return Scenario(title, course, sent=sent, before=before, by=by, needs=needs)


def _always(**changes: Any) -> Course:
    """A course in which every minute has another load of the database."""
    return lambda _, calm: calm.database(**changes)


def _calls(**changes: Any) -> Course:
    return lambda _, calm: replace(calm, calls=replace(calm.calls, **changes))


def unchanged(_: int, calm: Minute) -> Minute:
    return calm


# Events that people must hear of.


def down() -> Scenario:
    """No instance runs, and the Data API refuses each call after the retries of the function."""

    def course(_: int, calm: Minute) -> Minute:
        return replace(calm.database(instances=0), calls=Calls(failed=10, seconds=45))

    return _scenario("No instance of the database runs", course)


def down_unnoticed() -> Scenario:
    return _scenario("No instance of the database runs, and nobody calls", _quietly(instances=0), before=_quietly())


def _quietly(**changes: Any) -> Course:
    return lambda _, calm: replace(calm.database(**changes), calls=Calls())


def failover() -> Scenario:
    """The writer fails, and a reader takes over within a minute."""

    def course(minute: int, calm: Minute) -> Minute:
        if minute:
            return calm
        return replace(calm.database(instances=calm.load.instances - 1), calls=Calls(done=50, failed=3, seconds=5))

    return _scenario(
        "A reader takes over from the writer", course, sent=(AuroraCluster.failover_started,), needs=READERS
    )


def storage_low() -> Scenario:
    return _scenario("The storage of the cluster runs out", unchanged, sent=(AuroraCluster.low_storage,))


def key_lost() -> Scenario:
    return _scenario("The database cannot use its KMS key", unchanged, sent=(AuroraCluster.key_unusable,))


def at_maximum() -> Scenario:
    return _scenario(
        "The database needs its maximum capacity", lambda _, calm: calm.database(acu=calm.max_acu, memory_percent=70)
    )


def memory_full() -> Scenario:
    return _scenario(
        "Sessions use nearly all memory", lambda _, calm: calm.database(acu=calm.max_acu, memory_percent=95)
    )


def connections_exhausted() -> Scenario:
    return _scenario("Clients use nearly all connections", _always(connections=4_900, acu=4))


def deadlocks() -> Scenario:
    """Some transactions deadlock in two of three minutes."""
    return _scenario(
        "Transactions deadlock again and again", lambda minute, calm: calm.database(deadlocks=0.05 if minute % 3 else 0)
    )


def reader_lags() -> Scenario:
    return _scenario("A reader is 5 seconds behind", _always(lag_ms=5_000), needs=READERS)


def login_refused() -> Scenario:
    """The secret and the password in the database differ, or the role is gone."""
    return _scenario("The application cannot log in (60 calls a minute)", _calls(done=0, failed=60))


def rare_calls_fail() -> Scenario:
    return _scenario(
        "A call every four minutes, and every one fails",
        lambda minute, calm: replace(calm, calls=Calls(failed=0 if minute % 4 else 1)),
        before=lambda minute, calm: replace(calm, calls=Calls(done=0 if minute % 4 else 1)),
    )


def some_calls_fail() -> Scenario:
    return _scenario("One call in ten fails", _calls(done=54, failed=6))


def calls_throttled() -> Scenario:
    return _scenario("Lambda throttles calls", _calls(throttled=10))


def slow_statements() -> Scenario:
    return _scenario("Every call takes 55 seconds", _calls(done=5, seconds=55))


def migration_fails() -> Scenario:
    return _scenario("A migration fails", unchanged, sent=(StackResource.update_failed,), by="migration")


def rotation_fails() -> Scenario:
    return _scenario(
        "The rotation of the application's secret fails",
        lambda minute, calm: replace(calm, migrations=Calls(failed=0 if minute else 1)),
    )


# Normal operation, which must not ring.


def day() -> Scenario:
    return _scenario("an ordinary day", unchanged)


def weekend() -> Scenario:
    """Nobody uses the database, so it pauses, or stays at its minimum capacity."""

    def course(minute: int, calm: Minute) -> Minute:
        paused = calm.pauses and minute > 5
        return replace(calm.database(paused=paused, connections=0), calls=Calls())

    return _scenario("a weekend without calls", course, sent=(AuroraCluster.paused,))


def resume() -> Scenario:
    """The first call after a pause of more than a day waits for half a minute, in which no metric is sent."""

    def before(_: int, calm: Minute) -> Minute:
        return replace(calm.database(paused=calm.pauses), calls=Calls())

    def course(minute: int, calm: Minute) -> Minute:
        if minute == 0 and calm.pauses:
            return replace(calm.database(instances=0), calls=Calls())
        return replace(calm, calls=Calls(done=1, seconds=35 if minute == 1 else 0.1))

    return _scenario("the first call after a weekend", course, before=before)


def backup() -> Scenario:
    return _scenario("a daily backup", unchanged, sent=(AuroraCluster.backed_up,))


def upgrade() -> Scenario:
    """A minor version in the maintenance window: no instance runs for three minutes, and some calls fail."""

    def course(minute: int, calm: Minute) -> Minute:
        if minute > 2:
            return calm
        return replace(calm.database(instances=0), calls=Calls(done=20, failed=2 if minute == 0 else 0, seconds=20))

    return _scenario("an upgrade to another minor version", course, sent=(AuroraCluster.upgraded,))


def burst() -> Scenario:
    return _scenario(
        "five minutes at the maximum capacity",
        lambda minute, calm: calm.database(acu=calm.max_acu if minute < 5 else 2, memory_percent=60),
    )


def one_failed_call() -> Scenario:
    """A call fails by day, and one at night."""

    def course(minute: int, calm: Minute) -> Minute:
        night = Calls(failed=1 if minute == 40 else 0)
        return replace(calm, calls=night if minute >= 30 else replace(calm.calls, failed=0 if minute else 1))

    return _scenario("one failed call, by day or at night", course)


def one_deadlock() -> Scenario:
    return _scenario("one deadlock", lambda minute, calm: calm.database(deadlocks=0 if minute else 0.02))


def migration() -> Scenario:
    """A deployment migrates the schema, and a rotation follows."""
    return _scenario(
        "a deployment with a migration",
        lambda minute, calm: replace(calm, migrations=Calls(done=0 if minute else 1, seconds=20)),
        sent=(StackResource.updated,),
        by="migration",
    )
