"""Alarms of Lambda functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch

from patternbook.data.queues import FailureQueue
from patternbook.monitoring.base import MonitoringBase

if TYPE_CHECKING:  # a stack that does not use the service does not load its constructs
    from patternbook.aws_lambda.function import LiveFunction


class FunctionAlarms(MonitoringBase):
    """Alarms on calls, asynchronous events, new versions and failure queues."""

    def watch_function(self, live: LiveFunction, *, slow_percent: int) -> None:
        """Adds alarms on calls by the alias and on its asynchronous events, and graphs of the load.

        The alarms on calls are for errors, throttles, long durations and used-up provisioned concurrency. Those on
        events are for old, dropped and lost events.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html

        :param slow_percent: share of the timeout above which a call counts as slow.
        """
        self.watch("Errors", live.metric("Errors", "sum"), threshold=0, description="Calls fail for 5 minutes")
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
            description="An event waits for longer than half of the maximum event age",
        )
        self.watch(
            "DroppedEvents",
            live.metric("AsyncEventsDropped", "sum"),
            threshold=0,
            minutes=1,
            description="Lambda dropped an event",
        )
        self.watch(
            "LostEvents",
            live.metric("DestinationDeliveryFailures", "sum"),
            threshold=0,
            minutes=1,
            description="A dropped event did not reach the failure queue",
        )
        if live.provisioned is not None:
            self.watch(
                "SpillOver",
                live.metric("ProvisionedConcurrencySpilloverInvocations", "sum"),
                threshold=0,
                description="Calls exceed the provisioned concurrency",
            )
            self.graph("Use of provisioned concurrency", [live.metric("ProvisionedConcurrencyUtilization", "max")])
        self.graph("Concurrent executions", [live.metric("ConcurrentExecutions", "max")])
        self.graph("Calls", [live.metric("Invocations", "sum")])

    def watch_calls(self, live: LiveFunction, *, slow_percent: int = 80) -> None:
        """Adds alarms on failed, throttled and slow calls by the alias, also if there are few calls.

        :param slow_percent: share of the timeout above which a call counts as slow.
        """
        self.watch(
            "FailedCalls",
            live.metric("Errors", "sum"),
            threshold=0,
            minutes=15,
            breaching_minutes=3,
            description="Calls of the function fail",
            remedy="Read the error in the log group of the function.",
        )
        self.watch(
            "ThrottledCalls",
            live.metric("Throttles", "sum"),
            threshold=0,
            minutes=15,
            breaching_minutes=3,
            description="Calls of the function are throttled",
            remedy="Raise the concurrency quota of the account, or find the caller.",
        )
        self.watch(
            "SlowCalls",
            live.metric("Duration", "max"),
            threshold=live.timeout_seconds * 10 * slow_percent,  # in ms
            minutes=15,
            breaching_minutes=3,
            description=f"Calls of the function take longer than {slow_percent} % of the timeout",
            remedy="Look at the capacity of what the function calls, and at its own log group.",
        )
        self.graph("Calls", [live.metric("Invocations", "sum")])

    def watch_new_version(self, live: LiveFunction, *, slow_percent: int) -> list[cloudwatch.Alarm]:
        """Adds alarms that ring within a minute if the version to which traffic shifts fails or is slow.

        :param slow_percent: see :meth:`watch_function`.
        """
        return [
            self.watch(
                "NewVersionErrors",
                live.new_version("Errors", "sum"),
                threshold=0,
                minutes=1,
                description="The new version fails during the shift",
            ),
            self.watch(
                "NewVersionSlow",
                live.new_version("Duration", "p99"),
                threshold=live.timeout_seconds * 10 * slow_percent,  # in ms
                minutes=1,
                description=f"The new version takes longer than {slow_percent} % of the timeout during the shift",
            ),
        ]

    def watch_failures(self, failures: FailureQueue) -> None:
        """Adds an alarm on any event in a failure queue."""
        self.watch(
            "Failures",
            failures.backlog(),
            threshold=0,
            minutes=1,
            description="The failure queue is not empty",
        )
