"""Each check of tests/deployed/test_fargate_efs.py passes on a sound account, and fails where its promise is broken."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.deployed import test_fargate_efs as checks
from tests.proof.fargate_efs import (
    ANYWHERE,
    EXEC_CHANNEL,
    REFUSE_PLAIN_TRANSPORT,
    Account,
    proofs_of,
)
from tests.proof.proving import Proof, account_in_memory, checks_of, hurry, passes, unproven
from tests.proof.site import Site, write_certificate

SANDBOX, PRODUCTION = "sandbox", "production"
JOIN_SCRIPT = Path(__file__).parents[2] / "stacks/fargate_efs/runtime/join.sh"


def line(zone: str, task: str = "0a1b2c") -> str:
    """As the script of the demonstration writes it."""
    [written] = re.findall(r'echo "(<li>.*</li>)"', JOIN_SCRIPT.read_text(encoding="utf-8"))
    written = re.sub(r"\$\(date [^)]*\)", "2026-01-31T12:00:00Z", written)
    return written.replace("${task##*/}", task).replace("$zone", zone)


PAGE = f"<!doctype html><ol>\n{line('eu-west-1a')}{line('eu-west-1b', '3d4e5f')}</ol>\n"
OF_ONE_AZ = f"<!doctype html><ol>\n{line('eu-west-1a')}{line('eu-west-1a', '3d4e5f')}</ol>\n"


def change_volume(account: Account, **wrong: Any) -> None:
    account.change_task(lambda task: task["volumes"][0]["efsVolumeConfiguration"].update(wrong))


def change_container(account: Account, **wrong: Any) -> None:
    account.change_task(lambda task: task["containerDefinitions"][-1].update(wrong))


def past_the_access_point(account: Account) -> None:
    everything = {key: value for key, value in account.mount_and_write.items() if key != "Condition"}
    account.let_task(everything, EXEC_CHANNEL)


def administers_the_file_system(account: Account) -> None:
    account.let_task({**account.mount_and_write, "Action": "elasticfilesystem:*"}, EXEC_CHANNEL)


def attach_managed_policy(account: Account) -> None:
    iam = account.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    arn = iam.create_policy(PolicyName="all", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="task", PolicyArn=arn)


def move_access_point(account: Account, **wrong: Any) -> None:
    account.resources["AWS::EFS::AccessPoint"] = [account.new_access_point(**wrong)]


def lose_a_mount_target(account: Account) -> None:
    efs = account.client("efs")
    target = efs.describe_mount_targets(FileSystemId=account.file_system)["MountTargets"][0]
    efs.delete_mount_target(MountTargetId=target["MountTargetId"])


def let_mount_targets_out(account: Account, **way: str) -> None:
    account.client("ec2").create_route(RouteTableId=account.isolated_table, DestinationCidrBlock=ANYWHERE, **way)


def share_a_nat_gateway(account: Account) -> None:
    account.client("ec2").replace_route(
        RouteTableId=account.private_tables[2], DestinationCidrBlock=ANYWHERE, NatGatewayId=account.gateways[0]
    )


def drop_scaling_policy(account: Account, metric: str) -> None:
    account.client("application-autoscaling").delete_scaling_policy(**account.scaled, PolicyName=metric)


def drop_scalable_target(account: Account) -> None:
    account.client("application-autoscaling").deregister_scalable_target(**account.scaled)


def change_listener(account: Account, port: int, **wrong: Any) -> None:
    account.client("elbv2").modify_listener(ListenerArn=account.listeners[port], **wrong)


def drop_listener(account: Account, port: int) -> None:
    account.client("elbv2").delete_listener(ListenerArn=account.listeners[port])


def change_target_group(account: Account, **wrong: Any) -> None:
    account.client("elbv2").modify_target_group(TargetGroupArn=account.targets, **wrong)


def drain_long(account: Account) -> None:
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "300"}
    account.client("elbv2").modify_target_group_attributes(TargetGroupArn=account.targets, Attributes=[delay])


def close_nfs(account: Account) -> None:
    nfs = {
        "IpProtocol": "tcp",
        "FromPort": 2049,
        "ToPort": 2049,
        "UserIdGroupPairs": [{"GroupId": account.mount_group}],
    }
    account.client("ec2").revoke_security_group_egress(GroupId=account.task_group, IpPermissions=[nfs])


def keep_for_ever(account: Account) -> None:
    account.client("logs").delete_retention_policy(logGroupName="flow")


def with_another_key(account: Account) -> str:
    return account.client("kms").create_key()["KeyMetadata"]["Arn"]


def encrypt_topic_otherwise(account: Account) -> None:
    account.client("sns").set_topic_attributes(
        TopicArn=account.topic, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"
    )


PROOFS = [
    *proofs_of(
        checks.test_the_file_system_is_encrypted,
        (SANDBOX, lambda it: it.new_file_system(Encrypted=False), r"fs-\w+ is not encrypted"),
        (PRODUCTION, lambda it: it.new_file_system(KmsKeyId=with_another_key(it)), "not with the stack's key"),
    ),
    *proofs_of(
        checks.test_the_file_system_refuses_plain_transport_and_lets_nobody_in_by_itself,
        (SANDBOX, lambda it: it.new_file_system(Backup=False), "does not refuse plain transport"),
        (
            SANDBOX,
            lambda it: it.put_file_system_policy(REFUSE_PLAIN_TRANSPORT, {**REFUSE_PLAIN_TRANSPORT, "Effect": "Allow"}),
            "lets clients in without a permission in IAM",
        ),
        (
            SANDBOX,
            lambda it: it.put_file_system_policy({**REFUSE_PLAIN_TRANSPORT, "Action": "elasticfilesystem:ClientMount"}),
            "does not refuse plain transport for .*ClientRootAccess",
        ),
        (
            SANDBOX,
            lambda it: it.put_file_system_policy(
                {**REFUSE_PLAIN_TRANSPORT, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
            ),
            "does not refuse plain transport for .*ClientMount",
        ),
    ),
    *proofs_of(
        checks.test_throughput_is_elastic,
        (SANDBOX, lambda it: it.new_file_system(ThroughputMode="bursting"), "is bursting, not elastic"),
    ),
    *proofs_of(
        checks.test_files_are_backed_up_in_production_only,
        (SANDBOX, lambda it: it.new_file_system(Backup=True), "backups are ENABLED in sandbox"),
        (PRODUCTION, lambda it: it.new_file_system(Backup=False), "backups are DISABLED in production"),
    ),
    *proofs_of(
        checks.test_a_mount_target_is_available_in_each_of_three_azs,
        (SANDBOX, lose_a_mount_target, r"available in \['eu-west-1b', 'eu-west-1c'\], not in three AZs"),
    ),
    *proofs_of(
        checks.test_mount_targets_have_no_route_to_the_internet,
        (
            SANDBOX,
            lambda it: let_mount_targets_out(it, GatewayId=it.internet),
            r"mount target fsmt-\w+ has a route to the internet: \['igw-",
        ),
        (
            PRODUCTION,
            lambda it: let_mount_targets_out(it, NatGatewayId=it.gateways[2]),
            r"has a route to the internet: \['nat-",
        ),
    ),
    *proofs_of(
        checks.test_the_access_point_acts_as_one_user_in_a_directory_of_its_own,
        (SANDBOX, lambda it: move_access_point(it, PosixUser={"Uid": 0, "Gid": 1000}), "acts as root"),
        (SANDBOX, lambda it: move_access_point(it, PosixUser=None), "lets each client be the user that it says it is"),
        (SANDBOX, lambda it: move_access_point(it, RootDirectory={"Path": "/"}), "shows the root of the file system"),
    ),
    *proofs_of(
        checks.test_tasks_mount_the_access_point_with_tls_and_iam,
        (SANDBOX, lambda it: it.change_task(lambda task: task["volumes"].pop(0)), r"the tasks mount \[\]"),
        (SANDBOX, lambda it: change_volume(it, transitEncryption="DISABLED"), "without TLS"),
        (
            SANDBOX,
            lambda it: change_volume(it, authorizationConfig={"accessPointId": it.access_point}),
            "without their role",
        ),
        (
            SANDBOX,
            lambda it: change_volume(it, authorizationConfig={"iam": "ENABLED"}),
            "access point None, not the stack's",
        ),
    ),
    *proofs_of(
        checks.test_containers_are_neither_root_nor_able_to_change_their_image,
        (SANDBOX, lambda it: change_container(it, user="0:1000"), r"the container \w+ runs as root"),
        (
            SANDBOX,
            lambda it: it.change_task(lambda task: task["containerDefinitions"][0].pop("user")),
            r"the container \w+ runs as root",
        ),
        (PRODUCTION, lambda it: change_container(it, readonlyRootFilesystem=False), "can write to its root file"),
    ),
    *proofs_of(
        checks.test_the_task_role_reaches_the_file_system_through_the_access_point_only,
        (SANDBOX, past_the_access_point, "may pass the access point"),
        (SANDBOX, administers_the_file_system, r"may more than mount and write: \['elasticfilesystem:\*'\]"),
        (SANDBOX, lambda it: it.let_task({**it.mount_and_write, "Resource": "*"}), r"reaches \['\*'\]"),
        (SANDBOX, lambda it: it.let_task(EXEC_CHANNEL), r"may only \[\] on the file system"),
        (SANDBOX, attach_managed_policy, "has managed policies"),
        (PRODUCTION, lambda it: it.let_task(it.mount_and_write, EXEC_CHANNEL), "may more .*CreateControlChannel"),
    ),
    *proofs_of(
        checks.test_tasks_run_on_demand_first_and_on_spot_beyond,
        (
            SANDBOX,
            lambda it: it.update_service(capacityProviderStrategy=[]),
            r"capacity providers of the service are \[\], not FARGATE and FARGATE_SPOT",
        ),
        (
            SANDBOX,
            lambda it: it.update_service(
                capacityProviderStrategy=[
                    {"capacityProvider": "FARGATE", "weight": 50},
                    {"capacityProvider": "FARGATE_SPOT", "weight": 50, "base": 2},
                ]
            ),
            "base of the tasks runs on Spot",
        ),
    ),
    *proofs_of(
        checks.test_deployments_keep_tasks_running_and_roll_back,
        (
            SANDBOX,
            lambda it: it.update_service(
                deploymentConfiguration=it.rolling(deploymentCircuitBreaker={"enable": True, "rollback": False})
            ),
            "is not rolled back",
        ),
        (
            SANDBOX,
            lambda it: it.update_service(deploymentConfiguration=it.rolling(minimumHealthyPercent=50)),
            "runs 50 to 200 % of the tasks",
        ),
    ),
    *proofs_of(
        checks.test_tasks_run_in_private_subnets_of_three_azs,
        (
            SANDBOX,
            lambda it: it.update_service(networkConfiguration=it.placed(assignPublicIp="ENABLED")),
            "tasks have public addresses",
        ),
        (
            SANDBOX,
            lambda it: it.update_service(networkConfiguration=it.placed(subnets=it.subnets["private"][:2])),
            r"\['eu-west-1a', 'eu-west-1b'\], not in three AZs",
        ),
        (
            SANDBOX,
            lambda it: it.update_service(networkConfiguration=it.placed(subnets=it.subnets["public"])),
            "not every subnet .* through a NAT gateway: .*igw-",
        ),
        (
            SANDBOX,
            lambda it: it.update_service(networkConfiguration=it.placed(subnets=it.subnets["isolated"])),
            r"not every subnet .* through a NAT gateway: .*\[\]",
        ),
        (PRODUCTION, share_a_nat_gateway, "2 NAT gateways serve"),
    ),
    *proofs_of(
        checks.test_tasks_are_spread_again_over_the_azs,
        (SANDBOX, lambda it: it.update_service(availabilityZoneRebalancing="DISABLED"), "rebalancing is DISABLED"),
    ),
    *proofs_of(
        checks.test_a_shell_opens_in_sandbox_only,
        (SANDBOX, lambda it: it.update_service(enableExecuteCommand=False), "ECS Exec is off in sandbox"),
        (PRODUCTION, lambda it: it.update_service(enableExecuteCommand=True), "ECS Exec is on in production"),
    ),
    *proofs_of(
        checks.test_the_service_scales_by_cpu_memory_and_requests,
        (SANDBOX, drop_scalable_target, "nothing scales service/cluster/service"),
        (
            SANDBOX,
            lambda it: drop_scaling_policy(it, "ECSServiceAverageMemoryUtilization"),
            r"does not scale by \['ECSServiceAverageMemoryUtilization'\]",
        ),
        (
            SANDBOX,
            lambda it: it.scale_by_requests_of(it.new_target_group("other")),
            "by the requests of app/front/.*/other/.*, not of app/front/.*/tasks/",
        ),
    ),
    *proofs_of(
        checks.test_only_the_listeners_are_open_to_the_outside,
        (SANDBOX, lambda it: it.open(it.task_group, 8080, ANYWHERE), r"open to the outside: tcp/8080 0\.0\.0\.0/0"),
        (PRODUCTION, lambda it: it.open(it.task_group, 2049, "10.0.0.0/16"), "open to the outside: tcp/2049 10.0"),
        (PRODUCTION, lambda it: it.open(it.front_group, 22, "::/0"), "open to the outside: tcp/22 ::/0"),
    ),
    *proofs_of(
        checks.test_nfs_is_open_to_tasks_only,
        (
            SANDBOX,
            lambda it: it.open(it.mount_group, 2049, it.front_group),
            r"mount targets admit \['tcp/2049 sg-\w+', 'tcp/2049 sg-\w+'\], not \['tcp/2049 sg-\w+'\]",
        ),
        (SANDBOX, lambda it: it.open(it.mount_group, 22, it.task_group), "mount targets admit .*tcp/22"),
    ),
    *proofs_of(
        checks.test_tasks_admit_the_load_balancer_only,
        (SANDBOX, lambda it: it.open(it.task_group, 9000, it.front_group), "tasks admit .*tcp/9000"),
        (SANDBOX, lambda it: it.open(it.task_group, 8080, it.task_group), "tasks admit .*, not "),
    ),
    *proofs_of(
        checks.test_tasks_reach_https_and_the_file_system_only,
        (
            SANDBOX,
            lambda it: it.open(it.task_group, 80, ANYWHERE, outwards=True),
            r"reach more than HTTPS and the file system: \['tcp/80 0\.0\.0\.0/0'\]",
        ),
        (SANDBOX, lambda it: it.open(it.task_group, 2049, ANYWHERE, outwards=True), "reach more .*tcp/2049 0"),
        (PRODUCTION, close_nfs, "do not reach the file system"),
    ),
    *proofs_of(
        checks.test_the_load_balancer_serves_https_where_it_has_a_certificate,
        (SANDBOX, lambda it: drop_listener(it, 80), r"listens on \[\]"),
        (
            PRODUCTION,
            lambda it: change_listener(it, 80, DefaultActions=[{"Type": "forward", "TargetGroupArn": it.targets}]),
            "plain HTTP is not redirected",
        ),
        (
            PRODUCTION,
            lambda it: change_listener(it, 443, SslPolicy="ELBSecurityPolicy-2016-08"),
            "allows more than TLS 1.2 and 1.3",
        ),
        (
            SANDBOX,
            lambda it: change_listener(
                it, 80, DefaultActions=[{"Type": "forward", "TargetGroupArn": it.new_target_group("other")}]
            ),
            "requests go to .*/other/.*, not to the tasks",
        ),
    ),
    *proofs_of(
        checks.test_the_load_balancer_drops_invalid_headers,
        (
            SANDBOX,
            lambda it: it.set_attributes({"routing.http.drop_invalid_header_fields.enabled": "false"}),
            "passes requests with invalid headers on",
        ),
    ),
    *proofs_of(
        checks.test_the_load_balancer_is_logged_and_protected_in_production_only,
        (PRODUCTION, lambda it: it.set_attributes({"access_logs.s3.enabled": "false"}), "logs are off in production"),
        (PRODUCTION, lambda it: it.set_attributes({"access_logs.s3.bucket": "other"}), "access logs go to other"),
        (
            PRODUCTION,
            lambda it: it.set_attributes({"deletion_protection.enabled": "false"}),
            "deletion protection is off in production",
        ),
        (
            SANDBOX,
            lambda it: it.set_attributes({"deletion_protection.enabled": "true"}),
            "deletion protection is on in sandbox",
        ),
    ),
    *proofs_of(
        checks.test_requests_go_to_tasks_that_answer_the_health_check,
        (SANDBOX, lambda it: it.update_service(loadBalancers=[]), "do not register with"),
        (SANDBOX, lambda it: change_target_group(it, Matcher={"HttpCode": "200-499"}), "it answers 200-499, not 200"),
        (SANDBOX, lambda it: change_target_group(it, HealthCheckPath="/healthy"), "asks for /healthy, which"),
        (SANDBOX, drain_long, "drained for 300 seconds"),
    ),
    *proofs_of(
        checks.test_logs_are_kept_for_a_set_time,
        (SANDBOX, keep_for_ever, "the log group flow keeps everything for ever"),
        (SANDBOX, lambda it: it.resources["AWS::Logs::LogGroup"].remove("tasks"), "group tasks is not the stack's"),
        (SANDBOX, lambda it: change_container(it, logConfiguration={"logDriver": "awslogs"}), "logs to None"),
        (
            PRODUCTION,
            lambda it: it.resources["AWS::Logs::LogGroup"].append(it.new_log_group("other", key=with_another_key(it))),
            "the log group other is encrypted with .*, not with the stack's key",
        ),
    ),
    *proofs_of(
        checks.test_alarms_notify_the_topic,
        (
            SANDBOX,
            lambda it: it.put_alarm("AWS/ApplicationELB", "UnHealthyHostCount", AlarmActions=[]),
            r"does not hear of \['UnHealthyHostCount'\]",
        ),
        (
            SANDBOX,
            lambda it: it.client("cloudwatch").delete_alarms(AlarmNames=["RunningTaskCount"]),
            r"does not hear of \['RunningTaskCount'\]",
        ),
        (
            SANDBOX,
            lambda it: it.client("cloudwatch").disable_alarm_actions(AlarmNames=["MeteredIOBytes"]),
            r"does not hear of \['MeteredIOBytes'\]",
        ),
    ),
    *proofs_of(
        checks.test_the_topic_takes_messages_of_alarms,
        (SANDBOX, lambda it: it.let_publish("events.amazonaws.com"), "alarms may not publish"),
        (PRODUCTION, encrypt_topic_otherwise, "encrypted with alias/aws/sns, not with the stack's key"),
    ),
    *proofs_of(
        checks.test_the_page_shows_tasks_of_two_azs,
        (SANDBOX, lambda it: it.site.answer(OF_ONE_AZ), "shows no tasks of two AZs, after 0.2 seconds: .*eu-west-1a"),
        (PRODUCTION, lambda it: it.site.answer("It works!"), "shows no tasks of two AZs.*It works!"),
        (SANDBOX, lambda it: it.site.answer(PAGE, after=1000), "shows no tasks of two AZs.*503"),
        (SANDBOX, lambda it: it.outputs.update(Url="http://127.0.0.1:9"), "shows no tasks of two AZs.*refused"),
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


def test_the_page_may_take_its_time(account_in: Callable[[str], Account]) -> None:
    account = account_in(SANDBOX)
    account.site.answer(OF_ONE_AZ, PAGE, after=2)
    assert passes(checks.test_the_page_shows_tasks_of_two_azs, account.stack)


def test_a_certificate_that_nobody_vouches_for_is_named(
    account_in: Callable[[str], Account], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account = account_in(PRODUCTION)
    write_certificate(tmp_path / "other.pem", "other.example.com")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    with pytest.raises(AssertionError, match=r"has a certificate not trusted here: .*CERTIFICATE_VERIFY_FAILED"):
        checks.test_the_page_shows_tasks_of_two_azs(account.stack)


def serves_its_own_image(account: Account) -> None:
    account.change_task(lambda task: task["containerDefinitions"].pop())


def runs_one_task(account: Account) -> None:
    account.update_service(desiredCount=1)


@pytest.mark.parametrize("change", [serves_its_own_image, runs_one_task])
def test_the_page_is_not_asked_for_where_there_is_none(
    change: Callable[[Account], None], account_in: Callable[[str], Account]
) -> None:
    account = account_in(SANDBOX)
    change(account)
    assert not passes(checks.test_the_page_shows_tasks_of_two_azs, account.stack)
