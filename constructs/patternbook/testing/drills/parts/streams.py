"""The parts of a template that report metrics of a Firehose stream."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from patternbook.testing.drills.emitters.aws_lambda import Function
from patternbook.testing.drills.emitters.data_stream import FirehoseStream
from patternbook.testing.drills.intrinsics import Names
from patternbook.testing.drills.parts.resources import of_type

Part = Literal["stream", "own key", "topic", "steady"]
STREAM = "AWS::KinesisFirehose::DeliveryStream"


def stream_emitters(template: Mapping[str, Any], names: Names) -> list[FirehoseStream]:
    """The streams of a template, each with the one function that it has."""
    found = []
    for stream, _ in of_type(template, STREAM):
        [(_, alias)] = of_type(template, "AWS::Lambda::Alias")
        name = names.of(alias["FunctionName"])
        function = dict(of_type(template, "AWS::Lambda::Function"))[name]
        variables = function["Environment"]["Variables"]
        found.append(
            FirehoseStream(
                stream,
                Function(name, alias["Name"]),
                function["Timeout"],
                variables["POWERTOOLS_METRICS_NAMESPACE"],
                variables["POWERTOOLS_SERVICE_NAME"],
            )
        )
    return found


def interval_of(template: Mapping[str, Any]) -> int:
    """Minutes between two files at the slowest, which is 1.5 times the buffer interval."""
    for _, stream in of_type(template, STREAM):
        hints = stream["ExtendedS3DestinationConfiguration"]["BufferingHints"]
        return math.ceil(1.5 * hints["IntervalInSeconds"] / 60)
    return 1


def stream_parts(template: Mapping[str, Any]) -> list[Part]:
    """The features that events of a stream need. An alarm on what arrives shows that the owner of the stream has said
    how long it may be silent.
    """
    streams = [stream for _, stream in of_type(template, STREAM)]
    if not streams:
        return []
    there: dict[Part, bool] = {
        "stream": True,
        "own key": "KeyARN" in streams[0].get("DeliveryStreamEncryptionConfigurationInput", {}),
        "topic": any(each["Protocol"] == "firehose" for _, each in of_type(template, "AWS::SNS::Subscription")),
        "steady": any(
            _metrics(alarm) == {"IncomingRecords"} for _, alarm in of_type(template, "AWS::CloudWatch::Alarm")
        ),
    }
    return [part for part, is_there in there.items() if is_there]


def _metrics(alarm: Mapping[str, Any]) -> set[str]:
    stats = [each["MetricStat"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    return {each["Metric"]["MetricName"] for each in stats}
