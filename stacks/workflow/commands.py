"""The commands with which people start orders, answer the workflow, and continue executions."""

from collections.abc import Iterator

from patternbook import PeopleQueue, Workflow
from stacks.workflow.steps import PREFIX

Command = tuple[str, str, str]
"""The name of an output, its command and its description."""


def commands(workflow: Workflow, *, approvals: PeopleQueue, attention: PeopleQueue) -> Iterator[Command]:
    """``ORDER_ID`` stands for the id of an order, which is also the name of its execution."""
    start = f"aws stepfunctions start-execution --state-machine-arn {workflow.alias_arn} --name ORDER_ID"
    document = '{"document": {"key": "' + PREFIX + 'ORDER_ID.json"}}'
    receive = "aws sqs receive-message --wait-time-seconds 5 --queue-url"
    yield "StartCommand", f"{start} --input '{document}'", "Starts the workflow of an order"
    yield "ApprovalsCommand", f"{receive} {approvals.queue.queue_url}", "Reads an order to approve"
    yield "AttentionCommand", f"{receive} {attention.queue.queue_url}", "Reads a problem to solve"
    yield "RedriveCommand", workflow.redrive_command("ORDER_ID"), "Continues an execution that failed"
