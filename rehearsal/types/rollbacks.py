"""Names that a roll-back leaves in use, and resources that it cannot delete.

A roll-back deletes what its operation created, unless the deletion policy is ``Retain``. ``RetainExceptOnCreate`` does
not protect from the roll-back of the operation that created the resource. MiniStack does so, too
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html). AWS
introduced the second policy because retained resources "interfere with retries of the stack operation"
(https://aws.amazon.com/about-aws/whats-new/2023/07/aws-cloudformation-deletion-policies-dev-test-cycle/). This module
adds how they interfere:

- A create handler fails with AlreadyExists if a resource with the same primary identifier exists
  (https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract.html). Some types of
  MiniStack would overwrite the resource.
- What a failed creation cannot delete stays in the stack, whose status is ROLLBACK_FAILED. The deletion of the stack
  tries again, except for what the policy retains, which ``RetainExceptOnCreate`` now does. MiniStack would forget all.

Replaced resources are different: CloudFormation deletes the old one after the update has succeeded. So a roll-back
finds it (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-monitor-stack.html).
MiniStack does so, too.
"""

import functools
from typing import Any

from ministack.services.cloudformation import provisioners, stacks

from rehearsal.types.registry import regional_store
from rehearsal.types.schemas import schema_of
from rehearsal.types.shapes import Properties

NAMES = regional_store()
"""The identifiers that templates gave to existing resources."""
CREATIONS = regional_store()
"""The number of creations of each function, by stack and logical id."""


def register() -> None:
    """Changes all types. It must be called after they are registered."""
    for resource_type, handler in provisioners._RESOURCE_HANDLERS.items():
        if "delete" in handler:
            provisioners._RESOURCE_HANDLERS[resource_type] = _with_names(resource_type, handler)
    stacks._roll_back_operation = _keeping_what_is_left(stacks._roll_back_operation)


def _with_names(resource_type: str, handler: dict[str, Any]) -> dict[str, Any]:
    def create(logical_id: str, properties: Properties, *rest: Any) -> Any:
        name = _name(resource_type, properties)
        if name and (resource_type, name) in NAMES:
            raise ValueError(f"Resource of type '{resource_type}' with identifier '{name}' already exists.")
        if resource_type == "AWS::Lambda::Function":
            _generate_another_name(logical_id, *rest)
        created = handler["create"](logical_id, properties, *rest)
        if name:
            NAMES[resource_type, name] = created[0]
        return created

    def delete(physical_id: str, properties: Properties, *rest: Any) -> None:
        handler["delete"](physical_id, properties, *rest)
        NAMES.pop((resource_type, _name(resource_type, properties)), None)

    return {**handler, "create": create, "delete": delete}


def _generate_another_name(logical_id: str, stack: str) -> None:
    """Lets MiniStack generate another name than for an earlier creation, as AWS does. Log groups have it in theirs."""
    CREATIONS[stack, logical_id] = CREATIONS.get((stack, logical_id), 0) + 1
    if CREATIONS[stack, logical_id] > 1:
        provisioners._NAME_SEED.set(str(CREATIONS[stack, logical_id]))


def _name(resource_type: str, properties: Properties) -> str | None:
    """The primary identifier of a resource, if the template gives all of it. AWS generates the other identifiers."""
    values = [properties.get(name) for name in _identifying_properties(resource_type)]
    return "|".join(map(str, values)) if values and all(isinstance(value, str) for value in values) else None


@functools.cache
def _identifying_properties(resource_type: str) -> tuple[str, ...]:
    identifier = schema_of(resource_type).get("primaryIdentifier", [])
    return tuple(pointer.removeprefix("/properties/") for pointer in identifier)


def _keeping_what_is_left(roll_back: Any) -> Any:
    async def keeping(stack_name: str, stack_id: str, stack: dict[str, Any], operation: Any, *rest: Any) -> None:
        created = dict(stack["_resources"])
        await roll_back(stack_name, stack_id, stack, operation, *rest)
        if stack["StackStatus"] == "ROLLBACK_FAILED":
            left = {logical_id: created[logical_id] for logical_id in stack["_rollback_failed"]}
            # The deletion of the stack reads deletion policies and dependencies from the template.
            stack.update(_resources=left, _template=operation["template"])

    return keeping
