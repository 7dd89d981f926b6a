"""The parts of a template that report metrics of a workflow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from patternbook.testing.drills.emitters.aws_lambda import Calls, Function
from patternbook.testing.drills.emitters.reports import Report
from patternbook.testing.drills.emitters.sqs import Messages, Queue
from patternbook.testing.drills.emitters.step_functions import Cluster, Executions, StateMachine, Waiting
from patternbook.testing.drills.intrinsics import Names
from patternbook.testing.drills.parts.resources import of_type


@dataclass(frozen=True)
class Orders:
    """One minute of a workflow, of the people that it waits for, and of its functions."""

    executions: Executions = field(default_factory=lambda: Executions(started=10, succeeded=10))
    of_newest: Executions | None = None
    """The executions of the newest version. None stands for all."""
    approvals: Waiting = field(default_factory=lambda: Waiting(messages=2, share=0.1))
    attention: Waiting = field(default_factory=Waiting)
    calls: Calls = field(default_factory=lambda: Calls(done=20))
    """The calls of each function."""
    of_first: Calls | None = None
    """The calls of the first function, if they are other ones."""
    timeout_share: float = 0.02


@dataclass(frozen=True)
class PeopleQueue:
    name: str
    retention_seconds: int

    def metrics(self, waiting: Waiting) -> Report:
        oldest = int(waiting.share * self.retention_seconds) if waiting.messages else None
        return Queue(self.name).metrics(Messages(visible=waiting.messages, oldest_seconds=oldest))


@dataclass(frozen=True)
class WorkflowParts:
    machine: StateMachine
    cluster: Cluster
    approvals: PeopleQueue
    attention: PeopleQueue
    functions: Mapping[str, int]
    """The functions, each with its timeout in seconds."""

    def metrics(self, orders: Orders) -> Report:
        sent = self.machine.metrics(orders.executions, orders.of_newest)
        sent |= self.approvals.metrics(orders.approvals)
        sent |= self.attention.metrics(orders.attention)
        for number, (name, timeout) in enumerate(self.functions.items()):
            calls = orders.calls if number or orders.of_first is None else orders.of_first
            timed = Calls(calls.done, calls.failed, calls.throttled, seconds=timeout * orders.timeout_share)
            sent |= Function(name, "live").metrics(timed)
        return sent


def workflow_parts(template: Mapping[str, Any], names: Names) -> WorkflowParts | None:
    """The parts of a template with a workflow."""
    for name, properties in of_type(template, "AWS::StepFunctions::StateMachine"):
        values = properties["DefinitionSubstitutions"]
        [(_, alias)] = of_type(template, "AWS::StepFunctions::StateMachineAlias")
        queues = dict(of_type(template, "AWS::SQS::Queue"))

        def people(substitution: str) -> PeopleQueue:
            queue = values[substitution]["Ref"]  # noqa: B023 - there is one state machine
            return PeopleQueue(queue, queues[queue]["MessageRetentionPeriod"])  # noqa: B023

        version = names.of(alias["DeploymentPreference"]["StateMachineVersionArn"]).rpartition(":")[2]
        return WorkflowParts(
            StateMachine(names.of({"Ref": name}), alias["Name"], version),
            Cluster(names.of(values["ClusterArn"])),
            people("ApprovalsQueueUrl"),
            people("AttentionQueueUrl"),
            {function: each["Timeout"] for function, each in of_type(template, "AWS::Lambda::Function")},
        )
    return None
