"""Events of a stream into S3 that people must hear of, and events of its normal operation."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from patternbook.testing.drills.emitters.aws_lambda import Calls
from patternbook.testing.drills.emitters.sqs import Messages
from patternbook.testing.drills.scenarios import Part, Scenario
from patternbook.testing.drills.world import Minute

TIMEOUT_SECONDS = 60
"""The timeout of the transform."""


def _works(minute: int, calm: Minute) -> Minute:
    """Records arrive all the time, and a file is written once in an interval."""
    return replace(calm, flow=replace(calm.flow, writes=minute % calm.flow.interval == 0))


def _happens(title: str, changes: Callable[[int, Minute], dict[str, Any]], *needs: Part) -> Scenario:
    """:param changes: what differs from a minute in which the stream works."""

    def course(minute: int, calm: Minute) -> Minute:
        works = _works(minute, calm)
        return replace(works, flow=replace(works.flow, **changes(minute, works)))

    return Scenario(title, course, by=None, needs=frozenset({"stream", *needs}), before=_works)


def _always(title: str, *needs: Part, **flow: Any) -> Scenario:
    """The same in each minute."""
    return _happens(title, lambda _, __: flow, *needs)


# Events that must ring


def refused_files() -> Scenario:
    """As with a role that may not write, or a bucket that is gone. Firehose tries again for 24 hours."""

    def changes(minute: int, calm: Minute) -> dict[str, Any]:
        tries = minute >= calm.flow.interval and minute % 5 == 0
        return {"writes": calm.flow.writes or tries, "success": 0.0, "age_minutes": calm.flow.interval + minute}

    return _happens("S3 refuses the files of the stream", changes)


def refused_backups() -> Scenario:
    return _always("S3 refuses the raw records", backup_success=0.0)


def blocked() -> Scenario:
    """Delivery is blocked completely, and Firehose sends no metric of it."""
    return _always("Delivery is blocked, and nothing is reported of it", writes=False)


def blocked_quiet() -> Scenario:
    """As before, with so few records that most periods have none."""

    def changes(minute: int, _: Minute) -> dict[str, Any]:
        return {"records": 0 if minute % 10 else 1, "writes": False}

    return _happens("Delivery is blocked, while a record arrives every ten minutes", changes)


def late_backups() -> Scenario:
    """The raw records fall behind by a minute in each minute."""
    return _happens(
        "The backup falls behind", lambda minute, calm: {"backup_age_minutes": calm.flow.interval + max(minute, 0)}
    )


def late() -> Scenario:
    """Files are written, but fall behind by a minute in each minute."""
    return _happens("Delivery falls behind", lambda minute, calm: {"age_minutes": calm.flow.interval + max(minute, 0)})


def unfit_rows() -> Scenario:
    """As with a table that somebody has changed."""
    return _always("Rows do not fit the table", unfit=10)


def crashing_transform() -> Scenario:
    return _always("Each call of the transform fails", calls=Calls(failed=8))


def rarely_called_transform() -> Scenario:
    """A stream with a record every seven minutes, of which each call fails."""

    def changes(minute: int, _: Minute) -> dict[str, Any]:
        called = minute % 7 == 0
        failed = 1 if called else 0
        return {"records": failed, "failed": failed, "calls": Calls(done=failed)}

    return _happens("One record arrives every seven minutes, and fails", changes)


def quiet_transform_crashes() -> Scenario:
    def changes(minute: int, _: Minute) -> dict[str, Any]:
        called = minute % 4 == 0
        return {"records": 1 if called else 0, "calls": Calls(failed=1 if called else 0)}

    return _happens("A call of the transform every four minutes, and every one fails", changes)


def some_calls_fail() -> Scenario:
    return _always("One call of the transform in ten fails", calls=Calls(done=54, failed=6))


def throttled_transform() -> Scenario:
    return _always("The account has no concurrency left for the transform", calls=Calls(done=1, throttled=6))


def slow_transform() -> Scenario:
    slow = Calls(done=2, seconds=0.9 * TIMEOUT_SECONDS)
    return _always("The transform takes nine tenths of its timeout", calls=slow)


def every_record_fails() -> Scenario:
    """As with a producer that has changed the form of its events."""
    return _always("The transform fails every record", failed=600)


def some_records_fail() -> Scenario:
    """One of many producers sends what is no event, every ten minutes."""
    return _happens(
        "One producer sends a bad record every ten minutes", lambda minute, _: {"failed": 0 if minute % 10 else 1}
    )


def throttled_producers() -> Scenario:
    return _always("Producers put more than the quota of the stream", throttled=1_000)


def too_many_partitions() -> Scenario:
    """As after a change of the transform that names a partition for each object."""
    return _happens(
        "Records have more partitions than Firehose allows",
        lambda _, __: {"writes": True, "partitions": 500, "too_many_partitions": True},
    )


def unusable_key() -> Scenario:
    """The key is disabled, or waits for its deletion. Producers get errors."""
    return _always("Firehose may not use the key", "own key", records=0, denied=600, writes=False, calls=Calls())


def undelivered_messages() -> Scenario:
    """As with a role that may not put records."""

    def course(minute: int, calm: Minute) -> Minute:
        waiting = Messages(visible=60 * (minute + 1), oldest_seconds=60 * minute)
        return replace(_works(minute, calm), dead_letters=waiting)

    needs = frozenset[Part]({"stream", "topic"})
    return Scenario("SNS cannot deliver messages to the stream", course, by=None, needs=needs, before=_works)


def silence(*, zeros: bool = False) -> Scenario:
    """:param zeros: whether Firehose reports zero records, instead of nothing."""
    title = "No record arrives any more" + (", and Firehose reports zero" if zeros else "")
    return _always(title, "steady", records=0, zeros=zeros, writes=False)


# Normal operation


def day() -> Scenario:
    return _always("an ordinary day")


def night() -> Scenario:
    """A record every ten minutes, as from a producer that says that it is alive."""

    def changes(minute: int, calm: Minute) -> dict[str, Any]:
        return {"records": 0 if minute % 10 else 1, "writes": calm.flow.writes and minute % 10 == 0}

    return _happens("a quiet night with a record every ten minutes", changes)


def never_used() -> Scenario:
    """Nobody has put a record yet."""

    def course(_: int, calm: Minute) -> Minute:
        return replace(calm, flow=replace(calm.flow, records=0, writes=False))

    title = "a stream that has never had a record"
    return Scenario(title, course, by=None, needs=frozenset({"stream"}), before=course)


def burst() -> Scenario:
    """A hundred times as many records for ten minutes. A file is written each minute, when it has its size."""

    def changes(minute: int, _: Minute) -> dict[str, Any]:
        more: dict[str, Any] = {"records": 60_000, "writes": True, "calls": Calls(done=200)}
        if minute < 2:
            more |= {"throttled": 50}
        return more if minute < 10 else {}

    return _happens("a hundred times as many records for ten minutes", changes)


def one_bad_record() -> Scenario:
    return _happens("one record that is no event", lambda minute, _: {"failed": 1 if minute == 5 else 0})


def deployment() -> Scenario:
    """The alias moves to a new version of the transform, and one call fails and is tried again."""
    return _happens(
        "a deployment of the transform", lambda minute, _: {"calls": Calls(done=1, failed=1)} if minute == 0 else {}
    )


def one_failed_call() -> Scenario:
    """The only call of its minute. The next attempt succeeds."""

    def changes(minute: int, calm: Minute) -> dict[str, Any]:
        called = minute % 10 == 0
        calls = Calls(failed=1) if minute == 20 else Calls(done=1 if called else 0)
        return {"records": 1 if called else 0, "writes": calm.flow.writes and called, "calls": calls}

    return _happens("one failed call at night", changes)


def one_throttled_call() -> Scenario:
    """A call of the transform that is throttled once, and tried again."""
    return _happens(
        "a throttled call that succeeds later",
        lambda minute, _: {"calls": Calls(done=2, throttled=1)} if minute == 3 else {},
    )


def one_refused_put() -> Scenario:
    """S3 answers one of two puts with an error, and takes the file a minute later."""

    def changes(minute: int, calm: Minute) -> dict[str, Any]:
        since = minute % calm.flow.interval
        if minute < calm.flow.interval and since == 0:
            return {"success": 0.5, "backup_success": 0.5}
        return {"writes": True} if minute == 1 else {}

    return _happens("a file that S3 refuses once", changes)
