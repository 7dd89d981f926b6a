"""Prices of functions, and of what calls them."""

import re
from decimal import Decimal
from typing import Final

from patternbook.cost.lines import HOURS, Meter, NotKnownError
from patternbook.cost.pricers.monitoring import add_unlisted_logs
from patternbook.rules.template import CUSTOM, Resource

DEFAULT_MB: Final = 128
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html"""
INCLUDED_STORAGE_MB: Final = 512
"""Ephemeral storage that the price of a function includes: https://aws.amazon.com/lambda/pricing/"""
REQUESTS_OF_A_MESSAGE: Final = 3
"""A message is sent, received and deleted."""
POLLERS: Final = 5
POLL_SECONDS: Final = 20
"""Lambda polls a queue by five connections, which wait up to 20 seconds for a message:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html and
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html"""


def _function(meter: Meter) -> None:
    """A function of a custom resource runs during deployments only, and one of CloudFront has other prices."""
    function = meter.resource
    if _serves_custom_resource(meter):
        return
    if function["LoggingConfig"]["LogGroup"].missing:
        add_unlisted_logs(meter, "/aws/lambda/", function["FunctionName"])
    gb = _gb(meter, function)
    if _is_at_edge(meter):
        meter.usage("Calls of Lambda@Edge", "lambda_edge.request", "invocations")
        _add_duration(meter, "lambda_edge.gb_second", gb)
        return
    processor = _processor(function)
    meter.usage("Calls of functions", "lambda.request", "invocations")
    _add_duration(meter, f"lambda.{processor}_gb_second", gb)
    storage = meter.number(function["EphemeralStorage"]["Size"], INCLUDED_STORAGE_MB) - INCLUDED_STORAGE_MB
    if storage > 0:
        _add_duration(meter, f"lambda.{processor}_storage_gb_second", storage / 1024)
    if function["TracingConfig"]["Mode"].text == "Active":
        meter.usage("Traces", "xray.trace", "traces")


def _add_duration(meter: Meter, price: str, gb: Decimal) -> None:
    seconds = (meter.assumptions["duration_ms"] or Decimal(0)) / 1000
    meter.usage("Duration of functions", price, "invocations", gb * seconds)


def _gb(meter: Meter, function: Resource) -> Decimal:
    return meter.number(function["MemorySize"], DEFAULT_MB) / 1024


def _processor(function: Resource) -> str:
    return "arm" if function["Architectures"].texts == ["arm64"] else "x86"


def _serves_custom_resource(meter: Meter) -> bool:
    return any(
        meter.resource.id in each["ServiceToken"].references
        for each in meter.template.resources.values()
        if each.type.startswith(CUSTOM)
    )


def _is_at_edge(meter: Meter) -> bool:
    versions = [
        each for each in meter.template.of_type("AWS::Lambda::Version") if _function_of(each) == meter.resource.id
    ]
    return any(
        each.id in distribution["DistributionConfig"].references
        for distribution in meter.template.of_type("AWS::CloudFront::Distribution")
        for each in versions
    )


def _function_of(version: Resource) -> str:
    function = version["FunctionName"].resource("AWS::Lambda::Function")
    return function.id if function else ""


def _provisioned(meter: Meter) -> None:
    """Provisioned concurrency of an alias or a version costs by memory, whether it is used or not."""
    called = meter.resource
    number = meter.number(called["ProvisionedConcurrencyConfig"]["ProvisionedConcurrentExecutions"], 0)
    for target in meter.template.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        if called.id in target["ResourceId"].references:
            number = max(number, meter.number(target["MinCapacity"]))
    if not number:
        return
    function = called["FunctionName"].resource("AWS::Lambda::Function")
    if function is None:
        raise NotKnownError("the function is not in this template")
    price = f"lambda.{_processor(function)}_provisioned_gb_second"
    meter.add("Provisioned concurrency", price, number * _gb(meter, function) * HOURS * 3600)


def _event_source(meter: Meter) -> None:
    """A queue may be one of another template, whose ARN is given."""
    if meter.resource["Enabled"].flag is False:
        return
    source = meter.resource["EventSourceArn"]
    if source.unknown:
        raise NotKnownError("EventSourceArn is known in the deployment only")
    if source.resource("AWS::SQS::Queue") or re.search(r":sqs:", source.known_text):
        meter.add("Polling of queues", "sqs.request", POLLERS * HOURS * 3600 / POLL_SECONDS)


def _queue(meter: Meter) -> None:
    price = "sqs.fifo_request" if meter.resource["FifoQueue"].flag else "sqs.request"
    meter.usage("Requests to queues", price, "messages", REQUESTS_OF_A_MESSAGE)


def _topic(meter: Meter) -> None:
    """Topics for alarms have few messages."""
    if _is_for_alarms(meter, meter.resource.id):
        return
    if meter.resource["TracingConfig"].text == "Active":
        _tracing(meter)
    if meter.resource["FifoTopic"].flag:
        meter.unknown("Messages to topics", "no price of FIFO topics")
        return
    meter.usage("Messages to topics", "sns.request", "messages")


def _is_for_alarms(meter: Meter, topic: str) -> bool:
    alarms = meter.template.of_type("AWS::CloudWatch::Alarm")
    return any(topic in each["AlarmActions"].references for each in alarms)


def _subscription(meter: Meter) -> None:
    """Deliveries to functions and queues cost nothing: https://aws.amazon.com/sns/pricing/"""
    topic = meter.resource["TopicArn"].resource("AWS::SNS::Topic")
    protocol = meter.resource["Protocol"].text
    if protocol not in ("lambda", "sqs") and not (topic and _is_for_alarms(meter, topic.id)):
        meter.unknown("Deliveries of topics", f"no price of the protocol {protocol}", assumption="messages")


def _api(meter: Meter) -> None:
    if meter.resource["ProtocolType"].text == "WEBSOCKET":
        meter.unknown("Requests to APIs", "no price of WebSocket APIs")
        return
    meter.usage("Requests to APIs", "http_api.request", "requests")
    meter.usage("Data to the internet", "internet.gb", "internet_gb")


def _state_machine(meter: Meter) -> None:
    if meter.resource["StateMachineType"].text == "EXPRESS":
        meter.unknown("State transitions", "no price of Express workflows")
        return
    meter.usage("State transitions", "step_functions.transition", "transitions")
    if meter.resource["TracingConfiguration"]["Enabled"].flag:
        _tracing(meter)


def _schedule(meter: Meter) -> None:
    if meter.resource["State"].text != "DISABLED":
        meter.unknown("Calls by schedules", "no price with a source", assumption="invocations")


def _stream(meter: Meter) -> None:
    """Firehose bills conversion and partitions beside the ingestion."""
    meter.usage("Data through Firehose", "firehose.gb", "firehose_gb")
    destination = meter.resource["ExtendedS3DestinationConfiguration"]
    for key, price in (
        ("DataFormatConversionConfiguration", "conversion"),
        ("DynamicPartitioningConfiguration", "partition"),
    ):
        if destination[key]["Enabled"].flag:
            meter.usage("Data through Firehose", f"firehose.{price}_gb", "firehose_gb")


def _workgroup(meter: Meter) -> None:
    meter.usage("Queries of Athena", "athena.gb", "scanned_gb")


def _users(meter: Meter) -> None:
    tier = (meter.resource["UserPoolTier"].text or "ESSENTIALS").lower()
    meter.usage("Users of Cognito", f"cognito.{tier}_user", "users")


def _observability(meter: Meter) -> None:
    if not meter.resource["TraceConfiguration"].missing:
        _tracing(meter)


def _tracing(meter: Meter) -> None:
    meter.usage("Traces", "xray.trace", "traces")


PRICERS = {
    "AWS::ApiGatewayV2::Api": _api,
    "AWS::AppRunner::ObservabilityConfiguration": _observability,
    "AWS::Athena::WorkGroup": _workgroup,
    "AWS::Cognito::UserPool": _users,
    "AWS::KinesisFirehose::DeliveryStream": _stream,
    "AWS::Lambda::Alias": _provisioned,
    "AWS::Lambda::EventSourceMapping": _event_source,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Version": _provisioned,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::StepFunctions::StateMachine": _state_machine,
}
