"""A template in one scenario."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any, Final

from patternbook.rules.template.intrinsics import Resolver
from patternbook.rules.template.nodes import Node, Resource
from patternbook.rules.template.values import MISSING, comparison_key, mapping_or_empty
from patternbook.rules.template.views import OUTPUTS, Views

_FUNCTIONS: Final = frozenset(
    ("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::Select", "Fn::ImportValue", "Fn::FindInMap", "Fn::Base64")
)
"""Functions that always return a value. ``Ref`` of ``AWS::NoValue`` is a missing one."""


class Template:
    """The template as it is deployed in one scenario."""

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        today: date,
        region: str | None = None,
        scenario: Mapping[str, Any] | None = None,
        views: Views | None = None,
    ) -> None:
        """:param document: see :func:`patternbook.rules.reading.read`.
        :param region: the Region of the deployment, if it is known.
        :param scenario: see :func:`patternbook.rules.template.scenarios_of`.
        :param views: what all scenarios of the template have in common, so that they can share it.
        """
        self.today = today
        self.region = region
        self._scenario = scenario or {}
        self._resolver = Resolver(document, self._scenario, region)
        bodies = resource_bodies(document)
        self._views = views or Views(document, bodies)
        self._seen: dict[str, Hashable] = {}
        self.dependencies = self._views.dependencies
        self.reads: set[str] = set()
        """The resources that rules have looked at, and :data:`patternbook.rules.template.views.OUTPUTS`."""
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
        self.present = frozenset(self._bodies)
        """The logical ids of the resources."""
        self._ids: dict[str, list[str]] = {}
        for name, body in self._bodies.items():
            self._ids.setdefault(body["Type"], []).append(name)

    @cached_property
    def resources(self) -> Mapping[str, Resource]:
        """All resources, by logical id."""
        return _LazyResources(self._bodies, self._resource, self.reads)

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

    def view(self, name: str) -> Hashable:
        """What a resource is in this scenario. It is the same in another scenario where the properties are the same."""
        if name not in self._seen:
            self._seen[name] = self._views.view(name, self._scenario)
        return self._seen[name]

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
        self.reads.add(OUTPUTS)
        self.reads.update(each.id for each in self.of_type("AWS::SSM::Parameter", "AWS::CloudFormation::Stack"))
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
        found = self.resolved(exported).references
        return found.union(*(each["Value"].references for each in self.of_type("AWS::SSM::Parameter")))

    @cached_property
    def _given_to_nested_stacks(self) -> set[str]:
        nested = self.of_type("AWS::CloudFormation::Stack")
        return set[str]().union(*(each["Parameters"].references for each in nested))

    def is_retained(self, resource: Resource) -> bool:
        """Whether CloudFormation keeps a resource when the stack is deleted."""
        return self.deletion_policy(resource).startswith("Retain")

    def deletion_policy(self, resource: Resource) -> str:
        """What CloudFormation does with a resource that it removes. Empty without a policy that is known."""
        policy = self._bodies[resource.id].get("DeletionPolicy")
        return policy if isinstance(policy, str) else ""

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

    def written_at(self, node: Node) -> Any:
        """The value of a place as it is written, with its functions except ``Fn::If``. None if there is none."""
        value: Any = self._bodies[node.resource_id].get("Properties")
        for key in node.path:
            value = self._chosen(value)
            if isinstance(value, list):
                value = value[key] if isinstance(key, int) and key < len(value) else None
            else:
                value = mapping_or_empty(value).get(str(key))
        return self._chosen(value)

    def is_written(self, node: Node) -> bool:
        """Whether a place has a text, or a function that always returns a value."""
        written = self.written_at(node)
        return isinstance(written, str) or (
            isinstance(written, dict) and not written.keys() - _FUNCTIONS and bool(written)
        )

    def _chosen(self, value: Any) -> Any:
        """The branch of ``Fn::If`` in this scenario."""
        while isinstance(value, dict) and value.keys() == {"Fn::If"} and isinstance(value["Fn::If"], list):
            branches = value["Fn::If"]
            answer = self.is_true(branches[0]) if len(branches) == 3 and isinstance(branches[0], str) else None
            value = None if answer is None else branches[1 if answer else 2]
        return value

    def identity(self, resource: Resource, key: str) -> str | None:
        """The parameter, or the import of another stack, that a property is. It is the same value everywhere."""
        written = self.written_in(resource, key)
        if not isinstance(written, dict) or len(written) != 1:
            return None
        name = written.get("Ref")
        if (isinstance(name, str) and name in self._parameters) or "Fn::ImportValue" in written:
            return comparison_key(written)
        return None

    def _resource(self, name: str) -> Resource:
        body, key = self._bodies[name], (name, self.view(name))
        if key not in self._views.resolved:
            properties = self._resolver.resolve(body.get("Properties", {}))
            self._views.resolved[key] = {} if properties is MISSING else properties
        return Resource(self, name, (), self._views.resolved[key], body["Type"])

    def resolved(self, value: Any) -> Node:
        """A value of the template that belongs to no resource."""
        return Node(self, "", (), self._resolver.resolve(value))


class _LazyResources(Mapping[str, Resource]):
    """Resources that are resolved when they are first asked for."""

    def __init__(self, keys: Iterable[str], make: Callable[[str], Resource], reads: set[str]) -> None:
        self._made: dict[str, Resource | None] = dict.fromkeys(keys)
        self._make = make
        self._reads = reads

    def __getitem__(self, key: str) -> Resource:
        made = self._made[key]
        self._reads.add(key)
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
