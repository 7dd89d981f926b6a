"""Deployments that fail late: the resource that fails is the last, so CloudFormation rolls all others back.

The templates of the failing deployment have that resource in addition. The retry deploys the synthesized app itself,
which is the same change without the failure.
"""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from rehearsal.deployments import CHANGE_SET, Deployments, names
from rehearsal.emulated import EmulatedDeployments
from rehearsal.plan import given
from rehearsal.running import RehearsalError
from rehearsal.stack import Resource, Stack
from tools.assembly import change_template, copy_assembly, template_files

LATE_FAILURE = "LateFailure"
"""Logical id of the resource that fails."""
# CloudFormation cannot create it, because the security group does not exist.
IMPOSSIBLE = {
    "Type": "AWS::EC2::SecurityGroupIngress",
    "Properties": {"GroupId": "sg-0000000000000missing", "IpProtocol": "tcp", "CidrIp": "192.0.2.0/24"},
}
UNDELETABLE = (
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::GlobalTable",
    "AWS::EKS::Cluster",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::RDS::DBCluster",
    "AWS::S3::Bucket",
)
"""Types that a roll-back cannot delete in production: those with deletion protection, and buckets with objects."""
REPLACED = ("ecs._tasks", "ecs._task_defs")
"""Stores with other records after a roll-back: ECS starts new tasks, and keeps revisions that were deregistered."""


def failing(assembly: Path) -> Path:
    """A copy of the synthesized app in which each stack fails late."""
    copy = assembly.with_name(f"{assembly.name}-failing")
    if not copy.exists():
        copy_assembly(assembly, copy)
        for stack in template_files(copy):
            change_template(copy, stack, add_late_failure)
    return copy


def add_late_failure(resources: dict[str, Any]) -> None:
    resources[LATE_FAILURE] = {**IMPOSSIBLE, "DependsOn": list(resources)}


def fail_first_deployment(deployments: EmulatedDeployments) -> list[Resource]:
    """Fails the creation of the stacks late, so that the next deployment is a retry.

    In production, a roll-back cannot delete a load balancer or a cluster, because it has deletion protection, nor the
    network that it is in, nor a bucket with objects. The CLI deletes a stack whose creation failed before it creates
    another, so the protection of the stack and of its resources is lifted before the retry.

    :returns: the resources that the deletion does not remove.
    """
    with deployments.report.step("fail first deployment") as details:
        before = deployments.account.inventory()
        _fail(deployments, deployments.as_configured)
        protected = 0
        retained: list[Resource] = []
        for stack in deployments.stacks:
            plan, left, skipped = deployments.plan_of(stack), stack.resources(), stack.retained()
            failed = deployments.production and any(resource.type in UNDELETABLE for resource in left)
            stack.expect_status("ROLLBACK_FAILED" if failed else "ROLLBACK_COMPLETE")
            _expect_retained(stack, {resource.path for resource in skipped}, plan.always_retained)
            protected += failed
            retained += [*skipped, *(each for each in left if each.path in plan.retained_in_production)]
        if deployments.production:
            details.append(f"{protected} stacks keep what the roll-back cannot delete")
            deployments.lift_protection()
        else:
            deployments.check_nothing_left(before, retained)
    return retained


def fail_update(deployments: EmulatedDeployments) -> None:
    """Fails the update of the stacks late. Afterwards, everything must be as it was."""
    with deployments.report.step("fail update") as details:
        before = deployments.account.inventory()
        roll_back_update(deployments, every_resource=True)
        now = deployments.account.inventory()
        retained = [resource for stack in deployments.stacks for resource in stack.retained(deployments.started)]
        deployments.check_nothing_left({**before, **{store: now[store] for store in REPLACED}}, retained)
        details.append("rolled back")


def roll_back_update(deployments: Deployments, *, every_resource: bool) -> None:
    """Fails the update of the stacks late, and checks that the roll-back leaves their resources and settings.

    :param every_resource: whether an update has events of every resource. Those of AWS have none of unchanged ones.
    """
    states = [(stack.resources(), deployments.read_settings(stack)) for stack in deployments.stacks]
    _fail(deployments, deployments.changed, every_resource=every_resource)
    for stack, (resources, values) in zip(deployments.stacks, states, strict=True):
        plan, found = deployments.plan_of(stack), deployments.read_settings(stack)
        stack.expect_status("UPDATE_ROLLBACK_COMPLETE")
        if found != values or found == plan.values:
            raise RehearsalError(
                f"The failed update of {stack.name} must leave {given(values)}, but the account has {given(found)}."
            )
        changed = {each.path for each in set(stack.resources()) ^ set(resources)}
        if changed:
            raise RehearsalError(f"The failed update of {stack.name} has changed {names(changed)}.")
        kept = {resource.path for resource in stack.retained(deployments.started)}
        _expect_retained(stack, kept, kept & plan.always_retained)


def _fail(deployments: Deployments, assembly: Path, *, every_resource: bool = True) -> None:
    """Deploys stacks that fail late. All are executed at once, because the CLI would stop at the first failure."""
    deployments.deploy_assembly(failing(assembly), "--method", "prepare-change-set")
    for stack in deployments.stacks:
        stack.execute(CHANGE_SET)
    limits = deployments.account.limits
    for stack in deployments.stacks:
        deadline = time.monotonic() + limits.roll_back_seconds
        while stack.status.endswith("_IN_PROGRESS"):
            deployments.account.check_running()
            if time.monotonic() > deadline:
                raise RehearsalError(f"{stack.name} is {stack.status} after {limits.roll_back_seconds:g} seconds.")
            time.sleep(limits.pause_seconds)
        _expect_late_failure(stack, assembly if every_resource else None, deployments.started)


def _expect_late_failure(stack: Stack, assembly: Path | None, since: datetime) -> None:
    """The first failure must be the one that was added.

    :param assembly: the app whose resources must all have been created or updated before; None if some have no event.
    """
    events = stack.events(since)
    failed = next((n for n, event in enumerate(events) if event["ResourceStatus"].endswith("_FAILED")), len(events))
    if failed == len(events) or events[failed]["LogicalResourceId"] != LATE_FAILURE:
        reasons = "\n".join(stack.failures(since)[:1])
        raise RehearsalError(f"{stack.name} must fail at its last resource only, but is {stack.status}.\n{reasons}")
    done = {event["LogicalResourceId"] for event in events[:failed] if event["ResourceStatus"].endswith("_COMPLETE")}
    skipped = stack.logical_ids(assembly) - done if assembly else set()
    if skipped:
        raise RehearsalError(f"{stack.name} failed before these resources: {names(skipped)}.")


def _expect_retained(stack: Stack, retained: set[str], expected: set[str] | frozenset[str]) -> None:
    if retained != expected:
        raise RehearsalError(
            f"The roll-back of {stack.name} retained {names(retained)}. It must retain {names(expected)}. "
            "A retained resource can block the next deployment. Use the removal policy RETAIN_ON_UPDATE_OR_DELETE."
        )
