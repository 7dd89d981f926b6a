"""AWS Lambda.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html: a function sends metrics only for calls.
``Errors`` has a sample for each call, 0 or 1. Calls by an alias are reported with the alias, too
(https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html).
"""

from dataclasses import dataclass

from patternbook.testing.drills.alarms import Samples
from patternbook.testing.drills.emitters.reports import Report, ones, report


@dataclass(frozen=True)
class Calls:
    """The calls of a function in one minute."""

    done: int = 0
    failed: int = 0
    throttled: int = 0
    seconds: float = 0.1
    """Duration of each call."""


@dataclass(frozen=True)
class Function:
    name: str
    alias: str | None = None

    def metrics(self, calls: Calls) -> Report:
        values = self.values(calls)
        sent = report("AWS/Lambda", {"FunctionName": self.name}, values)
        if self.alias:
            both = {"FunctionName": self.name, "Resource": f"{self.name}:{self.alias}"}
            sent |= report("AWS/Lambda", both, values)
        return sent

    def values(self, calls: Calls) -> dict[str, Samples | None]:
        """The metrics of calls, for any dimensions."""
        count = calls.done + calls.failed
        return {
            "Invocations": ones(count),
            "Errors": tuple(each for each in ((1.0, calls.failed), (0.0, calls.done)) if each[1]) or None,
            "Duration": ((1000 * calls.seconds, count),) if count else None,
            "Throttles": ones(calls.throttled),
        }
