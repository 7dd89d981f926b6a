"""Each check of tests/deployed/test_ecs_managed_instances.py passes on a sound account, and fails where its promise is
broken. Those that any service shares are broken as in the proofs of the other patterns.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.deployed import test_ecs_managed_instances as checks
from tests.proof import test_fargate_efs, test_fargate_private_link
from tests.proof.ecs_managed_instances import AGENT, Account, allow
from tests.proof.fargate_efs import ANYWHERE, proofs_of
from tests.proof.proving import Proof, account_in_memory, checks_of, hurry, passes, unproven
from tests.proof.site import Site

SANDBOX, PRODUCTION = "sandbox", "production"
SCRIPT = Path(__file__).parents[2] / "constructs/patternbook/ecs/runtime/web.sh"
[HEADING] = re.findall(r"<h1>.*</h1>", SCRIPT.read_text(encoding="utf-8"))
PAGE = HEADING.replace("${task##*/}", "0a1b2c").replace("$zone", "eu-west-1a")

OF_EVERY_PUBLIC_SERVICE = [proof for proof in test_fargate_efs.PROOFS if proof.check in checks_of(checks)]
OF_A_SERVICE_WITHOUT_FILES = [
    proof
    for proof in test_fargate_private_link.PROOFS
    if proof.check in (checks.test_tasks_reach_https_only, checks.test_the_task_role_may_do_nothing)
]


def require(account: Account, **wrong: Any) -> None:
    account.launch["instanceRequirements"].update(wrong)


def place(account: Account, **wrong: Any) -> None:
    account.launch["networkConfiguration"].update(wrong)


def let_agent(account: Account, *more: tuple[list[str], str], but: str = "") -> None:
    kept = [(actions, resource) for actions, resource in AGENT if but not in actions]
    account.let("instance", *(allow(actions, resource) for actions, resource in (*kept, *more)))


def change_task(account: Account, **wrong: Any) -> None:
    account.change_task(lambda task: task.update(wrong))


PROOFS = [
    *OF_EVERY_PUBLIC_SERVICE,
    *OF_A_SERVICE_WITHOUT_FILES,
    *proofs_of(
        checks.test_instances_are_chosen_by_attributes_of_the_tasks_architecture,
        (SANDBOX, lambda it: require(it, vCpuCount={"min": 1}), "vCpuCount has no bounds on both sides"),
        (SANDBOX, lambda it: require(it, memoryMiB={"max": 1}), "memoryMiB has no bounds on both sides"),
        (SANDBOX, lambda it: require(it, cpuManufacturers=["intel"]), r"processors of \['intel'\] for tasks on ARM64"),
        (SANDBOX, lambda it: require(it, cpuManufacturers=[]), r"processors of \[\] for tasks on ARM64"),
        (
            SANDBOX,
            lambda it: change_task(it, runtimePlatform={"cpuArchitecture": "X86_64"}),
            r"processors of \['amazon-web-services'\] for tasks on X86_64",
        ),
    ),
    *proofs_of(
        checks.test_instances_run_in_private_subnets_of_three_azs,
        (SANDBOX, lambda it: place(it, subnets=it.subnets["private"][:2]), "not in three AZs"),
        (SANDBOX, lambda it: place(it, subnets=it.subnets["public"]), "not every subnet of the instances"),
        (PRODUCTION, lambda it: place(it, subnets=it.subnets["isolated"]), "not every subnet of the instances"),
    ),
    *proofs_of(
        checks.test_nobody_connects_to_an_instance,
        (SANDBOX, lambda it: it.open(it.instance_group, 22, ANYWHERE), "instances admit .*tcp/22"),
        (SANDBOX, lambda it: it.open(it.instance_group, 80, ANYWHERE, outwards=True), "reach more than HTTPS"),
        (SANDBOX, lambda it: place(it, securityGroups=[]), "instances have no security group"),
    ),
    *proofs_of(
        checks.test_the_service_goes_through_the_provider_of_its_cluster,
        (SANDBOX, lambda it: it.offer("FARGATE"), r"the cluster has \['FARGATE'\], not managed"),
        (SANDBOX, lambda it: it.go_through("FARGATE"), r"the service goes through \['FARGATE'\], not managed"),
        (SANDBOX, lambda it: change_task(it, requiresCompatibilities=["FARGATE"]), r"the tasks are for \['FARGATE'\]"),
    ),
    *proofs_of(
        checks.test_the_infrastructure_role_passes_the_instance_role_only,
        (SANDBOX, lambda it: it.attach("infrastructure", "AdministratorAccess"), "managed policies .*AdministratorAcc"),
        (
            SANDBOX,
            lambda it: it.let("infrastructure", it.pass_role(Resource="*")),
            r"may \['iam:PassRole'\] on \['\*'\]",
        ),
        (SANDBOX, lambda it: it.let("infrastructure", it.pass_role(Action="iam:*")), r"may \['iam:\*'\]"),
        (SANDBOX, lambda it: it.let("infrastructure", it.pass_role(Condition={})), "passes roles to None"),
    ),
    *proofs_of(
        checks.test_the_instance_role_is_for_the_agent_of_one_cluster,
        (SANDBOX, lambda it: it.attach("instance", "Everything"), "has managed policies: .*Everything"),
        (SANDBOX, lambda it: let_agent(it, (["ecs:Poll"], "*")), r"more than cluster: \['ecs:Poll'\] on \*"),
        (
            SANDBOX,
            lambda it: let_agent(it, (["ecr:BatchGetImage"], "arn:aws:ecs:eu-west-1:123456789012:cluster/cluster")),
            r"may more, or less: \['ecr:BatchGetImage'\]",
        ),
        (SANDBOX, lambda it: let_agent(it, but="ecs:DiscoverPollEndpoint"), "may more, or less: .*DiscoverPollEndp"),
    ),
    *proofs_of(
        checks.test_alarms_notify_the_topic,
        (
            SANDBOX,
            lambda it: it.put_alarm("ECS/ContainerInsights", "RunningTaskCount", AlarmActions=[]),
            r"does not hear of \['RunningTaskCount'\]",
        ),
        (
            PRODUCTION,
            lambda it: it.put_alarm("AWS/ApplicationELB", "UnHealthyHostCount", ActionsEnabled=False),
            r"does not hear of \['UnHealthyHostCount'\]",
        ),
    ),
    *proofs_of(
        checks.test_the_page_comes_from_tasks_on_the_instances,
        (SANDBOX, lambda it: it.site.answer("<h1>It works!</h1>"), "shows no task, after .*It works"),
    ),
]


@pytest.fixture
def account_in(
    session: boto3.Session, sites: dict[str, Site], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Account]]:
    """A sound account in a posture."""
    hurry(checks, certificate=certificate, monkeypatch=monkeypatch)

    def account(posture: str) -> Account:
        sites[posture].answer(PAGE)
        return Account(session, posture=posture, site=sites[posture])

    with account_in_memory():
        yield account


@pytest.mark.parametrize("posture", [SANDBOX, PRODUCTION])
def test_every_check_passes_on_a_sound_account(posture: str, account_in: Callable[[str], Account]) -> None:
    stack = account_in(posture).stack
    assert [check.__name__ for check in checks_of(checks) if not passes(check, stack)] == []


@pytest.mark.parametrize("proof", PROOFS, ids=str)
def test_a_check_fails_where_its_promise_is_broken(proof: Proof, account_in: Callable[[str], Account]) -> None:
    proof.run(account_in(proof.account).stack)


def test_every_check_is_seen_to_fail() -> None:
    assert unproven(checks, PROOFS) == []


def test_the_page_is_not_asked_for_where_there_is_none(account_in: Callable[[str], Account]) -> None:
    account = account_in(SANDBOX)
    account.change_task(lambda task: task["containerDefinitions"][0].update(image="example.com/own:1"))
    assert not passes(checks.test_the_page_comes_from_tasks_on_the_instances, account.stack)
