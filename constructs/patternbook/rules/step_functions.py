"""Rules for state machines, and for their roles."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from patternbook.rules.permissions import ROLE, allowed_statements, allows, covers, listed
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Node, Problem, Resource, Template
from patternbook.rules.template.values import PartialText

MACHINE: Final = "AWS::StepFunctions::StateMachine"
ALL: Final = "States.ALL"
_EVENTS: Final = ("events:PutRule", "events:PutTargets")
JOB_PERMISSIONS: Final = {
    ":ecs:runTask.sync": ("ecs:StopTask", "ecs:DescribeTasks", *_EVENTS),
    ":batch:submitJob.sync": ("batch:SubmitJob", "batch:DescribeJobs", "batch:TerminateJob", *_EVENTS),
    ":states:startExecution.sync": (
        *("states:StartExecution", "states:DescribeExecution", "states:StopExecution"),
        *_EVENTS,
    ),
    ":codebuild:startBuild.sync": (
        *("codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds"),
        *_EVENTS,
    ),
    ":glue:startJobRun.sync": ("glue:StartJobRun", "glue:GetJobRun", "glue:BatchStopJobRun"),
}
"""What a role needs to run a job, observe it and stop it, by the end of the resource of the task.

https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html leads to the pages.
"""
_VARIABLE: Final = re.compile(r"\$([A-Za-z_]\w*)\b(?!\s*\()")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_OWN_NAMES: Final = re.compile(r":=|\bfunction\s*\(|[λ]|\$map|\$filter|\$reduce|\$each|\$sift|\$single|\$sort|[@#]\$")
"""What lets a JSONata expression name values of its own, which look like variables."""
_FILLER: Final = "unknown-part"

States = dict[str, dict[str, Any]]


def _definition(machine: Resource) -> dict[str, Any]:
    """The definition of a state machine, with a filler for what only the deployment knows. Empty if it is not known."""
    value: Any = machine["DefinitionString"].value
    text = value.filled(_FILLER) if isinstance(value, PartialText) else value
    try:
        found = json.loads(text) if isinstance(text, str) else machine["Definition"].value
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _scopes(definition: Any) -> Iterator[tuple[Any, States]]:
    """The first state and the states of the machine, and of each branch and iteration in it."""
    if not isinstance(definition, dict) or not isinstance(definition.get("States"), dict):
        return
    states = {name: state for name, state in definition["States"].items() if isinstance(state, dict)}
    if len(states) == len(definition["States"]):
        yield definition.get("StartAt"), states
    for state in states.values():
        branches = state.get("Branches")
        for inner in (
            *(branches if isinstance(branches, list) else ()),
            state.get("ItemProcessor"),
            state.get("Iterator"),
        ):
            yield from _scopes(inner)


def _tasks(machine: Resource) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The tasks of a state machine: name, state and resource."""
    for _, states in _scopes(_definition(machine)):
        for name, state in states.items():
            if state.get("Type") == "Task" and isinstance(state.get("Resource"), str):
                yield name, state, state["Resource"]


def _parts(state: dict[str, Any], *names: str) -> Iterator[dict[str, Any]]:
    for name in names:
        value = state.get(name)
        yield from (each for each in (value if isinstance(value, list) else ()) if isinstance(each, dict))


def _place(machine: Resource) -> Node:
    return machine["Definition" if machine["DefinitionString"].missing else "DefinitionString"]


@rule("states-transition", ERROR)
def transition(template: Template) -> Iterator[Problem]:
    """A state leads to a state that does not exist, so Step Functions refuses the definition.

    Correct StartAt, Next or Default to a name in States of the same branch.

    https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
    """
    for machine in template.of_type(MACHINE):
        for start, states in _scopes(_definition(machine)):
            named = [("StartAt", start)]
            for name, state in states.items():
                named += [(name, state.get("Next")), (name, state.get("Default"))]
                named += [(name, each.get("Next")) for each in _parts(state, "Catch", "Choices")]
            for origin, target in named:
                if isinstance(target, str) and target not in states and _FILLER not in target:
                    yield _place(machine).problem(f"{origin} leads to {target!r}, which does not exist.")


@rule("states-reach", ERROR)
def reach(template: Template) -> Iterator[Problem]:
    """A state names no next state, or no state leads to a state, so Step Functions refuses the definition.

    Set Next, or End to true. Remove a state that is not needed.

    https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
    """
    for machine in template.of_type(MACHINE):
        for start, states in _scopes(_definition(machine)):
            targets: list[Any] = [start]
            for name, state in states.items():
                listed_targets = [state.get("Next"), state.get("Default")]
                listed_targets += [each.get("Next") for each in _parts(state, "Catch", "Choices")]
                targets += [each for each in listed_targets if each is not None and each != name]
                ends = state.get("Type") in ("Choice", "Succeed", "Fail") or state.get("End") not in (None, False)
                if isinstance(state.get("Type"), str) and not ends and "Next" not in state:
                    yield _place(machine).problem(f"{name!r} has neither Next nor End.")
            # A target that is not known, or that another rule reports, may be meant to lead to any state.
            if all(isinstance(each, str) and each in states for each in targets):
                for name in sorted(states.keys() - set(targets)):
                    yield _place(machine).problem(f"No state leads to {name!r}.")


@rule("states-variable", ERROR)
def variable(template: Template) -> Iterator[Problem]:
    """An expression uses a variable that no state assigns, so each execution that comes there fails.

    Add the variable to Assign of an earlier state, or correct its name.

    https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
    """
    for machine in template.of_type(MACHINE):
        states = [state for _, scope in _scopes(_definition(machine)) for state in scope.values()]
        assigning = [each.get("Assign", {}) for state in states for each in (state, *_parts(state, "Catch", "Choices"))]
        if not all(isinstance(each, dict) for each in assigning):
            continue
        assigned = {"states", *(name for each in assigning for name in each)}
        inner = {"Branches", "ItemProcessor", "Iterator"}
        used = _variables([[value for key, value in state.items() if key not in inner] for state in states])
        for name in sorted(used - assigned):
            yield _place(machine).problem(f"No state assigns the variable ${name}.")


def _variables(value: Any) -> set[str]:
    """The variables in the JSONata expressions of a value."""
    if isinstance(value, dict):
        return {name for each in value.values() for name in _variables(each)}
    if isinstance(value, list):
        return {name for each in value for name in _variables(each)}
    if not isinstance(value, str) or not value.startswith("{%") or _FILLER in value:
        return set()
    expression = _QUOTED.sub("", value)
    return set() if _OWN_NAMES.search(expression) else set(_VARIABLE.findall(expression))


@rule("states-catch-all", ERROR)
def catch_all(template: Template) -> Iterator[Problem]:
    """A catcher or retrier has States.ALL beside other errors, or before another one, so Step Functions refuses it.

    Move States.ALL into a catcher or retrier of its own, and put it last.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    for machine in template.of_type(MACHINE):
        for _, states in _scopes(_definition(machine)):
            for name, state in states.items():
                for kind in ("Catch", "Retry"):
                    errors = [each.get("ErrorEquals") for each in _parts(state, kind)]
                    last = len(errors) - 1
                    for index, caught in enumerate(errors):
                        if isinstance(caught, list) and ALL in caught and (len(caught) > 1 or index < last):
                            yield _place(machine).problem(f"{kind} of {name!r} has {ALL} not alone, or not last.")


@rule("states-callback-timeout", WARNING)
def callback_timeout(template: Template) -> Iterator[Problem]:
    """A task waits for a callback without a timeout, so a lost answer leaves the execution open for up to a year.

    Set TimeoutSeconds or HeartbeatSeconds of the state.

    https://docs.aws.amazon.com/step-functions/latest/dg/sfn-stuck-execution.html
    """
    times = {f"{time}{form}" for time in ("TimeoutSeconds", "HeartbeatSeconds") for form in ("", "Path")}
    for machine in template.of_type(MACHINE):
        if "TimeoutSeconds" in _definition(machine):
            continue
        for name, state, resource in _tasks(machine):
            if (".waitForTaskToken" in resource or ":activity:" in resource) and not times & state.keys():
                yield _place(machine).problem(f"{name!r} waits for an answer without a timeout.")


@rule("states-express-callback", ERROR)
def express_callback(template: Template) -> Iterator[Problem]:
    """An Express workflow waits for a job or a callback, which only Standard workflows can, so it is refused.

    Set StateMachineType to STANDARD, or request the service without waiting.

    https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
    """
    for machine in template.of_type(MACHINE):
        if machine["StateMachineType"].text != "EXPRESS":
            continue
        for name, _, resource in _tasks(machine):
            if resource.endswith((".sync", ".sync:2", ".waitForTaskToken")):
                yield machine["StateMachineType"].problem(f"{name!r} waits, in an Express workflow.")


@rule("states-express-logs", WARNING)
def express_logs(template: Template) -> Iterator[Problem]:
    """An Express workflow has no logs, and Step Functions keeps no history of its executions.

    Add a LoggingConfiguration with a level other than OFF and a log group.

    https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    """
    for machine in template.of_type(MACHINE):
        logging = machine["LoggingConfiguration"]
        level = logging["Level"]
        if machine["StateMachineType"].text == "EXPRESS" and (level.missing or level.text == "OFF"):
            yield logging.problem("Nothing is known of an execution that fails.")


@rule("states-job-permissions", ERROR)
def job_permissions(template: Template) -> Iterator[Problem]:
    """A state machine waits for jobs, but its role may not run, observe or stop them, so its executions fail.

    Allow the role the actions that the finding names. Those of events are for a rule of Step Functions, such as
    StepFunctionsGetEventsForECSTaskRule.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
    """
    for machine in template.of_type(MACHINE):
        resources = [resource for _, _, resource in _tasks(machine)]
        needed = [actions for job, actions in JOB_PERMISSIONS.items() if any(job in each for each in resources)]
        statements = allowed_statements(template, machine["RoleArn"].resource(ROLE)) if needed else None
        if statements is None:
            continue
        actions = dict.fromkeys(action for each in needed for action in each)
        missing = [action for action in actions if not allows(statements, action)]
        if missing:
            yield machine["RoleArn"].problem(f"The role may not {', '.join(missing)}.")


@rule("states-pass-any-role", WARNING)
def pass_any_role(template: Template) -> Iterator[Problem]:
    """The role of a state machine may pass any role, so whoever changes the definition acts as any of them.

    Name the roles in Resource of the statement with iam:PassRole: of ECS, the task role and the execution role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    for machine in template.of_type(MACHINE):
        for statement in allowed_statements(template, machine["RoleArn"].resource(ROLE)) or []:
            passes = any(covers(each, "iam:PassRole") for each in listed(statement["Action"]))
            if passes and "*" in listed(statement["Resource"]) and statement["Condition"].missing:
                yield statement.problem(f"The role of {machine.id} may pass any role.")
