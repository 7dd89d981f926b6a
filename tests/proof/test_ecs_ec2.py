"""Each check of tests/deployed/test_ecs_ec2.py passes on a sound account, and fails where its promise is broken."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.deployed import test_ecs_ec2 as checks
from tests.deployed.stack import DeployedStack
from tests.proof.ecs_ec2 import AGENT, PLACED, REGISTER, Ec2Account
from tests.proof.fargate_efs import ANYWHERE, EXEC_CHANNEL, SoundStack
from tests.proof.proving import Check, Proof, account_in_memory, checks_of, hurry, passes, unproven
from tests.proof.site import Site

SANDBOX, PRODUCTION = "sandbox", "production"
ALONE = "production without a capacity provider"
SCRIPT = Path(__file__).parents[2] / "constructs/patternbook/ecs/runtime/web.sh"


def proofs_of(check: Check, *breaks: tuple[str, Callable[[Ec2Account], Any], str]) -> list[Proof]:
    """:param breaks: in which posture, what is spoilt, and what the check says then."""
    return [Proof(check, partial(_spoil, spoil), says, posture) for posture, spoil, says in breaks]


def _spoil(spoil: Callable[[Ec2Account], Any], stack: DeployedStack) -> None:
    assert isinstance(stack, SoundStack)
    assert isinstance(stack.account, Ec2Account)
    spoil(stack.account)


[HEADING] = re.findall(r"<h1>.*</h1>", SCRIPT.read_text(encoding="utf-8"))
PAGE = HEADING.replace("${task##*/}", "0a1b2c").replace("$zone", "eu-west-1a")


def written(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def volume(**wrong: Any) -> list[dict[str, Any]]:
    return [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeType": "gp3", **wrong}}]


def interface(account: Ec2Account, **wrong: Any) -> list[dict[str, Any]]:
    [sound] = account.template["NetworkInterfaces"]
    return [{**sound, **wrong}]


def attach_managed_policy(account: Ec2Account, role: str) -> None:
    iam = account.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    arn = iam.create_policy(PolicyName="all", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)


def allow(*actions: str, on: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


def act_as_web(account: Ec2Account) -> None:
    account.change("worker", lambda task: task.update(taskRoleArn=account.tasks["web"]["taskRoleArn"]))


def scale_another_group(account: Ec2Account) -> None:
    sound = account.provider["autoScalingGroupArn"]
    account.new_provider("other", autoScalingGroupArn=f"{sound}-of-others")


def with_another_key(account: Ec2Account) -> str:
    return account.client("kms").create_key()["KeyMetadata"]["Arn"]


def of_another_type(account: Ec2Account) -> None:
    policy = account._mixed("1")
    policy["LaunchTemplate"]["Overrides"] = [{"InstanceType": "t3.small"}]
    account.change_group(MixedInstancesPolicy=policy)


PROOFS = [
    *proofs_of(
        checks.test_metadata_is_for_the_instance_alone,
        (
            SANDBOX,
            lambda it: it.change_template(MetadataOptions={"HttpTokens": "optional", "HttpPutResponseHopLimit": 1}),
            "answer without IMDSv2",
        ),
        (SANDBOX, lambda it: it.change_template(MetadataOptions=None), "answer without IMDSv2"),
        (
            PRODUCTION,
            lambda it: it.change_template(MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2}),
            "travels 2 hops, so into containers",
        ),
        (
            SANDBOX,
            lambda it: it.change_template(UserData=written("#!/bin/bash\necho ECS_CLUSTER=cluster >> config\n")),
            "does not cut tasks off",
        ),
        (
            SANDBOX,
            lambda it: it.change_template(UserData=written("[settings.ecs]\nawsvpc-block-imds = false\n")),
            "does not cut tasks off",
        ),
    ),
    *proofs_of(
        checks.test_instances_join_the_cluster,
        (
            SANDBOX,
            lambda it: it.change_template(UserData=written("echo ECS_CLUSTER=clusters-of-others >> config")),
            "do not join cluster",
        ),
    ),
    *proofs_of(
        checks.test_volumes_are_encrypted_gp3,
        (
            SANDBOX,
            lambda it: it.change_template(BlockDeviceMappings=volume(Encrypted=False)),
            "the volume /dev/xvda is not encrypted",
        ),
        (SANDBOX, lambda it: it.change_template(BlockDeviceMappings=volume(VolumeType="gp2")), "is of type gp2"),
    ),
    *proofs_of(
        checks.test_instances_run_in_private_subnets_of_three_azs,
        (
            SANDBOX,
            lambda it: it.change_group(VPCZoneIdentifier=",".join(it.subnets["private"][:2])),
            r"\['eu-west-1a', 'eu-west-1b'\], not in three AZs",
        ),
        (
            SANDBOX,
            lambda it: it.change_group(VPCZoneIdentifier=",".join(it.subnets["public"])),
            "not every subnet of the instances .*igw-",
        ),
    ),
    *proofs_of(
        checks.test_nobody_connects_to_an_instance,
        (SANDBOX, lambda it: it.change_template(KeyName="mine"), "take the SSH key mine"),
        (
            SANDBOX,
            lambda it: it.change_template(NetworkInterfaces=interface(it, AssociatePublicIpAddress=True)),
            "have public addresses",
        ),
        (SANDBOX, lambda it: it.open(it.instance_group, 22, "10.0.0.0/16"), r"instances admit \['tcp/22 10"),
        (SANDBOX, lambda it: it.open(it.instance_group, 80, ANYWHERE, outwards=True), "reach more than HTTPS"),
        (
            SANDBOX,
            lambda it: it.change_template(NetworkInterfaces=interface(it, Groups=[it.worker_group])),
            "or not even that",
        ),
    ),
    *proofs_of(
        checks.test_the_instance_role_is_for_the_agent_and_session_manager,
        (SANDBOX, lambda it: attach_managed_policy(it, "instance"), "has managed policies"),
        (
            SANDBOX,
            lambda it: it.let("instance", *AGENT, allow("ecr:GetAuthorizationToken", on="*")),
            r"\['ecr:GetAuthorizationToken'\] on everything",
        ),
        (
            SANDBOX,
            lambda it: it.let("instance", *AGENT[1:], {**REGISTER, "Resource": f"{REGISTER['Resource']}s-of-others"}),
            "is for more than cluster",
        ),
        (SANDBOX, lambda it: it.let("instance", *AGENT[1:]), "may more, or less: .*RegisterContainerInstance"),
        (
            SANDBOX,
            lambda it: it.let("instance", *AGENT, allow("ecs:UpdateCluster", on=REGISTER["Resource"])),
            r"may more, or less: \['ecs:UpdateCluster'\]",
        ),
    ),
    *proofs_of(
        checks.test_instances_are_replaced_by_age_in_production_only,
        (PRODUCTION, lambda it: it.set_lifetime(None), "live for None seconds in production, not for 2592000"),
        (SANDBOX, lambda it: it.set_lifetime(86400), "live for 86400 seconds in sandbox"),
    ),
    *proofs_of(
        checks.test_the_capacity_provider_or_the_cpu_scales_the_group,
        (SANDBOX, scale_another_group, "of-others, not the stack's group"),
        (
            SANDBOX,
            lambda it: it.new_provider("other", managedScaling={"status": "DISABLED", "targetCapacity": 100}),
            "managed scaling is DISABLED",
        ),
        (SANDBOX, lambda it: it.new_provider("other", managedDraining="DISABLED"), "without being drained"),
        (SANDBOX, lambda it: it.track("ASGAverageCPUUtilization"), r"by CPU besides the capacity provider: \[50"),
        (ALONE, lambda it: it.track("ASGAverageNetworkIn"), r"nothing scales the group: .*CPU targets are \[\]"),
        (ALONE, lambda it: it.track("ASGAverageCPUUtilization", "more"), r"CPU targets are \[50.*50"),
    ),
    *proofs_of(
        checks.test_busy_instances_are_protected_by_both_or_none,
        (
            SANDBOX,
            lambda it: it.new_provider("other", managedTerminationProtection="ENABLED"),
            "True of the capacity provider, False of the group",
        ),
        (
            PRODUCTION,
            lambda it: it.change_group(NewInstancesProtectedFromScaleIn=False),
            "True of the capacity provider, False of the group",
        ),
        (
            ALONE,
            lambda it: it.change_group(NewInstancesProtectedFromScaleIn=True),
            "False of the capacity provider, True of the group",
        ),
    ),
    *proofs_of(
        checks.test_the_cluster_and_its_services_use_the_capacity_provider,
        (SANDBOX, lambda it: it.put_providers(["on-ec2", "FARGATE"]), "the cluster has .*FARGATE"),
        (SANDBOX, lambda it: it.resources["AWS::ECS::Service"].pop(), "there are 1 services"),
        (SANDBOX, lambda it: it.update("worker", capacityProviderStrategy=[]), r"worker uses \['EC2'\], not .*on-ec2"),
        (ALONE, lambda it: it.put_providers(["FARGATE"]), r"the cluster has \['FARGATE'\], not \[\]"),
        (
            ALONE,
            lambda it: it.update("web", capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}]),
            r"web uses \['FARGATE'\], not \['EC2'\]",
        ),
    ),
    *proofs_of(
        checks.test_tasks_are_spread_over_azs_and_then_packed,
        (SANDBOX, lambda it: it.update("worker", placementStrategy=PLACED[::-1]), "tasks of worker are placed by"),
        (SANDBOX, lambda it: it.update("web", placementStrategy=[]), r"tasks of web are placed by \[\]"),
    ),
    *proofs_of(
        checks.test_deployments_keep_tasks_running_and_roll_back,
        (
            SANDBOX,
            lambda it: it.update(
                "worker",
                deploymentConfiguration=it.rolling(deploymentCircuitBreaker={"enable": True, "rollback": False}),
            ),
            "of worker is not rolled back",
        ),
        (
            SANDBOX,
            lambda it: it.update("web", deploymentConfiguration=it.rolling(minimumHealthyPercent=50)),
            "of web runs 50 to 200 %",
        ),
    ),
    *proofs_of(
        checks.test_containers_are_neither_root_nor_able_to_change_their_image,
        (
            SANDBOX,
            lambda it: it.change("worker", lambda task: task["containerDefinitions"][0].pop("user")),
            "the container worker runs as root",
        ),
        (
            SANDBOX,
            lambda it: it.change(
                "web", lambda task: task["containerDefinitions"][1].update(readonlyRootFilesystem=False)
            ),
            "announce can write",
        ),
    ),
    *proofs_of(
        checks.test_web_sends_and_the_worker_receives,
        (SANDBOX, act_as_web, "both services act as .*web"),
        (SANDBOX, lambda it: attach_managed_policy(it, "worker"), "role of the worker has managed policies"),
        (
            SANDBOX,
            lambda it: it.let("web", *it.sound("web"), allow("sqs:ReceiveMessage", on=it.queue)),
            r"web may \['sqs:ReceiveMessage', 'sqs:SendMessage'\] on the queue",
        ),
        (
            SANDBOX,
            lambda it: it.let("worker", *it.sound("worker"), allow("sqs:SendMessage", on="*")),
            r"the worker may \['sqs:SendMessage'\] on \['\*'\]",
        ),
        (SANDBOX, lambda it: it.let("worker", EXEC_CHANNEL), r"the worker may \[\] on the queue"),
        (
            PRODUCTION,
            lambda it: it.let("worker", *it.sound("worker"), allow("kms:GenerateDataKey", on=it.key_arn)),
            "the worker may .*GenerateDataKey",
        ),
        (PRODUCTION, lambda it: it.let("web", *it.sound("web"), EXEC_CHANNEL), "web may .*CreateControlChannel"),
        (
            PRODUCTION,
            lambda it: it.let("web", it.sound("web")[0], allow("kms:Decrypt", on="*")),
            r"web may \['kms:Decrypt'\] on everything",
        ),
    ),
    *proofs_of(
        checks.test_the_queue_is_encrypted_and_keeps_what_fails,
        (SANDBOX, lambda it: it.set_queue(SqsManagedSseEnabled="false"), "the queue is not encrypted"),
        (PRODUCTION, lambda it: it.set_queue(KmsMasterKeyId=with_another_key(it)), "not with the stack's key"),
        (SANDBOX, lambda it: it.set_queue(RedrivePolicy=""), "tried again for ever"),
        (SANDBOX, lambda it: it.set_queue(Policy=""), "takes messages without TLS"),
    ),
    *proofs_of(
        checks.test_only_the_listeners_are_open_to_the_outside,
        (SANDBOX, lambda it: it.open(it.instance_group, 22, ANYWHERE), r"open to the outside: tcp/22 0\.0"),
        (PRODUCTION, lambda it: it.open(it.front_group, 8080, "::/0"), "open to the outside: tcp/8080 ::/0"),
    ),
    *proofs_of(
        checks.test_web_admits_the_load_balancer_and_the_worker_nobody,
        (SANDBOX, lambda it: it.open(it.task_group, 9000, it.front_group), "web tasks admit .*tcp/9000"),
        (SANDBOX, lambda it: it.open(it.worker_group, 8080, it.front_group), "worker tasks admit .*tcp/8080"),
    ),
    *proofs_of(
        checks.test_services_scale,
        (
            SANDBOX,
            lambda it: it.drop_policy("web", "ECSServiceAverageMemoryUtilization"),
            r"web does not scale by \['ECSServiceAverageMemoryUtilization'\]",
        ),
        (SANDBOX, lambda it: it.drop_policy("worker", "backlog"), r"worker scales by \['TargetTrackingScaling'\] only"),
    ),
    *proofs_of(
        checks.test_logs_are_kept_for_a_set_time,
        (SANDBOX, lambda it: it.client("logs").delete_retention_policy(logGroupName="flow"), "flow keeps everything"),
        (
            PRODUCTION,
            lambda it: it._made("AWS::Logs::LogGroup", it.new_log_group("other", key=with_another_key(it))),
            "the log group other is encrypted with .*, not with the stack's key",
        ),
    ),
    *proofs_of(
        checks.test_alarms_notify_the_topic,
        (
            SANDBOX,
            lambda it: it.put_alarm("AWS/SQS", "ApproximateAgeOfOldestMessage", AlarmActions=[]),
            r"does not hear of \['ApproximateAgeOfOldestMessage'\]",
        ),
        (
            SANDBOX,
            lambda it: it.client("cloudwatch").delete_alarms(AlarmNames=["RunningTaskCount"]),
            r"does not hear of \['RunningTaskCount'\]",
        ),
    ),
    *proofs_of(
        checks.test_ami_and_instance_types_are_of_one_architecture,
        (SANDBOX, lambda it: it.set_architecture("x86_64"), r"t4g\.\w+ runs \['arm64'\], but ami-\w+ is x86_64"),
        (SANDBOX, of_another_type, r"t3\.small runs \[.*'x86_64'\], but ami-\w+ is arm64"),
    ),
    *proofs_of(
        checks.test_the_page_comes_from_tasks_on_the_instances,
        (SANDBOX, lambda it: it.site.answer("It works!"), "shows no task, after 0.2 seconds: It works!"),
        (PRODUCTION, lambda it: it.site.answer(PAGE, after=1000), "shows no task.*503"),
    ),
    *proofs_of(
        checks.test_the_worker_has_received_what_web_sent,
        (
            SANDBOX,
            lambda it: it.client("logs").delete_log_stream(logGroupName=it.log_group, logStreamName="worker"),
            "no worker printed 'work: received: A web task has started', after 0.2 seconds",
        ),
    ),
]


@pytest.fixture
def account_in(
    session: boto3.Session, sites: dict[str, Site], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Ec2Account]]:
    """A sound account in a posture, or ALONE."""
    hurry(checks, certificate=certificate, monkeypatch=monkeypatch)

    def account(kind: str) -> Ec2Account:
        posture = PRODUCTION if kind == ALONE else kind
        sites[posture].answer(PAGE)
        made = Ec2Account(session, posture=posture, site=sites[posture], provider=kind != ALONE)
        made.print_to_log("work: received: A web task has started", at=time.time())
        return made

    with account_in_memory():
        yield account


@pytest.mark.parametrize("kind", [SANDBOX, PRODUCTION, ALONE])
def test_every_check_passes_on_a_sound_account(kind: str, account_in: Callable[[str], Ec2Account]) -> None:
    stack = account_in(kind).stack
    assert [check.__name__ for check in checks_of(checks) if not passes(check, stack)] == []


@pytest.mark.parametrize("proof", PROOFS, ids=str)
def test_a_check_fails_where_its_promise_is_broken(proof: Proof, account_in: Callable[[str], Ec2Account]) -> None:
    proof.run(account_in(proof.account).stack)


def test_every_check_is_seen_to_fail() -> None:
    assert unproven(checks, PROOFS) == []


def test_the_page_and_the_message_are_not_asked_for_where_there_are_none(
    account_in: Callable[[str], Ec2Account],
) -> None:
    account = account_in(SANDBOX)
    account.change("web", lambda task: task["containerDefinitions"].pop())
    assert not passes(checks.test_the_page_comes_from_tasks_on_the_instances, account.stack)
    assert not passes(checks.test_the_worker_has_received_what_web_sent, account.stack)
