"""A Firehose stream that transforms records, and delivers them to S3.

- https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html: the metrics of a stream.
  ``DeliveryToS3.Success`` is the sum of successful puts over the sum of all puts.
- https://docs.aws.amazon.com/firehose/latest/dev/data-freshness-metric-not-emitted.html: no data freshness is sent
  while there is no active delivery, because it is completely blocked or no data comes in.
- https://docs.aws.amazon.com/firehose/latest/dev/buffering.html: a file is written after the buffer interval.
- https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html: a call that fails makes its
  batch of records fail. No metric of Firehose counts records that the function fails; the function counts them itself,
  by Powertools, with the name of the service.
- https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html: the metrics of calls by an alias.
"""

from dataclasses import dataclass

from patternbook.testing.drills.emitters.aws_lambda import Calls, Function
from patternbook.testing.drills.emitters.reports import Report, nonzero, report


@dataclass(frozen=True)
class Flow:
    """What a stream does in one minute."""

    records: int = 600
    zeros: bool = False
    """Whether Firehose reports zero records instead of nothing."""
    throttled: int = 0
    """Records that Firehose refuses because of the quota of the stream."""
    interval: int = 1
    """Minutes between two files."""
    writes: bool = True
    """Whether it tries to write files in this minute."""
    success: float = 1.0
    """Share of the puts of files that succeed."""
    backup_success: float = 1.0
    age_minutes: float | None = None
    """Age of the oldest record that is not delivered. Defaults to the interval."""
    backup_age_minutes: float | None = None
    """Age of the oldest record that is not backed up. Defaults to the interval."""
    unfit: int = 0
    """Rows that do not fit the table."""
    failed: int = 0
    """Records that the transform fails, and counts."""
    calls: Calls | None = None
    """Calls of the transform. Defaults to one for each batch."""
    partitions: int = 2
    too_many_partitions: bool = False
    denied: int = 0
    """Records that Firehose refuses because it may not use the key."""


@dataclass(frozen=True)
class FirehoseStream:
    name: str
    function: Function
    timeout_seconds: int
    namespace: str
    service: str

    def metrics(self, flow: Flow) -> Report:
        of = {"DeliveryStreamName": self.name}
        age = flow.interval if flow.age_minutes is None else flow.age_minutes
        backup_age = flow.interval if flow.backup_age_minutes is None else flow.backup_age_minutes
        delivered = flow.records * flow.interval * flow.success
        written: dict[str, float | None] = {
            "DeliveryToS3.Success": flow.success,
            "DeliveryToS3.Records": delivered or None,
            "DeliveryToS3.Bytes": 100 * delivered or None,
            "DeliveryToS3.DataFreshness": 60 * age,
            "BackupToS3.Success": flow.backup_success,
            "BackupToS3.DataFreshness": 60 * backup_age,
            "SucceedConversion.Records": delivered - flow.unfit or None,
            "FailedConversion.Records": nonzero(flow.unfit),
            "PartitionCountExceeded": float(flow.too_many_partitions),
            "PartitionCount": flow.partitions,
        }
        incoming: dict[str, float | None] = {
            "IncomingRecords": flow.records if flow.records or flow.zeros else None,
            "IncomingBytes": 100 * flow.records if flow.records or flow.zeros else None,
            "ThrottledRecords": nonzero(flow.throttled),
            "KMSKeyAccessDenied": nonzero(flow.denied),
        }
        sent = report("AWS/Firehose", of, incoming)
        if flow.writes:
            sent |= report("AWS/Firehose", of, written)
        calls = Calls(done=2 if flow.records else 0) if flow.calls is None else flow.calls
        sent |= self.function.metrics(calls)
        counted = {
            "TransformedRecords": nonzero(max(flow.records - flow.failed, 0) if calls.done else 0),
            "FailedRecords": nonzero(flow.failed),
        }
        return sent | report(self.namespace, {"service": self.service, "function_name": self.function.name}, counted)
