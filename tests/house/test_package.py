"""The package in somebody else's app, which knows nothing of this book."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOREIGN_APP = """
import aws_cdk as cdk

from patternbook import (
    SANDBOX,
    FargateService,
    Monitoring,
    Network,
    PublicLoadBalancer,
    ServiceScaling,
    SharedFileSystem,
    Task,
    cluster,
    log_group,
)
from patternbook.monitoring import response_time

app = cdk.App(outdir="cdk.out")
stack = cdk.Stack(app, "Foreign")
network = Network(stack, "Network", posture=SANDBOX)
files = SharedFileSystem(stack, "Files", vpc=network.vpc, posture=SANDBOX)
front = PublicLoadBalancer(stack, "Front", vpc=network.vpc, posture=SANDBOX)
logs = log_group(stack, "Logs", posture=SANDBOX, retention_days=None, key=None)
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
scaling.on_steps("Slow", response_time(targets), add_tasks={1: 1, 5: 3})
monitoring = Monitoring(stack, "Monitoring", email="ops@example.com")
monitoring.watch("Storage", files.throughput_utilization(), threshold=80, description="EFS is busy")
monitoring.watch_load_balancer(front.load_balancer, targets)
monitoring.watch_service(service)
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
        ("AWS::CloudWatch::Alarm", 7),
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
