"""Alarms of Lambda functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch

from patternbook.data.queues import FailureQueue
from patternbook.monitoring.base import MINUTE, MonitoringBase, failures_beyond_tolerance

if TYPE_CHECKING:  # a stack that does not use the service does not load its constructs
    from patternbook.aws_lambda.function import LiveFunction


class FunctionAlarms(MonitoringBase):
    """Alarms on calls, asynchronous events, new versions and failure queues."""

    def watch_function(self, live: LiveFunction, *, slow_percent: int, name: str = "") -> None:
        """Adds alarms on calls by the alias and on its asynchronous events, and graphs of the load.

        The alarms on calls are for errors, throttles, long durations and used-up provisioned concurrency. Those on
        events are for old, dropped and lost events, if the function has any.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html

        :param slow_percent: share of the timeout above which a call counts as slow.
        :param name: beginning of the names of the alarms, if there are several functions.
        """
        of = f" of {name}" if name else ""
        self.watch(
            f"{name}Errors", live.metric("Errors", "sum"), threshold=0, description=f"Calls{of} fail for 5 minutes"
        )
        self.watch(
            f"{name}Throttles",
            live.metric("Throttles", "sum"),
            threshold=0,
            description=f"Calls{of} are throttled",
        )
        self.watch(
            f"{name}SlowCalls",
            live.metric("Duration", "p99"),
            threshold=live.timeout_seconds * 10 * slow_percent,  # in ms
            description=f"One call{of} in a hundred takes longer than {slow_percent} % of the timeout",
        )
        self._watch_load(live, name)

    def watch_work(self, live: LiveFunction, *, slow_percent: int) -> None:
        """Adds alarms for a function that is called at any rate, from every few minutes to thousands of times a minute.

        A function that is seldom called and always fails rings, and a small share of many calls does not. Otherwise the
        alarms are those of :meth:`watch_function`.

        :param slow_percent: see :meth:`watch_function`.
        """
        self._watch_failures(
            "FailedCalls",
            live.metric("Errors", "sum"),
            live.metric("Invocations", "sum"),
            breaching_minutes=3,
            description="Too many calls of the function fail",
            remedy="Read the error in the log group of the function.",
        )
        self.watch(
            "ThrottledCalls",
            live.metric("Throttles", "sum"),
            threshold=0,
            minutes=15,
            breaching_minutes=5,
            description="Calls of the function are throttled",
            remedy="Raise reserved_concurrency or the quota of the account, or find the caller.",
        )
        self.watch(
            "SlowCalls",
            live.metric("Duration", "p99"),
            threshold=live.timeout_seconds * 10 * slow_percent,  # in ms
            minutes=15,
            breaching_minutes=3,
            description=f"One call in a hundred takes longer than {slow_percent} % of the timeout",
            remedy="Look at what the calls do in the traces, and raise the memory if it is their own code.",
        )
        self._watch_load(live)

    def _watch_load(self, live: LiveFunction, name: str = "") -> None:
        """Adds alarms on asynchronous events and provisioned concurrency, if there are any, and graphs of the load."""
        of = f" of {name}" if name else ""
        if live.max_event_age_seconds is not None:
            self._watch_events(live, live.max_event_age_seconds, name)
        if live.provisioned is not None:
            self.watch(
                f"{name}SpillOver",
                live.metric("ProvisionedConcurrencySpilloverInvocations", "sum"),
                threshold=0,
                minutes=15,
                breaching_minutes=5,
                description=f"Calls{of} exceed the provisioned concurrency",
            )
            self.graph(f"Use of provisioned concurrency{of}", [live.metric("ProvisionedConcurrencyUtilization", "max")])
        self.graph(f"Concurrent executions{of}", [live.metric("ConcurrentExecutions", "max")])
        self.graph(f"Calls{of}", [live.metric("Invocations", "sum")])

    def _watch_events(self, live: LiveFunction, max_event_age_seconds: int, name: str) -> None:
        self.watch(
            f"{name}LateEvents",
            live.metric("AsyncEventAge", "max"),
            threshold=max_event_age_seconds * 500,  # in ms
            description="An event waits for longer than half of the maximum event age",
        )
        self.watch(
            f"{name}DroppedEvents",
            live.metric("AsyncEventsDropped", "sum"),
            threshold=0,
            minutes=1,
            description="Lambda dropped an event",
        )
        self.watch(
            f"{name}LostEvents",
            live.metric("DestinationDeliveryFailures", "sum"),
            threshold=0,
            minutes=1,
            description="A dropped event did not reach the failure queue",
        )

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

    def watch_new_version(
        self,
        live: LiveFunction,
        *,
        slow_percent: int,
        faults: cloudwatch.Metric | None = None,
        name: str = "",
    ) -> list[cloudwatch.Alarm]:
        """Adds alarms that ring during a shift of traffic if the version to which it shifts fails or is slow.

        Two minutes of the last five have to breach, so that one failed call or one slow start does not turn a
        deployment back. Both are within the five minutes of a canary. Few failures among many calls are tolerated, see
        :func:`patternbook.monitoring.base.failures_beyond_tolerance`.

        :param slow_percent: see :meth:`watch_function`.
        :param faults: metric of the new version for failures that the function answers itself, which Lambda doesn't
            count as errors.
        :param name: see :meth:`watch_function`.
        """
        of = f" of {name}" if name else ""
        answered = (
            [
                self.watch(
                    f"{name}NewVersionFaults",
                    cloudwatch.MathExpression(
                        # Lambda reports calls of the version only while traffic shifts, and the function its faults
                        # always.
                        expression="IF(calls > 0, faults, 0)",
                        using_metrics={"calls": live.new_version("Invocations", "sum"), "faults": faults},
                        label="Faults of the new version",
                        period=MINUTE,
                    ),
                    threshold=0,
                    minutes=1,
                    description=f"The new version{of} answers with a server error during the shift",
                )
            ]
            if faults
            else []
        )
        return [
            *answered,
            self.watch(
                f"{name}NewVersionErrors",
                failures_beyond_tolerance(live.new_version("Errors", "sum"), live.new_version("Invocations", "sum")),
                threshold=0,
                minutes=5,
                breaching_minutes=2,
                description=f"The new version{of} fails during the shift",
            ),
            self.watch(
                f"{name}NewVersionSlow",
                live.new_version("Duration", "p99"),
                threshold=live.timeout_seconds * 10 * slow_percent,  # in ms
                minutes=5,
                breaching_minutes=2,
                description=f"The new version{of} takes longer than {slow_percent} % of the timeout during the shift",
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
