"""The late failures of a rehearsal: what CloudFormation rolls back, and each check of it can fail."""

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from rehearsal import late_failures
from rehearsal.account import EmulatedAccount, RehearsalError
from rehearsal.cycle import Cycle
from rehearsal.interruption import StopRequestError
from rehearsal.late_failures import (
    IMPOSSIBLE,
    LATE_FAILURE,
    add_late_failure,
    expect_refused_retries,
    fail_first_deployment,
    fail_update,
)
from rehearsal.plan import AS_CONFIGURED, Plan
from rehearsal.plans import PLANS
from tests import expected_failures
from tests.expected_failures import ExpectedFailure
from tools.assembly import change_template


def retain(resource_type: str) -> Callable[[dict[str, Any]], None]:
    def change(resources: dict[str, Any]) -> None:
        for resource in resources.values():
            if resource["Type"] == resource_type:
                resource["DeletionPolicy"] = "Retain"

    return change


def test_a_retained_version_fails_the_drill_and_blocks_the_retry(steps: Callable[..., Cycle]) -> None:
    function = steps("LambdaConcurrencyStack")
    for assembly in (function.as_configured, function.changed):
        change_template(assembly, "LambdaConcurrencyStack", retain("AWS::Lambda::Version"))
    function.deploy()
    with pytest.raises(
        RehearsalError,
        match=r"The roll-back of \w+ retained Work/Function/CurrentVersion/Resource\. It must retain nothing",
    ):
        fail_update(function)
    with pytest.raises(RehearsalError, match=r"A version for this Lambda function exists \( 2 \)\. Modify"):
        function.update()


def test_a_failed_first_deployment_retains_only_planned_resources(
    account: EmulatedAccount, steps: Callable[..., Cycle]
) -> None:
    ecr = steps("EcrStack")
    change_template(ecr.as_configured, "EcrStack", retain("AWS::SNS::Topic"))
    with pytest.raises(RehearsalError, match=r"The roll-back of EcrStack retained Findings/Topic/Resource\."):
        fail_first_deployment(ecr)
    [topic] = ecr.stacks[0].retained()
    account.session.client("sns").delete_topic(TopicArn=topic.physical_id)


def test_production_is_deployed_again_after_its_protection_is_lifted(
    steps: Callable[..., Cycle], monkeypatch: pytest.MonkeyPatch
) -> None:
    ecr = steps("EcrStack", "production")
    lift_protection = ecr.lift_protection
    monkeypatch.setattr(ecr, "lift_protection", lambda: None)
    fail_first_deployment(ecr)
    with pytest.raises(RehearsalError, match="TerminationProtection is enabled"):
        ecr.deploy()
    lift_protection()


def test_an_early_failure_is_no_late_failure(steps: Callable[..., Cycle], monkeypatch: pytest.MonkeyPatch) -> None:
    def add_early_failure(resources: dict[str, Any]) -> None:
        resources[LATE_FAILURE] = IMPOSSIBLE

    monkeypatch.setattr(late_failures, "add_late_failure", add_early_failure)
    with pytest.raises(RehearsalError, match="EcsExpressStack failed before these resources: ExpressService"):
        fail_first_deployment(steps("EcsExpressStack"))


def test_no_other_resource_may_fail(steps: Callable[..., Cycle]) -> None:
    ecr = steps("EcrStack")
    change_template(ecr.as_configured, "EcrStack", lambda resources: resources.update(Other=IMPOSSIBLE))
    with pytest.raises(
        RehearsalError, match=r"EcrStack must fail at its last resource only.*\n.*EcrStack/Other .*FAILED"
    ):
        fail_first_deployment(ecr)


def test_a_signal_ends_the_wait_for_a_roll_back(steps: Callable[..., Cycle], monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal itself waits for it. The change set is not executed here, so nothing else ends the wait."""
    ecr = steps("EcrStack")
    [stack] = ecr.stacks
    with monkeypatch.context() as patched:
        interruption = ecr.account._interruption
        patched.setattr(stack, "execute", lambda _: patched.setattr(interruption, "signal", signal.SIGINT))
        with pytest.raises(StopRequestError):
            fail_first_deployment(ecr)


def test_a_failed_update_must_leave_the_settings(steps: Callable[..., Cycle], monkeypatch: pytest.MonkeyPatch) -> None:
    ecr = steps("EcrStack")
    ecr.deploy()
    values = iter([14, 7])
    days = replace(PLANS["EcrStack"].settings["untagged_days"], read=lambda _session, _ids: next(values))
    plan = replace(PLANS["EcrStack"], settings={"untagged_days": days})
    monkeypatch.setitem(cast(dict[str, Plan], PLANS), "EcrStack", plan)
    with pytest.raises(RehearsalError, match="must leave untagged_days = 14, but the account has untagged_days = 7"):
        fail_update(ecr)


def test_a_stale_expected_failure_fails(steps: Callable[..., Cycle], monkeypatch: pytest.MonkeyPatch) -> None:
    entries = (ExpectedFailure("late failure", "EcrStack", "a known reason", "mended later"),)
    for module in (late_failures, expected_failures):
        monkeypatch.setattr(module, "EXPECTED_FAILURES", entries)
    ecr = steps("EcrStack")
    ecr.deploy()
    with pytest.raises(RehearsalError, match=r"EcrStack: remove the stale entry from .*: a known reason"):
        expect_refused_retries(ecr)


def test_changed_removed_and_added_resources_are_rolled_back(
    account: EmulatedAccount, steps: Callable[..., Cycle], assemblies: Path
) -> None:
    fargate = steps("FargateEfsStack")
    fargate.deploy()
    [stack] = fargate.stacks
    resources = stack.resources()

    def change(resources: dict[str, Any]) -> None:
        # Update resources in place, remove one, and add one.
        of_type = {resource["Type"]: resource for resource in resources.values()}
        of_type["AWS::ApplicationAutoScaling::ScalableTarget"]["Properties"]["MaxCapacity"] = 99
        of_type["AWS::ElasticLoadBalancingV2::TargetGroup"]["Properties"]["HealthCheckIntervalSeconds"] = 99
        of_type["AWS::EFS::FileSystem"]["Properties"]["LifecyclePolicies"] = []
        [dashboard] = [name for name, one in resources.items() if one["Type"] == "AWS::CloudWatch::Dashboard"]
        del resources[dashboard]
        resources["More"] = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Delete"}
        add_late_failure(resources)

    change_template(fargate.changed, "FargateEfsStack", change)
    with pytest.raises(RehearsalError, match="LateFailure"):
        fargate.deploy_assembly(fargate.changed)
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
