"""The package works in an app outside of this book."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOREIGN_APP = """
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from patternbook import (
    SANDBOX,
    AnywhereService,
    AppRunnerService,
    Ec2Capacity,
    Ec2Service,
    EfsStorage,
    EksCluster,
    EndpointConsumer,
    EndpointService,
    ExpressService,
    FailureQueue,
    FargateService,
    InternalLoadBalancer,
    LiveFunction,
    LustreStorage,
    Machines,
    ManagedInstances,
    ManagedInstancesService,
    ManagedNodes,
    Monitoring,
    Network,
    OntapStorage,
    PrivateIngress,
    Provisioned,
    PublicLoadBalancer,
    ServiceScaling,
    SharedFileSystem,
    Task,
    VpcConnector,
    WorkQueue,
    cluster,
    external_cluster,
    LogGroup,
    node_role,
)
from patternbook.eks.add_ons import add_ons_before_nodes
from patternbook.eks.storage.ebs import add_ebs_driver
from patternbook.network.request_shifting import response_time

app = cdk.App(outdir="cdk.out")
stack = cdk.Stack(app, "Foreign")
network = Network(stack, "Network", posture=SANDBOX)
files = SharedFileSystem(stack, "Files", vpc=network.vpc, posture=SANDBOX)
front = PublicLoadBalancer(stack, "Front", vpc=network.vpc, posture=SANDBOX)
logs = LogGroup(stack, "Logs", posture=SANDBOX, retention_days=None, key=None)
task = Task(
    stack,
    "Task",
    posture=SANDBOX,
    image="public.ecr.aws/nginx/nginx-unprivileged:1.29",
    port=8080,
    log_group=logs,
    files=files,
    mount_path="/files",
    writable_paths=["/tmp"],
)
ecs_cluster = cluster(stack, "Cluster", network=network, posture=SANDBOX)
service = FargateService(stack, "Service", cluster=ecs_cluster, network=network, task=task).service
targets = front.serve(service)
scaling = ServiceScaling(stack, "Scaling", service=service, min_tasks=1, max_tasks=3)
scaling.on_cpu(percent=50)
scaling.on_memory(percent=50)
scaling.on_requests(targets, per_minute=100)
scaling.on_schedule("Night", cron="0 20 ? * * *", time_zone="Europe/Berlin", min_tasks=0, max_tasks=1)
scaling.on_steps("Slow", response_time(targets.metrics), add_tasks={1: 1, 5: 3})
monitoring = Monitoring(stack, "Monitoring", posture=SANDBOX, email="ops@example.com")
monitoring.watch("Storage", files.throughput_utilization(), threshold=80, description="EFS is busy")
monitoring.watch_load_balancer(front.load_balancer, targets)
monitoring.watch_service(service, min_tasks=scaling.fewest_tasks)
cdk.CfnOutput(stack, "Url", value=front.url)


def small_task(stack, **arguments):
    logs = LogGroup(stack, "Logs", posture=SANDBOX, retention_days=None, key=None)
    image = "public.ecr.aws/nginx/nginx-unprivileged:1.29"
    return Task(stack, "Task", posture=SANDBOX, image=image, port=8080, log_group=logs, **arguments)


stack = cdk.Stack(app, "OnEc2")
network = Network(stack, "Network", posture=SANDBOX)
ecs_cluster = cluster(stack, "Cluster", network=network, posture=SANDBOX)
capacity = Ec2Capacity(stack, "Capacity", cluster=ecs_cluster, network=network, posture=SANDBOX)
task = small_task(stack, compatibility=ecs.Compatibility.EC2)
WorkQueue(stack, "Work", posture=SANDBOX).grant_consume(task.definition.task_role)
Ec2Service(stack, "Service", network=network, task=task, capacity=capacity)

stack = cdk.Stack(app, "Managed")
network = Network(stack, "Network", posture=SANDBOX)
ecs_cluster = cluster(stack, "Cluster", network=network, posture=SANDBOX)
capacity = ManagedInstances(stack, "Capacity", cluster=ecs_cluster, network=network)
task = small_task(stack, compatibility=ecs.Compatibility.MANAGED_INSTANCES)
ManagedInstancesService(stack, "Service", network=network, task=task, capacity=capacity)

stack = cdk.Stack(app, "Express")
network = Network(stack, "Network", posture=SANDBOX, private_subnets=False)
ecs_cluster = cluster(stack, "Cluster", network=network, posture=SANDBOX)
task = small_task(stack, container_name="Main", port_name="http")
express = ExpressService(stack, "Service", cluster=ecs_cluster, network=network, task=task)
monitoring = Monitoring(stack, "Monitoring", posture=SANDBOX)
monitoring.watch_load_balancer(express.load_balancer)
monitoring.watch_tasks(
    ecs_cluster.cluster_name, express.service_name, express.service.attr_service_arn, min_tasks=2
)
cdk.CfnOutput(stack, "Url", value=express.url)

stack = cdk.Stack(app, "Anywhere")
ecs_cluster = external_cluster(stack, "Cluster", posture=SANDBOX)
Machines(stack, "Machines", cluster=ecs_cluster)
task = small_task(stack, compatibility=ecs.Compatibility.EXTERNAL, network_mode=ecs.NetworkMode.BRIDGE)
AnywhereService(stack, "Service", cluster=ecs_cluster, task=task, architecture="arm64")

stack = cdk.Stack(app, "Published")
network = Network(stack, "Network", posture=SANDBOX)
front = InternalLoadBalancer(stack, "Front", vpc=network.vpc, posture=SANDBOX)
ecs_cluster = cluster(stack, "Cluster", network=network, posture=SANDBOX)
service = FargateService(stack, "Service", cluster=ecs_cluster, network=network, task=small_task(stack)).service
front.serve(service)
published = EndpointService(stack, "Published", load_balancer=front, acceptance_required=False, allow_own_account=True)
EndpointConsumer(stack, "Consumer", posture=SANDBOX, service=published)

stack = cdk.Stack(app, "Kubernetes")
network = Network(stack, "Network", posture=SANDBOX)
kubernetes = EksCluster(stack, "Eks", network=network, posture=SANDBOX)
before = add_ons_before_nodes(kubernetes)
nodes = ManagedNodes(stack, "Nodes", cluster=kubernetes, role=node_role(stack, "Role"), after=before)
add_ebs_driver(kubernetes, nodes=[nodes.group], key=None)
for kind in (EfsStorage, LustreStorage, OntapStorage):
    kind(stack, kind.__name__, cluster=kubernetes, network=network, posture=SANDBOX, nodes=[nodes.group])

stack = cdk.Stack(app, "AppRunner")
network = Network(stack, "Network", posture=SANDBOX)
connector = VpcConnector(stack, "Connector", vpc=network.vpc)
image = "public.ecr.aws/nginx/nginx-unprivileged:1.29"
service = AppRunnerService(stack, "Service", image=image, connector=connector, publicly_accessible=False)
PrivateIngress(stack, "Ingress", service_arn=service.arn, vpc=network.vpc)

stack = cdk.Stack(app, "Function")
Path("code").mkdir()
Path("code", "work.py").write_text("def handler(event, context): ...")
live = LiveFunction(
    stack,
    "Live",
    package=Path("code"),
    handler="work.handler",
    log_group=LogGroup(stack, "Logs", posture=SANDBOX, retention_days=None, key=None),
    reserved_concurrency=5,
    provisioned=Provisioned(min_environments=1, max_environments=2),
    on_failure=FailureQueue(stack, "Failures", posture=SANDBOX),
)
monitoring = Monitoring(stack, "Monitoring", posture=SANDBOX)
monitoring.watch_function(live, slow_percent=80)
live.shift_traffic("Canary10Percent5Minutes", alarms=monitoring.watch_new_version(live, slow_percent=80))
app.synth()
"""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The resources by stack of an app that imports only ``aws_cdk`` and ``patternbook``."""
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "foreign.py").write_text(FOREIGN_APP, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "foreign.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return {
        path.name.removesuffix(".template.json"): json.loads(path.read_text(encoding="utf-8"))["Resources"]
        for path in (folder / "cdk.out").glob("*.template.json")
    }


@pytest.mark.parametrize(
    ("stack", "resource_type", "count"),
    [
        ("Foreign", "AWS::EC2::Subnet", 9),
        ("Foreign", "AWS::EC2::NatGateway", 1),
        ("Foreign", "AWS::EC2::FlowLog", 1),
        ("Foreign", "AWS::EFS::MountTarget", 3),
        ("Foreign", "AWS::EFS::AccessPoint", 1),
        ("Foreign", "AWS::ElasticLoadBalancingV2::Listener", 1),
        ("Foreign", "AWS::ECS::Service", 1),
        ("Foreign", "AWS::ApplicationAutoScaling::ScalableTarget", 1),
        ("Foreign", "AWS::ApplicationAutoScaling::ScalingPolicy", 5),
        ("Foreign", "AWS::CloudWatch::Alarm", 8),
        ("Foreign", "AWS::CloudWatch::Dashboard", 1),
        ("Foreign", "AWS::SNS::Subscription", 1),
        ("Foreign", "AWS::KMS::Key", 0),
        ("OnEc2", "AWS::ECS::CapacityProvider", 1),
        ("OnEc2", "AWS::AutoScaling::AutoScalingGroup", 1),
        ("OnEc2", "AWS::ECS::Service", 1),
        ("OnEc2", "AWS::SQS::Queue", 2),
        ("Managed", "AWS::ECS::CapacityProvider", 1),
        ("Managed", "AWS::ECS::Service", 1),
        ("Express", "AWS::ECS::ExpressGatewayService", 1),
        ("Express", "AWS::EC2::Subnet", 6),
        ("Express", "AWS::EC2::NatGateway", 0),
        ("Express", "AWS::CloudWatch::Alarm", 6),
        ("Kubernetes", "AWS::EKS::Cluster", 1),
        ("Kubernetes", "AWS::EKS::Nodegroup", 1),
        ("Kubernetes", "AWS::EKS::Addon", 7),
        ("Kubernetes", "AWS::EFS::FileSystem", 1),
        ("Kubernetes", "AWS::FSx::FileSystem", 2),
        ("Anywhere", "AWS::ECS::Service", 1),
        ("Anywhere", "AWS::IAM::Role", 3),
        ("Published", "AWS::ElasticLoadBalancingV2::LoadBalancer", 1),
        ("Published", "AWS::EC2::VPCEndpointService", 1),
        ("Published", "AWS::EC2::VPC", 2),
        ("AppRunner", "AWS::AppRunner::Service", 1),
        ("AppRunner", "AWS::AppRunner::VpcConnector", 1),
        ("AppRunner", "AWS::AppRunner::VpcIngressConnection", 1),
        ("Function", "AWS::Lambda::Function", 1),
        ("Function", "AWS::ApplicationAutoScaling::ScalableTarget", 1),
        ("Function", "AWS::CodeDeploy::DeploymentGroup", 1),
        ("Function", "AWS::SQS::Queue", 1),
    ],
)
def test_a_foreign_app_has_the_resources_of_the_constructs(
    foreign: dict[str, dict[str, Any]], stack: str, resource_type: str, count: int
) -> None:
    assert sum(item["Type"] == resource_type for item in foreign[stack].values()) == count


def test_a_foreign_app_needs_no_custom_resource(foreign: dict[str, dict[str, Any]]) -> None:
    types = {
        item["Type"]
        for stack, resources in foreign.items()
        for item in resources.values()
        if stack != "Function" or not item["Type"].startswith("AWS::Lambda")
    }
    assert not {name for name in types if name.startswith(("Custom::", "AWS::CloudFormation::Custom", "AWS::Lambda"))}


def test_a_foreign_app_cannot_import_the_stacks(tmp_path: Path) -> None:
    """This proves that the tests above would fail if a construct imported a stack."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-c", "from patternbook import *; import sys; sys.exit('stacks' in sys.modules)"]
    assert subprocess.run(command, cwd=tmp_path, env=environment, timeout=60).returncode == 0
    command = [sys.executable, "-c", "import stacks"]
    assert subprocess.run(command, cwd=tmp_path, env=environment, timeout=60, capture_output=True).returncode == 1


def test_importing_the_package_does_not_start_node() -> None:
    program = """
import sys
import patternbook, patternbook.rules
assert not {"aws_cdk", "jsii", "pydantic"} & set(sys.modules), "started"
assert set(patternbook.__all__) <= set(dir(patternbook))
for name in patternbook.__all__:
    getattr(patternbook, name)
assert "aws_cdk" in sys.modules
assert not {"patternbook.testing", "pytest"} & set(sys.modules), "pytest is no dependency of the package"
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr


def test_the_fixtures_know_the_postures_without_node() -> None:
    program = """
import sys
from patternbook.testing import fixtures
assert not {"aws_cdk", "jsii"} & set(sys.modules), "started"
from patternbook.posture import POSTURES
assert fixtures.POSTURES == tuple(POSTURES)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
