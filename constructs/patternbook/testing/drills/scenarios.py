"""The form of events and of calm: what is true in each minute from the beginning on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from patternbook.testing.drills.world import Minute, Role, Sent

Part = Literal[
    "tasks",
    "files",
    "readers",
    "api",
    "pipeline",
    "stream",
    "own key",
    "topic",
    "steady",
    "cluster",
    "insights",
    "fsx",
    "node events",
    "fargate pods",
    "work",
    "provisioned",
    "workflow",
    "site",
    "instances",
]
"""A stream is steady if its owner has said for how long it may be without a record."""

Course = Callable[[int, Minute], Minute]
"""Returns the state in a minute, counted from the beginning, from the state in a calm minute of the stack."""


@dataclass(frozen=True)
class Scenario:
    """Something that happens to a stack."""

    title: str
    """A sentence without a full stop for an event, and a noun phrase for calm."""

    course: Course
    sent: Sequence[Sent] = ()
    """The events that the service sends to EventBridge."""

    sent_after: int = 0
    """How many minutes after the beginning it sends them."""

    by: Role | None = "main"
    """The service that sends them. None for what no service is part of."""

    needs: frozenset[Part] = frozenset({"tasks"})
    """The features that the stack must have, so that it can happen."""

    before: Course | None = None
    """The state before the beginning, if that was not a calm minute."""


def of(by: Role) -> str:
    """How a title names a service. The main one needs no name."""
    return "" if by == "main" else " of the worker"


def task(by: Role) -> str:
    """The word for a task of a service in titles."""
    return "task" if by == "main" else "worker"


def calm_tasks(calm: Minute, by: Role) -> int:
    """How many tasks a service has in a calm minute."""
    return getattr(calm, by).desired
