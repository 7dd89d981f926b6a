"""Defects for the rules of Step Functions."""

import json
from collections.abc import Callable
from typing import Any, Final

from tests.rules.defects.base import Apply, Defect, Template, of_type, set_properties

MACHINE: Final = "AWS::StepFunctions::StateMachine"


def _in_definition(change: Callable[[dict[str, Any]], bool]) -> Apply:
    """Changes the definition of the first state machine."""

    def apply(template: Template) -> bool:
        for _, machine in of_type(template, MACHINE):
            written = machine["DefinitionString"]
            parts = [written] if isinstance(written, str) else written["Fn::Join"][1]
            # All that is joined to the text is the partition.
            definition = json.loads("".join(part if isinstance(part, str) else "aws" for part in parts))
            if change(definition):
                machine["DefinitionString"] = json.dumps(definition)
                return True
        return False

    return apply


def _task(definition: dict[str, Any], suffix: str) -> dict[str, Any] | None:
    found = (each for each in definition["States"].values() if each.get("Resource", "").endswith(suffix))
    return next(found, None)


def _dangling(definition: dict[str, Any]) -> bool:
    task = _task(definition, ".sync")
    if task:
        task["Catch"][-1]["Next"] = "Nowhere"
    return bool(task)


def _alone(definition: dict[str, Any]) -> bool:
    definition["States"]["Alone"] = {"Type": "Succeed"}
    return True


def _misspelt(definition: dict[str, Any]) -> bool:
    for state in definition["States"].values():
        if state["Type"] == "Choice":
            state["Choices"][0]["Condition"] = "{% $outcom = 'x' %}"
            return True
    return False


def _together(definition: dict[str, Any]) -> bool:
    task = _task(definition, ".sync")
    if task:
        task["Catch"] = [{**task["Catch"][-1], "ErrorEquals": ["States.DataLimitExceeded", "States.ALL"]}]
    return bool(task)


def _endless(definition: dict[str, Any]) -> bool:
    task = _task(definition, ".waitForTaskToken")
    if task:
        del task["TimeoutSeconds"]
        definition.pop("TimeoutSeconds", None)
    return bool(task)


def _request_only(definition: dict[str, Any]) -> bool:
    for state in definition["States"].values():
        if "Resource" in state:
            state["Resource"] = state["Resource"].replace(".sync", "").replace(".waitForTaskToken", "")
    return True


def _express_without_logs(template: Template) -> bool:
    off = set_properties(MACHINE, {"StateMachineType": "EXPRESS", "LoggingConfiguration.Level": "OFF"})
    return _in_definition(_request_only)(template) and off(template)


def _in_policy(action: str, change: Callable[[dict[str, Any]], None]) -> Apply:
    """Changes the statements with an action in the policies of the roles of state machines."""

    def apply(template: Template) -> bool:
        roles = {machine["RoleArn"]["Fn::GetAtt"][0] for _, machine in of_type(template, MACHINE)}
        changed = False
        for _, policy in of_type(template, "AWS::IAM::Policy"):
            if roles & {each["Ref"] for each in policy["Roles"]}:
                for statement in policy["PolicyDocument"]["Statement"]:
                    if action in statement["Action"]:
                        change(statement)
                        changed = True
        return changed

    return apply


def _cannot_stop(statement: dict[str, Any]) -> None:
    statement["Action"] = "ecs:DescribeTasks"


def _any_role(statement: dict[str, Any]) -> None:
    statement["Resource"] = "*"
    del statement["Condition"]


DEFECTS: Final = (
    Defect("states-transition", "of a catcher", _in_definition(_dangling), MACHINE),
    Defect("states-reach", "alone", _in_definition(_alone), MACHINE),
    Defect("states-variable", "misspelt", _in_definition(_misspelt), MACHINE),
    Defect("states-catch-all", "together", _in_definition(_together), MACHINE),
    Defect("states-callback-timeout", "none", _in_definition(_endless), MACHINE),
    Defect("states-express-callback", "a job", set_properties(MACHINE, {"StateMachineType": "EXPRESS"}), MACHINE),
    Defect("states-express-logs", "off", _express_without_logs, MACHINE),
    Defect("states-job-permissions", "no StopTask", _in_policy("ecs:StopTask", _cannot_stop), MACHINE),
    Defect("states-pass-any-role", "any", _in_policy("iam:PassRole", _any_role), MACHINE),
)
