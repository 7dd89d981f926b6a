"""CloudWatch alarms, evaluated as AWS documents it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property
from typing import Final, Literal

from patternbook.testing.drills import metric_math

State = Enum("State", ["OK", "ALARM", "INSUFFICIENT_DATA"])

Missing = Literal["missing", "ignore", "breaching", "notBreaching"]

EXTRA_PERIODS: Final = 2
"""How many more data points CloudWatch retrieves than an alarm has evaluation periods, in AWS's examples: 5 for 3."""

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}

Samples = tuple[tuple[float, int], ...]
"""Values, and how often each was reported."""


@dataclass(frozen=True)
class Metric:
    """The identity of a metric in CloudWatch."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


Telemetry = Mapping[Metric, Mapping[int, Samples]]
"""The reported values of each metric in each minute. A minute without a report is missing."""


@dataclass(frozen=True)
class MetricStat:
    """A statistic of a metric over periods of whole minutes."""

    metric: Metric
    statistic: str
    minutes: int

    def value(self, telemetry: Telemetry, end: int, *, hidden: int) -> float | None:
        """The statistic over the period that ends with a minute, of which the last ones are not published yet."""
        return statistic(self.samples(telemetry, end, hidden=hidden), self.statistic)

    def samples(self, telemetry: Telemetry, end: int, *, hidden: int) -> Samples:
        reported = telemetry.get(self.metric, {})
        return tuple(
            each for minute in range(end - self.minutes + 1, end - hidden + 1) for each in reported.get(minute, ())
        )

    @property
    def percentile(self) -> float | None:
        return float(self.statistic[1:]) / 100 if self.statistic.startswith("p") else None


def statistic(samples: Samples, name: str) -> float | None:
    """A statistic of samples; None without any.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
    """
    if not samples:
        return None
    count = sum(times for _, times in samples)
    match name:
        case "Sum":
            return sum(value * times for value, times in samples)
        case "Average":
            return sum(value * times for value, times in samples) / count
        case "Minimum":
            return min(value for value, _ in samples)
        case "Maximum":
            return max(value for value, _ in samples)
        case "SampleCount":
            return count
    if not name.startswith("p"):
        raise NotImplementedError(f"The statistic {name} is not supported by {__name__}. Add it there.")
    wanted, below = float(name[1:]) / 100 * count, 0
    for value, times in sorted(samples):
        below += times
        if below >= wanted:
            return value
    raise AssertionError(f"{name} must be at most p100.")


@dataclass(frozen=True)
class Alarm:
    """An alarm on a metric, or on the result of metric math."""

    name: str
    description: str
    notifies: bool
    """Whether it notifies people. The alarms of scaling policies do not."""

    queries: Mapping[str, MetricStat | str]
    """Metrics and expressions, by their ids."""

    returned: str
    """The id of the query that is compared with the threshold."""

    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    missing: Missing
    few_samples: Literal["evaluate", "ignore"] = "evaluate"
    notifies_without_data: bool = False
    """Whether it also notifies people when it has no data any more."""

    def __hash__(self) -> int:
        return hash((self.name, self.threshold, self.evaluation_periods, self.datapoints_to_alarm))

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        return tuple(dict.fromkeys(stat.metric for stat in self._metrics.values()))

    @cached_property
    def minutes(self) -> int:
        """The period in minutes. All metrics of an alarm have the same."""
        [minutes] = {query.minutes for query in self._metrics.values()}
        return minutes

    @property
    def range_minutes(self) -> int:
        """The evaluation range: how far back CloudWatch retrieves data points."""
        return self.minutes * (self.evaluation_periods + EXTRA_PERIODS)

    @cached_property
    def _metrics(self) -> dict[str, MetricStat]:
        return {name: query for name, query in self.queries.items() if isinstance(query, MetricStat)}

    def value(self, telemetry: Telemetry, end: int, *, hidden: int = 0) -> float | None:
        """The value to compare with the threshold, for the period that ends with a minute."""
        values = {name: stat.value(telemetry, end, hidden=hidden) for name, stat in self._metrics.items()}

        def preceding(name: str) -> float | None:
            ends = (end - age * self.minutes for age in range(1, self.evaluation_periods + EXTRA_PERIODS))
            found = (self._metrics[name].value(telemetry, each, hidden=0) for each in ends)
            return next((value for value in found if value is not None), None)

        return self._result(self.returned, values, preceding)

    def _result(
        self, name: str, values: dict[str, float | None], preceding: Callable[[str], float | None]
    ) -> float | None:
        query = self.queries[name]
        if not isinstance(query, str):
            return values[name]
        others = {
            other: self._result(other, values, preceding)
            for other, text in self.queries.items()
            if isinstance(text, str) and other != name and other in query
        }
        return metric_math.evaluate(
            query,
            {**values, **others},
            metrics=list(self._metrics),
            period=60 * self.minutes,
            preceding=preceding,
        )

    def states(self, telemetry: Telemetry, minutes: range, *, delay: int = 0) -> Iterator[tuple[int, State]]:
        """The state after each minute. An alarm is evaluated every minute, and starts with insufficient data.

        :param delay: minutes until a metric is published.
        """

        @cache
        def breaches(end: int, hidden: int) -> bool | None:
            value = self.value(telemetry, end, hidden=hidden)
            return None if value is None else COMPARISONS[self.comparison](value, self.threshold)

        state = State.INSUFFICIENT_DATA
        ages = [age * self.minutes for age in reversed(range(self.evaluation_periods + EXTRA_PERIODS))]
        looks = [(age, min(max(delay - age, 0), self.minutes)) for age in ages]
        for now in minutes:
            points = [breaches(now - age, hidden) for age, hidden in looks]
            if not self._has_too_few_samples(telemetry, now, delay):
                state = next_state(
                    points,
                    before=state,
                    evaluation_periods=self.evaluation_periods,
                    datapoints_to_alarm=self.datapoints_to_alarm,
                    missing=self.missing,
                )
            yield now, state

    def _has_too_few_samples(self, telemetry: Telemetry, now: int, delay: int) -> bool:
        """Whether an alarm on a percentile waits for more samples, and keeps its state.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
        """
        query = self.queries[self.returned]
        if self.few_samples == "evaluate" or isinstance(query, str) or query.percentile is None:
            return False
        share = query.percentile
        needed = 10 / (1 - share) if share >= 0.5 else 10 / share
        window = MetricStat(query.metric, "SampleCount", self.minutes * self.evaluation_periods)
        return (window.value(telemetry, now, hidden=delay) or 0) < needed


def next_state(
    points: Sequence[bool | None],
    *,
    before: State,
    evaluation_periods: int,
    datapoints_to_alarm: int,
    missing: Missing,
) -> State:
    """The state that follows from the data points in the evaluation range.

    :param points: whether each breaches the threshold, the oldest first; None is missing.
    """
    real = [point for point in points if point is not None][-evaluation_periods:]
    to_fill = evaluation_periods - len(real)
    breaching = sum(real) + (to_fill if missing == "breaching" else 0)
    if breaching >= datapoints_to_alarm:
        return State.ALARM
    if to_fill == 0 or missing in ("breaching", "notBreaching") or not all(real):
        return State.OK
    # All that is known breaches, but it is less than the alarm asks for.
    if missing == "ignore":
        return before
    if not real:
        return State.INSUFFICIENT_DATA
    oldest = len(points) - points.index(True)
    return State.ALARM if oldest >= datapoints_to_alarm else before
