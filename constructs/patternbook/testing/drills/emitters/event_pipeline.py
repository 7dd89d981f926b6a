"""The services of an event pipeline, beside SQS: SNS, and Lambda as the consumer of queues.

- https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html: the metrics of a topic. SNS sends them
  while the topic is active.
- https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
  https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html: the metrics of calls by an alias. A message
  that a function reports as failed is no error of the call. A throttled call is no invocation.
- https://docs.aws.amazon.com/powertools/python/latest/utilities/batch/: if no message of a batch can be handled, the
  call ends with an error. The functions count handled and failed messages themselves, and send nothing for none.
"""

import math
from dataclasses import dataclass

from patternbook.testing.drills.alarms import Samples
from patternbook.testing.drills.emitters.reports import Report, nonzero, ones, report

BATCH = 10


@dataclass(frozen=True)
class Batches:
    """What a consumer does in one minute. Each function of a pipeline does the same, so that an event concerns all."""

    handled: int = 60
    """Messages."""
    failed: int = 0
    """Messages that fail in batches with others."""
    crashes: int = 0
    """Calls that end with an error, as a batch of which every message fails does."""
    throttled: int = 0
    """Calls."""
    timeout_share: float = 0.05
    """Duration of a call, as a share of the timeout."""


@dataclass(frozen=True)
class Deliveries:
    """What a topic does in one minute."""

    delivered: int = 60
    failed: int = 0


@dataclass(frozen=True)
class Consumer:
    """A function behind an alias."""

    name: str
    alias: str
    timeout_seconds: int
    namespace: str
    service: str

    def metrics(self, batches: Batches) -> Report:
        calls = math.ceil((batches.handled + batches.failed) / BATCH) + batches.crashes
        errors: Samples = ((1.0, batches.crashes), (0.0, calls - batches.crashes))
        values = {
            "Invocations": ones(calls),
            "Errors": tuple(each for each in errors if each[1]) or None,
            "Duration": ((1000 * batches.timeout_share * self.timeout_seconds, calls),) if calls else None,
            "Throttles": ones(batches.throttled),
        }
        sent = report("AWS/Lambda", {"FunctionName": self.name, "Resource": f"{self.name}:{self.alias}"}, values)
        counted = {
            "HandledMessages": nonzero(batches.handled),
            "FailedMessages": nonzero(batches.failed + BATCH * batches.crashes),
        }
        return sent | report(self.namespace, {"service": self.service, "function_name": self.name}, counted)


@dataclass(frozen=True)
class Topic:
    name: str

    def metrics(self, deliveries: Deliveries) -> Report:
        values = {
            "NumberOfMessagesPublished": nonzero(deliveries.delivered + deliveries.failed),
            "NumberOfNotificationsDelivered": nonzero(deliveries.delivered),
            "NumberOfNotificationsFailed": nonzero(deliveries.failed),
        }
        return report("AWS/SNS", {"TopicName": self.name}, values)
