"""Events of an event pipeline that people must hear of, and events of its normal operation."""

from dataclasses import replace
from typing import Any

from patternbook.testing.drills.emitters.event_pipeline import Batches, Deliveries
from patternbook.testing.drills.emitters.sqs import Messages
from patternbook.testing.drills.scenarios import Course, Scenario
from patternbook.testing.drills.world import Minute

DAY = 86_400


def _happens(title: str, course: Course, *, before: Course | None = None) -> Scenario:
    return Scenario(title, course, by=None, needs=frozenset({"pipeline"}), before=before)


def _always(title: str, **state: Any) -> Scenario:
    """The same in each minute."""
    return _happens(title, lambda _, calm: replace(calm, **state))


# Events that must ring


def poisoned_message() -> Scenario:
    """One message of a batch fails every three minutes, which is the visibility timeout, and is dead after the fifth
    attempt. The age of the oldest message leaves it out.
    """

    def course(minute: int, calm: Minute) -> Minute:
        if minute >= 15:
            return replace(calm, dead_letters=Messages(visible=1, oldest_seconds=60 * (minute - 14)))
        return replace(calm, batches=Batches(failed=1)) if minute % 3 == 0 else calm

    return _happens("One message of a batch fails again and again", course)


def dead_letters(number: int) -> Scenario:
    state = Messages(visible=number, oldest_seconds=60)
    return _always(f"Messages arrive in the dead-letter queue ({number})", dead_letters=state)


def forgotten_dead_letters() -> Scenario:
    """Nobody has looked for a week, and another message arrives."""
    state = Messages(visible=100, oldest_seconds=8 * DAY)
    return _always("A dead-letter queue has messages that are a week old", dead_letters=state)


def every_message_fails() -> Scenario:
    """As with a broken deployment of a consumer, or without the table."""

    def course(minute: int, calm: Minute) -> Minute:
        waiting = Messages(visible=60 * minute, in_flight=60, oldest_seconds=180, sent=60)
        return replace(calm, batches=Batches(handled=0, crashes=6), queue=waiting)

    return _happens("Every message fails", course)


def quiet_functions_fail() -> Scenario:
    """A call handles one message, or makes the form of one upload."""

    def seldom(batches: Batches) -> Course:
        nothing = Batches(handled=0)
        return lambda minute, calm: replace(calm, batches=nothing if minute % 4 else batches, queue=Messages())

    title = "A call of a function every four minutes, and every one fails"
    return _happens(title, seldom(Batches(handled=0, crashes=1)), before=seldom(Batches(handled=1)))


def some_calls_fail() -> Scenario:
    return _always("One call of a function in ten fails", batches=Batches(handled=540, crashes=6))


def stopped_consumer() -> Scenario:
    """As with a disabled event source mapping. No function is called."""

    def course(minute: int, calm: Minute) -> Minute:
        waiting = Messages(visible=60 * (minute + 1), oldest_seconds=60 * (minute + 1), sent=60)
        return replace(calm, batches=Batches(handled=0), queue=waiting)

    return _happens("A consumer takes no messages", course)


def throttled_functions() -> Scenario:
    return _always("The functions have no concurrency left", batches=Batches(handled=20, throttled=10))


def slow_functions() -> Scenario:
    return _always("Every batch takes nine tenths of the timeout", batches=Batches(timeout_share=0.9))


def undelivered_events() -> Scenario:
    """As with a key that does not admit SNS."""
    state = Deliveries(delivered=0, failed=60)
    return _always("SNS cannot deliver events to a queue", deliveries=state, batches=Batches(handled=0))


# Normal operation


def day() -> Scenario:
    return _happens("an ordinary day", lambda _, calm: calm)


def night() -> Scenario:
    return _always("a quiet night", batches=Batches(handled=0), deliveries=Deliveries(delivered=0), queue=Messages())


def burst() -> Scenario:
    """Ten thousand objects at once, which the consumers work off in eight minutes."""

    def course(minute: int, calm: Minute) -> Minute:
        left = max(10_000 - 1_250 * minute, 0)
        state = Messages(visible=left, in_flight=100, oldest_seconds=60 * minute if left else None, deleted=1_250)
        return replace(calm, queue=state, batches=Batches(handled=1_250 if left else 60))

    return _happens("ten thousand uploads at once", course)


def one_failure() -> Scenario:
    """A message fails once, and is handled at the second attempt."""

    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, batches=Batches(failed=1)) if minute == 0 else calm

    return _happens("a message that fails once", course)


def one_failed_call() -> Scenario:
    """A call fails by day, and one at night, and the next attempt succeeds."""

    def course(minute: int, calm: Minute) -> Minute:
        night = Batches(handled=0, crashes=1 if minute == 40 else 0)
        return replace(calm, batches=night if minute >= 30 else Batches(crashes=0 if minute else 1))

    return _happens("one failed call, by day or at night", course)


def throttled_table() -> Scenario:
    """For two minutes, some writes fail. They succeed at the next attempt."""

    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, batches=Batches(handled=30, failed=20, crashes=1)) if minute < 2 else calm

    return _happens("two minutes in which the table throttles", course)


def scaling_up() -> Scenario:
    """Lambda throttles a few calls while it adds environments."""

    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, batches=Batches(throttled=2)) if minute < 3 else calm

    return _happens("a few throttled calls while Lambda adds environments", course)
