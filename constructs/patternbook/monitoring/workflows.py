"""Alarms of Step Functions workflows, of the people that they wait for, and of the tasks that they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events

from patternbook.monitoring.base import MonitoringBase

if TYPE_CHECKING:  # a stack that does not use the services does not load their constructs
    from patternbook.workflows.people import PeopleQueue
    from patternbook.workflows.state_machine import Workflow

IGNORE: Final = cloudwatch.TreatMissingData.IGNORE
"""SQS sends no metrics of a queue that nobody has used for six hours, and a message in it is still there."""
FORGOTTEN_DAYS: Final = 7
"""Days after which people are reminded of a problem. Its message lives for 14 days."""


class WorkflowAlarms(MonitoringBase):
    """Alarms on executions that do not end well, on people who do not answer, and on tasks that cannot start."""

    def watch_workflow(self, workflow: Workflow) -> list[cloudwatch.Alarm]:
        """Adds alarms on failed and throttled executions, a message for each execution that ended without compensation,
        and a graph of all executions.

        Each failed execution counts, because the retries of its steps were in vain. What a workflow refuses for a
        business reason should succeed.

        https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html

        :return: the alarms that tell of a bad version, see
            :meth:`patternbook.workflows.state_machine.Workflow.roll_back_on`.
        """
        self.watch(
            "FailedExecutions",
            workflow.metric("ExecutionsFailed"),
            threshold=0,
            minutes=1,
            description="An execution of the workflow failed",
            remedy="Read the cause in the list of executions, repair it, and continue the execution by redrive.",
        )
        self.watch(
            "ThrottledSteps",
            workflow.metric("ExecutionThrottled"),
            threshold=0,
            minutes=15,
            breaching_minutes=5,
            description="Step Functions throttles the steps of executions",
            remedy="Find what starts so many executions, or ask AWS for a higher quota of state transitions.",
        )
        self._notify_on_stopped_executions(workflow)
        ends = ("Succeeded", "Failed", "Aborted", "TimedOut")
        self.graph("Executions", [workflow.metric(f"Executions{each}") for each in ("Started", *ends)])
        return [
            self.watch(
                "NewVersionFails",
                workflow.new_version("ExecutionsFailed"),
                threshold=0,
                minutes=1,
                description="The newest version of the workflow fails",
                remedy="A deployment that is under way goes back by itself. Repair the definition, and deploy again.",
                # CloudFormation refuses a shift while the alarm rings. The one of the version before may ring.
                generation=workflow.version_number,
            )
        ]

    def watch_people(self, questions: PeopleQueue, *, name: str) -> None:
        """Adds an alarm on a question that waits for half of the time that the workflow waits, and a graph.

        :param name: name of the questions, at the beginning of the name of the alarm.
        """
        half = questions.retention_seconds // 2
        self.watch(
            f"{name}Wait",
            questions.metric("ApproximateAgeOfOldestMessage"),
            threshold=half,
            minutes=1,
            missing_data=IGNORE,
            description=f"A message in the queue {name} has waited for half of its time",
            remedy="Read it, answer it by the command in it, and delete it.",
        )
        self.graph(f"Messages in the queue {name}", [questions.metric("ApproximateNumberOfMessagesVisible")])

    def watch_attention(self, problems: PeopleQueue) -> None:
        """Adds an alarm on any message that asks a person for help, and a reminder."""
        self.watch(
            "NeedsAttention",
            problems.metric("ApproximateNumberOfMessagesVisible"),
            threshold=0,
            minutes=1,
            missing_data=IGNORE,
            description="A step could not be undone, and a person has to help",
            remedy="Read the message. It names the order, the step and the error, and has the command to go on.",
        )
        self.watch(
            "ForgottenAttention",
            problems.metric("ApproximateAgeOfOldestMessage"),
            threshold=FORGOTTEN_DAYS * 86_400,
            minutes=1,
            missing_data=IGNORE,
            description=f"A call for help is {FORGOTTEN_DAYS} days old, and the workflow ends it after 14",
            remedy="Read the message, repair the cause, and use the command in it.",
        )

    def notify_on_tasks_that_cannot_start(self, cluster: ecs.ICluster) -> None:
        """Sends a message for each task in a cluster that stops before it has run, such as without its image.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
        """
        detail = events.EventField.from_path
        self.notify_on_event(
            "TaskFailedToStart",
            events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Task State Change"],
                detail={
                    "clusterArn": [cluster.cluster_arn],
                    "lastStatus": ["STOPPED"],
                    "stopCode": ["TaskFailedToStart"],
                },
            ),
            description="A task could not start",
            message=f"ECS could not start a task ({detail('$.time')}): {detail('$.detail.stoppedReason')}. The "
            "workflow tries again. Repair the image, the network or the permissions that the reason names.",
        )

    def _notify_on_stopped_executions(self, workflow: Workflow) -> None:
        """No step runs after such an end, so nothing is undone.

        https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
        """
        detail = events.EventField.from_path
        execution = detail("$.detail.executionArn")
        self.notify_on_event(
            "StoppedExecution",
            events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [workflow.state_machine.state_machine_arn],
                    "status": ["TIMED_OUT", "ABORTED"],
                },
            ),
            description="An execution ended before its time",
            message=f"The execution {detail('$.detail.name')} ended as {detail('$.detail.status')}, and nothing was "
            f"undone. Continue it with: aws stepfunctions redrive-execution --execution-arn {execution}",
        )
