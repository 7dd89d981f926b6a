"""Alarms and rules of a deployed stack that notify people, and when they ring."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from rehearsal.running import RehearsalError
from rehearsal.stack import Resource

ALARM: Final = "AWS::CloudWatch::Alarm"
RULE: Final = "AWS::Events::Rule"
PERIOD_SECONDS: Final = 60


@dataclass(frozen=True)
class Bell:
    """An alarm, or a rule of EventBridge."""

    resource: Resource
    client: Any
    """A client of CloudWatch."""

    @property
    def is_alarm(self) -> bool:
        return self.resource.type == ALARM

    @property
    def name(self) -> str:
        """The physical name. That of a rule may begin with its event bus."""
        return self.resource.physical_id.rpartition("|")[2]

    def state(self) -> str:
        """``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``. A rule has no state, and is always ``OK``."""
        return self._alarm()["StateValue"] if self.is_alarm else "OK"

    def rang_at(self, since: datetime) -> datetime | None:
        """The time at which it rang first after another time, if it did.

        CloudWatch counts each time that a rule invokes a target:
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
        """
        if self.is_alarm:
            alarm = self._alarm()
            changed = alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
            return changed if alarm["StateValue"] == "ALARM" and changed >= since else None
        points = self.client.get_metric_statistics(
            Namespace="AWS/Events",
            MetricName="Invocations",
            Dimensions=[{"Name": "RuleName", "Value": self.name}],
            StartTime=since,
            EndTime=datetime.now(timezone.utc) + timedelta(seconds=PERIOD_SECONDS),
            Period=PERIOD_SECONDS,
            Statistics=["Sum"],
        )["Datapoints"]
        return min((max(each["Timestamp"], since) for each in points if each["Sum"] > 0), default=None)

    def _alarm(self) -> dict[str, Any]:
        [alarm] = self.client.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        return alarm


def readable(path: str) -> str:
    """The name of an alarm or a rule in the tables of the pages, by its construct path."""
    parts = [part for part in path.split("/") if part not in ("Resource", "Monitoring")]
    return "".join(parts).removesuffix("Rule")


def bell_named(name: str, resources: Iterable[Resource], client: Any) -> Bell:
    """:raises RehearsalError: if the stack has no such alarm or rule."""
    bells = {readable(each.path): each for each in resources if each.type in (ALARM, RULE)}
    if name not in bells:
        raise RehearsalError(f"The stack has no alarm {name!r}. It has {', '.join(sorted(bells))}.")
    return Bell(bells[name], client)
