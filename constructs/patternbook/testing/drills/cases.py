"""The tests of a drill. A module with a ``PATTERN`` and a ``DRILL`` inherits them.

They take the fixture ``drilled`` of :mod:`patternbook.testing.fixtures`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from patternbook.testing.drills.alarms import Metric, Samples
from patternbook.testing.drills.drilling import Stack, findings
from patternbook.testing.drills.templates import alarms_of, rules_of

Drillable = Sequence[Mapping[str, Any]]
"""The templates of a pattern: with its default settings in sandbox, and with every option in production."""


class Everything(dict[Metric, dict[int, Samples]]):
    """Telemetry with a report of every metric in every minute."""

    def get(self, *_: object) -> dict[int, Samples]:
        return dict.fromkeys(range(-2000, 1), ((1.0, 1),))


class Drilled:
    """Tests that a module with a ``PATTERN`` and a ``DRILL`` inherits."""

    def test_each_event_rings_and_each_alarm_is_rung_and_calm_is_silent(
        self, drilled: Drillable, request: pytest.FixtureRequest
    ) -> None:
        stacks = set(map(Stack, drilled))
        assert any(stack.names for stack in stacks)
        assert {finding for stack in stacks for finding in findings(stack, request.module.DRILL)} == set()

    def test_every_alarm_and_rule_can_be_evaluated(self, drilled: Drillable) -> None:
        for template in drilled:
            for alarm in alarms_of(template):
                assert alarm.value(Everything(), 0) is not None
                assert len(list(alarm.states({}, range(2)))) == 2
            for rule in rules_of(template):
                assert not rule.matches({})
