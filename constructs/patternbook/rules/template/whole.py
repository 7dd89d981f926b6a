"""A template in one scenario."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any, Final

from patternbook.rules.template.dependencies import Dependencies
from patternbook.rules.template.intrinsics import Resolver
from patternbook.rules.template.nodes import Node, Resource
from patternbook.rules.template.values import MISSING, mapping_or_empty

_IDENTITIES: Final = ("Ref", "Fn::ImportValue")
"""Functions that return the same value wherever they have the same argument."""


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
        self.complete = (
            len(bodies) == len(document["Resources"])
            and "Fn::Transform" not in document
            and not any(body["Type"].startswith("AWS::Serverless::") for body in bodies.values())
        )
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
    def resources(self) -> Mapping[str, Resource]:
        """All resources, by logical id."""
        return _LazyResources(self._bodies, self._resource)

    def of_type(self, *types: str) -> list[Resource]:
        """The resources of these types, in the order of the template."""
        if len(types) == 1:  # the usual case, for which there is an index
            names = self._ids.get(types[0], [])
        else:
            names = [name for name, body in self._bodies.items() if body["Type"] in types]
        return [self.resources[name] for name in names]

    def has_type(self, *prefixes: str) -> bool:
        """Whether the type of a resource starts with one of these."""
        return any(each.startswith(prefixes) for each in self._ids)

    def is_true(self, condition: str) -> bool | None:
        """Whether a condition is true in this scenario, if that is known."""
        return self._resolver.is_true(condition)

    def waits_for(self, resource: Resource, others: Iterable[str]) -> bool:
        """Whether CloudFormation creates a resource after one of others, or may do so."""
        if not set(others).isdisjoint(self.dependencies.of(resource.id)):
            return True
        return not self.complete and self.dependencies.has_unknown(resource.id)

    def is_shared(self, resource: Resource) -> bool:
        """Whether other stacks can use a resource once this stack is deployed: an export, a parameter in Systems
        Manager, or a parameter of a nested stack refers to it.
        """
        return resource.id in self._shared | self._given_to_nested_stacks

    def is_given_to_nested_stack(self, resource: Resource, before: Resource) -> bool:
        """Whether a nested stack that is created before another resource can add something to a resource."""
        return any(
            nested.id in self.dependencies.of(before.id)
            for nested in self.of_type("AWS::CloudFormation::Stack")
            if resource.id in nested["Parameters"].references
        )

    @cached_property
    def _shared(self) -> set[str]:
        exported = [each for each in self._outputs.values() if isinstance(each, dict) and "Export" in each]
        found = self._unplaced(exported).references
        return found.union(*(each["Value"].references for each in self.of_type("AWS::SSM::Parameter")))

    @cached_property
    def _given_to_nested_stacks(self) -> set[str]:
        nested = self.of_type("AWS::CloudFormation::Stack")
        return set[str]().union(*(each["Parameters"].references for each in nested))

    def is_retained(self, resource: Resource) -> bool:
        """Whether CloudFormation keeps a resource when the stack is deleted."""
        return str(self._bodies[resource.id].get("DeletionPolicy", "")).startswith("Retain")

    def named_in(self, resource: Resource, key: str) -> set[str]:
        """The logical ids of the resources that a property names, also where the value cannot be resolved."""
        written, found = [self.written_in(resource, key)], set[str]()
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

    def written_in(self, resource: Resource, *keys: str) -> Any:
        """A property as it is written, with its functions. None if it is not given, or within a function."""
        value: Any = self._bodies[resource.id].get("Properties")
        for key in keys:
            value = mapping_or_empty(value).get(key)
        return value

    def same_parameter(self, one: Resource, other: Resource, key: str) -> bool:
        """Whether a property of two resources is the same parameter, or the same import of another stack."""
        written = [self.written_in(each, key) for each in (one, other)]
        known = isinstance(written[0], dict) and len(written[0]) == 1 and next(iter(written[0])) in _IDENTITIES
        is_resource = known and "Ref" in written[0] and written[0]["Ref"] not in self._parameters
        return known and not is_resource and written[0] == written[1]

    def _resource(self, name: str) -> Resource:
        body = self._bodies[name]
        properties = self._resolver.resolve(body.get("Properties", {}))
        return Resource(self, name, (), {} if properties is MISSING else properties, body["Type"])

    def _unplaced(self, value: Any) -> Node:
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
