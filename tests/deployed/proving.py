"""A check counts only once it was seen to fail: what has to be wrong in an answer, and what the check says then.

The proofs of a check stand above it, one a line. Each changes one thing in recorded answers::

    @fails("is not encrypted", "efs.describe_file_systems FileSystems 0 Encrypted", False)
    def test_the_file_system_is_encrypted(stack): ...

The place is an operation and a path in its answer, with spaces in between. A part of the path is a name, the number of
an item (``-1`` is the last), ``Name=value`` for the items that have this value, ``*`` for all items, or ``+`` for one
item more. A text that is JSON is entered. An operation alone stands for its whole answer, and one with ``#2`` for the
answer to the second question. ``region`` is the account's. A place that is in no answer is a mistake in the proof.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeVar

import pytest

from tests.deployed.account import Account
from tests.deployed.answers import Answer, Question, mistakes, parameters_key
from tests.deployed.stack import DeployedStack


class ImpossibleAnswerError(Exception):
    """Raised for a change, or an answer written by hand, that AWS cannot give."""


@dataclass(frozen=True)
class Copied:
    """A new value that is somewhere in the answers that a check got before."""

    place: str
    form: str = "{}"
    """The text to put it into."""


Check = Callable[[DeployedStack], None]
Decorated = TypeVar("Decorated", bound=Callable[..., None])

NOTHING = object()
"""The new value of a name or an item that is removed."""


@dataclass(frozen=True, eq=False)
class Proof:
    """One thing changed in the answers, and what the check makes of it."""

    outcome: str
    """``failed``, ``skipped`` or ``passed``."""
    says: str
    """A regular expression for the first line of what a check says that fails or is skipped."""
    changes: Mapping[str, Any]
    """New values, or functions of the old ones, by place."""
    only: str
    """A posture or a recording that it is about, or ``default`` for both postures without options; empty for all."""

    def is_about(self, recording: str, posture: str) -> bool:
        default = recording in ("sandbox", "production") and "default"
        return self.only in ("", recording, posture, default)

    def __str__(self) -> str:
        return f"{', '.join(self.changes)}: {self.outcome}, {self.says!r}"


Places = str | Mapping[str, Any]
"""A place in answers, or several with what is new there."""


def fails(says: str, at: Places, value: Any = NOTHING, *, only: str = "") -> Callable[[Decorated], Decorated]:
    """The check fails with these words, where the answer at this place is this one.

    :param only: see :class:`Proof`.
    """
    return _proof("failed", says, at, value, only)


def skips(says: str, at: Places, value: Any = NOTHING, *, only: str = "") -> Callable[[Decorated], Decorated]:
    """The check is skipped for this reason."""
    return _proof("skipped", says, at, value, only)


def holds(at: Places, value: Any = NOTHING, *, only: str = "") -> Callable[[Decorated], Decorated]:
    """The check passes all the same."""
    return _proof("passed", "", at, value, only)


def _proof(outcome: str, says: str, at: Places, value: Any, only: str) -> Callable[[Decorated], Decorated]:
    proof = Proof(outcome, says, {at: value} if isinstance(at, str) else at, only)

    def decorate(check: Decorated) -> Decorated:
        check.__dict__.setdefault("proofs", []).insert(0, proof)
        return check

    return decorate


def checks_of(module: ModuleType) -> Iterator[tuple[str, Check, list[Proof]]]:
    """Every check of a module, by name, with its proofs: functions, and methods of classes."""
    for name, member in vars(module).items():
        if name.startswith("test_"):
            yield name, member, getattr(member, "proofs", [])
        elif isinstance(member, type) and name.startswith("Test"):
            for inherited in sorted(each for each in dir(member) if each.startswith("test_")):
                check = getattr(member(), inherited)
                yield inherited, check, getattr(check, "proofs", [])


def outcome_of(check: Check, stack: DeployedStack) -> tuple[str, str]:
    """``passed``, ``skipped`` or ``failed``, and the first line of the reason."""
    try:
        check(stack)
    except pytest.skip.Exception as reason:
        return "skipped", str(reason)
    except AssertionError as failure:
        return "failed", str(failure).partition("\n")[0]
    return "passed", ""


def flaw(proof: Proof, check: Check, name: str, account: Account) -> str:
    """The reason why a proof fails, or an empty text."""
    changed = ChangedAccount(account, proof.changes)
    try:
        outcome, said = outcome_of(check, DeployedStack.find(name, changed))
    except ImpossibleAnswerError as error:
        return str(error)
    if changed.unchanged:
        return f"nothing was changed at {', '.join(sorted(changed.unchanged))}; the check {outcome}: {said}"
    if outcome != proof.outcome or not re.search(proof.says, said):
        return f"the check {outcome}: {said}"
    return ""


@dataclass
class ChangedAccount:
    """Gives the answers of another account with something changed."""

    account: Account
    changes: Mapping[str, Any]
    unchanged: set[str] = field(init=False)
    """The places that were not in any answer so far."""
    asked: set[Question] = field(init=False, default_factory=set)
    _questions: dict[str, list[str]] = field(init=False, default_factory=dict)
    _seen: dict[str, Answer] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.unchanged = set(self.changes)
        self.patience = self.account.patience
        self.region = self.changes.get("region", self.account.region)
        if self.region != self.account.region:
            self.unchanged.discard("region")

    def ask(self, operation: str, parameters: Mapping[str, Any]) -> Answer:
        self.asked.add((operation, parameters_key(parameters)))
        # A new answer as a whole may belong to a question that no check has asked before.
        answer = {} if operation in self.changes else self.account.ask(operation, parameters)
        self._seen[operation] = answer
        asked = self._questions.setdefault(operation, [])
        key = parameters_key(parameters)
        if key not in asked:
            asked.append(key)
        number = asked.index(key) + 1
        for place, value in self.changes.items():
            named, _, path = place.partition(" ")
            if named in (operation, f"{operation}#{number}"):
                before = answer
                if isinstance(value, Copied):
                    value = self._copied(value)
                elif not path and callable(value):
                    value = value(parameters)
                answer = _change(copy.deepcopy(answer), path.split(), value)
                if answer != before:
                    self.unchanged.discard(place)
                    wrong = mistakes(operation, answer)
                    if wrong:
                        raise ImpossibleAnswerError(f"AWS cannot answer {operation} so: {wrong}")
        return answer

    def _copied(self, value: Copied) -> str:
        operation, *path = value.place.split()
        found: Any = self._seen[operation]
        for part in path:
            chosen = (item for position, item in enumerate(found) if _is_chosen(part, position, item, len(found)))
            found = next(chosen) if isinstance(found, list) else found[part]
        return value.form.format(found)


def _change(value: Any, path: list[str], new: Any) -> Any:
    """:returns: the value with what is new at the path, or ``NOTHING``; as it was, where it has no such path."""
    if not path:
        return new(value) if callable(new) else new
    if isinstance(value, str):
        return _in_text(value, path, new)
    part, *rest = path
    if isinstance(value, dict):
        if part in value or (not rest and new is not NOTHING):
            changed = _change(value.get(part), rest, new)
            value.pop(part, None)
            if changed is not NOTHING:
                value[part] = changed
        return value
    if isinstance(value, list):
        if part == "+":
            value.append(new)
            return value
        chosen = [position for position, item in enumerate(value) if _is_chosen(part, position, item, len(value))]
        for position in reversed(chosen):
            value[position] = _change(value[position], rest, new)
        value[:] = [item for item in value if item is not NOTHING]
    return value


def _in_text(value: str, path: list[str], new: Any) -> str:
    try:
        parsed = json.loads(value)
    except ValueError:
        return value
    return json.dumps(_change(parsed, path, new))


def _is_chosen(part: str, position: int, item: Any, number: int) -> bool:
    name, equals, wanted = part.partition("=")
    if equals:
        return isinstance(item, dict) and str(item.get(name)) == wanted
    return part in ("*", str(position), str(position - number))
