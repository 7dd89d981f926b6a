"""Kubernetes manifests, kept as YAML beside what else runs inside a pattern."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

MANIFESTS: Final = Path(__file__).with_name("runtime")
"""Manifests that several patterns apply."""
PLACEHOLDER: Final = re.compile(r"\$\{(\w+)\}")


def read_manifests(path: Path, **values: str) -> list[dict[str, Any]]:
    """The objects of a YAML file, in its order.

    :param values: what stands in the file as ``${Name}``, such as the id of a file system, known at deployment only.
    :raises ValueError: for a document that is no Kubernetes object, for a placeholder without a value, and for a value
        that no placeholder asks for.
    """
    used: set[str] = set()

    def fill(item: Any) -> Any:
        if isinstance(item, dict):
            return {name: fill(value) for name, value in item.items()}
        if isinstance(item, list):
            return [fill(value) for value in item]
        return PLACEHOLDER.sub(replace, item) if isinstance(item, str) else item

    def replace(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            raise ValueError(f"{path.name}: no value for ${{{name}}}; given: {', '.join(values) or 'none'}")
        used.add(name)
        return values[name]

    documents = [fill(each) for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each is not None]
    for each in documents:
        if not isinstance(each, dict) or not {"apiVersion", "kind", "metadata"} <= each.keys():
            raise ValueError(f"{path.name}: expected Kubernetes objects with apiVersion, kind and metadata")
    if values.keys() - used:
        raise ValueError(f"{path.name}: no placeholder for {', '.join(sorted(values.keys() - used))}")
    return documents
