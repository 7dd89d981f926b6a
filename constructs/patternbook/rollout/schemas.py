"""The resource schemas of CloudFormation, in the copy that cfn-lint brings. They are optional at run time."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from patternbook.rules.template import CUSTOM

ANY_REGION: Final = "us-east-1"
"""The Region whose schemas are read. It has the most types."""
INSTALL: Final = "pip install 'patternbook[rollout]'"
"""The extra of this package that brings the schemas."""


class NoSchemasError(Exception):
    """cfn-lint is not installed. The message says how to install it."""


def schema_of(resource_type: str) -> Mapping[str, Any] | None:
    """The schema of a type, or None for one that CloudFormation does not publish, such as a custom resource.

    :raises NoSchemasError: without cfn-lint.
    """
    return _schemas().get(resource_type) if ":" in resource_type else None


def create_only(resource_type: str) -> frozenset[str] | None:
    """The top-level properties whose change can replace a resource. None if they are unknown, also without cfn-lint.

    Those of a custom resource are unknown, because its function decides by the id that it answers.
    """
    if resource_type.startswith(CUSTOM):
        return None
    try:
        schema = schema_of(resource_type)
    except NoSchemasError:
        return None
    if schema is None:
        return None
    paths = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    return frozenset(path.split("/")[2] for path in paths)


@cache
def _schemas() -> "_Schemas":
    try:
        from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError
    except ImportError:
        raise NoSchemasError(f"The schemas of CloudFormation are not installed. Type: {INSTALL}") from None
    return _Schemas(PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError)


class _Schemas:
    def __init__(self, manager: Any, missing: type[Exception]) -> None:
        self._manager, self._missing = manager, missing

    def get(self, resource_type: str) -> Mapping[str, Any] | None:
        try:
            return self._manager.get_resource_schema(ANY_REGION, resource_type).schema
        except self._missing:
            return None
