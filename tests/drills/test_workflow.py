"""What rings in `WorkflowStack`, and when."""

from typing import Final

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import workflow
from patternbook.testing.drills.promises import RAISE_UNITS, Drill, Promise
from stacks.workflow import WorkflowStack

PATTERN = WorkflowStack

UNDONE: Final = (
    "The cause is in the list of executions. `OrderUndone` means that all is undone: repair, and start the order under "
    "a new id. Otherwise, repair and continue by the command in the outputs (redrive)."
)
FUNCTION_LOGS: Final = "The log group of the function has the error."
STOPPED_ORDER: Final = "Nothing was undone. The message has the command that continues the execution (redrive)."

DRILL = Drill(
    [
        Promise(workflow.one_failure(), 5, UNDONE),
        Promise(workflow.quiet_workflow_fails(), 10, UNDONE),
        Promise(workflow.every_order_fails(), 10, FUNCTION_LOGS),
        Promise(workflow.quiet_function_fails(), 30, FUNCTION_LOGS),
        Promise(workflow.some_calls_fail(), 10, FUNCTION_LOGS),
        Promise(workflow.timed_out(), 1, STOPPED_ORDER),
        Promise(workflow.aborted(), 1, STOPPED_ORDER),
        Promise(
            workflow.throttled_steps(),
            15,
            "Find what starts so many executions, or ask AWS for a higher quota of state transitions.",
        ),
        Promise(
            workflow.undoing_fails(),
            5,
            "Read the message (output `AttentionCommand`). It has the order, the step, the error and the command "
            "that goes on.",
        ),
        Promise(workflow.forgotten_problem(), 5, "The same, before the workflow ends after two weeks of waiting."),
        Promise(
            workflow.forgotten_approval(),
            5,
            "Read the message (output `ApprovalsCommand`), answer by the command in it, and delete it.",
        ),
        Promise(
            workflow.image_is_gone(),
            1,
            "The message has the reason. Repair the image, the network or the execution role. The workflow repeats "
            "the step for some minutes.",
        ),
        Promise(workflow.no_capacity(), 20, UNDONE),
        Promise(workflow.throttled_calls(), 10, "Ask AWS for a higher quota, or find who uses it up."),
        Promise(workflow.slow_calls(), 10, "The traces of the functions show what takes the time."),
        Promise(workflow.throttled_books(), 15, RAISE_UNITS),
        Promise(
            workflow.bad_version(),
            4,
            "In production, the deployment goes back by itself. Repair the definition, and deploy again.",
        ),
    ],
    [
        workflow.day(),
        workflow.night(),
        workflow.refused_order(),
        workflow.deployment(),
        workflow.repeated_step(),
        workflow.burst(),
        workflow.approval(),
    ],
)


class TestDrills(Drilled):
    pass
