"""The constructs refuse mistakes, with the rule, the value given and what is allowed, before they create anything."""

import re
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

from patternbook import (
    SANDBOX,
    FargateService,
    LogGroup,
    Network,
    PublicLoadBalancer,
    ServiceScaling,
    SharedFileSystem,
    Task,
    WorkQueue,
)
from patternbook.limits.fargate import check_task_size
from patternbook.testing.synthesis import unchecked_app


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(unchecked_app())


@pytest.fixture(scope="module")
def elsewhere() -> ec2.Vpc:
    """A VPC of another stack."""
    return ec2.Vpc(cdk.Stack(), "Vpc")


UNUSED: Any = None  # a stand-in: the mistake is refused before the construct uses it


def task(stack: cdk.Stack, **mistake: Any) -> Task:
    right: dict[str, Any] = {"port": 8080, "log_group": UNUSED, "files": object(), "mount_path": "/data"}
    return Task(stack, "It", posture=SANDBOX, image="public.ecr.aws/a/b:1", **(right | mistake))


Make = Callable[[cdk.Stack, ec2.Vpc], object]
MISTAKES: dict[str, tuple[Make, tuple[str, ...]]] = {
    "Spot above all": (
        lambda stack, _: FargateService(stack, "It", cluster=UNUSED, network=UNUSED, task=UNUSED, spot_percent=101),
        ("spot_percent must be 0 to 100, got 101.",),
    ),
    "task of no size": (
        lambda stack, _: task(stack, memory_mib=3072),
        ("memory_mib must be one of 512, 1024, 2048 with 256 CPU units, got 3072.",),
    ),
    "paths in each other": (
        lambda stack, _: task(stack, writable_paths=["/data/tmp"]),
        ("Paths must not contain each other, but /data contains /data/tmp.",),
    ),
    "network too small": (
        lambda stack, _: Network(stack, "It", posture=SANDBOX, cidr="10.0.0.0/25"),
        ("cidr must be an IPv4 block", "/16 to /23", "got '10.0.0.0/25'"),
    ),
    "network too large": (
        lambda stack, _: Network(stack, "It", posture=SANDBOX, cidr="10.0.0.0/8"),
        ("cidr must be an IPv4 block", "/16 to /23", "got '10.0.0.0/8'"),
    ),
    "network without addresses": (
        lambda stack, _: Network(stack, "It", posture=SANDBOX, cidr="ten"),
        ("cidr must be an IPv4 block", "/16 to /23", "got 'ten'"),
    ),
    "network logs": (
        lambda stack, _: Network(stack, "It", posture=SANDBOX, log_retention_days=8),
        ("retention_days must be one of", "7, 14,", "got 8"),
    ),
    "log group": (
        lambda stack, _: LogGroup(stack, "It", posture=SANDBOX, retention_days=0, key=None),
        ("retention_days must be one of", "1, 3, 5, 7,", "got 0"),
    ),
    "file system for root": (
        lambda stack, vpc: SharedFileSystem(stack, "It", vpc=vpc, posture=SANDBOX, uid=0),
        ("uid and gid must be at least 1", "got 0 and 1000", "act as root"),
    ),
    "file system for root's group": (
        lambda stack, vpc: SharedFileSystem(stack, "It", vpc=vpc, posture=SANDBOX, gid=0),
        ("uid and gid must be at least 1", "got 1000 and 0", "act as root"),
    ),
    "file system with a relative path": (
        lambda stack, vpc: SharedFileSystem(stack, "It", vpc=vpc, posture=SANDBOX, path="files"),
        ("path must be an absolute path", "got 'files'"),
    ),
    "file system at the root": (
        lambda stack, vpc: SharedFileSystem(stack, "It", vpc=vpc, posture=SANDBOX, path="/"),
        ("path must be an absolute path", "got '/'"),
    ),
    "load balancer for nobody": (
        lambda stack, vpc: PublicLoadBalancer(stack, "It", vpc=vpc, posture=SANDBOX, allowed_cidrs=[]),
        ("allowed_cidrs must list at least one CIDR block, got none.",),
    ),
    "visibility timeout": (
        lambda stack, _: WorkQueue(stack, "It", posture=SANDBOX, visibility_timeout_seconds=43_201),
        ("visibility_timeout_seconds must be at most 43,200 seconds", "got 43,201"),
    ),
    "load balancer logs": (
        lambda stack, vpc: PublicLoadBalancer(stack, "It", vpc=vpc, posture=SANDBOX, log_retention_days=0),
        ("log_retention_days must be at least 1", "got 0"),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_rule_value_and_what_is_allowed(
    stack: cdk.Stack, elsewhere: ec2.Vpc, mistake: str
) -> None:
    make, said = MISTAKES[mistake]
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the message is checked below, in parts
        make(stack, elsewhere)
    assert [part for part in said if part not in str(refusal.value)] == [], refusal.value


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_refused_construct_leaves_nothing_in_the_stack(stack: cdk.Stack, elsewhere: ec2.Vpc, mistake: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        MISTAKES[mistake][0](stack, elsewhere)
    assert [child.node.id for child in stack.node.children] == []


@pytest.mark.parametrize(
    ("cpu", "memory_mib", "said"),
    [
        (300, 512, "cpu must be one of 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, got 300"),
        (256, 4096, "memory_mib must be one of 512, 1024, 2048 with 256 CPU units, got 4096"),
        (4096, 8000, "memory_mib must be one of 8192, 9216, .* with 4096 CPU units, got 8000"),
    ],
)
def test_a_task_size_that_fargate_does_not_offer_is_refused(cpu: int, memory_mib: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_task_size(cpu, memory_mib)


@pytest.mark.parametrize(("cpu", "memory_mib"), [(256, 512), (1024, 8192), (16384, 122880), (32768, 249856)])
def test_a_task_size_that_fargate_offers_is_accepted(cpu: int, memory_mib: int) -> None:
    check_task_size(cpu, memory_mib)


@pytest.fixture
def service(stack: cdk.Stack) -> ecs.FargateService:
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_registry("public.ecr.aws/nginx/nginx-unprivileged:1.29"))
    cluster = ecs.Cluster(stack, "Cluster", vpc=ec2.Vpc(stack, "Vpc"))
    return ecs.FargateService(stack, "Service", cluster=cluster, task_definition=task, min_healthy_percent=100)


def nodes(stack: cdk.Stack) -> list[str]:
    return sorted(child.node.path for child in stack.node.find_all())


WRONG_LIMITS = {
    (3, 2): r"max_tasks must be at least min_tasks \(3\), got 2\. Raise max_tasks or lower min_tasks\.",
    (-1, 2): r"min_tasks must be at least 0, got -1\.",
}


@pytest.mark.parametrize(("min_tasks", "max_tasks"), WRONG_LIMITS)
def test_scaling_with_wrong_limits_is_refused(
    stack: cdk.Stack, service: ecs.FargateService, min_tasks: int, max_tasks: int
) -> None:
    before = nodes(stack)
    with pytest.raises(ValueError, match=WRONG_LIMITS[min_tasks, max_tasks]):
        ServiceScaling(stack, "It", service=service, min_tasks=min_tasks, max_tasks=max_tasks)
    assert nodes(stack) == before


@pytest.mark.parametrize(("min_tasks", "max_tasks"), WRONG_LIMITS)
def test_a_schedule_with_wrong_limits_is_refused(
    stack: cdk.Stack, service: ecs.FargateService, min_tasks: int, max_tasks: int
) -> None:
    scaling = ServiceScaling(stack, "It", service=service, min_tasks=1, max_tasks=2)
    before = nodes(stack)
    with pytest.raises(ValueError, match=WRONG_LIMITS[min_tasks, max_tasks]):
        scaling.on_schedule("Night", cron="0 20 ? * * *", time_zone="Etc/UTC", min_tasks=min_tasks, max_tasks=max_tasks)
    assert nodes(stack) == before


@pytest.mark.parametrize("add_tasks", [{}, {1.0: 0}, {1.0: -1}, {1.0: 2, 2.0: 1}, {1.0: 2, 2.0: 2}], ids=str)
def test_steps_that_do_not_rise_are_refused(
    stack: cdk.Stack, service: ecs.FargateService, add_tasks: dict[float, int]
) -> None:
    scaling = ServiceScaling(stack, "It", service=service, min_tasks=1, max_tasks=2)
    before = nodes(stack)
    with pytest.raises(
        ValueError, match="steps that each add at least 1 task and more than the step before"
    ) as refusal:
        scaling.on_steps("Slow", cloudwatch.Metric(namespace="A", metric_name="B"), add_tasks=add_tasks)
    assert f"got {add_tasks}." in str(refusal.value)
    assert nodes(stack) == before


BACKLOG = cloudwatch.Metric(namespace="Work", metric_name="Backlog", dimensions_map={"Queue": "one"})


def test_any_metric_can_be_tracked(stack: cdk.Stack, service: ecs.FargateService) -> None:
    ServiceScaling(stack, "It", service=service, min_tasks=1, max_tasks=2).on_metric("Backlog", BACKLOG, target=10)
    policy = {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "CustomizedMetricSpecification": {
                "Namespace": "Work",
                "MetricName": "Backlog",
                "Dimensions": [{"Name": "Queue", "Value": "one"}],
                "Statistic": "Average",
            },
            "TargetValue": 10,
        },
    }
    Template.from_stack(stack).has_resource_properties("AWS::ApplicationAutoScaling::ScalingPolicy", policy)


Use = Callable[[ServiceScaling], None]
FIGHTS: dict[str, tuple[Use, Use, str]] = {
    "CPU twice": (
        lambda scaling: scaling.on_cpu(percent=50),
        lambda scaling: scaling.on_cpu(percent=60),
        "target tracking cannot use CPU utilization, because target tracking already does",
    ),
    "a metric tracked twice, by other statistics": (
        lambda scaling: scaling.on_metric("One", BACKLOG, target=10),
        lambda scaling: scaling.on_metric("Two", BACKLOG.with_(statistic="max"), target=20),
        "target tracking cannot use this metric, because target tracking already does",
    ),
    "a metric tracked and stepped": (
        lambda scaling: scaling.on_metric("One", BACKLOG, target=10),
        lambda scaling: scaling.on_steps("Two", BACKLOG, add_tasks={20: 1}),
        "step scaling cannot use this metric, because target tracking already does",
    ),
    "a backlog tracked twice": (
        lambda scaling: scaling.on_backlog(BACKLOG, per_task=10),
        lambda scaling: scaling.on_backlog(BACKLOG, per_task=20),
        "target tracking cannot use this metric, because target tracking already does",
    ),
    "an expression twice": (
        lambda scaling: scaling.on_steps("One", expression("a / 2"), add_tasks={10: 1}),
        lambda scaling: scaling.on_steps("Two", expression("a / 2"), add_tasks={20: 1}),
        "cannot use this metric, because step scaling already does. Use another metric",
    ),
    "the same time twice": (
        lambda scaling: scaling.on_schedule("One", **EVENING, min_tasks=0, max_tasks=1),
        lambda scaling: scaling.on_schedule("Two", **EVENING, min_tasks=1, max_tasks=1),
        "cron and time_zone must differ between schedules, got '0 20 ? * * *' and 'Etc/UTC' twice",
    ),
}
EVENING = {"cron": "0 20 ? * * *", "time_zone": "Etc/UTC"}


def expression(text: str) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(expression=text, using_metrics={"a": BACKLOG})


@pytest.mark.parametrize(("first", "second", "message"), FIGHTS.values(), ids=FIGHTS)
def test_policies_that_contradict_each_other_are_refused(
    stack: cdk.Stack, service: ecs.FargateService, first: Use, second: Use, message: str
) -> None:
    scaling = ServiceScaling(stack, "It", service=service, min_tasks=1, max_tasks=2)
    first(scaling)
    before = nodes(stack)
    with pytest.raises(ValueError, match=re.escape(message)):
        second(scaling)
    assert nodes(stack) == before


def test_policies_that_agree_are_accepted(stack: cdk.Stack, service: ecs.FargateService) -> None:
    scaling = ServiceScaling(stack, "It", service=service, min_tasks=1, max_tasks=2)
    scaling.on_cpu(percent=50)
    scaling.on_memory(percent=50)
    scaling.on_metric("One", BACKLOG, target=10)
    scaling.on_metric("Other", cloudwatch.Metric(namespace="Work", metric_name="Backlog"), target=10)
    scaling.on_steps("Steps", cloudwatch.Metric(namespace="Work", metric_name="Errors"), add_tasks={20: 1})
    scaling.on_schedule("Evening", **EVENING, min_tasks=0, max_tasks=1)
    scaling.on_schedule("There", **{**EVENING, "time_zone": "Europe/Berlin"}, min_tasks=0, max_tasks=1)
    Template.from_stack(stack).resource_count_is("AWS::ApplicationAutoScaling::ScalingPolicy", 6)


@pytest.mark.parametrize(
    ("metric", "queries"),
    [
        (BACKLOG.with_(statistic="p90"), [("stepped", None)]),
        (expression("a / 2"), [("a", None), ("stepped", "a / 2")]),
    ],
    ids=["a metric", "an expression"],
)
def test_steps_hold_tasks_while_their_metric_is_high(
    stack: cdk.Stack, service: ecs.FargateService, metric: cloudwatch.IMetric, queries: list[tuple[str, str | None]]
) -> None:
    scaling = ServiceScaling(stack, "It", service=service, min_tasks=1, max_tasks=2)
    scaling.on_cpu(percent=50)
    scaling.on_steps("Steps", metric, add_tasks={20: 1, 40: 2})
    policies = Template.from_stack(stack).find_resources("AWS::ApplicationAutoScaling::ScalingPolicy")
    [hold] = [policy["Properties"] for name, policy in policies.items() if "Hold" in name]
    configuration = hold["TargetTrackingScalingPolicyConfiguration"]
    assert configuration["TargetValue"] == 1
    *found, last = configuration["CustomizedMetricSpecification"]["Metrics"]
    assert [(each["Id"], each.get("Expression")) for each in found] == queries
    assert found[0]["MetricStat"]["Stat"] == ("p90" if len(found) == 1 else "Average")
    assert last == {"Id": "tracked", "Expression": "IF(FILL(stepped, 0) >= 20, 1, 0)", "ReturnData": True}


def test_a_backlog_is_tracked_per_running_task(stack: cdk.Stack, service: ecs.FargateService) -> None:
    ServiceScaling(stack, "It", service=service, min_tasks=1, max_tasks=2).on_backlog(BACKLOG, per_task=10)
    [policy] = Template.from_stack(stack).find_resources("AWS::ApplicationAutoScaling::ScalingPolicy").values()
    configuration = policy["Properties"]["TargetTrackingScalingPolicyConfiguration"]
    assert configuration["TargetValue"] == 10
    messages, running, last = configuration["CustomizedMetricSpecification"]["Metrics"]
    assert messages["MetricStat"]["Metric"]["MetricName"] == "Backlog"
    counted = running["MetricStat"]["Metric"]
    assert (counted["Namespace"], counted["MetricName"]) == ("ECS/ContainerInsights", "RunningTaskCount")
    assert {each["Name"] for each in counted["Dimensions"]} == {"ClusterName", "ServiceName"}
    assert last["Expression"] == "messages / IF(FILL(running, REPEAT) > 0, FILL(running, REPEAT), 1)"


@pytest.mark.parametrize("per_task", [0, -1])
def test_a_backlog_that_is_not_above_zero_is_refused(
    stack: cdk.Stack, service: ecs.FargateService, per_task: float
) -> None:
    scaling = ServiceScaling(stack, "It", service=service, min_tasks=1, max_tasks=2)
    with pytest.raises(ValueError, match=rf"per_task must be above 0, got {per_task}\."):
        scaling.on_backlog(BACKLOG, per_task=per_task)


@pytest.mark.parametrize(("always", "at_night"), [(0, 1), (1, 0)])
def test_a_backlog_without_a_task_is_refused(
    stack: cdk.Stack, service: ecs.FargateService, always: int, at_night: int
) -> None:
    scaling = ServiceScaling(stack, "It", service=service, min_tasks=always, max_tasks=2)
    scaling.on_backlog(BACKLOG, per_task=10)
    scaling.on_schedule("Evening", **EVENING, min_tasks=at_night, max_tasks=1)
    with pytest.raises(RuntimeError, match=r"min_tasks must be at least 1 with on_backlog, also in schedules, got 0"):
        Template.from_stack(stack)


def test_step_scaling_alone_is_refused(stack: cdk.Stack, service: ecs.FargateService) -> None:
    scaling = ServiceScaling(stack, "It", service=service, min_tasks=1, max_tasks=2)
    scaling.on_steps("Steps", BACKLOG, add_tasks={20: 1})
    with pytest.raises(RuntimeError, match=r"nothing removes them\. Add a target tracking policy"):
        Template.from_stack(stack)
