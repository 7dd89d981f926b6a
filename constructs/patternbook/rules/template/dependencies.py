"""The order in which CloudFormation creates resources."""

from collections.abc import Mapping
from typing import Any

from patternbook.rules.template.values import SUB_VARIABLE


class Dependencies:
    """The resources that each resource depends on, by ``DependsOn`` or by a reference, in any scenario."""

    def __init__(self, resources: Mapping[str, Mapping[str, Any]]) -> None:
        self._resources = resources
        self._direct: dict[str, set[str]] = {}
        self._all: dict[str, frozenset[str]] = {}

    def of(self, logical_id: str) -> frozenset[str]:
        """The resources that exist before this one is created."""
        if logical_id not in self._all:
            found: set[str] = set()
            waiting = [logical_id]
            while waiting:
                new = self._direct_of(waiting.pop()) - found
                found |= new
                waiting.extend(new)
            self._all[logical_id] = frozenset(found)
        return self._all[logical_id]

    def has_unknown(self, logical_id: str) -> bool:
        """Whether a resource depends on one that is not in the template, because a loop or a macro makes it."""
        return any(
            name not in self._resources
            for each in (logical_id, *self.of(logical_id))
            for name in _depends_on(self._resources[each])
        )

    def _direct_of(self, logical_id: str) -> set[str]:
        if logical_id not in self._direct:
            self._direct[logical_id] = _names_in(self._resources[logical_id]) & self._resources.keys()
        return self._direct[logical_id]


def _depends_on(body: Mapping[str, Any]) -> set[str]:
    depends_on = body.get("DependsOn", [])
    depends_on = depends_on if isinstance(depends_on, list) else [depends_on]
    return {name for name in depends_on if isinstance(name, str)}


def _names_in(body: Mapping[str, Any]) -> set[str]:
    """The logical ids, and other names, that a resource mentions."""
    found = _depends_on(body)
    waiting: list[Any] = [body.get("Properties")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
            for function in ("Ref", "Fn::GetAtt"):
                target = value.get(function)
                target = target[0] if isinstance(target, list) and target else target
                if isinstance(target, str):
                    found.add(target.split(".")[0])
            sub = value.get("Fn::Sub")
            text = sub[0] if isinstance(sub, list) and sub else sub
            if isinstance(text, str):
                found.update(name.strip().split(".")[0] for name in SUB_VARIABLE.findall(text))
    return found
