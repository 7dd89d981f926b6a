"""Parses JSON, and refuses a key that is given twice in one object. Python's parser would silently use the last one."""

import json
from typing import Any, Final

DEEPEST: Final = 100
"""Maximum number of lists and objects inside each other. The CDK fails with several hundred."""


class GivenTwiceError(ValueError):
    """Keys are given twice in one object."""

    def __init__(self, paths: list[str], value: Any) -> None:
        super().__init__(f"{paths[0]} is given twice")
        self.paths = paths
        """The place of each key, such as ``EcrStack.other_days``."""
        self.value = value
        """The whole value, with the last one of each key."""


def parse(text: str) -> Any:
    """The value of a JSON text.

    :raises GivenTwiceError: if an object has a key twice.
    :raises json.JSONDecodeError: if the text is not JSON. It is a ValueError, as is a number of too many digits.
    :raises RecursionError: if the value is nested too deeply.
    """
    twice: list[tuple[str, ...]] = []
    value = _plain(json.loads(text, object_pairs_hook=_Pairs), (), twice)
    if twice:
        raise GivenTwiceError([".".join(path) for path in dict.fromkeys(twice)], value)
    return value


class _Pairs(list[tuple[str, Any]]):
    """The keys of an object with their values."""


def _plain(value: Any, path: tuple[str, ...], twice: list[tuple[str, ...]]) -> Any:
    """Converts all pairs inside ``value`` to objects, and adds the place of each repeated key to ``twice``."""
    if len(path) > DEEPEST:
        raise RecursionError(f"more than {DEEPEST} lists and objects are inside each other")
    if isinstance(value, _Pairs):
        found: dict[str, Any] = {}
        for name, inner in value:
            place = (*path, name)
            if name in found:
                twice.append(place)
            found[name] = _plain(inner, place, twice)
        return found
    if isinstance(value, list):
        return [_plain(inner, (*path, str(index)), twice) for index, inner in enumerate(value)]
    return value
