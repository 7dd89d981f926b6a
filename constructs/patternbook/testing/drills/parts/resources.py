"""The resources of a template, for the emitters that are made from them."""

from collections.abc import Iterator, Mapping
from typing import Any


def of_type(template: Mapping[str, Any], resource_type: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resources of a type: each logical id with its properties."""
    for name, body in template["Resources"].items():
        if body["Type"] == resource_type:
            yield name, body.get("Properties", {})
