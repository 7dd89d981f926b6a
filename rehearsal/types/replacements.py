"""Tells MiniStack which changes replace a resource, for every type, from CloudFormation's resource schemas.

MiniStack knows this for a few types only. It would update the others in place, even if AWS replaces them. Its change
sets would list every resource that refers to a changed one.
"""

from ministack.services.cloudformation import provisioners

from rehearsal.types.schemas import schema_of


def register() -> None:
    """Completes MiniStack's tables for all types with a handler."""
    for resource_type in provisioners._RESOURCE_HANDLERS.keys() - provisioners._REPLACING_PROPERTIES.keys():
        if not (schema := schema_of(resource_type)):
            continue
        provisioners._REPLACING_PROPERTIES[resource_type] = _names(schema.get("createOnlyProperties", []))
        provisioners._CONDITIONALLY_REPLACING_PROPERTIES.setdefault(
            resource_type, _names(schema.get("conditionalCreateOnlyProperties", []))
        )


def _names(pointers: list[str]) -> tuple[str, ...]:
    """The names of properties in JSON pointers such as ``/properties/Name``. Pointers to nested values are left out."""
    parts = [pointer.split("/") for pointer in pointers]
    return tuple(part[2] for part in parts if len(part) == 3)
