"""Mistakes in settings: what one says, and the error that holds all mistakes of a run."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

NOTHING: Final = object()
"""The value of a mistake that is not about a value."""
LONGEST_VALUE_SHOWN: Final = 120
"""Characters of a wrong value that a message shows."""


@dataclass(frozen=True)
class Mistake:
    """One wrong setting: where it is, the value given, and what would be right."""

    path: str
    value: Any
    remedy: str
    file: str = ""
    """The file that the value stands in, or nothing for the command line."""

    def __str__(self) -> str:
        where = f"  {self.path}" + ("" if self.value is NOTHING else f" = {_shown(self.value)}")
        return f"{where}{f'  (in {self.file})' if self.file else ''}\n      {self.remedy}"


class SettingsError(Exception):
    """All mistakes of a run."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        lines = [f"Settings: {count} mistake{'s' if count > 1 else ''}; no template was written.", ""]
        super().__init__("\n".join([*lines, *map(str, self.mistakes)]))


def one_of(values: Iterable[Any]) -> str:
    """The values as the end of the sentence "must be …"."""
    return "one of " + ", ".join(map(str, values))


def closest(given: Any, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The one of the known names that a user probably meant, if any.

    :param cutoff: how alike the two have to be, from 0 to 1, as :func:`difflib.get_close_matches` measures it.
    """
    names = list(known)
    shortened = [name for name in names if given and name.startswith(str(given))]
    close = shortened if len(shortened) == 1 else get_close_matches(str(given), names, n=1, cutoff=cutoff)
    return close[0] if close else None


def did_you_mean(given: Any, known: Iterable[str]) -> str:
    """A question that ends a message, or nothing."""
    name = closest(given, known)
    return f' Did you mean "{name}"?' if name else ""


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    text = text if len(text) <= LONGEST_VALUE_SHOWN else f"{text[: LONGEST_VALUE_SHOWN - 3]}..."
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # a lone surrogate cannot be printed
