"""A rule, and how severe a problem is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from patternbook.rules.documented import Documented, defined_in
from patternbook.rules.template import Problem, Template


class Severity(Enum):
    """How severe a problem is, and in which scenarios it has to occur to be reported."""

    ERROR = "error"
    """The deployment fails, or the deployed resources do not work. One scenario with the problem is enough. If the
    template may rule scenarios out (by ``Rules``, or by conditions that depend on each other), all must have it, or the
    one with all defaults."""
    WARNING = "warning"
    """The template can be deployed, but costs more, leaks or fails later. All scenarios must have the problem."""
    ADVICE = "advice"
    """Worth a look, but it fails no check. An error becomes advice if only a combination of choices makes it, because
    the choices may exclude each other in practice."""


ERROR: Final = Severity.ERROR
WARNING: Final = Severity.WARNING
ADVICE: Final = Severity.ADVICE

Check = Callable[[Template], Iterator[Problem]]


@dataclass(frozen=True)
class Rule(Documented):
    """A rule. The docstring of its function has three paragraphs: the summary, the fix and the source."""

    id: str
    severity: Severity
    check: Check = field(repr=False)

    @property
    def documentation(self) -> str | None:
        return self.check.__doc__


def rule(rule_id: str, severity: Severity) -> Callable[[Check], Rule]:
    """Turns a function into a rule."""
    return lambda check: Rule(rule_id, severity, check)


def rules_in(*modules: object) -> tuple[Rule, ...]:
    """The rules that modules define, in their order."""
    return defined_in(Rule, *modules)
