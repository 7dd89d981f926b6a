"""What a question of the preflight is, and what an answer to it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from patternbook.rules.documented import Documented, defined_in

if TYPE_CHECKING:
    from patternbook.preflight.account import Account


class Verdict(Enum):
    """What an answer means for the deployment. The order is that of the report."""

    STOPS = "stops"
    """The deployment fails, or what it deploys does not start."""
    MAY = "may"
    """The deployment fails under a condition that the answer names."""
    UNKNOWN = "unknown"
    """AWS gave no answer, or the template does not say what to ask. It is never counted as fine."""
    FINE = "fine"


@dataclass(frozen=True)
class Answer:
    """What the account says to a question, about one thing."""

    verdict: Verdict
    message: str
    """What was found, in a sentence that names the thing."""
    fix: str = ""
    """What to type or to change. Defaults to the second paragraph of the question."""


def stops(message: str, fix: str = "") -> Answer:
    """The answer that something stops the deployment."""
    return Answer(Verdict.STOPS, message, fix)


def may(message: str, fix: str = "") -> Answer:
    """The answer that something may stop the deployment."""
    return Answer(Verdict.MAY, message, fix)


def unknown(message: str, fix: str = "") -> Answer:
    """The answer that nothing is known."""
    return Answer(Verdict.UNKNOWN, message, fix)


def fine(message: str) -> Answer:
    """The answer that something does not stop the deployment."""
    return Answer(Verdict.FINE, message)


Ask = Callable[[Any, "Account"], Iterator[Answer]]
"""Asks an account about a :class:`patternbook.preflight.stack.Stack`, or about another subject."""


@dataclass(frozen=True)
class Question(Documented):
    """A question. The docstring of its function has three paragraphs: the question, the fix and the source.

    A question that does not concern a template has no answers.
    """

    id: str
    permissions: tuple[str, ...]
    """The IAM actions that asking needs. A test compares them with the calls."""
    ask: Ask = field(repr=False)

    @property
    def documentation(self) -> str | None:
        return self.ask.__doc__


def question(question_id: str, *permissions: str) -> Callable[[Ask], Question]:
    """Turns a function into a question."""
    return lambda ask: Question(question_id, permissions, ask)


def questions_in(*modules: object) -> tuple[Question, ...]:
    """The questions that modules define, in their order."""
    return defined_in(Question, *modules)


QUOTA_PERMISSIONS: Final = ("servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota")
"""What asking for a quota needs."""
