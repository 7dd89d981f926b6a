"""How messages show what a user gave: as far as it can be printed, and cut, because a value can be a whole file."""

from collections.abc import Iterable
from typing import Final

LONGEST_SHOWN: Final = 120
"""Maximum number of characters of a given value in a message."""


def shown(value: object) -> str:
    """The value as a text, of which the middle is left out if it is long."""
    text = str(value)
    if len(text) > LONGEST_SHOWN:
        text = f"{text[:80]}...{text[-37:]}"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def listed(values: Iterable[object], *, longest: int = LONGEST_SHOWN) -> str:
    """The first of the values, and the number of the others if they do not fit into ``longest`` characters."""
    texts = [shown(value) for value in values]
    fitting = next((count for count in range(len(texts), 1, -1) if len(", ".join(texts[:count])) <= longest), 1)
    others = len(texts) - fitting
    return ", ".join(texts[:fitting]) + (f" and {others:,} more" if others > 0 else "")
