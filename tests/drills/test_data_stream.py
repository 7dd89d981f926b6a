"""What rings in `DataStreamStack`, and when."""

from typing import Final

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import stream
from patternbook.testing.drills.promises import Drill, Promise
from stacks.data_stream import DataStreamStack

PATTERN = DataStreamStack

STREAM_LOG: Final = (
    "The error log of the stream has the reason. Repair the bucket, the role, the table or the key within 24 hours: "
    "Firehose loses older records."
)
TRANSFORM: Final = (
    "Read the error in the log group of the transform. Its records are below `errors/processing-failed/`."
)
FAILED: Final = (
    "The log group of the transform has the reason. Repair the producer or the transform, and "
    "[put the records again](#records-that-failed)."
)
UNDELIVERED: Final = (
    "Compare the role of the subscription with the template, and "
    "[put the messages into the stream](#messages-that-sns-could-not-deliver)."
)
RAISE_CONCURRENCY_OF_ACCOUNT: Final = "Ask AWS for a higher quota of concurrent executions, or find who uses it up."

DRILL = Drill(
    [
        Promise(stream.refused_files(), 60, STREAM_LOG),
        Promise(stream.refused_backups(), 60, STREAM_LOG),
        Promise(stream.blocked(), 75, STREAM_LOG),
        Promise(stream.blocked_quiet(), 75, STREAM_LOG),
        Promise(stream.late(), 75, STREAM_LOG),
        Promise(stream.late_backups(), 75, STREAM_LOG),
        Promise(
            stream.unfit_rows(),
            30,
            "Compare the columns of the table with what the transform writes. The records are below `errors/`, and "
            "as they came below `raw/`.",
        ),
        Promise(stream.crashing_transform(), 15, TRANSFORM),
        Promise(stream.rarely_called_transform(), 45, TRANSFORM),
        Promise(stream.quiet_transform_crashes(), 45, TRANSFORM),
        Promise(stream.some_calls_fail(), 15, TRANSFORM),
        Promise(stream.throttled_transform(), 15, RAISE_CONCURRENCY_OF_ACCOUNT),
        Promise(stream.slow_transform(), 15, "The traces show what takes the time."),
        Promise(stream.every_record_fails(), 10, FAILED),
        Promise(stream.some_records_fail(), 30, FAILED),
        Promise(
            stream.throttled_producers(),
            20,
            "Producers must retry. Ask AWS for a higher quota of the stream, or put records in batches.",
        ),
        Promise(stream.too_many_partitions(), 15, "Find out which days the transform names, and since when."),
        Promise(
            stream.unusable_key(),
            15,
            "Enable the key, or cancel its deletion. Producers get errors meanwhile, and must retry.",
        ),
        Promise(stream.undelivered_messages(), 5, UNDELIVERED),
        Promise(stream.silence(), 45, "Look at the producers, and at the subscription of the topic."),
        Promise(stream.silence(zeros=True), 45, "Look at the producers, and at the subscription of the topic."),
    ],
    [
        stream.day(),
        stream.night(),
        stream.never_used(),
        stream.burst(),
        stream.one_bad_record(),
        stream.deployment(),
        stream.one_failed_call(),
        stream.one_throttled_call(),
        stream.one_refused_put(),
    ],
)


class TestDrills(Drilled):
    pass
