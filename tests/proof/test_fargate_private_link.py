"""Each check of tests/deployed/test_fargate_private_link.py passes on a sound account, and fails where its promise is
broken.
"""

import json
from collections.abc import Callable, Iterator

import boto3
import pytest

from tests.deployed import test_fargate_private_link as checks
from tests.proof.fargate_efs import ANYWHERE, EXEC_CHANNEL, proofs_of
from tests.proof.fargate_private_link import Account
from tests.proof.proving import Proof, account_in_memory, checks_of, passes, unproven

SANDBOX, PRODUCTION = "sandbox", "production"

# What each of the sound accounts has not.
NOTHING_TO_LOOK_AT = {
    SANDBOX: {checks.test_the_private_dns_name_can_be_verified},
    PRODUCTION: {
        checks.test_the_consumer_is_connected,
        checks.test_the_consumer_is_let_in_and_nobody_else,
        checks.test_the_consumer_has_no_way_out,
    },
}


def replace_load_balancer(account: Account, **wrong: object) -> None:
    other = account.new_load_balancer("other", **wrong)
    account.resources["AWS::ElasticLoadBalancingV2::LoadBalancer"] = [other]


def change_listener(account: Account, **wrong: object) -> None:
    account.client("elbv2").modify_listener(ListenerArn=account.listener, **wrong)


def close_front(account: Account, port: int, peer: str) -> None:
    account.client("ec2").revoke_security_group_egress(
        GroupId=account.front_group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": peer}]}
        ],
    )


def refuse_the_consumer(account: Account) -> None:
    """Takes the block away that the consumer's addresses are in."""
    account.client("ec2").revoke_security_group_ingress(
        GroupId=account.front_group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
    )


def let_the_consumer_out(account: Account) -> None:
    ec2 = account.client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=account.consumer_vpc)
    ec2.create_route(RouteTableId=account.consumer_table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)


def attach_managed_policy(account: Account) -> None:
    iam = account.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    arn = iam.create_policy(PolicyName="all", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="task", PolicyArn=arn)


def change_container(account: Account, **wrong: object) -> None:
    account.change_task(lambda task: task["containerDefinitions"][0].update(wrong))


def drop_scalable_target(account: Account) -> None:
    account.client("application-autoscaling").deregister_scalable_target(**account.scaled)


def drain_targets(account: Account) -> None:
    account.client("elbv2").deregister_targets(
        TargetGroupArn=account.targets, Targets=[{"Id": "10.0.3.7", "Port": 8080}]
    )


def keep_for_ever(account: Account) -> None:
    account.client("logs").delete_retention_policy(logGroupName="flow")


def share_a_nat_gateway(account: Account) -> None:
    account.client("ec2").replace_route(
        RouteTableId=account.private_tables[2], DestinationCidrBlock=ANYWHERE, NatGatewayId=account.gateways[0]
    )


def encrypt_topic_otherwise(account: Account) -> None:
    account.client("sns").set_topic_attributes(
        TopicArn=account.topic, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"
    )


PROOFS = [
    *proofs_of(
        checks.test_the_load_balancer_is_internal_and_in_private_subnets_of_three_azs,
        (SANDBOX, lambda it: replace_load_balancer(it, Scheme="internet-facing"), "is a network one, and internet-fac"),
        (
            SANDBOX,
            lambda it: replace_load_balancer(it, Type="application"),
            "is a application one, and internal",
        ),
        (
            SANDBOX,
            lambda it: replace_load_balancer(it, Subnets=it.subnets["private"][:2]),
            r"is in \['eu-west-1a', 'eu-west-1b'\], not in three AZs",
        ),
        (SANDBOX, lambda it: replace_load_balancer(it, Subnets=it.subnets["public"]), "public subnets: .*igw-"),
    ),
    *proofs_of(
        checks.test_connections_go_to_tasks_of_all_azs,
        (SANDBOX, lambda it: it.set_attributes({"load_balancing.cross_zone.enabled": "false"}), "cross-zone .* is off"),
    ),
    *proofs_of(
        checks.test_the_load_balancer_listens_on_one_port,
        (SANDBOX, lambda it: it.new_listener(8443), r"listens on \[80, 8443\], not on one port"),
        (SANDBOX, lambda it: change_listener(it, Protocol="HTTP"), "protocol is HTTP"),
        (PRODUCTION, lambda it: change_listener(it, SslPolicy="ELBSecurityPolicy-2016-08"), "more than versions"),
        (
            SANDBOX,
            lambda it: change_listener(
                it, DefaultActions=[{"Type": "forward", "TargetGroupArn": it.new_target_group("other")}]
            ),
            "connections go to .*/other/.*, not to the tasks",
        ),
        (SANDBOX, lambda it: it.outputs.update(Address="elsewhere:80"), "the output Address is elsewhere:80, the load"),
    ),
    *proofs_of(
        checks.test_the_load_balancer_is_logged_and_protected_in_production_only,
        (PRODUCTION, lambda it: it.set_attributes({"access_logs.s3.enabled": "false"}), "logs are off in production"),
        (PRODUCTION, lambda it: change_listener(it, Protocol="TCP"), "logs are on in production"),
        (PRODUCTION, lambda it: it.set_attributes({"access_logs.s3.bucket": "other"}), "access logs go to other"),
        (
            PRODUCTION,
            lambda it: it.set_attributes({"deletion_protection.enabled": "false"}),
            "protection is off in production",
        ),
        (SANDBOX, lambda it: it.set_attributes({"deletion_protection.enabled": "true"}), "protection is on in sandbox"),
    ),
    *proofs_of(
        checks.test_the_load_balancer_admits_its_port_from_private_addresses_only,
        (SANDBOX, lambda it: it.open(it.front_group, 22, "10.0.0.0/8"), "more than its port: tcp/22 10.0.0.0/8"),
        (SANDBOX, lambda it: it.open(it.front_group, 80, ANYWHERE), "more than blocks of private .*: tcp/80 0.0.0.0/0"),
        (PRODUCTION, lambda it: it.open(it.front_group, 443, "::/0"), "more than blocks of private .*: tcp/443 ::/0"),
        (SANDBOX, lambda it: replace_load_balancer(it, SecurityGroups=[]), "has no security group"),
    ),
    *proofs_of(
        checks.test_the_load_balancer_reaches_tasks_on_their_port_only,
        (SANDBOX, lambda it: close_front(it, 8080, it.task_group), r"does not reach the tasks: \[\]"),
        (
            SANDBOX,
            lambda it: it.open(it.front_group, 443, ANYWHERE, outwards=True),
            r"reaches more than the tasks: \['tcp/443 0\.0\.0\.0/0'\]",
        ),
    ),
    *proofs_of(
        checks.test_tasks_reach_https_only,
        (
            SANDBOX,
            lambda it: it.open(it.task_group, 80, ANYWHERE, outwards=True),
            r"reach more than HTTPS: \['tcp/80 0\.0\.0\.0/0'\]",
        ),
    ),
    *proofs_of(
        checks.test_nothing_else_is_open,
        (SANDBOX, lambda it: it.open(it.task_group, 8080, "10.0.0.0/8"), r"open to the outside: tcp/8080 10\.0"),
        (PRODUCTION, lambda it: it.open(it.task_group, 8080, ANYWHERE), r"open to the outside: tcp/8080 0\.0"),
    ),
    *proofs_of(
        checks.test_tasks_admit_the_load_balancer_only,
        (SANDBOX, lambda it: it.open(it.task_group, 9000, it.front_group), "tasks admit .*tcp/9000"),
        (SANDBOX, lambda it: it.open(it.task_group, 8080, "10.0.0.0/8"), r"tasks admit .*tcp/8080 10\.0\.0\.0/8"),
    ),
    *proofs_of(
        checks.test_connections_go_to_tasks_that_pass_the_health_check,
        (SANDBOX, lambda it: it.update_service(loadBalancers=[]), "do not register with"),
        (
            SANDBOX,
            lambda it: it.replace_target_group(HealthCheckProtocol="HTTP", HealthCheckPath="/up"),
            "health check by HTTP asks for /up, which the demonstration does not have",
        ),
        (
            SANDBOX,
            lambda it: it.replace_target_group(HealthCheckProtocol="HTTPS", HealthCheckPath="/"),
            "health check by HTTPS asks for /, which",
        ),
        (SANDBOX, lambda it: it.replace_target_group(HealthyThresholdCount=5), r"after \(5, 2\) checks"),
    ),
    *proofs_of(
        checks.test_tasks_see_addresses_as_promised_and_let_connections_go,
        (
            SANDBOX,
            lambda it: it.set_target_attributes({"preserve_client_ip.enabled": "false"}),
            "do not see the addresses of clients",
        ),
        (
            SANDBOX,
            lambda it: it.set_target_attributes({"proxy_protocol_v2.enabled": "true"}),
            "does not understand the proxy protocol",
        ),
        (
            SANDBOX,
            lambda it: it.set_target_attributes({"deregistration_delay.timeout_seconds": "300"}),
            "drained for 300 seconds",
        ),
        (
            SANDBOX,
            lambda it: it.set_target_attributes({"deregistration_delay.connection_termination.enabled": "false"}),
            "are left open",
        ),
    ),
    *proofs_of(
        checks.test_the_endpoint_service_publishes_the_load_balancer,
        (SANDBOX, replace_load_balancer, "publishes .*/front/.*, not .*/other/"),
        (SANDBOX, lambda it: it.outputs.update(ServiceName="other"), "output ServiceName is other, the service is com"),
    ),
    *proofs_of(
        checks.test_connections_wait_for_acceptance_where_that_is_set,
        (PRODUCTION, lambda it: it.change_endpoint_service(AcceptanceRequired=False), "do not wait for acceptance"),
        (SANDBOX, lambda it: it.change_endpoint_service(AcceptanceRequired=True), "connections wait for acceptance"),
        (
            PRODUCTION,
            lambda it: it.outputs.update(AcceptCommand="aws ec2 … --service-id vpce-svc-0 --vpc-endpoint-ids"),
            "accepts connections to another service: .*vpce-svc-0",
        ),
    ),
    *proofs_of(
        checks.test_only_named_principals_may_connect,
        (SANDBOX, lambda it: it.let_connect("*"), r"is open to \*"),
        (PRODUCTION, lambda it: it.let_connect("arn:aws:iam::444455556666:role/*"), r"is open to arn:.*role/\*"),
    ),
    *proofs_of(
        checks.test_the_private_dns_name_can_be_verified,
        (
            PRODUCTION,
            lambda it: it.change_endpoint_service(PrivateDnsName=""),
            "no private DNS name for the record",
        ),
        (PRODUCTION, lambda it: it.outputs.pop("VerificationRecord"), "VerificationRecord is None, AWS looks for n TX"),
        (
            PRODUCTION,
            lambda it: it.outputs.update(VerificationRecord="n TXT old"),
            "VerificationRecord is n TXT old, AWS looks for n TXT val",
        ),
    ),
    *proofs_of(
        checks.test_the_consumer_is_connected,
        (SANDBOX, lambda it: it.let_the_endpoint_wait(), r"vpce-\w+ is pendingAcceptance"),
        (
            SANDBOX,
            lambda it: it.replace_endpoint(ServiceName="com.amazonaws.eu-west-1.logs"),
            r"is for com\.amazonaws\.eu-west-1\.logs, not com\.amazonaws\.vpce",
        ),
        (SANDBOX, lambda it: it.outputs.update(ConsumerAddress="other:80"), "output ConsumerAddress is other:80, the"),
        (SANDBOX, lambda it: it.resources["AWS::EC2::VPCEndpoint"].append(it.new_endpoint()), "has 2 endpoints"),
        (
            SANDBOX,
            lambda it: (
                it.replace_endpoint(SubnetIds=it.consumer_subnets[:2]),
                it.outputs.update(it._outputs()),
            ),
            "is not in three AZs",
        ),
    ),
    *proofs_of(
        checks.test_the_consumer_is_let_in_and_nobody_else,
        (SANDBOX, lambda it: it.open(it.consumer_group, 80, ANYWHERE), r"admits \[.*tcp/80 0\.0\.0\.0/0.*, not"),
        (SANDBOX, lambda it: it.open(it.consumer_group, 22, "10.1.0.0/24"), "endpoint admits .*tcp/22"),
        (SANDBOX, refuse_the_consumer, r"refuses the addresses of the consumer, 10\.1\.0\.0/24"),
    ),
    *proofs_of(
        checks.test_the_consumer_has_no_way_out,
        (SANDBOX, let_the_consumer_out, "have a route to the internet: .*igw-"),
    ),
    *proofs_of(
        checks.test_the_task_role_may_do_nothing,
        (SANDBOX, attach_managed_policy, "has managed policies"),
        (SANDBOX, lambda it: it.let_task({**EXEC_CHANNEL, "Action": "s3:GetObject"}), "may s3:GetObject"),
        (PRODUCTION, lambda it: it.let_task(EXEC_CHANNEL), "may ssmmessages:CreateControlChannel"),
    ),
    *proofs_of(
        checks.test_the_service_scales_by_cpu_and_memory,
        (SANDBOX, drop_scalable_target, "nothing scales service/cluster/service"),
        (
            SANDBOX,
            lambda it: it.client("application-autoscaling").delete_scaling_policy(
                **it.scaled, PolicyName="ECSServiceAverageMemoryUtilization"
            ),
            r"scales by \['ECSServiceAverageCPUUtilization'\], not by",
        ),
    ),
    *proofs_of(
        checks.test_alarms_notify_the_topic,
        (
            SANDBOX,
            lambda it: it.put_alarm("AWS/NetworkELB", "UnHealthyHostCount", AlarmActions=[]),
            r"does not hear of \['UnHealthyHostCount'\]",
        ),
        (
            SANDBOX,
            lambda it: it.client("cloudwatch").disable_alarm_actions(AlarmNames=["PortAllocationErrorCount"]),
            r"does not hear of \['PortAllocationErrorCount'\]",
        ),
    ),
    *proofs_of(
        checks.test_tasks_become_healthy,
        (SANDBOX, drain_targets, r"no task is healthy after 0.2 seconds: "),
    ),
    *proofs_of(
        checks.test_a_shell_opens_in_sandbox_only,
        (SANDBOX, lambda it: it.update_service(enableExecuteCommand=False), "ECS Exec is off in sandbox"),
        (PRODUCTION, lambda it: it.update_service(enableExecuteCommand=True), "ECS Exec is on in production"),
    ),
    *proofs_of(
        checks.test_containers_are_neither_root_nor_able_to_change_their_image,
        (SANDBOX, lambda it: change_container(it, user="0:1000"), "the container web runs as root"),
        (PRODUCTION, lambda it: change_container(it, readonlyRootFilesystem=False), "web can write to its root file"),
    ),
    *proofs_of(
        checks.test_deployments_keep_tasks_running_and_roll_back,
        (
            SANDBOX,
            lambda it: it.update_service(deploymentConfiguration=it.rolling(minimumHealthyPercent=50)),
            "runs 50 to 200 % of the tasks",
        ),
    ),
    *proofs_of(
        checks.test_logs_are_kept_for_a_set_time,
        (SANDBOX, keep_for_ever, "the log group flow keeps everything for ever"),
    ),
    *proofs_of(
        checks.test_tasks_are_spread_again_over_the_azs,
        (SANDBOX, lambda it: it.update_service(availabilityZoneRebalancing="DISABLED"), "rebalancing is DISABLED"),
    ),
    *proofs_of(
        checks.test_tasks_run_in_private_subnets_of_three_azs,
        (
            SANDBOX,
            lambda it: it.update_service(networkConfiguration=it.placed(assignPublicIp="ENABLED")),
            "tasks have public addresses",
        ),
        (PRODUCTION, share_a_nat_gateway, "2 NAT gateways serve"),
    ),
    *proofs_of(
        checks.test_tasks_run_on_demand_first_and_on_spot_beyond,
        (
            SANDBOX,
            lambda it: it.update_service(capacityProviderStrategy=[]),
            r"capacity providers of the service are \[\], not FARGATE and FARGATE_SPOT",
        ),
    ),
    *proofs_of(
        checks.test_the_topic_takes_messages_of_alarms,
        (SANDBOX, lambda it: it.let_publish("events.amazonaws.com"), "alarms may not publish"),
        (PRODUCTION, encrypt_topic_otherwise, "encrypted with alias/aws/sns, not with the stack's key"),
    ),
]


@pytest.fixture
def account_in(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Account]]:
    """A sound account in a posture."""
    monkeypatch.setattr(checks, "DEADLINE_SECONDS", 0.2)
    monkeypatch.setattr(checks, "PAUSE_SECONDS", 0.01)
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # nobody asks for them, and they take long
    with account_in_memory():
        yield lambda posture: Account(session, posture=posture)


@pytest.mark.parametrize("posture", [SANDBOX, PRODUCTION])
def test_every_check_passes_on_a_sound_account(posture: str, account_in: Callable[[str], Account]) -> None:
    stack = account_in(posture).stack
    assert {check for check in checks_of(checks) if not passes(check, stack)} == NOTHING_TO_LOOK_AT[posture]


@pytest.mark.parametrize("proof", PROOFS, ids=str)
def test_a_check_fails_where_its_promise_is_broken(proof: Proof, account_in: Callable[[str], Account]) -> None:
    proof.run(account_in(proof.account).stack)


def test_every_check_is_seen_to_fail() -> None:
    assert unproven(checks, PROOFS) == []
