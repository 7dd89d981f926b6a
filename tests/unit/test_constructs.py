"""The constructs in somebody else's app: usable without the rest of the book, and clear about mistakes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

from patternbook import (
    PRODUCTION,
    SANDBOX,
    Network,
    PublicLoadBalancer,
    ServiceScaling,
    SharedFileSystem,
    log_group,
)
from patternbook.fargate import check_task_size

FOREIGN_APP = """
import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from patternbook import SANDBOX, Monitoring, Network, PublicLoadBalancer, ServiceScaling, SharedFileSystem

app = cdk.App(outdir="cdk.out")
stack = cdk.Stack(app, "Foreign")
network = Network(stack, "Network", posture=SANDBOX)
files = SharedFileSystem(stack, "Files", vpc=network.vpc, posture=SANDBOX)
front = PublicLoadBalancer(stack, "Front", vpc=network.vpc, posture=SANDBOX)
task = ecs.FargateTaskDefinition(stack, "Task", volumes=[files.as_volume("files")])
container = task.add_container(
    "app",
    image=ecs.ContainerImage.from_registry("public.ecr.aws/nginx/nginx-unprivileged:1.29"),
    port_mappings=[ecs.PortMapping(container_port=8080)],
)
container.add_mount_points(ecs.MountPoint(container_path="/files", source_volume="files", read_only=False))
service = ecs.FargateService(
    stack,
    "Service",
    cluster=ecs.Cluster(stack, "Cluster", vpc=network.vpc),
    task_definition=task,
    min_healthy_percent=100,
)
files.grant_read_write(task.task_role, client=service)
targets = front.listener.add_targets(
    "Targets", targets=[service], port=8080, protocol=elbv2.ApplicationProtocol.HTTP
)
scaling = ServiceScaling(stack, "Scaling", service=service, min_tasks=1, max_tasks=3)
scaling.on_cpu(percent=50)
scaling.on_memory(percent=50)
scaling.on_requests(targets, per_minute=100)
scaling.on_schedule("Night", cron="0 20 ? * * *", time_zone="Europe/Berlin", min_tasks=0, max_tasks=1)
scaling.on_steps("Slow", targets.metrics.target_response_time(), add_tasks={1: 1, 5: 3})
monitoring = Monitoring(stack, "Monitoring", email="ops@example.com")
monitoring.watch("Storage", files.throughput_utilization(), threshold=80, description="EFS is busy")
monitoring.graph("CPU", [service.metric_cpu_utilization()])
cdk.CfnOutput(stack, "Url", value=front.url)
app.synth()
"""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template of an app that knows ``aws_cdk`` and ``patternbook`` only."""
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "foreign.py").write_text(FOREIGN_APP, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "foreign.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return json.loads((folder / "cdk.out" / "Foreign.template.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("resource_type", "count"),
    [
        ("AWS::EC2::Subnet", 9),
        ("AWS::EC2::NatGateway", 1),
        ("AWS::EC2::FlowLog", 1),
        ("AWS::EFS::MountTarget", 3),
        ("AWS::EFS::AccessPoint", 1),
        ("AWS::ElasticLoadBalancingV2::Listener", 1),
        ("AWS::ECS::Service", 1),
        ("AWS::ApplicationAutoScaling::ScalableTarget", 1),
        ("AWS::ApplicationAutoScaling::ScalingPolicy", 4),
        ("AWS::CloudWatch::Alarm", 2),
        ("AWS::CloudWatch::Dashboard", 1),
        ("AWS::SNS::Subscription", 1),
        ("AWS::KMS::Key", 0),
    ],
)
def test_a_foreign_app_gets_what_the_constructs_make(foreign: dict[str, Any], resource_type: str, count: int) -> None:
    assert sum(item["Type"] == resource_type for item in foreign["Resources"].values()) == count


def test_a_foreign_app_needs_no_custom_resource(foreign: dict[str, Any]) -> None:
    types = {item["Type"] for item in foreign["Resources"].values()}
    assert not {name for name in types if name.startswith(("Custom::", "AWS::CloudFormation::Custom", "AWS::Lambda"))}


def test_a_foreign_app_has_the_project_s_stacks_nowhere(tmp_path: Path) -> None:
    """So that the test above would notice a construct that imports a stack."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-c", "import patternbook, sys; sys.exit('stacks' in sys.modules)"]
    assert subprocess.run(command, cwd=tmp_path, env=environment, timeout=60).returncode == 0
    command = [sys.executable, "-c", "import stacks"]
    assert subprocess.run(command, cwd=tmp_path, env=environment, timeout=60, capture_output=True).returncode == 1


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack()


@pytest.fixture(scope="module")
def elsewhere() -> ec2.Vpc:
    """A VPC of another stack."""
    return ec2.Vpc(cdk.Stack(), "Vpc")


Make = Callable[[cdk.Stack, ec2.Vpc], object]
MISTAKES: dict[str, tuple[Make, tuple[str, ...]]] = {
    "network too small": (
        lambda stack, _: Network(stack, "It", posture=SANDBOX, cidr="10.0.0.0/25"),
        ("cidr", "'10.0.0.0/25' given", "/16 to /23 required"),
    ),
    "network too large": (
        lambda stack, _: Network(stack, "It", posture=SANDBOX, cidr="10.0.0.0/8"),
        ("cidr", "'10.0.0.0/8' given", "/16 to /23 required"),
    ),
    "network without addresses": (
        lambda stack, _: Network(stack, "It", posture=SANDBOX, cidr="ten"),
        ("cidr", "'ten' given", "/16 to /23 required"),
    ),
    "network logs": (
        lambda stack, _: Network(stack, "It", posture=SANDBOX, log_retention_days=8),
        ("retention_days", "8 is not one of", "7, 14,"),
    ),
    "log group": (
        lambda stack, _: log_group(stack, "It", posture=SANDBOX, retention_days=0, key=None),
        ("retention_days", "0 is not one of", "1, 3, 5, 7,"),
    ),
    "file system for root": (
        lambda stack, vpc: SharedFileSystem(stack, "It", vpc=vpc, posture=SANDBOX, uid=0),
        ("uid and gid", "0 and 1000 given", "for root shares everything"),
    ),
    "file system for root's group": (
        lambda stack, vpc: SharedFileSystem(stack, "It", vpc=vpc, posture=SANDBOX, gid=0),
        ("uid and gid", "1000 and 0 given", "for root shares everything"),
    ),
    "file system with a relative path": (
        lambda stack, vpc: SharedFileSystem(stack, "It", vpc=vpc, posture=SANDBOX, path="files"),
        ("path", "'files' given", "absolute path below the root"),
    ),
    "file system at the root": (
        lambda stack, vpc: SharedFileSystem(stack, "It", vpc=vpc, posture=SANDBOX, path="/"),
        ("path", "'/' given", "absolute path below the root"),
    ),
    "load balancer without TLS": (
        lambda stack, vpc: PublicLoadBalancer(stack, "It", vpc=vpc, posture=PRODUCTION),
        ("posture production serves HTTPS only", "certificate_arn", "allow_plain_http"),
    ),
    "load balancer for nobody": (
        lambda stack, vpc: PublicLoadBalancer(stack, "It", vpc=vpc, posture=SANDBOX, allowed_cidrs=[]),
        ("allowed_cidrs", "none given", "at least one IPv4 block required"),
    ),
    "load balancer logs": (
        lambda stack, vpc: PublicLoadBalancer(stack, "It", vpc=vpc, posture=SANDBOX, log_retention_days=0),
        ("log_retention_days", "0 given", "at least 1 required"),
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
        (300, 512, "cpu: 300 is not one of 256, 512, 1024, 2048, 4096, 8192, 16384, 32768"),
        (256, 4096, "Fargate offers with 256 CPU units these sizes, in MiB: 512, 1024, 2048"),
        (4096, 8000, "Fargate offers with 4096 CPU units these sizes, in MiB: 8192, "),
    ],
)
def test_a_task_size_that_fargate_does_not_offer(cpu: int, memory_mib: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_task_size(cpu, memory_mib)


@pytest.mark.parametrize(("cpu", "memory_mib"), [(256, 512), (1024, 8192), (16384, 122880), (32768, 249856)])
def test_a_task_size_that_fargate_offers(cpu: int, memory_mib: int) -> None:
    check_task_size(cpu, memory_mib)


@pytest.fixture
def service(stack: cdk.Stack) -> ecs.FargateService:
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_registry("public.ecr.aws/nginx/nginx-unprivileged:1.29"))
    cluster = ecs.Cluster(stack, "Cluster", vpc=ec2.Vpc(stack, "Vpc"))
    return ecs.FargateService(stack, "Service", cluster=cluster, task_definition=task, min_healthy_percent=100)


def nodes(stack: cdk.Stack) -> list[str]:
    return sorted(child.node.path for child in stack.node.find_all())


@pytest.mark.parametrize(("min_tasks", "max_tasks"), [(3, 2), (-1, 2)])
def test_scaling_between_wrong_bounds(
    stack: cdk.Stack, service: ecs.FargateService, min_tasks: int, max_tasks: int
) -> None:
    before = nodes(stack)
    said = f"min_tasks and max_tasks: {min_tasks} and {max_tasks} given, 0 <= min <= max required"
    with pytest.raises(ValueError, match=said):
        ServiceScaling(stack, "It", service=service, min_tasks=min_tasks, max_tasks=max_tasks)
    assert nodes(stack) == before


@pytest.mark.parametrize(("min_tasks", "max_tasks"), [(3, 2), (-1, 2)])
def test_a_schedule_with_wrong_bounds(
    stack: cdk.Stack, service: ecs.FargateService, min_tasks: int, max_tasks: int
) -> None:
    scaling = ServiceScaling(stack, "It", service=service, min_tasks=1, max_tasks=2)
    before = nodes(stack)
    said = f"min_tasks and max_tasks: {min_tasks} and {max_tasks} given, 0 <= min <= max required"
    with pytest.raises(ValueError, match=said):
        scaling.on_schedule("Night", cron="0 20 ? * * *", time_zone="Etc/UTC", min_tasks=min_tasks, max_tasks=max_tasks)
    assert nodes(stack) == before


@pytest.mark.parametrize("add_tasks", [{}, {1.0: 0}, {1.0: -1}, {1.0: 2, 2.0: 1}, {1.0: 2, 2.0: 2}], ids=str)
def test_steps_that_do_not_rise(stack: cdk.Stack, service: ecs.FargateService, add_tasks: dict[float, int]) -> None:
    scaling = ServiceScaling(stack, "It", service=service, min_tasks=1, max_tasks=2)
    before = nodes(stack)
    with pytest.raises(ValueError, match="each step adds at least 1 task, and more than a lower one") as refusal:
        scaling.on_steps("Slow", cloudwatch.Metric(namespace="A", metric_name="B"), add_tasks=add_tasks)
    assert f"add_tasks: {add_tasks} given" in str(refusal.value)
    assert nodes(stack) == before
