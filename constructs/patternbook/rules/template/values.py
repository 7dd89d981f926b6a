"""The values that a property can have once its intrinsic functions are resolved.

A resolved value is what JSON knows (texts, numbers, booleans, lists and objects), or one of the special values here.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

SUB_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
"""A variable in the text of ``Fn::Sub``."""


class Special(Enum):
    """Stands in place of a value that is absent or not known."""

    MISSING = "missing"
    UNKNOWN = "unknown"

    __hash__ = object.__hash__  # that of Enum is slow, and scenarios are looked up by these values


MISSING: Final = Special.MISSING
"""The property is not given, or it is ``AWS::NoValue``."""
UNKNOWN: Final = Special.UNKNOWN
"""Only the deployment knows the value. It may also turn out to be missing."""


class PresentItems(list[Any]):
    """The elements of a list without those that are ``AWS::NoValue``."""

    def __init__(self, written: Iterable[Any]) -> None:
        items = list(written)
        self.indices: Sequence[int] = [index for index, item in enumerate(items) if item is not MISSING]
        super().__init__(items if len(self.indices) == len(items) else [items[index] for index in self.indices])
        """The position of each element as the template is written, so that a path is the same in every scenario."""


@dataclass(frozen=True)
class Reference:
    """The result of ``Ref`` (without an attribute) or ``Fn::GetAtt`` on a resource of the template."""

    logical_id: str
    attribute: str | None = None


@dataclass(frozen=True)
class Zone:
    """The Availability Zone that ``Fn::Select`` picks from ``Fn::GetAZs``."""

    index: int
    region: str
    """The argument of ``Fn::GetAZs``, as JSON."""


@dataclass(frozen=True)
class PartialText:
    """A text with parts that only the deployment knows."""

    parts: tuple[Any, ...]
    """Each part is a text, a :class:`Reference` or :data:`UNKNOWN`."""

    @property
    def known(self) -> str:
        """The known parts, joined."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def prefix(self) -> str:
        """The known text at the start."""
        return self.parts[0] if isinstance(self.parts[0], str) else ""

    def filled(self, filler: str) -> str:
        """The text with a filler in place of each unknown part."""
        return "".join(part if isinstance(part, str) else filler for part in self.parts)


def mapping_or_empty(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def is_literal(value: Any) -> bool:
    """Whether a value is a known text, number or boolean."""
    return isinstance(value, (str, int, float))


def as_text(value: Any) -> str:
    """A literal as the text that CloudFormation compares."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def join(parts: Iterable[Any]) -> Any:
    """Joins parts to one text. A single part stays what it is, for instance a :class:`Reference`."""
    joined: list[Any] = []
    for part in parts:
        if isinstance(part, PartialText):
            pieces: Sequence[Any] = part.parts
        elif part is MISSING or isinstance(part, (dict, list, Zone)):
            pieces = [UNKNOWN]
        else:
            pieces = [part if part is UNKNOWN or isinstance(part, Reference) else as_text(part)]
        for piece in pieces:
            if isinstance(piece, str) and joined and isinstance(joined[-1], str):
                joined[-1] += piece
            elif piece != "":
                joined.append(piece)
    if not joined:
        return ""
    return joined[0] if len(joined) == 1 else PartialText(tuple(joined))


def parameter_name(value: Any) -> str | None:
    """The parameter or pseudo parameter (``AWS::Region``) that ``Ref`` names."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("Ref"), str):
        return value["Ref"]
    return None


def comparison_key(value: Any) -> str:
    """A key for an unresolved value, or for the two sides of ``Fn::Equals`` in either order."""
    if isinstance(value, list):
        value = sorted(value, key=lambda each: json.dumps(each, sort_keys=True, default=str))
    return json.dumps(value, sort_keys=True, default=str)


def side_key(side: Any) -> str:
    """A key for one side of ``Fn::Equals``: the parameter that it names, or else the function as it is written."""
    if isinstance(side, dict) and side.keys() == {"Fn::Sub"} and isinstance(side["Fn::Sub"], str):
        found = re.fullmatch(r"\$\{([\w:]+)\}", side["Fn::Sub"])
        side = {"Ref": found[1]} if found else side
    return parameter_name(side) or comparison_key(side)
