"""Functions whose docstrings are read by people: those of rules, and of the questions of a preflight."""

from functools import cached_property
from typing import TypeVar

Kind = TypeVar("Kind")


class Documented:
    """A docstring of three paragraphs: the summary, the fix and the source."""

    @property
    def documentation(self) -> str | None:
        """The docstring."""
        raise NotImplementedError

    @cached_property
    def _paragraphs(self) -> list[str]:
        return [" ".join(each.split()) for each in (self.documentation or "").split("\n\n")]

    @property
    def summary(self) -> str:
        """The problem, or the question, in one sentence."""
        return self._paragraphs[0]

    @property
    def fix(self) -> str:
        """How to fix it, or what to do if the answer is no."""
        return self._paragraphs[1]

    @property
    def source(self) -> str:
        """The AWS document, or the bug report, that the function follows."""
        return self._paragraphs[-1]


def defined_in(kind: type[Kind], *modules: object) -> tuple[Kind, ...]:
    """What modules define of a kind, in their order."""
    return tuple(each for module in modules for each in vars(module).values() if isinstance(each, kind))
