"""The test of drawings fails when a template or a drawing is broken, for each kind of claim."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from patternbook.app import PatternStack
from patternbook.testing.drawings.checking import problems
from patternbook.testing.drawings.promises import deployed, drawing_of
from patternbook.testing.drawings.shown import Deployed
from patternbook.testing.drawings.source import DrawingError, parse, read, sentences
from patternbook.testing.reading import Reading
from patternbook.testing.synthesis import variant
from stacks.event_pipeline import EventPipelineStack
from stacks.fargate_efs import FargateEfsStack

Break = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Deployed]]:
    return {
        pattern.__name__: {
            posture: deployed(Reading(variant(pattern, tmp_path_factory.mktemp(posture), posture=posture)))
            for posture in ("sandbox", "production")
        }
        for pattern in (FargateEfsStack, EventPipelineStack)
    }


def resources(document: dict[str, Any], kind: str, **properties: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, body in list(document["Resources"].items()):
        if body["Type"] == f"AWS::{kind}" and properties.items() <= body.get("Properties", {}).items():
            yield name, body["Properties"]


def drop(kind: str, **properties: Any) -> Break:
    """Drops the resources of a type that have such properties."""

    def change(document: dict[str, Any]) -> None:
        found = [name for name, _ in resources(document, kind, **properties)]
        assert found
        for name in found:
            del document["Resources"][name]

    return change


def drop_property(kind: str, name: str, **properties: Any) -> Break:
    """Drops a property of the first resource of a type."""

    def change(document: dict[str, Any]) -> None:
        _, body = next(resources(document, kind, **properties))
        del body[name]

    return change


def deny(action: str) -> Break:
    """Drops the statements of roles and of queues that have an action."""

    def change(document: dict[str, Any]) -> None:
        for kind in ("IAM::Policy", "SQS::QueuePolicy"):
            for _, body in resources(document, kind):
                statements = body["PolicyDocument"]["Statement"]
                statements[:] = [each for each in statements if action not in each["Action"]]

    return change


def widen(action: str) -> Break:
    """Makes the statements with an action ones about all resources, which say nothing of the target."""

    def change(document: dict[str, Any]) -> None:
        for _, body in resources(document, "IAM::Policy"):
            for each in body["PolicyDocument"]["Statement"]:
                each["Resource"] = "*" if action in each["Action"] else each["Resource"]

    return change


def move_service(document: dict[str, Any]) -> None:
    """Moves the service into the public subnets, where the load balancer is."""
    [(_, balancer)] = resources(document, "ElasticLoadBalancingV2::LoadBalancer")
    [(_, service)] = resources(document, "ECS::Service")
    service["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"] = balancer["Subnets"]


def add_queue(document: dict[str, Any]) -> None:
    document["Resources"]["Another"] = {"Type": "AWS::SQS::Queue"}


BROKEN: list[tuple[type[PatternStack], Break, str]] = [
    (FargateEfsStack, drop("EC2::SecurityGroupIngress", FromPort=2049), "files has no cause 'tcp 2049'"),
    (FargateEfsStack, drop("EC2::SecurityGroupEgress", FromPort=2049), "files has no cause 'tcp 2049'"),
    (FargateEfsStack, drop("EC2::SecurityGroupIngress", FromPort=8080), "service has no cause 'tcp 8080'"),
    (
        FargateEfsStack,
        deny("elasticfilesystem:ClientWrite"),
        "files has no cause 'allows elasticfilesystem:ClientWrite'",
    ),
    (
        FargateEfsStack,
        widen("elasticfilesystem:ClientWrite"),
        "files has no cause 'allows elasticfilesystem:ClientWrite'",
    ),
    (FargateEfsStack, drop("EC2::Route", DestinationCidrBlock="0.0.0.0/0"), "nat has no cause 'default route'"),
    (FargateEfsStack, drop_property("ElasticLoadBalancingV2::LoadBalancer", "Scheme"), "no cause 'internet-facing'"),
    (FargateEfsStack, drop_property("ElasticLoadBalancingV2::Listener", "DefaultActions"), "no cause 'target group'"),
    (FargateEfsStack, drop_property("ECS::Service", "LoadBalancers"), "no cause 'target group'"),
    (FargateEfsStack, drop_property("ECS::TaskDefinition", "Volumes"), "no cause 'volume'"),
    (FargateEfsStack, drop_property("CloudWatch::Alarm", "AlarmActions"), "people has no cause 'alarm action'"),
    (
        FargateEfsStack,
        drop("CloudWatch::Alarm"),
        "alarms stands for AWS::CloudWatch::Alarm in Monitoring, of which there",
    ),
    (
        FargateEfsStack,
        drop("EFS::FileSystem"),
        "files stands for AWS::EFS::FileSystem in Files, of which there is none",
    ),
    (FargateEfsStack, move_service, "service is drawn in vpc.private, to which its resources do not refer"),
    (FargateEfsStack, add_queue, "no node stands for AWS::SQS::Queue in Another"),
    (EventPipelineStack, drop("SNS::Subscription"), "process-queue has no cause 'subscription'"),
    (EventPipelineStack, deny("sqs:SendMessage"), "process-queue has no cause 'allows sqs:SendMessage'"),
    (EventPipelineStack, drop("Lambda::EventSourceMapping"), "process has no cause 'event source mapping'"),
    (EventPipelineStack, drop_property("S3::Bucket", "NotificationConfiguration"), "no cause 'bucket notification'"),
    (
        EventPipelineStack,
        drop_property("SQS::Queue", "RedrivePolicy", VisibilityTimeout=180),
        "no cause 'redrive policy'",
    ),
    (EventPipelineStack, drop("Lambda::Url"), "form has no cause 'function URL with IAM'"),
]


@pytest.mark.parametrize(("pattern", "change", "problem"), BROKEN)
def test_a_broken_template_is_found(
    pattern: type[PatternStack], change: Break, problem: str, templates: Mapping[str, Mapping[str, Deployed]]
) -> None:
    """The whole template has no problem, as the test of the pattern shows."""
    whole = templates[pattern.__name__]["sandbox"]
    document = copy.deepcopy(dict(whole.document))
    change(document)
    found = problems(read(drawing_of(pattern)), {"sandbox": Deployed(document, whole.paths)})
    assert any(problem in each for each in found), found


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("  class: production\n", "", "access-logs leads from or to what only production has"),
        ("class: [bucket; production]", "class: bucket", "sandbox: access-logs stands for AWS::S3::Bucket"),
        ("class: file-system", "class: [file-system; production]", "sandbox: vpc.isolated.files is not only in prod"),
        ("metrics {\n", "metrics {\n  class: production\n", "is true not only in production: alarm metric"),
        ("  # because: alarm metric\n", "", "does not say which cause makes it true"),
        ("because: alarm metric", "because: magic", "'magic' is no cause of an arrow. Choose from: ECS cluster, "),
        ("because: tcp 2049", "because: tcp 2050", "has no cause 'tcp 2050'"),
        ("  # stands for: AWS::SNS::Topic in Monitoring\n", "", "people does not say what it stands for"),
        ("alarms <- vpc.private.service", "alarms <- internet", "no cause 'alarm metric'"),
    ],
)
def test_a_drawing_that_lies_is_found(
    old: str, new: str, problem: str, templates: Mapping[str, Mapping[str, Deployed]]
) -> None:
    source = drawing_of(FargateEfsStack)
    text = source.read_text(encoding="utf-8")
    assert old in text
    found = problems(parse(text.replace(old, new), source.name), templates["FargateEfsStack"])
    assert any(problem in each for each in found), found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: A {class: x}\na -> b\n", "x.d2, line 2: has an arrow of b, which is no node."),
        ("a: A {\n", "x.d2, line 1: ends within a group, a node or an arrow."),
        ("a: A\n}\n", "x.d2, line 2: closes nothing."),
        ("a: A {shape: oval}\n", "x.d2, line 1: may have a class between braces on one line, and nothing else."),
        ("a -> b -> c\n", "x.d2, line 1: is not understood."),
        ("a: A\na: B\n", "x.d2, line 2: defines a again."),
        ("a: A {\n  # because: tcp 80\n}\n", "x.d2, line 2: says 'because', which belongs into an arrow."),
        ("# stands for: AWS::SQS::Queue\n", "x.d2, line 1: says 'stands for', which belongs into a node."),
        ("class: x\n", "x.d2, line 1: gives a class to nothing."),
    ],
)
def test_a_line_that_is_not_understood_is_named(text: str, message: str) -> None:
    with pytest.raises(DrawingError) as caught:
        parse(text, "x.d2")
    assert str(caught.value).startswith(message)


def test_a_drawing_can_be_said_in_words() -> None:
    drawing = parse(
        "a: Queue\\nof work {class: x}\ng: G {\n  b: B\n}\ng.b <- a: sends {\n  class: production\n}\n", "x.d2"
    )
    assert list(sentences(drawing)) == ["Queue of work → B: sends (production only)"]
