"""Which changes replace a resource: as CloudFormation's own resource schemas say, for every type.

MiniStack knows this of a few types. Of the others it updates in place what AWS would replace, and its change sets
name every resource that refers to the one changed.
"""

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError
from ministack.services.cloudformation import provisioners

from rehearsal.account import REGION


def register() -> None:
    """Completes MiniStack's tables, for all types that have a handler."""
    for resource_type in provisioners._RESOURCE_HANDLERS.keys() - provisioners._REPLACING_PROPERTIES.keys():
        try:
            schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
        except ResourceNotFoundError:
            continue
        provisioners._REPLACING_PROPERTIES[resource_type] = _names(schema.get("createOnlyProperties", []))
        provisioners._CONDITIONALLY_REPLACING_PROPERTIES.setdefault(
            resource_type, _names(schema.get("conditionalCreateOnlyProperties", []))
        )


def _names(pointers: list[str]) -> tuple[str, ...]:
    """The properties, not parts of them, out of JSON pointers such as ``/properties/Name``."""
    parts = [pointer.split("/") for pointer in pointers]
    return tuple(part[2] for part in parts if len(part) == 3)
