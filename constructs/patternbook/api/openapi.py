"""Reads the routes of an HTTP API from an OpenAPI document. It works without the CDK."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from patternbook.limits.given import shown

FUNCTION: Final = "x-patternbook-function"
"""The extension that names the function of an operation."""
METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A route of an API: an operation of an OpenAPI document."""

    method: str
    """HTTP method in upper case."""
    path: str
    """Path with parameters in braces, such as ``/items/{id}``."""
    function: str
    """Name of the function that answers."""
    scopes: tuple[str, ...]
    """Scopes, of which a token needs one."""

    @property
    def route_key(self) -> str:
        """API Gateway's name of the route, such as ``GET /items/{id}``."""
        return f"{self.method} {self.path}"


def read_operations(document: Path) -> tuple[Operation, ...]:
    """The operations of an OpenAPI 3 document in YAML or JSON, in its order.

    :raises ValueError: with all mistakes: an operation that names no function or no scope is one, so that no route is
        open by an oversight.
    """
    try:
        content = yaml.safe_load(document.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"document must be an OpenAPI document, got {shown(document)}: {error}") from error
    paths = content.get("paths") if isinstance(content, dict) else None
    if not isinstance(paths, dict) or not paths:
        raise ValueError(f"document must have paths, got {shown(document)}. Add an operation to paths.")
    found, mistakes = list[Operation](), list[str]()
    for path, item in paths.items():
        for method, operation in item.items():
            if method in METHODS:
                made = Operation(
                    method=method.upper(),
                    path=path,
                    function=str(operation.get(FUNCTION, "")),
                    scopes=_scopes(operation),
                )
                mistakes += _mistakes(made)
                found.append(made)
    if mistakes:
        raise ValueError(f"{shown(document.name)}: {' '.join(mistakes)}")
    return tuple(found)


def _scopes(operation: dict[str, Any]) -> tuple[str, ...]:
    requirements = operation.get("security") or []
    return tuple(dict.fromkeys(scope for each in requirements for scopes in each.values() for scope in scopes))


def _mistakes(operation: Operation) -> list[str]:
    missing = []
    if not operation.function:
        missing.append(f"{operation.route_key} must name its function, got none. Add {FUNCTION}.")
    if not operation.scopes:
        missing.append(f"{operation.route_key} must require a scope, got none. Add it to security.")
    return missing
