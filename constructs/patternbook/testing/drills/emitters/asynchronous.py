"""A Lambda function that events call asynchronously, during the shift of traffic to a new version, too.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html: the age of an event has a sample for each
event that Lambda takes from its queue, also for one that it takes again. Dropped events and failed deliveries to a
destination are sent only when there are some, and so is the spillover of calls beyond the provisioned environments.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html: the dimension ExecutedVersion exists only
while an alias has two versions.
"""

from dataclasses import dataclass, field

from patternbook.testing.drills.emitters.aws_lambda import Calls, Function
from patternbook.testing.drills.emitters.reports import Report, ones, report


@dataclass(frozen=True)
class Work:
    """What a function does in one minute."""

    live: Calls = field(default_factory=lambda: Calls(done=60))
    """Calls of the version that has the traffic, or of the old one during a deployment."""
    new: Calls | None = None
    """Calls of the version to which traffic shifts."""
    timeout_share: float | None = None
    """Duration of each call as a share of the timeout, instead of seconds."""
    event_age_share: float = 0.001
    """Age of events when Lambda takes them, as a share of the maximum age."""
    dropped: int = 0
    """Events that Lambda gave up."""
    lost: int = 0
    """Dropped events that did not reach the failure queue."""
    spilled: int = 0
    """Calls beyond the provisioned environments."""


@dataclass(frozen=True)
class AsynchronousFunction:
    """A function behind an alias, with a queue for the events that it cannot process."""

    name: str
    alias: str
    version: str
    """The version of the template, to which a deployment shifts traffic."""
    timeout_seconds: int
    max_event_age_seconds: int

    def metrics(self, work: Work) -> Report:
        calls = [self._timed(each, work) for each in (work.live, work.new) if each]
        of_alias = {"FunctionName": self.name, "Resource": f"{self.name}:{self.alias}"}
        age = 1000 * work.event_age_share * self.max_event_age_seconds
        count = sum(each.done + each.failed for each in calls)
        sent = Function(self.name, self.alias).metrics(sum_of(calls))
        sent |= report(
            "AWS/Lambda",
            of_alias,
            {
                "AsyncEventAge": ((age, count),) if count else None,
                "AsyncEventsDropped": ones(work.dropped),
                "DestinationDeliveryFailures": ones(work.lost),
                "ProvisionedConcurrencySpilloverInvocations": ones(work.spilled),
            },
        )
        if work.new:
            for version, each in zip(("1", self.version), calls, strict=True):
                values = Function(self.name).values(each)
                sent |= report("AWS/Lambda", {**of_alias, "ExecutedVersion": version}, values)
        return sent

    def _timed(self, calls: Calls, work: Work) -> Calls:
        if work.timeout_share is None:
            return calls
        return Calls(calls.done, calls.failed, calls.throttled, work.timeout_share * self.timeout_seconds)


def sum_of(calls: list[Calls]) -> Calls:
    """All calls of an alias, with the duration of the slowest ones."""
    return Calls(
        done=sum(each.done for each in calls),
        failed=sum(each.failed for each in calls),
        throttled=sum(each.throttled for each in calls),
        seconds=max(each.seconds for each in calls),
    )
