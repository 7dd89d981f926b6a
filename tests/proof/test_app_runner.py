"""Each check of tests/deployed/test_app_runner.py passes on a sound account, and fails where its promise is broken."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.deployed import test_app_runner as checks
from tests.proof import test_fargate_efs
from tests.proof.app_runner import BUILD, CONNECTOR, PULL, READ, REPOSITORY, SECRET, TASKS, TRACE, Account
from tests.proof.eks import allow
from tests.proof.fargate_efs import ANYWHERE, proofs_of
from tests.proof.proving import Check, Proof, account_in_memory, checks_of, hurry, passes, unproven
from tests.proof.site import Site

SANDBOX, PRODUCTION = "sandbox", "production"
PAGE = "<h1>Congratulations</h1> Your service runs on AWS App Runner."

NOTHING_TO_LOOK_AT: Mapping[str, set[Check]] = {
    SANDBOX: {
        checks.test_the_access_role_pulls_from_the_one_repository,
        checks.test_secrets_are_read_by_the_role,
        checks.test_only_given_addresses_reach_the_endpoint,
        checks.test_the_connector_is_in_private_subnets_of_three_azs,
        checks.test_instances_reach_https_and_the_vpc,
        checks.test_a_web_acl_is_in_front,
    },
    PRODUCTION: {checks.test_the_page_is_there},
}


def change(account: Account, **wrong: Any) -> None:
    """Members of the service; what is None is not there."""
    account.service.update(wrong)
    for name in [name for name, value in wrong.items() if value is None]:
        account.service.pop(name)


def source(account: Account, **wrong: Any) -> None:
    account.service["SourceConfiguration"].update(wrong)


def image(account: Account, **wrong: Any) -> None:
    account.service["SourceConfiguration"]["ImageRepository"].update(wrong)


def network(account: Account, part: str, **wrong: Any) -> None:
    account.service["NetworkConfiguration"][f"{part}Configuration"].update(wrong)


def health(account: Account, **wrong: Any) -> None:
    account.service["HealthCheckConfiguration"] = wrong


def observed(account: Account, **wrong: Any) -> None:
    account.service["ObservabilityConfiguration"].update(wrong)


def from_code(account: Account) -> None:
    account.service["SourceConfiguration"] = {"CodeRepository": {"RepositoryUrl": "https://github.com/team/app"}}


def open_wide(account: Account, *, port: int = 22) -> None:
    account.open(account.connector_group, port, ANYWHERE, outwards=True)


def share_a_nat_gateway(account: Account) -> None:
    account.client("ec2").replace_route(
        RouteTableId=account.private_tables[2], DestinationCidrBlock=ANYWHERE, NatGatewayId=account.gateways[0]
    )


def disable_key(account: Account) -> None:
    account.client("kms").disable_key(KeyId=account.stack.only("AWS::KMS::Key"))


PROOFS = [
    *(proof for proof in test_fargate_efs.PROOFS if proof.check is checks.test_the_topic_takes_messages_of_alarms),
    *proofs_of(
        checks.test_the_service_runs,
        (SANDBOX, lambda it: change(it, Status="CREATE_FAILED"), "the service is CREATE_FAILED"),
        (PRODUCTION, lambda it: change(it, Status="PAUSED"), "the service is PAUSED"),
    ),
    *proofs_of(
        checks.test_it_runs_what_one_source_has,
        (
            SANDBOX,
            lambda it: source(it, CodeRepository={}),
            r"sources \['CodeRepository', 'ImageRepository'\], not one",
        ),
        (SANDBOX, lambda it: change(it, SourceConfiguration={}), r"the sources \[\], not one"),
        (SANDBOX, from_code, "no connection to read the source repository"),
        (PRODUCTION, lambda it: image(it, ImageRepositoryType="ECR_PUBLIC"), "team/app:v1 is pulled as ECR_PUBLIC"),
        (PRODUCTION, lambda it: source(it, AuthenticationConfiguration={}), "is pulled by the role None"),
        (SANDBOX, lambda it: source(it, AutoDeploymentsEnabled=True), "pushes to ECR Public are to be deployed"),
    ),
    *proofs_of(
        checks.test_the_access_role_pulls_from_the_one_repository,
        (PRODUCTION, lambda it: it.let("access", allow(PULL[0]["Action"], "*")), r"pulls from \*, not only from team"),
        (
            PRODUCTION,
            lambda it: it.let("access", allow(PULL[0]["Action"], f"{REPOSITORY}-2")),
            "pulls from .*/team/app-2, not only from team/app",
        ),
        (PRODUCTION, lambda it: it.let("access", *PULL, allow(["ecr:PutImage"], REPOSITORY)), "more .*ecr:PutImage"),
        (PRODUCTION, lambda it: it.let("access", PULL[1]), "not even that: .*ecr:BatchGetImage"),
        (PRODUCTION, lambda it: it.trust("access", TASKS), "the role access is for .*tasks.*, not for build"),
        (PRODUCTION, lambda it: it.attach("access", "Everything"), "access has managed policies: .*Everything"),
    ),
    *proofs_of(
        checks.test_the_instance_role_reads_what_it_is_given_and_traces,
        (SANDBOX, lambda it: it.let("instance", allow(["s3:GetObject"], "arn:aws:s3:::a/b")), "may s3:GetObject"),
        (SANDBOX, lambda it: it.let("instance", allow(READ["Action"], "*")), r"GetSecretValue on \*"),
        (SANDBOX, lambda it: it.trust("instance", BUILD), "the role instance is for .*build.*, not for tasks"),
        (PRODUCTION, lambda it: it.attach("instance", "Everything"), "instance has managed policies: .*Everything"),
    ),
    *proofs_of(
        checks.test_secrets_are_read_by_the_role,
        (PRODUCTION, lambda it: it.let("instance", TRACE), "cannot read PASSWORD"),
        (PRODUCTION, lambda it: it.let("instance", allow(READ["Action"], f"{SECRET}2")), "cannot read PASSWORD"),
    ),
    *proofs_of(
        checks.test_cpu_and_memory_are_offered_together,
        (
            SANDBOX,
            lambda it: it.service["InstanceConfiguration"].update(Memory="2048"),
            "offers no 2048 MiB with 256 CPU units",
        ),
        (SANDBOX, lambda it: it.service["InstanceConfiguration"].update(Cpu="300"), "no 512 MiB with 300 CPU units"),
    ),
    *proofs_of(
        checks.test_it_scales_as_the_stack_says,
        (
            SANDBOX,
            lambda it: change(it, AutoScalingConfigurationSummary={"AutoScalingConfigurationArn": "arn:default"}),
            "scales by arn:default, not by the stack's",
        ),
        (SANDBOX, lambda it: it.scaling.update(MinSize=7), "at least 7 instances and at most 6"),
        (PRODUCTION, lambda it: it.scaling.update(Status="INACTIVE"), "configuration is INACTIVE"),
    ),
    *proofs_of(
        checks.test_health_is_checked,
        (SANDBOX, lambda it: health(it, Protocol="HTTP", Path="/up"), "by HTTP asks for /up, which the demonstration"),
        (PRODUCTION, lambda it: health(it, Protocol="HTTP"), "by HTTP asks for no path"),
    ),
    *proofs_of(
        checks.test_traces_go_to_x_ray,
        (SANDBOX, lambda it: observed(it, ObservabilityEnabled=False), "observability is off"),
        (SANDBOX, lambda it: change(it, ObservabilityConfiguration=None), "observability is off"),
        (SANDBOX, lambda it: observed(it, ObservabilityConfigurationArn="arn:other"), "traced by arn:other, not by"),
        (SANDBOX, lambda it: it.tracing.clear(), "traces go to None"),
        (PRODUCTION, lambda it: it.let("instance", READ), "may not send traces: .*PutTraceSegments"),
    ),
    *proofs_of(
        checks.test_the_source_is_encrypted_with_the_key_of_production,
        (PRODUCTION, lambda it: change(it, EncryptionConfiguration=None), "with no key of the stack"),
        (
            PRODUCTION,
            lambda it: change(it, EncryptionConfiguration={"KmsKey": "arn:other"}),
            "with arn:other, not with",
        ),
        (PRODUCTION, disable_key, "is Disabled: nothing can be deployed"),
        (PRODUCTION, lambda it: it.client("kms").disable_key_rotation(KeyId=it.key_arn), "does not rotate"),
        (SANDBOX, lambda it: change(it, EncryptionConfiguration={"KmsKey": "arn:some"}), "where sandbox has no key"),
    ),
    *proofs_of(
        checks.test_the_internet_reaches_it_unless_an_endpoint_does,
        (
            PRODUCTION,
            lambda it: network(it, "Ingress", IsPubliclyAccessible=True),
            "the internet reaches the service, which has an ingress",
        ),
        (
            SANDBOX,
            lambda it: network(it, "Ingress", IsPubliclyAccessible=False),
            "does not reach the service, which has no ingress",
        ),
    ),
    *proofs_of(
        checks.test_only_given_addresses_reach_the_endpoint,
        (PRODUCTION, lambda it: it.ingress.update(Status="FAILED_CREATION"), "ingress from the VPC is FAILED_CREATION"),
        (PRODUCTION, lambda it: it.ingress.update(ServiceArn="arn:other"), "leads to arn:other, not to"),
        (
            PRODUCTION,
            lambda it: it.lead_to_endpoint(ServiceName="com.amazonaws.eu-west-1.logs"),
            r"endpoint is for com\.amazonaws\.eu-west-1\.logs",
        ),
        (PRODUCTION, lambda it: it.resources["AWS::EC2::VPCEndpoint"].clear(), "vpce-.* is not the stack's"),
        (PRODUCTION, lambda it: it.lead_to_endpoint(SubnetIds=it.subnets["private"][:2]), "not in three AZs"),
        (PRODUCTION, lambda it: it.lead_to_endpoint(SecurityGroupIds=[it.connector_group]), "admits nobody"),
        (PRODUCTION, lambda it: it.open(it.endpoint_group, 80, "10.0.0.0/16"), "more than HTTPS: tcp/80"),
        (PRODUCTION, lambda it: it.open(it.endpoint_group, 443, ANYWHERE), r"private addresses: tcp/443 0\.0\.0\.0/0"),
        (PRODUCTION, lambda it: it.open(it.endpoint_group, 443, "::/0"), "private addresses: tcp/443 ::/0"),
    ),
    *proofs_of(
        checks.test_the_connector_is_in_private_subnets_of_three_azs,
        (PRODUCTION, lambda it: it.connector.update(Subnets=it.subnets["private"][:2]), "not in three AZs"),
        (PRODUCTION, lambda it: it.connector.update(Subnets=it.subnets["public"]), "not every subnet of the connector"),
        (PRODUCTION, lambda it: it.connector.update(Subnets=it.subnets["isolated"]), "not every subnet of the connect"),
        (PRODUCTION, share_a_nat_gateway, "2 NAT gateways serve the connector"),
    ),
    *proofs_of(
        checks.test_instances_reach_https_and_the_vpc,
        (PRODUCTION, open_wide, r"instances reach .*tcp/22 0\.0\.0\.0/0"),
        (PRODUCTION, lambda it: it.open(it.connector_group, 443, "10.0.0.0/16"), "connector admits .*tcp/443"),
        (PRODUCTION, lambda it: it.connector.update(SecurityGroups=[it.endpoint_group]), "the connector has .*sg-"),
        (PRODUCTION, lambda it: it.outputs.pop("ConnectorGroupId"), "output ConnectorGroupId is None"),
    ),
    *proofs_of(
        checks.test_what_instances_send_goes_through_the_connector,
        (PRODUCTION, lambda it: network(it, "Egress", EgressType="DEFAULT"), "goes by .*DEFAULT.*, not by .*VPC"),
        (
            PRODUCTION,
            lambda it: network(it, "Egress", VpcConnectorArn=f"{CONNECTOR}2"),
            r"goes by \('VPC', '.*2'\), not by",
        ),
        (SANDBOX, lambda it: network(it, "Egress", EgressType="VPC"), r"goes by \('VPC', None\), not by \('DEFAULT'"),
    ),
    *proofs_of(
        checks.test_a_web_acl_is_in_front,
        (PRODUCTION, lambda it: it.web_acl.clear(), "no web ACL is in front"),
        (PRODUCTION, lambda it: it.web_acl["WebACL"].update(ARN="arn:other"), "in front of the service is arn:other"),
    ),
    *proofs_of(
        checks.test_alarms_are_on_this_service_and_notify_the_topic,
        (
            SANDBOX,
            lambda it: it.put_alarm("AWS/AppRunner", "RequestLatency", AlarmActions=[]),
            r"does not hear of \['RequestLatency'\]",
        ),
        (
            PRODUCTION,
            lambda it: it.put_alarm("AWS/AppRunner", "5xxStatusResponses", ActionsEnabled=False),
            r"does not hear of \['5xxStatusResponses'\]",
        ),
        (
            SANDBOX,
            lambda it: it.put_alarm("AWS/AppRunner", "ActiveInstances", OKActions=[]),
            r"does not hear of \['ActiveInstances'\]",
        ),
        (
            SANDBOX,
            lambda it: it.put_alarm(
                "AWS/AppRunner", "RequestLatency", Dimensions=[{"Name": "ServiceName", "Value": "x"}]
            ),
            "alarm on RequestLatency watches {'ServiceName': 'x'}, not",
        ),
        (
            SANDBOX,
            lambda it: it.put_alarm("AWS/AppRunner", "ActiveInstances", Threshold=6),
            "ActiveInstances rings above 6, and there are 6 at most",
        ),
    ),
    *proofs_of(
        checks.test_outputs_name_what_exists,
        (SANDBOX, lambda it: it.outputs.update(ServiceArn="arn:other"), "output ServiceArn is arn:other, the service"),
        (SANDBOX, lambda it: it.outputs.pop("PauseCommand"), "output PauseCommand is None, not aws apprunner pause"),
        (SANDBOX, lambda it: it.outputs.update(DeployCommand="aws"), "output DeployCommand is aws, not"),
        (SANDBOX, lambda it: it.outputs.update(LogsCommand="aws logs tail x --follow"), "LogsCommand does not name"),
        (SANDBOX, lambda it: it.outputs.update(RetentionCommand="for group in x;"), "RetentionCommand does not name"),
        (SANDBOX, lambda it: it.outputs.update(Url="https://other"), "output Url is https://other, the service is at"),
        (PRODUCTION, lambda it: it.ingress.update(DomainName="moved"), "the output Url is .*, the service is at moved"),
    ),
    *proofs_of(
        checks.test_the_page_is_there,
        (SANDBOX, lambda it: it.site.answer("<h1>It works!</h1>"), "shows no page, after 0.2 seconds: .*It works"),
    ),
]


@pytest.fixture
def account_in(
    session: boto3.Session, sites: dict[str, Site], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Account]]:
    """A sound account in a posture. The site with TLS stands for App Runner, which has no other."""
    hurry(checks, certificate=certificate, monkeypatch=monkeypatch)

    def account(posture: str) -> Account:
        sites[PRODUCTION].answer(PAGE)
        return Account(session, posture=posture, site=sites[PRODUCTION])

    with account_in_memory():
        yield account


@pytest.mark.parametrize("posture", [SANDBOX, PRODUCTION])
def test_every_check_passes_on_a_sound_account(posture: str, account_in: Callable[[str], Account]) -> None:
    stack = account_in(posture).stack
    assert {check for check in checks_of(checks) if not passes(check, stack)} == NOTHING_TO_LOOK_AT[posture]


@pytest.mark.parametrize("proof", PROOFS, ids=str)
def test_a_check_fails_where_its_promise_is_broken(proof: Proof, account_in: Callable[[str], Account]) -> None:
    proof.run(account_in(proof.account).stack)


def test_every_check_is_seen_to_fail() -> None:
    assert unproven(checks, PROOFS) == []


def test_traces_are_not_looked_for_where_tracing_is_off(account_in: Callable[[str], Account]) -> None:
    account = account_in(SANDBOX)
    account.resources.pop("AWS::AppRunner::ObservabilityConfiguration")
    assert not passes(checks.test_traces_go_to_x_ray, account.stack)


def test_a_fixed_number_of_instances_needs_no_alarm(account_in: Callable[[str], Account]) -> None:
    account = account_in(SANDBOX)
    account.scaling.update(MinSize=6)
    account.client("cloudwatch").delete_alarms(AlarmNames=["ActiveInstances"])
    assert passes(checks.test_alarms_are_on_this_service_and_notify_the_topic, account.stack)


def test_a_source_repository_needs_no_role(account_in: Callable[[str], Account]) -> None:
    account = account_in(SANDBOX)
    from_code(account)
    source(account, AuthenticationConfiguration={"ConnectionArn": "arn:connection"})
    assert passes(checks.test_it_runs_what_one_source_has, account.stack)
