"""Events of a function that processes events asynchronously, which people must hear of, and its normal operation."""

from dataclasses import replace

from patternbook.testing.drills.emitters.asynchronous import Work
from patternbook.testing.drills.emitters.aws_lambda import Calls
from patternbook.testing.drills.emitters.sqs import Messages
from patternbook.testing.drills.emitters.web_api import Capacity
from patternbook.testing.drills.scenarios import Course, Part, Scenario
from patternbook.testing.drills.world import Minute

QUIET = Work(live=Calls())


def _happens(title: str, course: Course, *, needs: Part = "work", before: Course | None = None) -> Scenario:
    return Scenario(title, course, by=None, needs=frozenset({needs}), before=before)


def _always(title: str, work: Work, *, needs: Part = "work") -> Scenario:
    """The same in each minute."""
    return _happens(title, lambda _, calm: replace(calm, work=work), needs=needs)


def _now_and_then(work: Work, every: int = 4) -> Course:
    return lambda minute, calm: replace(calm, work=QUIET if minute % every else work)


def _seldom(title: str, work: Work) -> Scenario:
    """In one minute of four. Before, the same calls succeed."""
    return _happens(title, _now_and_then(work), before=_now_and_then(Work(live=Calls(done=1))))


# Events that must ring


def every_call_fails(number: int) -> Scenario:
    return _always(f"Every call of the function fails ({number} a minute)", Work(live=Calls(failed=number)))


def rare_calls_fail() -> Scenario:
    return _seldom("A call of the function every four minutes, and every one fails", Work(live=Calls(failed=1)))


def some_calls_fail() -> Scenario:
    return _always("One call in ten fails", Work(live=Calls(done=540, failed=60)))


def throttled() -> Scenario:
    return _always("The function has no concurrency left", Work(live=Calls(done=500, throttled=100)))


def rare_calls_throttled() -> Scenario:
    """As with a reserved concurrency of 0, which somebody has set by hand."""
    title = "A call of the function every four minutes, and every one is throttled"
    return _seldom(title, Work(live=Calls(throttled=1)))


def slow_calls() -> Scenario:
    return _always("Every call takes nine tenths of the timeout", Work(timeout_share=0.9))


def late_events() -> Scenario:
    """More events arrive than the function can process, so that each waits."""
    return _always("Events wait for three quarters of their maximum age", Work(event_age_share=0.75))


def rare_late_events() -> Scenario:
    """As while another function of the account uses up the concurrency for most of the time."""
    title = "An event every four minutes, and each waits for three quarters of its maximum age"
    return _seldom(title, Work(live=Calls(done=1), event_age_share=0.75))


def dropped_event() -> Scenario:
    """One event fails at each of its three attempts, and Lambda sends it to the failure queue."""

    def course(minute: int, calm: Minute) -> Minute:
        kept = replace(calm, dead_letters=Messages(visible=1, oldest_seconds=60 * (minute + 1)))
        return replace(kept, work=Work(live=Calls(done=59, failed=1), dropped=1)) if minute == 0 else kept

    return _happens("An event fails at its last attempt", course)


def lost_event() -> Scenario:
    """As with a key of the queue that is disabled."""

    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, work=Work(dropped=1, lost=1)) if minute == 0 else calm

    return _happens("An event fails at its last attempt, and cannot be sent to the failure queue", course)


def throttled_table() -> Scenario:
    """More items arrive than the table takes. boto3 tries each request again, and one call in ten still fails."""
    state = Capacity(reads=0, writes=60_000, throttled_writes=400)

    def course(_: int, calm: Minute) -> Minute:
        return replace(calm, table=state, work=Work(live=Calls(done=540, failed=60)))

    return _happens("The table in which the function remembers items throttles writes", course)


def unreachable_table() -> Scenario:
    """As without the permission. Each event fails at its three attempts, and arrives in the failure queue."""

    def course(minute: int, calm: Minute) -> Minute:
        dropped = 60 if minute > 3 else 0
        kept = Messages(visible=60 * (minute - 3), oldest_seconds=60 * (minute - 3)) if dropped else calm.dead_letters
        work = Work(live=Calls(failed=180), dropped=dropped)
        return replace(calm, table=Capacity(reads=0, writes=0), work=work, dead_letters=kept)

    return _happens("The table in which the function remembers items does not answer", course)


def spill_over() -> Scenario:
    title = "Calls exceed the provisioned concurrency for a quarter of an hour"
    return _always(title, Work(live=Calls(done=600), spilled=100), needs="provisioned")


def new_version_fails(number: int) -> Scenario:
    """CodeDeploy shifts a tenth of the calls to a new version."""
    title = f"Every call of a new version fails during the shift ({number} a minute)"
    return _always(title, Work(live=Calls(done=9 * number), new=Calls(failed=number)))


def new_version_is_slow() -> Scenario:
    title = "A new version is slow during the shift of traffic"
    return _always(title, Work(live=Calls(done=540), new=Calls(done=60), timeout_share=0.9))


# Normal operation


def day() -> Scenario:
    return _happens("an ordinary day", lambda _, calm: calm)


def night() -> Scenario:
    return _always("a quiet night", QUIET)


def one_failed_call() -> Scenario:
    """One call fails by day, and one at night. Lambda repeats an event, and the second attempt succeeds."""

    def course(minute: int, calm: Minute) -> Minute:
        if minute < 30:
            return replace(calm, work=Work(live=Calls(done=59, failed=1)) if minute == 0 else Work())
        return replace(calm, work=Work(live=Calls(failed=1)) if minute == 40 else QUIET)

    return _happens("one failed call, by day or at night", course)


def rare_failures() -> Scenario:
    state = Work(live=Calls(done=99_994, failed=6))
    return _always("six failed calls per minute among a hundred thousand", state)


def burst() -> Scenario:
    """Lambda throttles calls for four minutes, keeps their events, and tries again."""

    def course(minute: int, calm: Minute) -> Minute:
        return (
            replace(calm, work=Work(live=Calls(done=6_000, throttled=200), event_age_share=0.05))
            if minute < 4
            else calm
        )

    return _happens("four minutes in which events arrive faster than Lambda adds environments", course)


def brief_throttling_of_table() -> Scenario:
    """The table throttles for two minutes. Lambda tries the events again, and they succeed."""

    def course(minute: int, calm: Minute) -> Minute:
        if minute > 1:
            return calm
        state = Capacity(reads=0, writes=60_000, throttled_writes=400)
        return replace(calm, table=state, work=Work(live=Calls(done=570, failed=30)))

    return _happens("two minutes in which the table throttles writes", course)


def deployment() -> Scenario:
    """Traffic shifts to a version that works. Its first call is slow, and one of its calls fails."""

    def course(minute: int, calm: Minute) -> Minute:
        if minute > 4:
            return calm
        new = (Calls(done=1, seconds=29), Calls(done=5, failed=1))[min(minute, 1)] if minute < 2 else Calls(done=6)
        return replace(calm, work=Work(live=Calls(done=54), new=new))

    return _happens("a deployment whose new version starts slowly, and fails once", course)


def quiet_deployment() -> Scenario:
    """The new version gets one call, which fails."""

    def course(minute: int, calm: Minute) -> Minute:
        return replace(calm, work=Work(live=Calls(done=2), new=Calls(failed=1) if minute == 1 else Calls()))

    return _happens("a deployment whose new version gets one call, which fails", course)
