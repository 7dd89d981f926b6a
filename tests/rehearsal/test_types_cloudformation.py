"""CloudFormation stacks in the emulated account."""

import json

from tests.rehearsal.templates import (
    STACK,
    Stack,
    of,
)


def test_a_stack_created_by_a_change_set_has_its_description(stack: Stack) -> None:
    template = json.dumps({"Description": "Something", "Resources": {"Topic": of("SNS::Topic")}})
    cloudformation = stack.cloudformation
    change = {"StackName": STACK, "ChangeSetName": "first"}
    cloudformation.create_change_set(**change, TemplateBody=template, ChangeSetType="CREATE")
    cloudformation.get_waiter("change_set_create_complete").wait(**change, WaiterConfig={"Delay": 1})
    cloudformation.execute_change_set(**change)
    assert stack.wait() == "CREATE_COMPLETE"
    assert cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Description"] == "Something"
