"""A template in one scenario, its resources, and the places in them that rules look at."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from patternbook.rules.template.dependencies import Dependencies
from patternbook.rules.template.intrinsics import Resolver
from patternbook.rules.template.values import (
    MISSING,
    UNKNOWN,
    PartialText,
    PresentItems,
    Reference,
    mapping_or_empty,
    parameter_name,
)


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

    template: "Template"
    resource_id: str
    path: tuple[str | int, ...]
    value: Any

    def __getitem__(self, key: str) -> "Node":
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
    def items(self) -> "list[Node]":
        """The elements of a list, known or not. Empty if the value is not a list."""
        if not isinstance(self.value, list):
            return []
        indices = self.value.indices if isinstance(self.value, PresentItems) else range(len(self.value))
        return [
            Node(self.template, self.resource_id, (*self.path, index), value)
            for index, value in zip(indices, self.value, strict=True)
        ]

    @property
    def entries(self) -> "dict[str, Node]":
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

    def resource(self, *types: str) -> "Resource | None":
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


class Template:
    """The template as it is deployed in one scenario."""

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        today: date,
        region: str | None = None,
        scenario: Mapping[str, Any] | None = None,
        dependencies: Dependencies | None = None,
    ) -> None:
        """:param document: see :func:`patternbook.rules.reading.read`.
        :param region: the Region of the deployment, if it is known.
        :param scenario: see :func:`patternbook.rules.template.scenarios_of`.
        :param dependencies: the same in all scenarios of a template, so that they can share them.
        """
        self.today = today
        self.region = region
        self._resolver = Resolver(document, scenario or {}, region)
        bodies = resource_bodies(document)
        self.dependencies = dependencies or Dependencies(bodies)
        self.complete = len(bodies) == len(document["Resources"]) and "Fn::Transform" not in document
        """Whether no loop or macro adds resources that are not seen here."""
        self._outputs = mapping_or_empty(document.get("Outputs"))
        self._parameters = mapping_or_empty(document.get("Parameters"))
        self._bodies = {
            name: body for name, body in bodies.items() if self._resolver.is_true(body.get("Condition")) is not False
        }
        self._ids: dict[str, list[str]] = {}
        for name, body in self._bodies.items():
            self._ids.setdefault(body["Type"], []).append(name)

    @cached_property
    def resources(self) -> "Mapping[str, Resource]":
        """All resources, by logical id."""
        return _LazyResources(self._bodies, self._resource)

    def of_type(self, *types: str) -> "list[Resource]":
        """The resources of these types, in the order of the template."""
        if len(types) == 1:  # the usual case, for which there is an index
            names = self._ids.get(types[0], [])
        else:
            names = [name for name, body in self._bodies.items() if body["Type"] in types]
        return [self.resources[name] for name in names]

    def has_type(self, *prefixes: str) -> bool:
        """Whether the type of a resource starts with one of these."""
        return any(each.startswith(prefixes) for each in self._ids)

    def is_exported(self, resource: "Resource") -> bool:
        """Whether the template exports something of a resource, so that other stacks can use it."""
        exported = [each for each in self._outputs.values() if isinstance(each, dict) and "Export" in each]
        return resource.id in self.resolved(exported).references

    def is_shared(self, resource: "Resource") -> bool:
        """Whether other stacks can use a resource: an output, or a parameter of a nested stack, refers to it."""
        outputs = self.resolved(list(self._outputs.values()))
        nested = [each["Parameters"] for each in self.of_type("AWS::CloudFormation::Stack")]
        return any(resource.id in each.references for each in (outputs, *nested))

    def is_retained(self, resource: "Resource") -> bool:
        """Whether CloudFormation keeps a resource when the stack is deleted."""
        return str(self._bodies[resource.id].get("DeletionPolicy", "")).startswith("Retain")

    def named_in(self, resource: "Resource", key: str) -> set[str]:
        """The logical ids of the resources that a property names, also where the value cannot be resolved."""
        written, found = [mapping_or_empty(self._bodies[resource.id].get("Properties")).get(key)], set[str]()
        while written:
            value = written.pop()
            if isinstance(value, dict):
                name = value.get("Ref", value.get("Fn::GetAtt"))
                name = name[0] if isinstance(name, list) and name else name
                if isinstance(name, str) and (name := name.partition(".")[0]) in self.resources:
                    found.add(name)
                written.extend(value.values())
            elif isinstance(value, list):
                written.extend(value)
        return found

    def same_parameter(self, one: "Resource", other: "Resource", key: str) -> bool:
        """Whether a property of two resources is the same parameter."""
        written = [mapping_or_empty(self._bodies[each.id].get("Properties")).get(key) for each in (one, other)]
        name = parameter_name(written[0])
        return name in self._parameters and name == parameter_name(written[1])

    def _resource(self, name: str) -> "Resource":
        body = self._bodies[name]
        properties = self._resolver.resolve(body.get("Properties", {}))
        return Resource(self, name, (), {} if properties is MISSING else properties, body["Type"])

    def resolved(self, value: Any) -> Node:
        """A value of the template that belongs to no resource."""
        return Node(self, "", (), self._resolver.resolve(value))


class _LazyResources(Mapping[str, Resource]):
    """Resources that are resolved when they are first asked for."""

    def __init__(self, keys: Iterable[str], make: Callable[[str], Resource]) -> None:
        self._made: dict[str, Resource | None] = dict.fromkeys(keys)
        self._make = make

    def __getitem__(self, key: str) -> Resource:
        made = self._made[key]
        if made is None:
            made = self._made[key] = self._make(key)
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def resource_bodies(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The resources as they are written, without those that a loop or a macro makes."""
    return {
        name: body
        for name, body in document["Resources"].items()
        if isinstance(body, dict) and isinstance(body.get("Type"), str)
    }
