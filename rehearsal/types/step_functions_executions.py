"""Executions of Step Functions as AWS documents them, where MiniStack differs.

- ``States.ALL`` matches neither ``States.DataLimitExceeded`` nor ``States.Runtime``, and nothing catches the latter:
  https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
- A task that runs a job has a token, too: https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html
- A Succeed state evaluates its output: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
- A task of ECS whose container fails is a failure. Nothing runs containers here. So whoever stops a task says by its
  reason how the container ended: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
- RedriveExecution continues an execution at the state that failed:
  https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

import contextvars
import json
import re
import threading
from typing import Any

from ministack.core.responses import new_uuid, now_iso
from ministack.services import ecs, stepfunctions

from rehearsal.types.actions import ApiError, add_json_actions
from rehearsal.types.shapes import Record

TERMINAL = "States.Runtime"
EXPLICIT = "States.DataLimitExceeded"

WAIT_SCALE = 0.05
"""Waits and retries take a twentieth of their time."""
FAILED = re.compile(r"exit code [1-9]")
"""A reason to stop a task of ECS that means a failure."""

_execute_task = stepfunctions._execute_task
_poll_ecs_tasks = stepfunctions._poll_ecs_tasks
_apply_output_path = stepfunctions._apply_output_path
_stopped_at: dict[str, tuple[str, Any, Record, Record]] = {}
"""The last task of each execution: the name of its state, its input, its context, and the variables before it."""


def register() -> None:
    stepfunctions._error_matches = error_matches  # ty: ignore[invalid-assignment]
    stepfunctions._execute_task = execute_task  # ty: ignore[invalid-assignment]
    stepfunctions._apply_output_path = apply_output  # ty: ignore[invalid-assignment]
    stepfunctions._poll_ecs_tasks = wait_for_ecs_tasks  # ty: ignore[invalid-assignment]
    stepfunctions._SFN_WAIT_SCALE = WAIT_SCALE
    add_json_actions("states", {"RedriveExecution": redrive_execution})


def error_matches(error_equals: list[str], error: str) -> bool:
    """Whether a retrier or a catcher is for this error."""
    if error == TERMINAL:
        return False
    if error in error_equals:
        return True
    if error == EXPLICIT:
        return False
    return "States.ALL" in error_equals or ("States.TaskFailed" in error_equals and error != "States.Timeout")


def execute_task(state: Record, given: Any, execution: Record, context: Record) -> tuple[Any, str | None]:
    variables = {**context["variables"]}
    _stopped_at[execution["executionArn"]] = (context["State"]["Name"], given, context, variables)
    if not state["Resource"].endswith(".sync"):
        return _execute_task(state, given, execution, context)
    token = new_uuid()
    context["Task"] = {"Token": token}
    stepfunctions._task_tokens[token] = {"event": threading.Event(), "heartbeat": None}
    try:
        return _execute_task(state, given, execution, context)
    finally:
        stepfunctions._task_tokens.pop(token, None)


def wait_for_ecs_tasks(cluster: str, arns: list[str]) -> Record:
    """ECS forgets a stopped task after an hour, which is over at once here:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
    """
    result = _poll_ecs_tasks(cluster, arns)
    for arn in arns:
        ecs._tasks.pop(arn, None)
    for task in result["tasks"]:
        if FAILED.search(task.get("stoppedReason", "")):
            raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(task))
    return result


def apply_output(state: Record, data: Any, context: Record | None = None) -> Any:
    if state["Type"] == "Succeed" and stepfunctions._state_query_language(state, context) == "JSONata":
        return stepfunctions._apply_jsonata_output(state, data, context, default=data)
    return _apply_output_path(state, data, context)


def redrive_execution(data: Record) -> Record:
    execution = stepfunctions._executions.get(data["executionArn"])
    if execution is None:
        raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{data['executionArn']}'")
    if execution["status"] not in ("FAILED", "TIMED_OUT", "ABORTED"):
        raise ApiError("ExecutionNotRedrivable", f"Execution is {execution['status']} and cannot be redriven")
    execution.update(status="RUNNING", stopDate=None)
    stepfunctions._add_event(execution, "ExecutionRedriven")
    snapshot = contextvars.copy_context()
    threading.Thread(target=snapshot.run, args=(continue_execution, execution), daemon=True).start()
    return {"redriveDate": now_iso()}


def continue_execution(execution: Record) -> None:
    """Runs an execution from the task at which it stopped, to its end."""
    machine = stepfunctions._state_machines[execution["stateMachineArn"]]
    states = json.loads(machine["definition"])["States"]
    name, given, stopped, variables = _stopped_at[execution["executionArn"]]
    stepfunctions._task_tokens.pop(stopped.get("Task", {}).get("Token"), None)
    context = {**stopped, "variables": {**variables}}
    handlers = {
        "Choice": stepfunctions._execute_choice,
        "Pass": stepfunctions._execute_pass,
        "Wait": stepfunctions._execute_wait,
    }
    following: str | None = name
    try:
        while following and execution["status"] == "RUNNING":
            state = states[following]
            context["State"] = {"Name": following, "EnteredTime": now_iso(), "RetryCount": 0}
            kind = state["Type"]
            details = {"stateEnteredEventDetails": {"name": following, "input": json.dumps(given)}}
            stepfunctions._add_event(execution, f"{kind}StateEntered", details)
            if kind == "Fail":
                raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state, given, context))
            if kind == "Succeed":
                given = apply_output(state, given, context)
                following = None
            elif kind == "Task":
                given, following = stepfunctions._execute_task(state, given, execution, context)
            else:
                given, following = handlers[kind](state, given, context)
    except stepfunctions._ExecutionError as error:
        stepfunctions._fail_execution(execution, error.error, error.cause)
        return
    if execution["status"] == "RUNNING":
        execution.update(status="SUCCEEDED", output=json.dumps(given), stopDate=now_iso(), error=None, cause=None)
        stepfunctions._add_event(execution, "ExecutionSucceeded")
