"""The resources of a template, and the places in them that rules look at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from patternbook.rules.template.values import MISSING, UNKNOWN, PartialText, PresentItems, Reference

CUSTOM: Final = ("Custom::", "AWS::CloudFormation::CustomResource")
"""The types of custom resources, or what they begin with."""


class Surroundings(Protocol):
    """The template that a place is in: :class:`patternbook.rules.template.whole.Template`."""

    @property
    def resources(self) -> Mapping[str, Resource]: ...

    def of_type(self, *types: str) -> list[Resource]: ...

    def is_written(self, node: Node) -> bool: ...


@dataclass(frozen=True)
class Problem:
    """A place in a resource, and what is wrong there."""

    resource: str
    path: tuple[str | int, ...]
    """The path of the property within the resource."""
    message: str


@dataclass(eq=False, slots=True)  # a check makes many nodes, and frozen ones would take twice as long
class Node:
    """A place in a resource, and its value.

    A place without a value is a node, too. So a rule can ask for ``service["LoadBalancers"]`` without a check before.
    """

    template: Surroundings
    resource_id: str
    path: tuple[str | int, ...]
    value: Any

    def __getitem__(self, key: str) -> Node:
        if isinstance(self.value, dict):
            value = self.value.get(key, MISSING)
        else:
            value = MISSING if self.value is MISSING else UNKNOWN
        return Node(self.template, self.resource_id, (*self.path, key), value)

    @property
    def missing(self) -> bool:
        """Whether it is certain that no value is given."""
        return self.value is MISSING

    @property
    def unknown(self) -> bool:
        """Whether nothing is known of the value, not even whether there is one."""
        return self.value is UNKNOWN

    @property
    def may_be_missing(self) -> bool:
        """Whether the value is missing, or may be missing."""
        return self.missing or self.unknown

    @property
    def given(self) -> bool:
        """Whether it is certain that there is a value, known or not: that of a parameter, for instance."""
        return not self.missing and (not self.unknown or self.template.is_written(self))

    @property
    def items(self) -> list[Node]:
        """The elements of a list, known or not. Empty if the value is not a list."""
        if not isinstance(self.value, list):
            return []
        indices = self.value.indices if isinstance(self.value, PresentItems) else range(len(self.value))
        return [
            Node(self.template, self.resource_id, (*self.path, index), value)
            for index, value in zip(indices, self.value, strict=True)
        ]

    @property
    def entries(self) -> dict[str, Node]:
        """The members of an object. Empty if the value is not an object."""
        return {key: self[key] for key in self.value} if isinstance(self.value, dict) else {}

    @property
    def fully_known(self) -> bool:
        """Whether it is certain how many elements the list has, and each is known at least in part.

        A list that is not given counts as an empty one.
        """
        return self.missing or (isinstance(self.value, list) and UNKNOWN not in self.value)

    @property
    def text(self) -> str | None:
        """The value as a text, if it is a known text or number."""
        if isinstance(self.value, (int, float)) and not isinstance(self.value, bool):
            return str(self.value)
        return self.value if isinstance(self.value, str) else None

    @property
    def texts(self) -> list[str] | None:
        """The texts of a list, if all of them are known. Empty if no list is given."""
        if not self.fully_known:
            return None
        texts = [text for item in self.items if (text := item.text) is not None]
        return texts if len(texts) == len(self.items) else None

    @property
    def number(self) -> float | None:
        """The value as a number, if it is known. CloudFormation also accepts numbers as texts."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float, str)):
            return None
        try:
            return float(self.value)
        except (ValueError, OverflowError):
            return None

    def in_units(self, unit: str) -> float | None:
        """A number that may also be written with a unit of 1,024: ``1 vCPU`` is 1,024 CPU units, ``1 GB`` 1,024 MiB."""
        found = re.fullmatch(rf"(\d*\.?\d+)\s*{unit}", self.text or "", re.IGNORECASE | re.ASCII)
        return float(found[1]) * 1024 if found else self.number

    @property
    def flag(self) -> bool | None:
        """The value as a boolean, if it is known. CloudFormation also accepts booleans as texts."""
        if isinstance(self.value, bool):
            return self.value
        return {"true": True, "false": False}.get(self.value.lower()) if isinstance(self.value, str) else None

    @property
    def is_off(self) -> bool:
        """Whether it is certain that the value is not true. A switch that is not given is off."""
        return self.missing or self.flag is False

    @property
    def known_text(self) -> str:
        """The known parts of a text."""
        return self.value.known if isinstance(self.value, PartialText) else self.text or ""

    @property
    def prefix(self) -> str:
        """The known start of a text."""
        return self.value.prefix if isinstance(self.value, PartialText) else self.text or ""

    @property
    def reference(self) -> Reference | None:
        """The reference that is the whole value."""
        return self.value if isinstance(self.value, Reference) else None

    def resource(self, *types: str) -> Resource | None:
        """The resource of the template that the value refers to, if it has one of these types."""
        if self.reference is None:
            return None
        found = self.template.resources.get(self.reference.logical_id)
        return found if found and found.type in types else None

    @property
    def references(self) -> set[str]:
        """The logical ids of all resources that the value refers to, at any depth."""
        found: set[str] = set()
        waiting = [self.value]
        while waiting:
            value = waiting.pop()
            if isinstance(value, Reference):
                found.add(value.logical_id)
            elif isinstance(value, PartialText):
                waiting.extend(value.parts)
            elif isinstance(value, dict):
                waiting.extend(value.values())
            elif isinstance(value, list):
                waiting.extend(value)
        return found

    def problem(self, message: str) -> Problem:
        """A problem at this place."""
        return Problem(self.resource_id, self.path, message)


@dataclass(eq=False, slots=True)
class Resource(Node):
    """A resource. Its members are its properties."""

    type: str = ""

    @property
    def id(self) -> str:
        """The logical id."""
        return self.resource_id
