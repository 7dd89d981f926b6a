"""Each step of a rehearsal fails with a reason if something is wrong."""

import io
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from rehearsal import deployments
from rehearsal.account import EmulatedAccount, RehearsalError
from rehearsal.assemblies import CLI_CONTEXT
from rehearsal.cycle import Cycle
from rehearsal.plan import AS_CONFIGURED, CHANGED, PRODUCTION, SANDBOX, Plan
from rehearsal.plans import PLANS
from rehearsal.report import Report
from stacks.ecs_ec2 import EcsEc2Stack
from tests.book import book_app, other_options, settings_of, stage_of, without_existing_key
from tools.assembly import change_template

# With every option, production retains these resources in addition to those of the plan.
ALSO_RETAINED_WITH_EVERY_OPTION = {
    "FargatePrivateLinkStack": {"Consumer/FlowLogs/Resource"},
    "EcrStack": {"Public", "SigningProfile/Resource"},
    "EcsEc2Stack": {"Files/FileSystem/Resource"},
    "EksManagedNodesStack": {
        *("Efs/Files/FileSystem/Resource", "Lustre/FileSystem/Resource"),
        *("Ontap/FileSystem", "Ontap/Machine", "Ontap/Password/Resource"),
    },
}
# With every option, both postures retain these. The scanning of a registry outlives the stack that has set it.
ALWAYS_RETAINED_WITH_EVERY_OPTION = {"EcrStack": {"Scanning"}}
# The other options exclude some of the first. With them, production retains these if the plan does not, and vice versa.
DIFFERENTLY_RETAINED_WITH_OTHER_OPTIONS = {
    "EksManagedNodesStack": {"Efs/Files/FileSystem/Resource", "Lustre/FileSystem/Resource"},
    "AppRunnerStack": {"Network/FlowLogs/Resource"},
}


@pytest.mark.parametrize(
    ("unknown", "module"),
    [("AWS::Batch::JobQueue", "batch"), ("AWS::ElasticLoadBalancingV2::TrustStore", "elbv2")],
)
def test_the_message_for_an_unknown_type_names_the_module_to_extend(
    unknown: str, module: str, steps: Callable[..., Cycle]
) -> None:
    ecr = steps("EcrStack")

    def add(resources: dict[str, Any]) -> None:
        resources["New"] = {"Type": unknown, "Properties": {}}

    change_template(ecr.as_configured, "EcrStack", add)
    with pytest.raises(RehearsalError) as refused:
        ecr.deploy()
    assert str(refused.value) == (
        f"The emulated account does not know the type {unknown}. Register it in rehearsal/types/{module}.py."
    )


# A check deploys the most at once: every option in production.
@pytest.mark.parametrize("stage", [pytest.param(SANDBOX, marks=pytest.mark.nightly), PRODUCTION])
@pytest.mark.parametrize(
    ("options", "difference", "always"),
    [
        pytest.param(
            *("every option", ALSO_RETAINED_WITH_EVERY_OPTION, ALWAYS_RETAINED_WITH_EVERY_OPTION), id="every option"
        ),
        pytest.param(
            *("other options", DIFFERENTLY_RETAINED_WITH_OTHER_OPTIONS, {}),
            id="options that exclude others",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_stacks_with_options_can_be_deployed_and_destroyed(
    options: str,
    difference: Mapping[str, set[str]],
    always: Mapping[str, set[str]],
    stage: str,
    account: EmulatedAccount,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans = {
        name: replace(
            plan,
            retained_in_production=plan.retained_in_production ^ difference.get(name, set()),
            always_retained=plan.always_retained | always.get(name, set()),
            replaced_and_retained=frozenset(),  # nothing is updated here
        )
        for name, plan in PLANS.items()
    }
    monkeypatch.setattr(deployments, "PLANS", plans)
    settings = without_existing_key(settings_of(stage, options))
    book_app(stage_of(stage, settings), tmp_path / AS_CONFIGURED, checked=False, **CLI_CONTEXT).synth()
    shutil.copytree(tmp_path / AS_CONFIGURED, tmp_path / CHANGED)
    book = Cycle(account, tmp_path, stage, list(settings), Report(io.StringIO()))
    before = account.inventory()
    if always:  # the record of what a registry keeps is known by no physical id but the account's
        before["ecr.REGISTRY"] = [*before.get("ecr.REGISTRY", ()), "PutRegistryScanningConfiguration"]
    book.deploy()
    book.check("check")
    book.diff()
    book.check_nothing_left(before, book.destroy())


def test_services_can_change_from_a_capacity_provider_to_a_launch_type_and_back(
    steps: Callable[..., Cycle], assemblies: Path, tmp_path: Path
) -> None:
    ec2 = steps("EcsEc2Stack")
    ec2.deploy()
    alone = stage_of("sandbox", {"EcsEc2Stack": other_options(EcsEc2Stack) or {}})
    book_app(alone, tmp_path / "alone", checked=False, **CLI_CONTEXT).synth()
    for assembly in (tmp_path / "alone", assemblies / AS_CONFIGURED):
        ec2.deploy_assembly(assembly)
        ec2.check("check")
    ec2.changed = assemblies / AS_CONFIGURED
    ec2.diff()


def test_each_later_step_can_fail(
    account: EmulatedAccount, steps: Callable[..., Cycle], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All steps use one deployment of a small pattern. Each defect is repaired before the next."""
    ecr = steps("EcrStack")
    ecr.deploy()
    client = account.session.client("ecr")
    [stack] = ecr.stacks
    repository = stack.outputs["RepositoryUri"].split("/", 1)[1]
    policy = client.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]

    client.delete_lifecycle_policy(repositoryName=repository)
    with pytest.raises(RehearsalError, match="lifecycle"):
        ecr.check("check")
    client.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy)
    ecr.check("check")

    # With the apps exchanged, the second deployment changes something.
    ecr.as_configured, ecr.changed = ecr.changed, ecr.as_configured
    with pytest.raises(RehearsalError, match="Deploying the same app again changed EcrStack"):
        ecr.deploy_unchanged("deploy again", ecr.as_configured)
    ecr.deploy_unchanged("deploy again", ecr.as_configured)
    with pytest.raises(RehearsalError, match=r"Number of stacks with differences: 1"):
        ecr.diff()
    ecr.as_configured, ecr.changed = ecr.changed, ecr.as_configured
    ecr.diff()

    def plan(**other: Any) -> None:
        monkeypatch.setitem(cast(dict[str, Plan], PLANS), "EcrStack", replace(PLANS["EcrStack"], **other))

    plan(changes={"FindingsRule/Resource": "Modify"})
    change_template(ecr.changed, "EcrStack", rename_topic)
    with pytest.raises(
        RehearsalError,
        match=r"= 7: the plan expects Modify FindingsRule/Resource,\nbut the .* has Modify Findings/Topic/Resource\.$",
    ):
        ecr.update()
    days = PLANS["EcrStack"].settings["untagged_days"]
    plan(changes={}, settings={"untagged_days": replace(days, value=8)})
    with pytest.raises(RehearsalError, match="with untagged_days = 8, but the account has untagged_days = 7"):
        ecr.update()

    change_template(ecr.changed, "EcrStack", rename_repository)
    with pytest.raises(RehearsalError, match=r"but the change set has .*Replace Repository/Resource"):
        ecr.update()

    plan(settings={"untagged_days": replace(days, read=lambda _, ids: ids["Nope"])})
    with pytest.raises(RehearsalError, match=r"EcrStack has no resource 'Nope', .*\. Choose one of Findings"):
        ecr.read_settings(stack)

    role = next(each.physical_id for each in stack.resources() if each.type == "AWS::IAM::Role")
    empty = json.dumps({"Version": "2012-10-17", "Statement": []})
    account.session.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=empty)
    with pytest.raises(RehearsalError, match=r"(?i)drift"):
        ecr.drift()

    with pytest.raises(RehearsalError, match=r"These stacks have no termination protection: EcrStack\."):
        ecr.refuse_to_destroy()


def rename_topic(resources: dict[str, Any]) -> None:
    resources["FindingsTopic6108FA32"]["Properties"] = {"DisplayName": "Findings"}


def rename_repository(resources: dict[str, Any]) -> None:
    [repository] = [one for one in resources.values() if one["Type"] == "AWS::ECR::Repository"]
    repository["Properties"]["RepositoryName"] = "renamed"


def test_leftovers_are_reported(account: EmulatedAccount, steps: Callable[..., Cycle]) -> None:
    ecr = steps("EcrStack")
    before = account.inventory()
    ecr.deploy()
    queue = account.session.client("sqs").create_queue(QueueName="forgotten")["QueueUrl"]
    ecr.destroy()
    with pytest.raises(RehearsalError, match=r"These records are left[^\n]*:\nsqs[^\n]*forgotten\nsqs[^\n]*forgotten$"):
        ecr.check_nothing_left(before, [])
    account.session.client("sqs").delete_queue(QueueUrl=queue)
    ecr.check_nothing_left(before, [])


def test_only_planned_resources_may_be_retained(steps: Callable[..., Cycle]) -> None:
    ecr = steps("EcrStack")

    def retain(resources: dict[str, Any]) -> None:
        for resource in resources.values():
            if resource["Type"] == "AWS::SNS::Topic":
                resource["DeletionPolicy"] = "Retain"

    change_template(ecr.as_configured, "EcrStack", retain)
    ecr.deploy()
    [topic] = [each.physical_id for each in ecr.stacks[0].resources() if each.type == "AWS::SNS::Topic"]
    with pytest.raises(
        RehearsalError, match=r"EcrStack retained Findings/Topic/Resource\. In sandbox it must retain nothing\."
    ):
        ecr.destroy()
    ecr.account.session.client("sns").delete_topic(TopicArn=topic)
