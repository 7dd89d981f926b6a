"""Whatever fails, the books balance: each order is charged and shipped once, or neither."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.runtime.workflow import DONE, Fault, Workflow, large

STEPS = ("take", "reserve", "charge", "ship", "confirm", "close", "recall", "refund", "release")
FAULTS = (
    *("fine", "before", "after", "soon", "late", "twice"),
    *("States.Timeout", "States.HeartbeatTimeout", "States.DataLimitExceeded", "States.Runtime"),
)
OUTCOMES = {"confirmed", "refused", "declined", "denied", "expired", "closed"}


@dataclass(frozen=True)
class Plan:
    """An order, and what becomes of its steps."""

    changes: dict[str, Any]
    faults: dict[str, list[Fault]]
    answers: list[Any]
    redrives: int
    again: bool
    """Whether the order is taken a second time."""


# An attempt may fail in any way, and a step may go on failing for longer than it is tried.
_attempts = st.one_of(
    st.lists(st.sampled_from(FAULTS), max_size=4),
    st.builds(lambda fault, number: [fault] * number, st.sampled_from(FAULTS), st.integers(5, 30)),
)
plans = st.builds(
    Plan,
    changes=st.sampled_from(
        [{}, {}, {"lines": large("")["lines"]}, {"payment": "declined"}, {"currency": "no currency"}]
    ),
    faults=st.dictionaries(st.sampled_from(STEPS), _attempts, max_size=5),
    answers=st.lists(st.sampled_from([True, True, False, "Some.Error"]), max_size=3),
    redrives=st.integers(0, 3),
    again=st.booleans(),
)


class Changes:
    """Counts the changes of entries, which :class:`Workflow` reports."""

    def __init__(self, orders: Workflow, order_id: str) -> None:
        self._orders, self._order_id, self._last = orders, order_id, orders.books(order_id)
        self.counted: Counter[str] = Counter()

    def __call__(self) -> None:
        now = self._orders.books(self._order_id)
        for kind, state in now.items():
            if state != self._last.get(kind):
                self.counted[f"{self._last.get(kind)} to {state}"] += 1
        self._last = now


ALWAYS = 50
"""More attempts than any step has."""
HELPED = [True]
EXAMPLES = (
    *(Plan({}, {step: [fault] * ALWAYS}, [], 0, False) for step in STEPS[1:5] for fault in ("before", "after", "late")),
    *(Plan({}, {step: ["after", "States.DataLimitExceeded"]}, [], 0, False) for step in STEPS[1:5]),
    *(Plan({}, {"confirm": ["before"] * ALWAYS, step: ["before"] * 13}, HELPED, 0, False) for step in STEPS[5:]),
    Plan({}, {"confirm": ["after"] * 9, "close": ["late"] * 14}, HELPED, 0, False),
    Plan({}, {"charge": ["late"] * 9, "refund": ["late"] * 14}, [], 1, True),
    Plan({}, {"ship": ["late"] * 9, "recall": ["States.Runtime"]}, [], 0, True),
    Plan({"lines": large("")["lines"]}, {}, [True], 0, True),
    Plan({"lines": large("")["lines"]}, {}, [False], 0, False),
    Plan({"lines": large("")["lines"]}, {}, [], 0, True),
    Plan({"payment": "declined"}, {}, [], 0, True),
)
"""Each way through the workflow, which random plans may miss."""


def with_examples(test: Callable[..., None]) -> Callable[..., None]:
    for plan in EXAMPLES:
        test = example(plan=plan)(test)
    return test


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans)
@with_examples
def test_the_books_balance(orders: Workflow, plan: Plan) -> None:
    orders.reset()
    changes = orders.on_effect = Changes(orders, "o-1")
    orders.faults = {step: [*faults] for step, faults in plan.faults.items()}
    orders.answers = [*plan.answers]
    results = [orders.take("o-1", **plan.changes)]
    for _ in range(plan.redrives):
        if results[-1].status == "FAILED" and results[-1].error != "OrderUndone":
            results.append(orders.redrive("o-1"))
    if plan.again and results[-1].status == "SUCCEEDED":
        results.append(orders.take("o-1", **plan.changes))

    last, done = results[-1], orders.balance("o-1")
    if last.status == "SUCCEEDED":
        assert last.outcome in OUTCOMES
        assert done == (set(DONE) if last.outcome == "confirmed" else set())
    elif last.error == "OrderUndone":
        assert done == set()
    else:
        # The alarms tell people, and a redrive continues. All other errors lead to an end by themselves.
        assert last.error == "States.Runtime" or last.states[-1] in ("Take order", "Ask for help")
    for state in DONE.values():
        assert changes.counted[f"None to {state}"] <= 1, "each step is done once at most"
    for undone in ("released", "refunded", "recalled", "closed"):
        assert sum(number for change, number in changes.counted.items() if change.startswith(f"{undone} to")) == 0


@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(several=st.lists(plans, min_size=10, max_size=10))
def test_every_order_is_accounted_for(orders: Workflow, several: list[Plan]) -> None:
    orders.reset()
    orders.on_effect = lambda: None
    ends: Counter[str] = Counter()
    for number, plan in enumerate(several):
        orders.faults = {step: [*faults] for step, faults in plan.faults.items()}
        orders.answers = [*plan.answers]
        result = orders.take(f"o-{number}", **plan.changes)
        ends[result.outcome or ("undone" if result.error == "OrderUndone" else "open")] += 1
    assert ends.total() == len(several)
    charged = sum(each["state"]["S"] == "charged" for each in orders.entries())
    shipped = sum(each["state"]["S"] == "shipped" for each in orders.entries())
    assert ends["confirmed"] <= charged <= ends["confirmed"] + ends["open"]
    assert ends["confirmed"] <= shipped <= ends["confirmed"] + ends["open"]
