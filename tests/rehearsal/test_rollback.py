"""CloudFormation rolls failed deployments of every pattern back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.account import EmulatedAccount, RehearsalError
from rehearsal.cycle import Cycle
from rehearsal.plans import AS_CONFIGURED, PLANS
from tests.rehearsal.assemblies import spoil

# CloudFormation cannot create this resource. As the last one of a stack, it fails after all others were created.
IMPOSSIBLE = {
    "Type": "AWS::EC2::SecurityGroupIngress",
    "Properties": {"GroupId": "sg-0000000000000missing", "IpProtocol": "tcp", "CidrIp": "192.0.2.0/24"},
}


def add_impossible(resources: dict[str, Any]) -> None:
    resources["Impossible"] = {**IMPOSSIBLE, "DependsOn": list(resources)}


@pytest.mark.parametrize("name", PLANS)
def test_failed_deployments_are_rolled_back_and_can_be_repeated(
    name: str, account: EmulatedAccount, steps: Callable[..., Cycle], assemblies: Path
) -> None:
    """A creation fails, is repeated without the mistake, and then an update fails."""
    fail_creation(steps(name), name, account, assemblies)
    corrected = steps(name)
    corrected.as_configured = assemblies / AS_CONFIGURED
    corrected.deploy()
    corrected.check("check")
    fail_update(corrected, name, account, assemblies)


def fail_creation(failing: Cycle, name: str, account: EmulatedAccount, assemblies: Path) -> None:
    before = account.inventory()
    spoil(failing.as_configured, name, add_impossible)
    with pytest.raises(RehearsalError, match=r"Impossible .*SecurityGroupIngress\) CREATE_FAILED: .*does not exist"):
        failing.deploy()
    [stack] = failing.stacks
    assert stack.status == "ROLLBACK_COMPLETE"
    template = json.loads((assemblies / AS_CONFIGURED / f"{name}.template.json").read_text(encoding="utf-8"))
    created = {event["LogicalResourceId"] for event in stack.events() if event["ResourceStatus"] == "CREATE_COMPLETE"}
    assert created == template["Resources"].keys(), "the resource that fails must be the last"
    stack.pin()  # the next deployment deletes this stack, and creates another of the same name
    assert {resource.path for resource in stack.retained()} == PLANS[name].always_retained
    failing.check_nothing_left(before, stack.retained())


def fail_update(failing: Cycle, name: str, account: EmulatedAccount, assemblies: Path) -> None:
    [stack] = failing.stacks
    before, resources, value = account.inventory(), stack.resources(), failing._read_value(stack)
    assert value != PLANS[name].value
    spoil(failing.changed, name, add_impossible)
    with pytest.raises(RehearsalError, match=r"Impossible .*\) (UPDATE|CREATE)_FAILED: .*does not exist"):
        failing._deploy(failing.changed)
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.resources() == resources
    assert failing._read_value(stack) == value
    failing.check("check")
    failing.changed = assemblies / AS_CONFIGURED
    failing.diff()
    for replaced in ("ecs._tasks", "ecs._task_defs"):  # a roll-back starts new tasks, from new revisions
        before[replaced] = account.inventory()[replaced]
    failing.check_nothing_left(before, [])


def test_changed_removed_and_added_resources_are_rolled_back(
    account: EmulatedAccount, steps: Callable[..., Cycle], assemblies: Path
) -> None:
    fargate = steps("FargateEfsStack")
    fargate.deploy()
    [stack] = fargate.stacks
    resources = stack.resources()

    def change(resources: dict[str, Any]) -> None:
        add_impossible(resources)
        # Update resources in place, remove one, and add one.
        of_type = {resource["Type"]: resource for resource in resources.values()}
        of_type["AWS::ApplicationAutoScaling::ScalableTarget"]["Properties"]["MaxCapacity"] = 99
        of_type["AWS::ElasticLoadBalancingV2::TargetGroup"]["Properties"]["HealthCheckIntervalSeconds"] = 99
        of_type["AWS::EFS::FileSystem"]["Properties"]["LifecyclePolicies"] = []
        [dashboard] = [name for name, one in resources.items() if one["Type"] == "AWS::CloudWatch::Dashboard"]
        del resources[dashboard]
        resources["Impossible"]["DependsOn"].remove(dashboard)
        resources["Impossible"]["DependsOn"].append("More")
        resources["More"] = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Delete"}

    spoil(fargate.changed, "FargateEfsStack", change)
    with pytest.raises(RehearsalError, match="Impossible"):
        fargate._deploy(fargate.changed)
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.resources() == resources
    session = account.session
    [target] = session.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")[
        "ScalableTargets"
    ]
    assert target["MaxCapacity"] == 6
    [group] = session.client("elbv2").describe_target_groups()["TargetGroups"]
    assert group["HealthCheckIntervalSeconds"] == 15
    # By its id, because the account has file systems that production has retained.
    [files] = [resource.physical_id for resource in resources if resource.type == "AWS::EFS::FileSystem"]
    lifecycle = session.client("efs").describe_lifecycle_configuration(FileSystemId=files)
    assert lifecycle["LifecyclePolicies"]
    assert session.client("cloudwatch").list_dashboards()["DashboardEntries"]
    fargate.changed = assemblies / AS_CONFIGURED
    fargate.diff()
