"""Mistakes in settings, and the error that reports all of them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

NOTHING: Final = object()
"""The value of a mistake without a value."""
LONGEST_VALUE_SHOWN: Final = 120
"""Maximum number of characters of a wrong value in a message."""


@dataclass(frozen=True)
class Mistake:
    """A wrong setting: its place, its value and the remedy."""

    path: str
    value: Any
    remedy: str
    file: str = ""
    """The file with the value, or an empty text for the command line."""

    def __str__(self) -> str:
        where = f"  {self.path}" + ("" if self.value is NOTHING else f" = {_shown(self.value)}")
        return f"{where}{f'  (in {self.file})' if self.file else ''}\n      {self.remedy}"


class SettingsError(Exception):
    """Reports all mistakes in settings."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        lines = [f"Settings: {count} mistake{'s' if count > 1 else ''}; no template was written.", ""]
        super().__init__("\n".join([*lines, *map(str, self.mistakes)]))


def one_of(values: Iterable[Any]) -> str:
    """The values as the end of the sentence "must be …"."""
    return "one of " + ", ".join(map(str, values))


def plain(name: str) -> str:
    """A name for comparisons, in which case, ``_`` and ``-`` make no difference."""
    return name.casefold().replace("_", "").replace("-", "")


def closest(given: Any, known: Iterable[str]) -> str | None:
    """The known name that the user probably meant, if any."""
    names, wanted = {plain(name): name for name in known}, plain(str(given))
    shortened = [name for name in names if wanted and name.startswith(wanted)]
    close = shortened if len(shortened) == 1 else get_close_matches(wanted, names, n=1)
    return names[close[0]] if close else None


def did_you_mean(given: Any, known: Iterable[str]) -> str:
    """A question for the end of a message, or an empty text."""
    name = closest(given, known)
    return f' Did you mean "{name}"?' if name else ""


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    text = text if len(text) <= LONGEST_VALUE_SHOWN else f"{text[: LONGEST_VALUE_SHOWN - 3]}..."
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # a lone surrogate cannot be printed
