"""Events of a workflow that people must hear of, and events of its normal operation."""

from dataclasses import replace
from typing import Any

from patternbook.testing.drills.emitters.aws_lambda import Calls
from patternbook.testing.drills.emitters.step_functions import Cluster, Executions, StateMachine, Waiting
from patternbook.testing.drills.emitters.web_api import Capacity
from patternbook.testing.drills.scenarios import Course, Scenario
from patternbook.testing.drills.world import Minute, Role, Sent


def _happens(title: str, course: Course, sent: tuple[Sent, ...] = (), by: Role | None = None) -> Scenario:
    return Scenario(title, course, sent=sent, by=by, needs=frozenset({"workflow"}))


def _with(calm: Minute, **state: Any) -> Minute:
    return replace(calm, orders=replace(calm.orders, **state))


def _always(title: str, **state: Any) -> Scenario:
    """The same in each minute."""
    return _happens(title, lambda _, calm: _with(calm, **state))


def _once(title: str, *sent: Sent, by: Role | None = None, **state: Any) -> Scenario:
    """Something that happens in the first minute only."""
    return _happens(title, lambda minute, calm: calm if minute else _with(calm, **state), sent, by)


# Events that must ring


def one_failure() -> Scenario:
    """The retries of a step were in vain, and all is undone."""
    return _once("One order of many fails", executions=Executions(started=10, succeeded=9, failed=1))


def quiet_workflow_fails() -> Scenario:
    """An order every twenty minutes, and every one fails."""

    def course(minute: int, calm: Minute) -> Minute:
        failed = Executions(started=1, failed=1) if minute % 20 == 5 else Executions()
        return _with(calm, executions=failed, calls=Calls(done=1 if minute % 20 == 5 else 0))

    return _happens("An order every twenty minutes, and every one fails", course)


def every_order_fails() -> Scenario:
    """As with functions that are broken: each call fails, also when it is repeated. Orders fail after the retries."""

    def course(minute: int, calm: Minute) -> Minute:
        failed = Executions(started=10, failed=10 if minute >= 5 else 0)
        return _with(calm, executions=failed, calls=Calls(failed=60))

    return _happens("Every call of a function fails", course)


def quiet_function_fails() -> Scenario:
    """The calls of one function fail, as of the one that refunds. The others are busy, and work."""

    def changes(minute: int, failing: Calls) -> dict[str, Any]:
        return {"of_first": Calls() if minute % 4 else failing}

    return Scenario(
        "A call of one function every four minutes, and every one fails, while the others are busy",
        lambda minute, calm: _with(calm, **changes(minute, Calls(failed=1))),
        by=None,
        needs=frozenset({"workflow"}),
        before=lambda minute, calm: _with(calm, **changes(minute, Calls(done=1))),
    )


def some_calls_fail() -> Scenario:
    """The workflow repeats them, and no order fails."""
    return _always("One call of a function in ten fails", calls=Calls(done=54, failed=6))


def timed_out() -> Scenario:
    return _once(
        "An execution runs into the timeout of the workflow",
        StateMachine.timed_out,
        by="workflow",
        executions=Executions(started=10, succeeded=9, timed_out=1),
    )


def aborted() -> Scenario:
    """Somebody stops an execution by hand. No step runs after that, so nothing is undone."""
    return _once(
        "Somebody stops an execution",
        StateMachine.aborted,
        by="workflow",
        executions=Executions(started=10, succeeded=9, aborted=1),
    )


def throttled_steps() -> Scenario:
    return _always("Step Functions throttles steps", executions=Executions(started=10, succeeded=10, throttled=50))


def undoing_fails() -> Scenario:
    """As without the permission to refund. The execution waits for a person."""
    return _always("A step cannot be undone", attention=Waiting(messages=1))


def forgotten_problem() -> Scenario:
    return _always("A problem waits for a week", attention=Waiting(messages=1, share=0.55))


def forgotten_approval() -> Scenario:
    return _always("An order waits for its approval for most of the time", approvals=Waiting(messages=1, share=0.6))


def image_is_gone() -> Scenario:
    """Tasks cannot pull their image. ECS stops each of them before it has run."""
    return _once("A task cannot pull its image", Cluster.task_not_started, by="cluster")


def no_capacity() -> Scenario:
    """ECS starts no task, and so says nothing of one. Orders fail after the retries, and are undone."""

    def course(minute: int, calm: Minute) -> Minute:
        ended = Executions(started=10, failed=10) if minute >= 10 else Executions(started=10)
        return _with(calm, executions=ended)

    return _happens("Fargate has no capacity for tasks", course)


def throttled_calls() -> Scenario:
    return _always("The functions have no concurrency left", calls=Calls(done=10, throttled=10))


def slow_calls() -> Scenario:
    return _always("Every call takes nine tenths of the timeout", timeout_share=0.9)


def throttled_books() -> Scenario:
    throttled = Capacity(throttled_writes=30)
    return _happens("The table throttles writes", lambda _, calm: replace(calm, table=throttled))


def bad_version() -> Scenario:
    """One order in ten gets the new version, and fails with it."""
    return _always(
        "A new version of the workflow fails during the shift",
        executions=Executions(started=10, succeeded=9, failed=1),
        of_newest=Executions(started=1, failed=1),
    )


# Normal operation


def day() -> Scenario:
    return _happens("an ordinary day", lambda _, calm: calm)


def night() -> Scenario:
    """No order, no call, and nobody has to answer anything."""
    return _always("a quiet night", executions=Executions(), approvals=Waiting(), calls=Calls())


def refused_order() -> Scenario:
    """The document is no order, or the payment is declined. The execution succeeds with that as its outcome."""
    return _once("an order that is refused", StateMachine.succeeded, by="workflow")


def deployment() -> Scenario:
    """One order in ten gets the new version for ten minutes, then all."""

    def course(minute: int, calm: Minute) -> Minute:
        return _with(calm, of_newest=Executions(started=1, succeeded=1)) if minute < 10 else calm

    return _happens("the shift to a new version", course, (Cluster.task_done,), "cluster")


def repeated_step() -> Scenario:
    """A call fails by day, and one at night. Each succeeds when the workflow repeats it."""

    def course(minute: int, calm: Minute) -> Minute:
        night = Calls(done=1 if minute == 41 else 0, failed=1 if minute == 40 else 0)
        return _with(calm, calls=night if minute >= 30 else Calls(done=20, failed=0 if minute else 1))

    return _happens("one failed call, by day or at night", course)


def burst() -> Scenario:
    """A thousand orders in a minute. Step Functions throttles a few steps."""

    def course(minute: int, calm: Minute) -> Minute:
        if minute >= 3:
            return calm
        many = Executions(started=300, succeeded=300, throttled=5)
        return _with(calm, executions=many, calls=Calls(done=900), approvals=Waiting(messages=30, share=0.01))

    return _happens("a thousand orders at once", course)


def approval() -> Scenario:
    return _always("orders that wait for hours", approvals=Waiting(messages=5, share=0.4))
