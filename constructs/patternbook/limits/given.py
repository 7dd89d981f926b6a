"""How messages show what a user gave, and find what the user meant. A shown value is cut, because it can be a whole
file.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import accumulate
from typing import Any, Final

LONGEST_SHOWN: Final = 120
"""Maximum number of characters of a given value in a message."""


def shown(value: object) -> str:
    """The value as a text, of which the middle is left out if it is long."""
    text = str(value)
    if len(text) > LONGEST_SHOWN:
        text = f"{text[:80]}...{text[-37:]}"
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def listed(values: Iterable[object], *, longest: int = LONGEST_SHOWN) -> str:
    """The first of the values, and the number of the others if they do not fit into ``longest`` characters."""
    texts = [shown(value) for value in values]
    ends = accumulate(len(f"{text}, ") for text in texts)
    fitting = sum(end <= longest + len(", ") for end in ends) or 1
    others = len(texts) - fitting
    return ", ".join(texts[:fitting]) + (f" and {others:,} more" if others > 0 else "")


def plain(name: str) -> str:
    """A name for comparisons, in which case, ``_`` and ``-`` make no difference."""
    return name.casefold().replace("_", "").replace("-", "")


def closest(given: Any, known: Iterable[str]) -> str | None:
    """The known name that the user probably meant, if any."""
    names, wanted = {plain(name): name for name in known}, plain(str(given))
    shortened = [name for name in names if wanted and name.startswith(wanted)]
    close = shortened if len(shortened) == 1 else get_close_matches(wanted, names, n=1)
    return names[close[0]] if close else None
