"""The parts of a template that report metrics of an event pipeline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from patternbook.testing.drills.emitters.event_pipeline import Batches, Consumer, Deliveries, Topic
from patternbook.testing.drills.emitters.reports import Report
from patternbook.testing.drills.intrinsics import Names
from patternbook.testing.drills.parts.resources import of_type


@dataclass(frozen=True)
class Pipeline:
    consumers: tuple[Consumer, ...]
    topics: tuple[Topic, ...]

    def metrics(self, batches: Batches, deliveries: Deliveries) -> Report:
        sent: Report = {}
        for consumer in self.consumers:
            sent |= consumer.metrics(batches)
        for topic in self.topics:
            sent |= topic.metrics(deliveries)
        return sent


def pipeline_emitters(template: Mapping[str, Any], names: Names) -> Pipeline:
    """The emitters of a template. Only one with consumers of queues has any."""
    if not any(of_type(template, "AWS::Lambda::EventSourceMapping")):
        return Pipeline((), ())
    topics = {
        each["Topic"]["Ref"]
        for _, bucket in of_type(template, "AWS::S3::Bucket")
        for each in bucket.get("NotificationConfiguration", {}).get("TopicConfigurations", [])
    }
    return Pipeline(
        tuple(_consumers(template, names)),
        tuple(Topic(names.of({"Fn::GetAtt": [each, "TopicName"]})) for each in sorted(topics)),
    )


def _consumers(template: Mapping[str, Any], names: Names) -> Iterator[Consumer]:
    functions = dict(of_type(template, "AWS::Lambda::Function"))
    for _, alias in of_type(template, "AWS::Lambda::Alias"):
        name = names.of(alias["FunctionName"])
        variables = functions[name]["Environment"]["Variables"]
        yield Consumer(
            name,
            alias["Name"],
            functions[name]["Timeout"],
            variables["POWERTOOLS_METRICS_NAMESPACE"],
            variables["POWERTOOLS_SERVICE_NAME"],
        )
