"""Mistakes in settings, and the error that reports all of them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from patternbook.limits.given import closest, listed, shown

NOTHING: Final = object()
"""The value of a mistake without a value."""
MOST_SHOWN: Final = 20
"""Maximum number of mistakes in a message."""
LONGEST_LIST: Final = 400
"""Maximum number of characters for the other values with the same mistake."""


@dataclass(frozen=True)
class Mistake:
    """A wrong setting: its place, its value and the remedy."""

    path: str
    value: Any
    remedy: str
    file: str = ""
    """The file with the value, or an empty text for the command line."""
    setting: str = ""
    """The place of the whole setting, if the mistake is in a part of it."""
    is_default: bool = False
    """Whether nobody gave the value: it is the default, and does not suit a value that was given."""

    def __str__(self) -> str:
        where = f"  {shown(self.path)}" + ("" if self.value is NOTHING else f" = {_as_json(self.value)}")
        source = f"  (in {self.file})" if self.file else "  (the default)" if self.is_default else ""
        return f"{where}{source}\n      {self.remedy}"


class SettingsError(Exception):
    """Reports all mistakes in settings. The message shows the first ones, and says once what several have in common."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        alike: dict[tuple[str, str, str], list[Mistake]] = {}
        for each in self.mistakes:
            alike.setdefault((each.setting or each.path, each.remedy, each.file), []).append(each)
        groups = list(alike.values())
        lines = [f"Settings: {count:,} mistake{'s' if count > 1 else ''}; no template was written.", ""]
        lines += map(_said_once, groups[:MOST_SHOWN])
        others = sum(map(len, groups[MOST_SHOWN:]))
        if others:
            lines.append(f"\n  {others:,} more mistake{'s' if others > 1 else ''}. Correct these first.")
        super().__init__("\n".join(lines))


def one_of(values: Iterable[Any]) -> str:
    """The values as the end of the sentence "must be …"."""
    texts = list(map(str, values))
    return f"one of {', '.join(texts)}" if len(texts) > 1 else texts[0]


def did_you_mean(given: Any, known: Iterable[str]) -> str:
    """A question for the end of a message, or an empty text."""
    name = closest(given, known)
    return f' Did you mean "{name}"?' if name else ""


def _said_once(alike: list[Mistake]) -> str:
    """The mistakes in a setting that have the same remedy: the first one, and the values of the others."""
    first, *others = alike
    if not others:
        return str(first)
    places = (each.path.removeprefix(f"{first.setting}.") for each in others)
    values = [f"{place} = {_as_json(each.value)}" for place, each in zip(places, others, strict=True)]
    named = listed(values, longest=LONGEST_LIST)
    return f"{first} This also applies to {named} in {shown(first.setting or first.path)}."


def _as_json(value: Any) -> str:
    try:
        return shown(json.dumps(value, default=str, ensure_ascii=False))
    except RecursionError:
        return "(too deeply nested to show)"
    except ValueError:  # Python limits the number of digits that it converts
        return "(too long to show)"
