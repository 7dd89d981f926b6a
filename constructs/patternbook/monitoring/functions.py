"""Alarms of Lambda functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from aws_cdk import aws_cloudwatch as cloudwatch

from patternbook.data.queues import FailureQueue
from patternbook.monitoring.base import MonitoringBase
from patternbook.monitoring.failures import MINUTE, Failures, failures_beyond_tolerance

if TYPE_CHECKING:  # a stack that does not use the service does not load its constructs
    from patternbook.aws_lambda.function import LiveFunction

SLOW_PERCENT: Final = 80
"""Share of the timeout above which a call counts as slow, unless a stack says otherwise."""
MOST_FUNCTIONS: Final = 5
"""The most functions that one alarm watches together, with two metrics each."""


class FunctionAlarms(MonitoringBase):
    """Alarms on calls, asynchronous events, new versions and failure queues."""

    def watch_function(self, live: LiveFunction, *, slow_percent: int = SLOW_PERCENT, name: str = "") -> None:
        """Adds the alarms of :meth:`watch_calls` for one function, and graphs of its load.

        It also adds alarms on used-up provisioned concurrency, and on old, dropped and lost asynchronous events, if the
        function has any.

        :param slow_percent: see :meth:`watch_calls`.
        :param name: see :meth:`watch_calls`.
        """
        self.watch_calls([live], slow_percent=slow_percent, name=name)
        self._watch_load(live, name)

    def watch_calls(
        self, functions: Sequence[LiveFunction], *, slow_percent: int = SLOW_PERCENT, name: str = ""
    ) -> None:
        """Adds alarms on failed, throttled and slow calls by the aliases, and a graph of all calls.

        They are for functions that are called at any rate, from every few minutes to thousands of times a minute. A
        function that is seldom called and always fails rings, and a small share of many calls does not. Of several
        functions the worst counts, so that a busy one does not hide that another fails.

        Lambda sends metrics only in minutes with calls, and an error at the time of the call, not of its end. So the
        alarm looks back further by the timeout.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html

        :param functions: one function, or up to five with the same timeout. An alarm has at most ten metrics
            (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html).
        :param slow_percent: share of the timeout above which a call counts as slow.
        :param name: beginning of the names of the alarms, if there are several functions with alarms of their own.
        :raises ValueError: if there is no function or more than five, or timeouts differ.
        """
        timeout = _timeout_of(functions)
        which = name or ("the function" if len(functions) == 1 else "a function")
        invocations = [live.metric("Invocations", "sum") for live in functions]
        self._watch_failures(
            f"{name}FailedCalls",
            [
                Failures(live.metric("Errors", "sum"), attempts)
                for live, attempts in zip(functions, invocations, strict=True)
            ],
            breaching_minutes=3,
            late_minutes=timeout // 60,
            description=f"Too many calls of {which} fail",
            remedy="Read the error in the log group of the function.",
        )
        self._watch_failures(
            f"{name}ThrottledCalls",
            [
                Failures(live.metric("Throttles", "sum"), attempts, apart=True)
                for live, attempts in zip(functions, invocations, strict=True)
            ],
            breaching_minutes=3,
            description=f"Too many calls of {which} are throttled",
            remedy="Raise its reserved concurrency or the quota of the account, or find who uses it up.",
        )
        self.watch(
            f"{name}SlowCalls",
            _longest([live.metric("Duration", "p99") for live in functions]),
            threshold=timeout * 10 * slow_percent,  # in ms
            minutes=15,
            breaching_minutes=3,
            description=f"One call of {which} in a hundred takes longer than {slow_percent} % of the timeout",
            remedy="See in traces and logs what the calls wait for, and raise the memory if it is their own code.",
        )
        self.graph(f"Calls of {which}", invocations)

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

    def _watch_events(self, live: LiveFunction, max_event_age_seconds: int, name: str) -> None:
        self.watch(
            f"{name}LateEvents",
            live.metric("AsyncEventAge", "max"),
            threshold=max_event_age_seconds * 500,  # in ms
            minutes=15,
            breaching_minutes=3,  # Lambda sends the age only in minutes in which it takes an event from its queue
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

        :param slow_percent: see :meth:`watch_calls`.
        :param faults: metric of the new version for failures that the function answers itself, which Lambda doesn't
            count as errors.
        :param name: see :meth:`watch_calls`.
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
                failures_beyond_tolerance(
                    [Failures(live.new_version("Errors", "sum"), live.new_version("Invocations", "sum"))]
                ),
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
        """Adds an alarm on any event in a failure queue.

        SQS sends no metrics of a queue that nobody has called for six hours, and the event is still there
        (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html).
        """
        self.watch(
            "Failures",
            failures.backlog(),
            threshold=0,
            minutes=1,
            missing_data=cloudwatch.TreatMissingData.IGNORE,
            description="The failure queue is not empty",
        )


def _timeout_of(functions: Sequence[LiveFunction]) -> int:
    timeouts = {live.timeout_seconds for live in functions}
    if not 1 <= len(functions) <= MOST_FUNCTIONS or len(timeouts) != 1:
        raise ValueError(
            f"functions must be 1 to {MOST_FUNCTIONS} functions with the same timeout, got {len(functions)} with "
            f"timeouts of {sorted(timeouts)} seconds. Watch the others by another call, with another name."
        )
    return timeouts.pop()


def _longest(durations: Sequence[cloudwatch.Metric]) -> cloudwatch.IMetric:
    """The longest of durations. Lambda sends metrics only in minutes with calls, hence FILL."""
    if len(durations) == 1:
        return durations[0]
    metrics = {f"duration{number}": metric for number, metric in enumerate(durations)}
    return cloudwatch.MathExpression(
        expression=f"MAX([{', '.join(f'FILL({name}, 0)' for name in metrics)}])",
        using_metrics=metrics,
        label="Duration in the slowest function",
        period=MINUTE,
    )
