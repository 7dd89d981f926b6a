"""What of a scenario matters to each resource, so that scenarios share what is the same in them."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final

from patternbook.rules.template.dependencies import Dependencies
from patternbook.rules.template.values import MISSING, SUB_VARIABLE, comparison_key, mapping_or_empty, side_key

OUTPUTS: Final = ""
"""Stands for the outputs, in place of a logical id."""


class Views:
    """What all scenarios of a template have in common."""

    def __init__(self, document: Mapping[str, Any], bodies: Mapping[str, Mapping[str, Any]]) -> None:
        self.dependencies = Dependencies(bodies)
        self.resolved: dict[tuple[str, Hashable], Any] = {}
        """The properties of each resource, by what it is in a scenario."""
        self._bodies = bodies
        self._outputs = document.get("Outputs")
        self._conditions = mapping_or_empty(document.get("Conditions"))
        self._keys: dict[str, tuple[str, ...]] = {}
        self._users: dict[str, dict[str, frozenset[str]]] = {}
        self._keys_of_conditions: dict[str, frozenset[str]] = {}

    def view(self, name: str, scenario: Mapping[str, Any]) -> Hashable:
        """What a resource, or the outputs, depend on in a scenario. It is the same where their values are the same."""
        return tuple(
            tuple(value) if isinstance(value := scenario.get(key, MISSING), list) else value
            for key in self._keys_of_resource(name)
        )

    def users(self, parameter: str) -> Mapping[str, frozenset[str]]:
        """The resources that a parameter may decide, and :data:`OUTPUTS` if it may decide these, by their names.

        The values are what else of a scenario decides the same properties.
        """
        if parameter not in self._users:
            found: dict[str, frozenset[str]] = {}
            for name in (*self._bodies, OUTPUTS):
                if parameter in self._keys_of_resource(name):
                    parts = self._outputs if name == OUTPUTS else self._bodies[name].get("Properties")
                    keys = map(self._keys_in, mapping_or_empty(parts).values())
                    found[name] = frozenset().union(*(each for each in keys if parameter in each))
            self._users[parameter] = found
        return self._users[parameter]

    def _keys_of_resource(self, name: str) -> tuple[str, ...]:
        if name not in self._keys:
            body = self._outputs if name == OUTPUTS else self._bodies[name].get("Properties")
            self._keys[name] = tuple(sorted(self._keys_in(body)))
        return self._keys[name]

    def _keys_in(self, written: Any) -> set[str]:
        """The keys of a scenario that can decide what a value is."""
        found: set[str] = set()
        for name, argument in _functions(written):
            if name == "Fn::If" and isinstance(argument, list) and argument and isinstance(argument[0], str):
                found |= self._keys_of(argument[0])
            found |= _keys_of_function(name, argument)
        return found

    def _keys_of(self, condition: str) -> frozenset[str]:
        if condition not in self._keys_of_conditions:
            self._keys_of_conditions[condition] = frozenset()  # for a condition that refers to itself
            found: set[str] = set()
            for name, argument in _functions(self._conditions.get(condition)):
                if name == "Condition" and isinstance(argument, str):
                    found |= self._keys_of(argument)
                found |= _keys_of_function(name, argument)
            self._keys_of_conditions[condition] = frozenset(found)
        return self._keys_of_conditions[condition]


def _keys_of_function(name: str, argument: Any) -> set[str]:
    if name == "Ref" and isinstance(argument, str):
        return {argument}
    if name == "Fn::Sub":
        text = argument[0] if isinstance(argument, list) and argument else argument
        return {each.strip() for each in SUB_VARIABLE.findall(text)} if isinstance(text, str) else set()
    if name == "Fn::Equals" and isinstance(argument, list):
        return {comparison_key(argument), *map(side_key, argument)}
    return set()


def _functions(value: Any) -> Iterator[tuple[str, Any]]:
    """The members of all objects, at any depth."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
            yield from value.items()
