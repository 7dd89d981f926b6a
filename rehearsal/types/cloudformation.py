"""The description of a stack. MiniStack drops it if a change set creates the stack, as in the CDK CLI."""

from typing import Any

from ministack.services import cloudformation

from rehearsal.types.actions import add_to_description


def register() -> None:
    add_to_description(
        cloudformation, "DescribeStacks", items="Stacks", item="member", key="StackId", more=described_stack
    )


def described_stack(stack_id: str) -> dict[str, Any]:
    stack = next(stack for stack in cloudformation._stacks.values() if stack["StackId"] == stack_id)
    return {"Description": stack["_template"].get("Description")}
