"""Each failure rings within the minutes that the page promises, and calm does not ring."""

import pytest

import app
from tests.drills.alarms import Metric, Samples
from tests.drills.book import Templates
from tests.drills.drilling import Stack, findings
from tests.drills.promises import DRILLS
from tests.drills.templates import alarms_of, rules_of

PATTERNS = [pattern.__name__ for pattern in app.PATTERNS]


def found(pattern: str, book: list[Templates]) -> set[str]:
    """The findings about a pattern in any posture, with or without options."""
    stacks = {Stack(template) for templates in book for name, template in templates.items() if name == pattern}
    assert stacks, f"{pattern} is not in the book"
    if pattern not in DRILLS:
        return {"no event is drilled yet"} if any(stack.names for stack in stacks) else set()
    return {finding for stack in stacks for finding in findings(stack, DRILLS[pattern])}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_event_rings_and_each_alarm_is_rung_and_calm_is_silent(pattern: str, book: list[Templates]) -> None:
    assert found(pattern, book) == set()


class Everything(dict[Metric, dict[int, Samples]]):
    """Telemetry with a report of every metric in every minute."""

    def get(self, *_: object) -> dict[int, Samples]:
        return dict.fromkeys(range(-2000, 1), ((1.0, 1),))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_alarm_and_rule_can_be_evaluated(pattern: str, book: list[Templates]) -> None:
    for template in [templates[pattern] for templates in book if pattern in templates]:
        for alarm in alarms_of(template):
            assert alarm.value(Everything(), 0) is not None
            assert len(list(alarm.states({}, range(2)))) == 2
        for rule in rules_of(template):
            assert not rule.matches({})
