"""A case for a rule, and the functions that cases are written with."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

TODAY: Final = date(2026, 11, 25)
REMOVED: Final = object()


@dataclass(frozen=True)
class Case:
    """Resources without a problem, and changes that break a rule."""

    sound: Mapping[str, Any]
    changes: tuple[Mapping[str, Any], ...]
    """Each change breaks the rule. It maps paths, such as ``Service.LoadBalancers.0.ContainerName``, to values."""
    harmless: tuple[Mapping[str, Any], ...] = ()
    """Changes that look like a problem but are none."""
    given: bool = False
    """Whether the rule asks whether a value is given, whatever it is. So the value of a parameter is a problem, too."""
    today: date = TODAY
    region: str | None = None
    today_of_sound: date = TODAY
    region_of_sound: str | None = None


def case(sound: Mapping[str, Any], *changes: Mapping[str, Any], **more: Any) -> Case:
    """A case with any number of changes."""
    return Case(sound, changes, **more)


def document(resources: Mapping[str, Any]) -> dict[str, Any]:
    """A template with these resources."""
    return {"Resources": deepcopy(dict(resources))}


def changed(resources: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Resources with other values at some paths. The first part of a path is a logical id, the second a property."""
    result = deepcopy(dict(resources))
    for path, value in change.items():
        name, *keys = path.split(".")
        if not keys:
            if value is REMOVED:
                del result[name]
            else:
                result[name] = deepcopy(value)
            continue
        if keys[0] not in ("DeletionPolicy", "DependsOn", "Metadata"):
            keys = ["Properties", *keys]
        here: Any = result[name]
        for key, after in pairwise(keys):
            step: Any = int(key) if isinstance(here, list) else key
            if isinstance(here, dict) and step not in here:
                here[step] = [] if after.isdecimal() else {}
            here = here[step]
        last: Any = int(keys[-1]) if isinstance(here, list) else keys[-1]
        if value is REMOVED:
            del here[last]
        elif isinstance(here, list) and last == len(here):
            here.append(deepcopy(value))
        else:
            here[last] = deepcopy(value)
    return result


def resource(resource_type: str, **properties: Any) -> dict[str, Any]:
    return {"Type": resource_type, "Properties": properties}


def ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


def zone(index: int) -> dict[str, Any]:
    return {"Fn::Select": [index, {"Fn::GetAZs": ""}]}
