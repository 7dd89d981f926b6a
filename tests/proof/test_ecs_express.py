"""Each check of tests/deployed/test_ecs_express.py passes on a sound account, and fails where its promise is broken.
Those that any service shares are broken as in the proofs of the other patterns.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.deployed import test_ecs_express as checks
from tests.proof import test_fargate_efs, test_fargate_private_link
from tests.proof.ecs_express import Account
from tests.proof.fargate_efs import ANYWHERE, proofs_of
from tests.proof.proving import Proof, account_in_memory, checks_of, hurry, passes, unproven
from tests.proof.site import Site

SANDBOX, PRODUCTION = "sandbox", "production"
SCRIPT = Path(__file__).parents[2] / "constructs/patternbook/ecs/runtime/web.sh"
[HEADING] = re.findall(r"<h1>.*</h1>", SCRIPT.read_text(encoding="utf-8"))
PAGE = HEADING.replace("${task##*/}", "0a1b2c").replace("$zone", "eu-west-1a")
NOT_FOUND = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}

OF_EVERY_SERVICE = [proof for proof in test_fargate_efs.PROOFS if proof.check in checks_of(checks)]
OF_A_SERVICE_WITHOUT_FILES = [
    proof for proof in test_fargate_private_link.PROOFS if proof.check == checks.test_the_task_role_may_do_nothing
]


def ask(account: Account, **wrong: Any) -> None:
    account.configuration.update(wrong)


def scale(account: Account, **wrong: Any) -> None:
    account.configuration["scalingTarget"].update(wrong)


def place(account: Account, **wrong: Any) -> None:
    account.configuration["networkConfiguration"].update(wrong)


def serve(account: Account, **wrong: Any) -> None:
    account.configuration["ingressPaths"][0].update(wrong)


def make(account: Account, **wrong: Any) -> None:
    account.managed["ingressPaths"] = [account.path(**wrong)]


def deploy(account: Account, **wrong: Any) -> None:
    account.update_service(deploymentConfiguration=account.shifting(**wrong))


def route_to_nat(account: Account) -> None:
    """One of the public subnets, which is none then."""
    ec2, subnet = account.client("ec2"), account.subnets["public"][0]
    [table] = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["RouteTables"]
    [association] = [one for one in table["Associations"] if one.get("SubnetId") == subnet]
    ec2.replace_route_table_association(
        AssociationId=association["RouteTableAssociationId"], RouteTableId=account.private_tables[0]
    )


def add_group(account: Account, port: int, peer: str) -> None:
    group = account._group("another", [(port, peer)])
    account.managed["serviceSecurityGroups"] = [account.group_of(group)]


def own_image(account: Account) -> None:
    account.change_task(lambda task: task["containerDefinitions"][0].update(image="example.com/own:1"))


PROOFS = [
    *OF_EVERY_SERVICE,
    *OF_A_SERVICE_WITHOUT_FILES,
    *proofs_of(
        checks.test_the_url_is_where_ecs_serves_the_service,
        (SANDBOX, lambda it: it.express.update(status={"statusCode": "DRAINING"}), "the service is DRAINING"),
        (
            SANDBOX,
            lambda it: serve(it, endpoint="xx-1.ecs.eu-west-1.on.aws"),
            r"the stack says https://127.*, and ECS https://xx-1\.ecs\.eu-west-1\.on\.aws",
        ),
    ),
    *proofs_of(
        checks.test_tasks_and_load_balancer_stand_in_the_same_subnets_of_three_azs,
        (SANDBOX, lambda it: place(it, subnets=it.subnets["public"][:2]), "not in three AZs"),
        (SANDBOX, lambda it: place(it, subnets=it.subnets["private"]), "the load balancer is in .*, the tasks in"),
        (SANDBOX, route_to_nat, "not every subnet has its one way out through igw-"),
        (PRODUCTION, lambda it: it.move("private"), "not every subnet has its one way out through igw-"),
        (SANDBOX, lambda it: serve(it, accessType="PRIVATE"), "not every subnet has its one way out through nat-"),
        (
            SANDBOX,
            lambda it: (it.move("private"), serve(it, accessType="PRIVATE")),
            "the load balancer is internet-facing, and the service private",
        ),
    ),
    *proofs_of(
        checks.test_the_load_balancer_serves_https_and_nothing_else,
        (SANDBOX, lambda it: it.listen(80, NOT_FOUND), r"listens on \[\(80, 'HTTP'\), \(443, 'HTTPS'\)\]"),
        (
            SANDBOX,
            lambda it: make(
                it, loadBalancer=it.managed_one(it.new_load_balancer("bare", Subnets=it.subnets["public"]))
            ),
            r"listens on \[\]",
        ),
    ),
    *proofs_of(
        checks.test_nobody_outside_reaches_a_task,
        (SANDBOX, lambda it: it.open(it.task_group, 8080, ANYWHERE), r"admit more .*tcp/8080 0\.0\.0\.0/0"),
        (SANDBOX, lambda it: it.open(it.task_group, 22, "10.0.0.0/24"), "admit more .*tcp/22 10"),
        (SANDBOX, lambda it: it.open(it.added_group, 443, ANYWHERE), r"admit more .*tcp/443 0\.0\.0\.0/0"),
        (PRODUCTION, lambda it: add_group(it, 8080, "203.0.113.0/24"), r"admit more .*tcp/8080 203"),
        (PRODUCTION, lambda it: it.open(it.task_group, 8080, "10.0.99.0/24"), r"admit more .*10\.0\.99"),
        (
            SANDBOX,
            lambda it: it.client("ec2").revoke_security_group_ingress(
                GroupId=it.task_group, IpProtocol="tcp", FromPort=8080, ToPort=8080, CidrIp="10.0.0.0/24"
            ),
            r"gets through from \['10.0.1.0/24', '10.0.2.0/24'\], and stands in",
        ),
    ),
    *proofs_of(
        checks.test_the_group_of_the_stack_lets_tasks_reach_https_only,
        (SANDBOX, lambda it: it.open(it.task_group, 80, ANYWHERE, outwards=True), "reach more than HTTPS: .*tcp/80"),
    ),
    *proofs_of(
        checks.test_the_load_balancer_asks_tasks_how_they_are,
        (SANDBOX, lambda it: ask(it, healthCheckPath="/ping"), "asks for /ping, which the demonstration does not have"),
        (
            SANDBOX,
            lambda it: it.asks(TargetGroupArn=it.targets[1], HealthCheckPath="/other"),
            "green asks for /other, not /",
        ),
        (SANDBOX, lambda it: make(it, targetGroups=[]), "no targets"),
    ),
    *proofs_of(
        checks.test_the_service_scales_by_the_metric_that_was_asked_for,
        (
            SANDBOX,
            lambda it: it.client("application-autoscaling").deregister_scalable_target(**it.scaled),
            "nothing scales service/cluster/service",
        ),
        (SANDBOX, lambda it: it.bound(1, 6), r"\(1, 6\) tasks, not as asked"),
        (SANDBOX, lambda it: scale(it, maxTaskCount=7), r"\(2, 6\) tasks, not as asked: .*7"),
        (
            SANDBOX,
            lambda it: it.scale_by("ECSServiceAverageMemoryUtilization"),
            "scales by .*MemoryUtilization.*, not by .*CPUUtilization",
        ),
        (SANDBOX, lambda it: scale(it, autoScalingMetric="AVERAGE_MEMORY"), "not by .*MemoryUtilization"),
        (SANDBOX, lambda it: scale(it, autoScalingTargetValue=70), "scales by .*60.*, not by .*70"),
    ),
    *proofs_of(
        checks.test_a_deployment_shifts_few_requests_first_and_rolls_back,
        (SANDBOX, lambda it: deploy(it, strategy="ROLLING"), "the strategy of deployments is ROLLING"),
        (
            SANDBOX,
            lambda it: deploy(it, alarms={"alarmNames": ["a"], "enable": True, "rollback": False}),
            "no alarm rolls a deployment back",
        ),
        (
            SANDBOX,
            lambda it: deploy(it, alarms={"alarmNames": [], "enable": True, "rollback": True}),
            "no alarm rolls a deployment back",
        ),
    ),
    *proofs_of(
        checks.test_no_shell_opens,
        (SANDBOX, lambda it: it.update_service(enableExecuteCommand=True), "ECS Exec is on"),
    ),
    *proofs_of(
        checks.test_the_infrastructure_role_has_the_policy_of_aws_and_no_other,
        (SANDBOX, lambda it: it.attach("AdministratorAccess"), "managed policies .*AdministratorAccess"),
        (SANDBOX, lambda it: it.let_infrastructure("iam:PassRole"), "may .*iam:PassRole.* besides"),
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
            lambda it: it.put_alarm("AWS/ApplicationELB", "TargetResponseTime", ActionsEnabled=False),
            r"does not hear of \['TargetResponseTime'\]",
        ),
        (
            SANDBOX,
            lambda it: it.put_alarm(
                "AWS/ApplicationELB",
                "HTTPCode_ELB_5XX_Count",
                Dimensions=[{"Name": "LoadBalancer", "Value": "app/other/1"}],
            ),
            "HTTPCode_ELB_5XX_Count watches .*app/other/1.*, not app/express/",
        ),
    ),
    *proofs_of(
        checks.test_the_page_comes_from_tasks_behind_the_load_balancer,
        (SANDBOX, lambda it: it.site.answer("<h1>It works!</h1>"), "shows no task, after .*It works"),
    ),
]


@pytest.fixture
def account_in(
    session: boto3.Session, sites: dict[str, Site], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Account]]:
    """A sound account in a posture; in both with HTTPS."""
    hurry(checks, certificate=certificate, monkeypatch=monkeypatch)

    def account(posture: str) -> Account:
        sites[PRODUCTION].answer(PAGE)
        return Account(session, posture=posture, site=sites[PRODUCTION])

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


def test_a_revision_that_is_not_there_is_said(account_in: Callable[[str], Account]) -> None:
    account = account_in(SANDBOX)
    ask(account, serviceRevisionArn="arn:another")
    with pytest.raises(AssertionError, match="there is no revision arn:another"):
        passes(checks.test_the_load_balancer_serves_https_and_nothing_else, account.stack)


@pytest.mark.parametrize("without", [own_image, lambda it: serve(it, accessType="PRIVATE")])
def test_the_page_is_not_asked_for_where_there_is_none(
    without: Callable[[Account], None], account_in: Callable[[str], Account]
) -> None:
    account = account_in(SANDBOX)
    without(account)
    assert not passes(checks.test_the_page_comes_from_tasks_behind_the_load_balancer, account.stack)


def test_the_definition_of_the_task_may_be_in_the_deployment_alone(account_in: Callable[[str], Account]) -> None:
    """As AWS describes a service in Express Mode."""
    account = account_in(SANDBOX)
    ecs = account.client("ecs")
    [service] = ecs.describe_services(cluster="cluster", services=["service"])["services"]
    assert service["deployments"][0]["taskDefinition"] == service["taskDefinition"]
    ecs.meta.events.register_last(
        "after-call.ecs.DescribeServices", lambda parsed, **_: parsed["services"][0].pop("taskDefinition"), "without"
    )
    try:
        assert passes(checks.test_containers_are_neither_root_nor_able_to_change_their_image, account.stack)
    finally:
        ecs.meta.events.unregister("after-call.ecs.DescribeServices", unique_id="without")
