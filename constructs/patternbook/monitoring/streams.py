"""Alarms of Firehose streams, of their transform, and of topics that feed them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from patternbook.limits.firehose import SLOWEST_DELIVERY
from patternbook.monitoring.base import MonitoringBase
from patternbook.monitoring.failures import MINUTE
from patternbook.monitoring.functions import FunctionAlarms

if TYPE_CHECKING:  # a stack that does not use the services does not load their constructs
    from patternbook.aws_lambda.function import LiveFunction
    from patternbook.streams.stream import EventStream
    from patternbook.streams.subscription import StreamSubscription

PERIOD: Final = 5
"""The period in minutes of the metrics of a stream."""
ALLOWANCE: Final = 5
"""Minutes beyond the slowest delivery until a record counts as late."""
BLOCKED_PERIOD: Final = cdk.Duration.minutes(30)
"""The period of the alarm on a blocked delivery, which is longer than any delivery takes."""


class StreamAlarms(FunctionAlarms, MonitoringBase):
    """Alarms on deliveries, records and keys of a stream. Firehose sends no metric while nothing happens."""

    def watch_stream(self, stream: EventStream, *, max_silence_minutes: int | None = None) -> None:
        """Adds alarms on files that S3 refuses, late records, failed conversions, throttled producers, and the key.

        While a delivery is blocked, Firehose may send no metric of it
        (https://docs.aws.amazon.com/firehose/latest/dev/data-freshness-metric-not-emitted.html). So another alarm rings
        if records arrive in each of two half-hours and no file is written. A shorter period would be without records
        too often in a quiet stream, and each such period would reset the alarm.

        https://docs.aws.amazon.com/firehose/latest/dev/firehose-cloudwatch-metrics-best-practices.html

        :param max_silence_minutes: time without a record after which an alarm rings. None adds no such alarm.
        """
        late_minutes = math.ceil(SLOWEST_DELIVERY * stream.buffer_seconds / 60) + ALLOWANCE
        for name, what in (("Delivery", "a file of events"), ("Backup", "a file of raw records")):
            self.watch(
                f"{name}Fails",
                _share_of_failures(stream.metric(f"{name}ToS3.Success", "avg")),
                threshold=0,
                minutes=6,
                breaching_minutes=2,
                description=f"S3 refuses {what}",
                remedy="Read the error log of the stream. Firehose loses records that it cannot deliver for 24 hours.",
            )
        self.watch(
            "LateRecords",
            _later_of(
                stream.metric("DeliveryToS3.DataFreshness", "max"), stream.metric("BackupToS3.DataFreshness", "max")
            ),
            threshold=late_minutes * 60,
            minutes=2,
            breaching_minutes=1,
            description=f"A record is not in the table, or not in its backup, after {late_minutes} minutes",
            remedy="Read the error log of the stream, and look at the duration of the transform.",
        )
        self.watch(
            "NothingDelivered",
            cloudwatch.MathExpression(
                expression="IF(FILL(incoming, 0) > 0, IF(FILL(delivered, 0) > 0, 0, 1), 0)",
                using_metrics={
                    "incoming": stream.metric("IncomingRecords", "sum"),
                    "delivered": stream.metric("DeliveryToS3.Records", "sum"),
                },
                label="Records arrive, and none is delivered",
                period=BLOCKED_PERIOD,
            ),
            threshold=0,
            minutes=2,
            breaching_minutes=2,
            description="Records arrive, and no file is written",
            remedy="Read the error log of the stream, and see the state of its bucket, role and key.",
        )
        self.watch(
            "FailedConversions",
            stream.metric("FailedConversion.Records", "sum"),
            threshold=0,
            minutes=2,
            breaching_minutes=1,
            description="Records do not fit the table",
            remedy="Compare the columns of the table with what the transform writes. The records are below errors/.",
        )
        self.watch(
            "ThrottledRecords",
            stream.metric("ThrottledRecords", "sum"),
            threshold=0,
            minutes=4,
            breaching_minutes=3,
            description="Firehose throttles producers",
            remedy="Let producers retry, and ask AWS for a higher quota of the stream.",
        )
        self.watch(
            "PartitionsExceeded",
            stream.metric("PartitionCountExceeded", "max"),
            threshold=0,
            minutes=2,
            breaching_minutes=1,
            description="Records have more partitions than Firehose allows",
            remedy="Find out which days the transform names. The records are below errors/.",
        )
        if stream.key is not None:
            self._watch_key(stream)
        if max_silence_minutes is not None:
            self._watch_silence(stream, max_silence_minutes)
        self.graph("Bytes in and out", [stream.metric(f"{name}Bytes", "sum") for name in ("Incoming", "DeliveryToS3.")])
        self.graph("Active partitions", [stream.metric("PartitionCount", "max")])

    def _watch_key(self, stream: EventStream) -> None:
        from patternbook.streams.stream import KEY_PROBLEMS

        metrics: dict[str, cloudwatch.IMetric] = {
            name[0].lower() + name[1:]: stream.metric(name, "sum") for name in KEY_PROBLEMS
        }
        self.watch(
            "KeyProblems",
            cloudwatch.MathExpression(
                expression=" + ".join(f"FILL({name}, 0)" for name in metrics),
                using_metrics=metrics,
                label="Problems with the key",
                period=stream.metric(KEY_PROBLEMS[0], "sum").period,
            ),
            threshold=0,
            minutes=2,
            breaching_minutes=1,
            description="Firehose cannot use the key of the stream, and refuses records",
            remedy="Enable the key, or cancel its deletion, and compare its policy with the template.",
        )

    def _watch_silence(self, stream: EventStream, minutes: int) -> None:
        """The alarm also notifies when it has no data any more. A stream that never had a record has none from the
        beginning, so it does not ring.
        """
        alarm = self.watch(
            "Silence",
            cloudwatch.MathExpression(
                expression="IF(incoming > 0, 0, 1)",
                using_metrics={"incoming": stream.metric("IncomingRecords", "sum")},
                label="No record arrives",
                period=stream.metric("IncomingRecords", "sum").period,
            ),
            threshold=0,
            minutes=minutes // PERIOD,
            breaching_minutes=minutes // PERIOD,  # one record ends the silence
            missing_data=cloudwatch.TreatMissingData.MISSING,
            description=f"No record has arrived for {minutes} minutes",
            remedy="Look at the producers. State INSUFFICIENT_DATA means the same here as ALARM.",
        )
        alarm.add_insufficient_data_action(self._action)  # ty: ignore[invalid-argument-type]

    def watch_transform(self, live: LiveFunction, *, namespace: str, service: str, slow_percent: int = 80) -> None:
        """Adds alarms on calls of the transform and on records that it fails, and a graph of its results.

        No metric of Firehose counts the records that a function fails, so the function counts them itself.

        :param namespace: namespace of the metrics that the function counts by Powertools.
        :param service: name of the service that Powertools adds to these metrics.
        :param slow_percent: share of the timeout above which a call counts as slow.
        """
        self.watch_calls([live], slow_percent=slow_percent)
        counts = {
            name: cloudwatch.Metric(
                namespace=namespace,
                metric_name=f"{name}Records",
                dimensions_map={"service": service, "function_name": live.function.function_name},
                statistic="sum",
                period=MINUTE,
            )
            for name in ("Transformed", "Dropped", "Failed")
        }
        self.watch(
            "FailedRecords",
            counts["Failed"],
            threshold=0,
            minutes=30,
            breaching_minutes=2,
            description="The transform fails records",
            remedy="Read the reason in the log group of the transform. The records are below errors/.",
        )
        self.graph("Results of the transform", [*counts.values()])

    def watch_subscription(self, subscription: StreamSubscription) -> None:
        """Adds an alarm on any message that SNS could not deliver to the stream."""
        self.watch(
            "UndeliveredMessages",
            subscription.undelivered(),
            threshold=0,
            minutes=1,
            missing_data=cloudwatch.TreatMissingData.IGNORE,
            description="SNS cannot deliver messages to the stream",
            remedy="Compare the role of the subscription with the template, and put the messages into the stream.",
        )


def _later_of(delivery: cloudwatch.Metric, backup: cloudwatch.Metric) -> cloudwatch.MathExpression:
    """AWS advises to watch both: https://docs.aws.amazon.com/firehose/latest/dev/data-freshness-metric-not-emitted.html"""
    return cloudwatch.MathExpression(
        expression="MAX([FILL(delivery, 0), FILL(backup, 0)])",
        using_metrics={"delivery": delivery, "backup": backup},
        label="Age of the oldest record",
        period=delivery.period,
    )


def _share_of_failures(success: cloudwatch.Metric) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        expression="1 - success", using_metrics={"success": success}, label="Share of failures", period=success.period
    )
