"""The form in which emitters report metrics."""

from collections.abc import Mapping

from patternbook.testing.drills.alarms import Metric, Samples

Report = dict[Metric, Samples]
"""The metrics that a service sends in one minute."""


def report(namespace: str, dimensions: Mapping[str, str], values: Mapping[str, float | Samples | None]) -> Report:
    """Metrics with the same dimensions: a number is one sample, and None is not sent."""
    names = frozenset(dimensions.items())
    return {
        Metric(namespace, name, names): value if isinstance(value, tuple) else ((float(value), 1),)
        for name, value in values.items()
        if value is not None
    }


def nonzero(count: int) -> int | None:
    """For metrics with the reporting criterion "There is a nonzero value"."""
    return count or None


def ones(count: int) -> Samples | None:
    """A metric that gets a sample of 1 for each occurrence, and none without one."""
    return ((1.0, count),) if count else None
