"""Drills a template: what rings in each event, and in calm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from patternbook.testing.drills.alarms import Alarm, Metric, Samples, State
from patternbook.testing.drills.promises import Drill
from patternbook.testing.drills.scenarios import Scenario
from patternbook.testing.drills.templates import alarms_of, rules_of
from patternbook.testing.drills.world import World

DELAYS: Final = (0, 2)
"""Minutes until a metric is published. An alarm has to keep its promise with any of them."""

HISTORY: Final = 50
"""Minutes before an event or calm begins, or more if an alarm looks back on more."""

WATCHED: Final = 75
"""Minutes from the beginning on in which calm must not ring, or more if an alarm looks back on more."""

SETTLED: Final = 5
"""Minutes before the beginning from which on alarms are evaluated."""

HASH: Final = re.compile(r"[0-9A-F]{8}$")


@dataclass(frozen=True)
class Ring:
    """An alarm or a rule that notifies people."""

    name: str
    minutes: int
    """How many minutes after the beginning."""


class Stack:
    """The alarms and rules of a template, in its world."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._world = World(template)
        self.alarms = [alarm for alarm in alarms_of(template) if alarm.notifies]
        self.rules = rules_of(template)
        self.range_minutes = max((alarm.range_minutes for alarm in self.alarms), default=0) + SETTLED + max(DELAYS)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        """Whether two stacks have the same alarms, rules and calm minutes, as those of two postures may have."""
        return isinstance(other, Stack) and self._key == other._key

    @cached_property
    def _key(self) -> str:
        return repr((self.alarms, self.rules, self._world.calm))

    @cached_property
    def names(self) -> set[str]:
        return {readable(each.name) for each in (*self.alarms, *self.rules)}

    @cached_property
    def _metrics(self) -> set[Metric]:
        return {metric for alarm in self.alarms for metric in alarm.metrics}

    def can(self, scenario: Scenario) -> bool:
        """Whether a scenario can happen to this stack."""
        there = scenario.by is None or scenario.by in self._world.senders
        return there and scenario.needs <= self._world.parts

    def rings(self, scenario: Scenario, *, minutes: int) -> list[Ring]:
        """The alarms and rules that ring within some minutes, the soonest first, however late metrics are published."""
        calm = self._world.calm
        before = scenario.before or (lambda _, same: same)
        history = max(HISTORY, self.range_minutes)
        telemetry = self._world.telemetry(
            {minute: (scenario.course if minute >= 0 else before)(minute, calm) for minute in range(-history, minutes)},
            self._metrics,
        )
        found = self._rules_that_ring(scenario)
        for alarm in self.alarms:
            sent = tuple((metric, tuple(telemetry.get(metric, {}).items())) for metric in alarm.metrics)
            times = [_first_ring(alarm, sent, minutes, delay) for delay in DELAYS]
            if any(time is not None for time in times):
                latest = max(minutes + 1 if time is None else time for time in times)
                found.append(Ring(readable(alarm.name), latest))
        return sorted(found, key=lambda ring: (ring.minutes, ring.name))

    def _rules_that_ring(self, scenario: Scenario) -> list[Ring]:
        service = None if scenario.by is None else self._world.senders[scenario.by]
        sent = [event(service) for event in scenario.sent if service]
        matching = [rule for rule in self.rules if any(rule.matches(event) for event in sent)]
        return [Ring(readable(rule.name), scenario.sent_after + 1) for rule in matching]


@cache
def _first_ring(
    alarm: Alarm, sent: tuple[tuple[Metric, tuple[tuple[int, Samples], ...]], ...], minutes: int, delay: int
) -> int | None:
    """How many minutes after the beginning an alarm rings first; 0 or less where it rings before.

    Most alarms see the same in most events, hence the cache.
    """
    telemetry = {metric: dict(samples) for metric, samples in sent}
    before = State.INSUFFICIENT_DATA  # in which an alarm begins, without an action
    for now, state in alarm.states(telemetry, range(-SETTLED, minutes), delay=delay):
        lost = alarm.notifies_without_data and state == State.INSUFFICIENT_DATA != before
        if state == State.ALARM or lost:
            return now + 1
        before = state
    return None


def readable(logical_id: str) -> str:
    """A logical id without the hash of CDK, and without the construct that all alarms belong to."""
    return HASH.sub("", logical_id).removeprefix("Monitoring").removesuffix("Rule")


def plural(minutes: int) -> str:
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def findings(stack: Stack, drill: Drill) -> Iterator[str]:
    """The broken promises of a stack, one after the other, so that who looks for one need not wait for all."""
    rung = set[str]()
    for promise in drill.rings:
        if not stack.can(promise.event):
            continue
        rings = stack.rings(promise.event, minutes=promise.minutes)
        yield from (f"{promise.event.title}: {ring.name} rings before it begins" for ring in rings if ring.minutes < 1)
        in_time = [ring for ring in rings if 1 <= ring.minutes <= promise.minutes]
        rung |= {ring.name for ring in in_time}
        if not in_time:
            yield f"{promise.event.title}: nothing rings within {plural(promise.minutes)}"
    if any(stack.can(promise.event) for promise in drill.rings):
        yield from (f"no event rings {name}" for name in sorted(stack.names - rung))
    watched = max(WATCHED, stack.range_minutes)
    for scenario in drill.silent:
        if stack.can(scenario):
            yield from (f"{scenario.title}: {ring.name} rings" for ring in stack.rings(scenario, minutes=watched))
