"""Expands ``Fn::ForEach`` as the transform AWS::LanguageExtensions does.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

import re
from collections.abc import Mapping, MutableMapping, MutableSequence
from typing import Any, Final

from patternbook.rules.template.intrinsics import Resolver
from patternbook.rules.template.parameters import usable_defaults
from patternbook.rules.template.values import as_text, is_literal

PREFIX: Final = "Fn::ForEach::"
_MAX_MEMBERS: Final = 5_000
"""The number of members that loops may make in one template. A template that may be deployed has 500 resources."""


class _NotKnownError(Exception):
    """The template does not tell what a loop runs over, or the loop makes too much."""


def expand(
    document: Mapping[str, Any], origins: MutableMapping[str, str], unchecked: MutableSequence[str]
) -> Mapping[str, Any]:
    """The template without the loops whose collection the template tells.

    A loop over a parameter is expanded with the default. It stays in the template, too, because other values make other
    resources.
    """
    loops = _Loops(document)
    expanded = dict(document)
    for section in ("Conditions", "Resources", "Outputs"):
        if not isinstance(document.get(section), dict):
            continue
        made: dict[str, Any] = {}
        for name, body in document[section].items():
            if not name.startswith(PREFIX):
                made[name] = loops.inner(body, {})
                continue
            try:
                members, certain = loops.members(body, {})
            except _NotKnownError:
                made[name] = body
                if section == "Resources":
                    unchecked.append(f"{name}: only the deployment knows what the loop runs over")
                continue
            if section == "Resources":
                origins.update(dict.fromkeys(members, name))
            if not certain and section == "Resources":
                made[name] = body
            made.update(members)
        expanded[section] = made
    return expanded


class _Loops:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._resolvers = [Resolver(document, scenario, None) for scenario in ({}, usable_defaults(document))]
        self._members = 0

    def members(self, loop: Any, variables: Mapping[str, str]) -> tuple[dict[str, Any], bool]:
        """What a loop makes, and whether that is certain.

        :raises _NotKnownError: if the template does not tell it.
        """
        if (
            not isinstance(loop, list)
            or len(loop) != 3
            or not isinstance(loop[0], str)
            or not isinstance(loop[2], dict)
        ):
            raise _NotKnownError
        identifier, collection, body = loop
        items, certain = self._items(_substituted(collection, variables))
        made: dict[str, Any] = {}
        for item in items:
            inner = {**variables, identifier: item}
            for name, value in body.items():
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise _NotKnownError
                if name.startswith(PREFIX):
                    more, also_certain = self.members(value, inner)
                    made.update(more)
                    certain = certain and also_certain
                else:
                    made[_substituted(name, inner)] = self.inner(value, inner)
        return made, certain

    def inner(self, value: Any, variables: Mapping[str, str]) -> Any:
        """A value with the loops in it expanded, as far as they are certain."""
        if isinstance(value, list):
            return [self.inner(each, variables) for each in value]
        if not isinstance(value, dict):
            return _substituted(value, variables)
        if isinstance(value.get("Ref"), str) and value["Ref"] in variables:
            return variables[value["Ref"]]
        made: dict[str, Any] = {}
        for name, each in value.items():
            if name.startswith(PREFIX):
                try:
                    members, certain = self.members(each, variables)
                except _NotKnownError:
                    members, certain = {}, False
                made.update(members if certain else {name: each})
            else:
                made[_substituted(name, variables)] = self.inner(each, variables)
        return made

    def _items(self, collection: Any) -> tuple[list[str], bool]:
        for certain, resolver in zip((True, False), self._resolvers, strict=True):
            items = resolver.resolve(collection)
            flat: list[Any] = []
            for item in items if isinstance(items, list) else ():
                flat += item if isinstance(item, list) else [item]
            if isinstance(items, list) and all(map(is_literal, flat)):
                return [as_text(item) for item in flat], certain
        raise _NotKnownError


def _substituted(value: Any, variables: Mapping[str, str]) -> Any:
    """A value with ``${Name}`` and ``&{Name}`` replaced, of which the second drops all but letters and digits."""
    if not variables:
        return value
    if isinstance(value, str):
        for name, item in variables.items():
            value = value.replace(f"${{{name}}}", item).replace(f"&{{{name}}}", re.sub(r"[^A-Za-z0-9]", "", item))
        return value
    if isinstance(value, list):
        return [_substituted(each, variables) for each in value]
    if isinstance(value, dict):
        if isinstance(value.get("Ref"), str) and value["Ref"] in variables:
            return variables[value["Ref"]]
        return {_substituted(name, variables): _substituted(each, variables) for name, each in value.items()}
    return value
