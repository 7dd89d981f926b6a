"""Alarms of Lambda functions."""

from aws_cdk import aws_cloudwatch as cloudwatch

from patternbook.aws_lambda.function import LiveFunction
from patternbook.data.queues import FailureQueue
from patternbook.monitoring.base import MonitoringBase


class FunctionAlarms(MonitoringBase):
    """Watches Lambda functions."""

    def watch_function(self, live: LiveFunction, *, slow_percent: int) -> None:
        """Alarms on calls by the alias that fail, are throttled or nearly time out, on events that wait for long, are
        given up or lost, and, with provisioned concurrency, on calls that find it used up; a graph of the load.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html

        :param slow_percent: share of the timeout from which on a call is too slow.
        """
        self.watch("Errors", live.metric("Errors", "sum"), threshold=0, description="Calls fail, for 5 minutes")
        self.watch("Throttles", live.metric("Throttles", "sum"), threshold=0, description="Calls are throttled")
        self.watch(
            "SlowCalls",
            live.metric("Duration", "p99"),
            threshold=live.timeout_seconds * 10 * slow_percent,  # in ms
            description=f"One call in a hundred takes longer than {slow_percent} % of the timeout",
        )
        self.watch(
            "LateEvents",
            live.metric("AsyncEventAge", "max"),
            threshold=live.max_event_age_seconds * 500,  # in ms
            description="An event waits for longer than half the time after which it is given up",
        )
        self.watch(
            "DroppedEvents",
            live.metric("AsyncEventsDropped", "sum"),
            threshold=0,
            minutes=1,
            description="An event was given up",
        )
        self.watch(
            "LostEvents",
            live.metric("DestinationDeliveryFailures", "sum"),
            threshold=0,
            minutes=1,
            description="An event that was given up did not reach the queue of failures",
        )
        if live.provisioned is not None:
            self.watch(
                "SpillOver",
                live.metric("ProvisionedConcurrencySpilloverInvocations", "sum"),
                threshold=0,
                description="Calls find the provisioned concurrency used up",
            )
            self.graph("Use of provisioned concurrency", [live.metric("ProvisionedConcurrencyUtilization", "max")])
        self.graph("Concurrent executions", [live.metric("ConcurrentExecutions", "max")])
        self.graph("Calls", [live.metric("Invocations", "sum")])

    def watch_new_version(self, live: LiveFunction, *, slow_percent: int) -> list[cloudwatch.Alarm]:
        """Alarms that ring within a minute while traffic shifts to a version that fails or is slow.

        :param slow_percent: as of :meth:`watch_function`.
        """
        return [
            self.watch(
                "NewVersionErrors",
                live.new_version("Errors", "sum"),
                threshold=0,
                minutes=1,
                description="The version that traffic shifts to fails",
            ),
            self.watch(
                "NewVersionSlow",
                live.new_version("Duration", "p99"),
                threshold=live.timeout_seconds * 10 * slow_percent,  # in ms
                minutes=1,
                description=f"The version that traffic shifts to takes longer than {slow_percent} % of the timeout",
            ),
        ]

    def watch_failures(self, failures: FailureQueue) -> None:
        """An alarm on anything in a queue of failures."""
        self.watch(
            "Failures",
            failures.backlog(),
            threshold=0,
            minutes=1,
            description="The queue of failures is not empty",
        )
