"""AWS Step Functions, and the ECS tasks that a workflow runs.

- https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html: the metrics of executions, by the
  state machine, by the version and by the alias that started them. ``ExecutionThrottled`` is sent only for throttled
  ones. The others are counted once for each execution.
- https://docs.aws.amazon.com/step-functions/latest/dg/execution-alias-version-associate.html: an execution that an
  alias started is associated with the alias and with a version.
- https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html: the event of each change of status.
  For a state machine with a customer managed key, it has neither input nor output, error or cause
  (https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html).
- https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html: the event of a task that stops.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patternbook.testing.drills.emitters.reports import Report, ones, report


@dataclass(frozen=True)
class Executions:
    """Executions of one minute, by how they ended."""

    started: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0
    throttled: int = 0
    """Steps that were throttled."""

    def values(self) -> dict[str, Any]:
        return {
            "ExecutionsStarted": ones(self.started),
            "ExecutionsSucceeded": ones(self.succeeded),
            "ExecutionsFailed": ones(self.failed),
            "ExecutionsTimedOut": ones(self.timed_out),
            "ExecutionsAborted": ones(self.aborted),
            "ExecutionThrottled": ones(self.throttled),
        }


@dataclass(frozen=True)
class StateMachine:
    arn: str
    alias: str
    version: str
    """The newest version."""

    def metrics(self, executions: Executions, of_newest: Executions | None) -> Report:
        """:param of_newest: those of them that the newest version ran. None stands for all."""
        newest = executions if of_newest is None else of_newest
        own = {"StateMachineArn": self.arn}
        return {
            **report("AWS/States", own, executions.values()),
            **report("AWS/States", {**own, "Alias": self.alias}, executions.values()),
            **report("AWS/States", {**own, "Version": self.version}, newest.values()),
        }

    def timed_out(self) -> Mapping[str, Any]:
        return self._event("TIMED_OUT")

    def aborted(self) -> Mapping[str, Any]:
        return self._event("ABORTED")

    def succeeded(self) -> Mapping[str, Any]:
        return self._event("SUCCEEDED")

    def failed(self) -> Mapping[str, Any]:
        return self._event("FAILED")

    def _event(self, status: str) -> Mapping[str, Any]:
        execution = self.arn.replace(":stateMachine:", ":execution:") + ":order-1"
        return {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "resources": [execution],
            "detail": {
                "executionArn": execution,
                "stateMachineArn": self.arn,
                "name": "order-1",
                "status": status,
                "input": None,
                "output": None,
            },
        }


@dataclass(frozen=True)
class Cluster:
    """A cluster in which a workflow runs tasks that belong to no service."""

    arn: str

    def task_not_started(self) -> Mapping[str, Any]:
        reason = "CannotPullContainerError: pull image manifest has been retried 5 time(s)"
        return self._stopped("TaskFailedToStart", reason)

    def task_done(self) -> Mapping[str, Any]:
        return self._stopped("EssentialContainerExited", "Essential container in task exited")

    def _stopped(self, code: str, reason: str) -> Mapping[str, Any]:
        return {
            "source": "aws.ecs",
            "detail-type": "ECS Task State Change",
            "detail": {
                "clusterArn": self.arn,
                "lastStatus": "STOPPED",
                "stopCode": code,
                "stoppedReason": reason,
                "startedBy": "AWS Step Functions",
            },
        }


@dataclass(frozen=True)
class Waiting:
    """The messages of a queue that people work off."""

    messages: int = 0
    share: float = 0
    """How much of the time of the oldest message is over."""
