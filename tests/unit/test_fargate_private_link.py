"""The promises of stacks/fargate_private_link."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

from patternbook import PRODUCTION, SANDBOX, EndpointConsumer, EndpointService, InternalLoadBalancer, SettingsError
from patternbook.network.settings import NetworkHealthCheck
from patternbook.settings.loading import load_settings
from patternbook.testing.alarms import (
    alarms_of,
    dimensions_of,
    expression_of,
    graphs_of,
    metrics_of,
    rings,
    roll_back_on,
)
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.security_groups import OutboundTraffic
from stacks.fargate_private_link import FargatePrivateLinkSettings, FargatePrivateLinkStack
from stacks.fargate_private_link.demonstration import SERVE_SCRIPT

PATTERN = FargatePrivateLinkStack
NAME = PATTERN.__name__
CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db/password-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/app/greeting"
PRINCIPALS = ["arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:role/team/consumer"]
OWN_ACCOUNT = "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"
PRIVATE = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}

WITHOUT_CONSUMER: Mapping[str, Any] = {
    "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.2",
    "container_port": 9000,
    "entry_point": ["/entry"],
    "command": ["serve", "--quiet"],
    "environment": {"LOG_LEVEL": "info"},
    "writable_paths": ["/tmp"],
    "secrets": {"DB_PASSWORD": SECRET},
    "parameters": {"GREETING": PARAMETER},
    "protocol": "TLS",
    "domain_name": "api.example.com",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "listener_port": 8443,
    "health_check": {
        "protocol": "HTTPS",
        "path": "/healthz",
        "matcher": "200,503",
        "interval_seconds": 30,
        "timeout_seconds": 20,
        "healthy_threshold": 3,
        "unhealthy_threshold": 4,
        "command": ["CMD", "/ok"],
        "start_period_seconds": 120,
        "grace_period_seconds": 300,
        "stop_timeout_seconds": 120,
    },
    "proxy_protocol": True,
    "allowed_cidrs": ["10.7.0.0/16", "192.168.4.0/24"],
    "allowed_principals": PRINCIPALS,
    "private_dns_name": "api.example.com",
    "cpu": 512,
    "memory_mib": 2048,
    "min_tasks": 3,
    "max_tasks": 30,
    "on_demand_base": 1,
    "spot_percent": 80,
    "target_cpu_percent": 55,
    "target_memory_percent": 65,
    "scheduled_tasks": [{"cron": "0 8 ? * MON-FRI *", "time_zone": "Europe/Berlin", "min_tasks": 4, "max_tasks": 40}],
    "vpc_cidr": "10.20.0.0/18",
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
EVERY_OPTION: Mapping[str, Any] = {
    **WITHOUT_CONSUMER,
    "acceptance_required": False,
    "consumer": True,
    "consumer_cidr": "10.7.1.0/24",
}
FULL: Mapping[str, Any] = {"posture": "production", **WITHOUT_CONSUMER}

# Sandbox with an image from a public registry, PrivateLink as the only way in, TLS, and a consumer.
OWN: Mapping[str, Any] = {
    "posture": "sandbox",
    "image": "public.ecr.aws/nginx/nginx-unprivileged:1.29",
    "protocol": "TLS",
    "certificate_arn": CERTIFICATE,
    "health_check": {"protocol": "HTTP"},
    "allowed_cidrs": [],
    "enforce_inbound_rules": False,
    "acceptance_required": False,
    "allowed_principals": PRINCIPALS,
    "consumer": True,
    "consumer_cidr": "192.168.7.0/24",
    "log_retention_days": 3,
}

# Production with a consumer of the demonstration.
TRIED: Mapping[str, Any] = {"posture": "production", "acceptance_required": False, "consumer": True}

VARIANTS = {"full": FULL, "own": OWN, "tried": TRIED}
BALANCER, LISTENER, TARGETS = (
    f"AWS::ElasticLoadBalancingV2::{name}" for name in ("LoadBalancer", "Listener", "TargetGroup")
)
SERVICE, PERMISSIONS = "AWS::EC2::VPCEndpointService", "AWS::EC2::VPCEndpointServicePermissions"


@pytest.fixture(scope="module", params=["own", "tried"])
def consumed(request: pytest.FixtureRequest, read: Callable[[str], Reading]) -> Reading:
    """The stack with a consumer."""
    return read(request.param)


def container(stack: Reading) -> dict[str, Any]:
    (only,) = stack.one("AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    return only


def role(stack: Reading, kind: str) -> Resource:
    return stack.to(stack.one("AWS::ECS::TaskDefinition")[f"{kind}RoleArn"])


def attributes(resource: Resource) -> dict[str, Any]:
    kind = "LoadBalancerAttributes" if resource.type == BALANCER else "TargetGroupAttributes"
    return {item["Key"]: item["Value"] for item in resource[kind]}


def task_group(stack: Reading) -> Resource:
    (group,) = stack.one("AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]["SecurityGroups"]
    return stack.to(group)


def front_group(stack: Reading) -> Resource:
    (group,) = stack.one(BALANCER)["SecurityGroups"]
    return stack.to(group)


def admitted(stack: Reading, group: Resource) -> list[dict[str, Any]]:
    return [rule for owner, rule in stack.inbound() if owner == group]


def container_port(stack: Reading) -> int:
    (mapping,) = container(stack)["PortMappings"]
    return mapping["ContainerPort"]


def main_vpc(stack: Reading) -> Resource:
    return stack.to(stack.one(TARGETS)["VpcId"])


def endpoint(stack: Reading) -> Resource:
    """The interface endpoint of the consumer."""
    (only,) = [
        item for item in stack.all("AWS::EC2::VPCEndpoint") if "com.amazonaws.vpce" in stack.shown(item["ServiceName"])
    ]
    return only


def subnets_of(stack: Reading, vpc: Resource, tier: str) -> set[str]:
    return {subnet.id for subnet in stack.subnets(tier) if stack.to(subnet["VpcId"]) == vpc}


class TestNetwork:
    def test_load_balancer_and_tasks_are_in_the_private_subnets(self, any_stack: Reading) -> None:
        private = subnets_of(any_stack, main_vpc(any_stack), "private")
        assert len(private) == 3
        configuration = any_stack.one("AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
        for subnets in (any_stack.one(BALANCER)["Subnets"], configuration["Subnets"]):
            assert {any_stack.to(subnet).id for subnet in subnets} == private
        assert configuration["AssignPublicIp"] == "DISABLED"

    def test_only_nat_gateways_in_public_subnets(self, any_stack: Reading) -> None:
        public = any_stack.subnets("public")
        inside = {
            item.type
            for item in any_stack.resources.values()
            if any(any_stack.refers(item, subnet) for subnet in public)
        }
        assert inside == {"AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::NatGateway"}

    @pytest.mark.parametrize(("name", "gateways"), [("sandbox", 1), ("own", 1), ("production", 3), ("tried", 3)])
    def test_nat_gateways(self, read: Callable[[str], Reading], name: str, gateways: int) -> None:
        assert len(read(name).all("AWS::EC2::NatGateway")) == gateways

    def test_nothing_admits_anyone_from_the_internet(self, any_stack: Reading) -> None:
        for group, rule in any_stack.inbound():
            if "SourceSecurityGroupId" not in rule:
                assert int(rule["CidrIp"].split("/")[1]) >= 8, f"{group['GroupDescription']}: {rule}"
                assert rule["FromPort"] == rule["ToPort"] == any_stack.one(LISTENER)["Port"], rule

    def test_tasks_reach_https_only(self, any_stack: Reading) -> None:
        rules = any_stack.outbound(task_group(any_stack))
        assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules} == {("tcp", 443, 443)}

    def test_flow_logs_of_every_vpc(self, any_stack: Reading) -> None:
        logged = {any_stack.to(log["ResourceId"]).id for log in any_stack.all("AWS::EC2::FlowLog")}
        assert logged == {vpc.id for vpc in any_stack.all("AWS::EC2::VPC")}

    def test_production_has_interface_endpoints_for_what_tasks_call(self, production: Reading, full: Reading) -> None:
        def services(stack: Reading) -> set[str]:
            found = [item for item in stack.all("AWS::EC2::VPCEndpoint") if item["VpcEndpointType"] == "Interface"]
            return {stack.shown(item["ServiceName"]).rpartition("${AWS::Region}.")[2] for item in found}

        assert services(production) == {"ecr.api", "ecr.dkr", "logs"}
        assert services(full) == {"ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"}

    def test_sandbox_has_no_interface_endpoints(self, sandbox: Reading) -> None:
        assert [item["VpcEndpointType"] for item in sandbox.all("AWS::EC2::VPCEndpoint")] == ["Gateway"]

    def test_vpc_has_the_addresses_of_the_setting(self, full: Reading) -> None:
        assert full.one("AWS::EC2::VPC")["CidrBlock"] == "10.20.0.0/18"


class TestLoadBalancer:
    def test_an_internal_network_load_balancer(self, any_stack: Reading) -> None:
        balancer = any_stack.one(BALANCER)
        assert (balancer["Type"], balancer["Scheme"]) == ("network", "internal")

    def test_cross_zone_load_balancing_is_on(self, any_stack: Reading) -> None:
        assert attributes(any_stack.one(BALANCER))["load_balancing.cross_zone.enabled"] == "true"

    @pytest.mark.parametrize(
        ("name", "protocol", "port"),
        [("sandbox", "TCP", 80), ("production", "TCP", 80), ("own", "TLS", 443), ("full", "TLS", 8443)],
    )
    def test_one_listener(self, read: Callable[[str], Reading], name: str, protocol: str, port: int) -> None:
        listener = read(name).one(LISTENER)
        assert (listener["Protocol"], listener["Port"]) == (protocol, port)
        (action,) = listener["DefaultActions"]
        assert action["Type"] == "forward"
        assert read(name).to(action["TargetGroupArn"]) == read(name).one(TARGETS)

    @pytest.mark.parametrize("name", ["full", "own"])
    def test_tls_by_a_tls_1_3_policy(self, read: Callable[[str], Reading], name: str) -> None:
        listener = read(name).one(LISTENER)
        assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

    def test_tls_with_a_certificate_of_the_setting(self, own: Reading) -> None:
        assert own.one(LISTENER)["Certificates"] == [{"CertificateArn": CERTIFICATE}]

    def test_tls_with_a_new_certificate_for_the_domain_name(self, full: Reading) -> None:
        [used] = full.one(LISTENER)["Certificates"]
        certificate = full.to(used["CertificateArn"])
        assert certificate["DomainName"] == "api.example.com"
        [validated] = certificate["DomainValidationOptions"]
        assert validated == {"DomainName": "api.example.com", "HostedZoneId": FULL["hosted_zone_id"]}

    def test_the_domain_name_leads_to_the_load_balancer(self, full: Reading) -> None:
        """AWS offers the prefix "dualstack." for Application and Classic Load Balancers only."""
        records = full.all("AWS::Route53::RecordSet")
        assert sorted((each["Name"], each["Type"]) for each in records) == [
            ("api.example.com.", "A"),
            ("api.example.com.", "AAAA"),
        ]
        for each in records:
            assert full.shown(each["AliasTarget"]["DNSName"]) == f"${{{BALANCER}.DNSName}}"
        assert full.output("Address") == "api.example.com:8443"

    def test_tcp_has_neither_policy_nor_certificate(self, stack: Reading) -> None:
        assert not {"SslPolicy", "Certificates"} & stack.one(LISTENER).body["Properties"].keys()

    def test_tls_keeps_listener_and_targets_of_tcp(self, sandbox: Reading, own: Reading) -> None:
        """CloudFormation would make a second listener before it removes the first."""
        for kind in (LISTENER, TARGETS, BALANCER):
            assert own.one(kind).id == sandbox.one(kind).id

    @pytest.mark.parametrize(
        ("name", "cidrs"),
        [("sandbox", PRIVATE), ("production", PRIVATE), ("full", {"10.7.0.0/16", "192.168.4.0/24"}), ("own", set())],
    )
    def test_the_group_admits_the_port_from_allowed_cidrs(
        self, read: Callable[[str], Reading], name: str, cidrs: set[str]
    ) -> None:
        stack = read(name)
        port = stack.one(LISTENER)["Port"]
        rules = admitted(stack, front_group(stack))
        found = {(rule.get("CidrIp"), rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules}
        assert found == {(cidr, "tcp", port, port) for cidr in cidrs}

    def test_the_group_reaches_the_tasks_on_their_port_only(self, any_stack: Reading) -> None:
        (rule,) = any_stack.outbound(front_group(any_stack))
        port = container_port(any_stack)
        assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", port, port)
        assert any_stack.to(rule["DestinationSecurityGroupId"]) == task_group(any_stack)

    def test_tasks_admit_the_load_balancer_on_their_port_only(self, any_stack: Reading) -> None:
        (rule,) = admitted(any_stack, task_group(any_stack))
        port = container_port(any_stack)
        assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", port, port)
        assert any_stack.to(rule["SourceSecurityGroupId"]) == front_group(any_stack)

    @pytest.mark.parametrize(("name", "value"), [("sandbox", "on"), ("production", "on"), ("own", "off")])
    def test_inbound_rules_apply_to_private_link_as_set(
        self, read: Callable[[str], Reading], name: str, value: str
    ) -> None:
        assert read(name).one(BALANCER)["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == value

    def test_deletion_protection_in_production(self, production: Reading, sandbox: Reading) -> None:
        assert attributes(production.one(BALANCER))["deletion_protection.enabled"] == "true"
        assert attributes(sandbox.one(BALANCER))["deletion_protection.enabled"] == "false"


class TestAccessLogs:
    def test_production_writes_access_logs_for_tls_only(self, any_stack: Reading, full: Reading) -> None:
        logged = attributes(any_stack.one(BALANCER)).get("access_logs.s3.enabled", "false") == "true"
        assert logged == (any_stack is full)
        assert len(any_stack.all("AWS::S3::Bucket")) == (1 if logged else 0)

    def test_access_logs_go_to_the_bucket(self, full: Reading) -> None:
        bucket = full.one("AWS::S3::Bucket")
        assert full.to(attributes(full.one(BALANCER))["access_logs.s3.bucket"]) == bucket
        assert bucket["LifecycleConfiguration"]["Rules"] == [{"ExpirationInDays": 30, "Status": "Enabled"}]

    def test_the_bucket_takes_tls_only_from_one_writer(self, full: Reading) -> None:
        bucket = "${AWS::S3::Bucket.Arn}"
        delivered = {
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
        }
        here = {"aws:SourceArn": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"}
        account = {"aws:SourceAccount": "${AWS::AccountId}"}
        _, look, write = full.shown(full.one("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"])
        assert look == {
            **delivered,
            "Action": "s3:GetBucketAcl",
            "Resource": bucket,
            "Condition": {"StringEquals": account, "ArnLike": here},
        }
        assert write == {
            **delivered,
            "Action": "s3:PutObject",
            "Resource": f"{bucket}/AWSLogs/${{AWS::AccountId}}/*",
            "Condition": {
                "StringEquals": {**account, "s3:x-amz-acl": "bucket-owner-full-control"},
                "ArnLike": here,
            },
        }

    def test_the_load_balancer_waits_for_permission_to_write(self, full: Reading) -> None:
        assert full.one("AWS::S3::BucketPolicy").id in full.one(BALANCER).depends_on


class TestTargets:
    def test_targets_are_addresses_and_stay_when_the_port_changes(self, any_stack: Reading) -> None:
        group = any_stack.one(TARGETS)
        assert (group["TargetType"], group["Protocol"], group["Port"]) == ("ip", "TCP", 80)
        (attached,) = any_stack.one("AWS::ECS::Service")["LoadBalancers"]
        assert attached["ContainerPort"] == container_port(any_stack)
        assert any_stack.to(attached["TargetGroupArn"]) == group

    def test_clients_addresses_are_preserved(self, any_stack: Reading) -> None:
        assert attributes(any_stack.one(TARGETS))["preserve_client_ip.enabled"] == "true"

    def test_the_proxy_protocol_as_set(self, any_stack: Reading, full: Reading) -> None:
        value = attributes(any_stack.one(TARGETS))["proxy_protocol_v2.enabled"]
        assert value == ("true" if any_stack is full else "false")

    def test_connections_to_a_task_that_stops_are_closed_after_30_seconds(self, any_stack: Reading) -> None:
        found = attributes(any_stack.one(TARGETS))
        assert found["deregistration_delay.timeout_seconds"] == "30"
        assert found["deregistration_delay.connection_termination.enabled"] == "true"

    @pytest.mark.parametrize(
        ("name", "check"),
        [
            ("sandbox", ("TCP", None, 10, 5, 2, 2, None)),
            ("production", ("TCP", None, 10, 5, 2, 2, None)),
            ("own", ("HTTP", "/", 10, 5, 2, 2, None)),
            ("full", ("HTTPS", "/healthz", 30, 20, 3, 4, "200,503")),
        ],
    )
    def test_health_check(self, read: Callable[[str], Reading], name: str, check: tuple[Any, ...]) -> None:
        group = read(name).one(TARGETS)
        members = ("Protocol", "Path", "IntervalSeconds", "TimeoutSeconds")
        thresholds = (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"])
        found = tuple(group.get(f"HealthCheck{member}") for member in members)
        assert (*found, *thresholds, group.get("Matcher", {}).get("HttpCode")) == check

    @pytest.mark.parametrize(("name", "seconds"), [("sandbox", 30 + 2 * 10), ("own", 30 + 2 * 10), ("full", 300)])
    def test_grace_period(self, read: Callable[[str], Reading], name: str, seconds: int) -> None:
        assert read(name).one("AWS::ECS::Service")["HealthCheckGracePeriodSeconds"] == seconds


class TestEndpointService:
    def test_publishes_the_load_balancer(self, any_stack: Reading) -> None:
        (arn,) = any_stack.one(SERVICE)["NetworkLoadBalancerArns"]
        assert any_stack.to(arn) == any_stack.one(BALANCER)
        assert any_stack.output("ServiceName") == f"com.amazonaws.vpce.${{AWS::Region}}.${{{SERVICE}}}"

    def test_connections_wait_for_acceptance(self, stack: Reading, full: Reading) -> None:
        for reading in (stack, full):
            assert reading.one(SERVICE)["AcceptanceRequired"] is True
            of_this = f"${{{SERVICE}}}"
            assert reading.output("RequestsCommand") == (
                f"aws ec2 describe-vpc-endpoint-connections --filters Name=service-id,Values={of_this}"
                " Name=vpc-endpoint-state,Values=pendingAcceptance"
            )
            assert reading.output("AcceptCommand") == (
                f"aws ec2 accept-vpc-endpoint-connections --service-id {of_this} --vpc-endpoint-ids"
            )

    def test_connections_need_no_acceptance_if_it_is_off(self, consumed: Reading) -> None:
        assert consumed.one(SERVICE)["AcceptanceRequired"] is False
        assert not {"RequestsCommand", "AcceptCommand"} & consumed.document["Outputs"].keys()

    def test_by_default_nobody_may_request_a_connection(self, stack: Reading) -> None:
        assert stack.all(PERMISSIONS) == []

    @pytest.mark.parametrize(
        ("name", "principals"),
        [("full", PRINCIPALS), ("own", [*PRINCIPALS, OWN_ACCOUNT]), ("tried", [OWN_ACCOUNT])],
    )
    def test_only_named_principals_may_request_a_connection(
        self, read: Callable[[str], Reading], name: str, principals: list[str]
    ) -> None:
        stack = read(name)
        permissions = stack.one(PERMISSIONS)
        assert stack.shown(permissions["AllowedPrincipals"]) == principals
        assert stack.to(permissions["ServiceId"]) == stack.one(SERVICE)

    def test_private_dns_name(self, full: Reading, own: Reading) -> None:
        assert full.one(SERVICE)["PrivateDnsName"] == "api.example.com"
        name, value = (f"${{{SERVICE}.PrivateDnsNameConfiguration.{part}}}" for part in ("Name", "Value"))
        assert full.output("VerificationRecord") == f"{name} TXT {value}"
        assert own.one(SERVICE).get("PrivateDnsName") is None
        assert "VerificationRecord" not in own.document["Outputs"]


class TestConsumer:
    def test_no_private_dns_name_by_default(self, stack: Reading, full: Reading) -> None:
        for reading in (stack, full):
            assert len(reading.all("AWS::EC2::VPC")) == 1
            assert not {"ConsumerAddress", "ConsumerVpcId"} & reading.document["Outputs"].keys()

    def test_the_consumer_vpc_is_isolated(self, consumed: Reading) -> None:
        vpc = consumed.to(endpoint(consumed)["VpcId"])
        assert vpc != main_vpc(consumed)
        assert len(subnets_of(consumed, vpc, "isolated")) == 3
        assert not subnets_of(consumed, vpc, "private") | subnets_of(consumed, vpc, "public")
        gateways = consumed.all("AWS::EC2::VPCGatewayAttachment")
        assert [consumed.to(gateway["VpcId"]) for gateway in gateways] == [main_vpc(consumed)]

    @pytest.mark.parametrize(("name", "cidr"), [("own", "192.168.7.0/24"), ("tried", "10.1.0.0/24")])
    def test_the_consumer_vpc_has_the_cidr_of_the_setting(
        self, read: Callable[[str], Reading], name: str, cidr: str
    ) -> None:
        vpc = read(name).to(endpoint(read(name))["VpcId"])
        assert vpc["CidrBlock"] == cidr

    def test_an_interface_endpoint_in_the_azs_of_the_service(self, consumed: Reading) -> None:
        found = endpoint(consumed)
        assert found["VpcEndpointType"] == "Interface"
        assert consumed.shown(found["ServiceName"]) == f"com.amazonaws.vpce.${{AWS::Region}}.${{{SERVICE}}}"
        assert found["PrivateDnsEnabled"] is False

        def zones(subnets: list[Any]) -> set[str]:
            return {json.dumps(consumed.to(subnet)["AvailabilityZone"]) for subnet in subnets}

        assert zones(found["SubnetIds"]) == zones(consumed.one(BALANCER)["Subnets"])
        assert len(zones(found["SubnetIds"])) == 3

    def test_it_admits_its_vpc_on_the_port_of_the_service_only(self, consumed: Reading) -> None:
        found = endpoint(consumed)
        (group,) = found["SecurityGroupIds"]
        (rule,) = admitted(consumed, consumed.to(group))
        port = consumed.one(LISTENER)["Port"]
        assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", port, port)
        assert rule["CidrIp"] == consumed.to(found["VpcId"])["CidrBlock"]

    def test_permission_before_the_endpoint(self, consumed: Reading) -> None:
        assert consumed.one(PERMISSIONS).id in endpoint(consumed).depends_on

    def test_the_address_of_the_consumer_is_an_output(self, consumed: Reading) -> None:
        value = consumed.document["Outputs"]["ConsumerAddress"]["Value"]["Fn::Join"][1]
        entries = {"Fn::GetAtt": [endpoint(consumed).id, "DnsEntries"]}
        assert value == [
            {"Fn::Select": [1, {"Fn::Split": [":", {"Fn::Select": [0, entries]}]}]},
            f":{consumed.one(LISTENER)['Port']}",
        ]
        vpc = consumed.document["Outputs"]["ConsumerVpcId"]["Value"]
        assert consumed.to(vpc) == consumed.to(endpoint(consumed)["VpcId"])

    def test_no_custom_resource_anywhere(self, any_stack: Reading) -> None:
        types = {item.type for item in any_stack.resources.values()}
        assert not {item for item in types if item.startswith(("Custom::", "AWS::Lambda", "AWS::CloudFormation"))}


class TestTasks:
    def test_arm64_on_fargate(self, any_stack: Reading) -> None:
        task = any_stack.one("AWS::ECS::TaskDefinition")
        assert task["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
        assert task["RequiresCompatibilities"] == ["FARGATE"]

    def test_non_root_with_a_read_only_root_file_system(self, any_stack: Reading) -> None:
        assert container(any_stack)["User"] == "1000:1000"
        assert container(any_stack)["ReadonlyRootFilesystem"] is True

    def test_size_of_the_setting(self, full: Reading) -> None:
        task = full.one("AWS::ECS::TaskDefinition")
        assert (task["Cpu"], task["Memory"]) == ("512", "2048")

    def test_no_shared_files(self, any_stack: Reading) -> None:
        assert "EFS" not in json.dumps(any_stack.document)

    def test_logs_to_the_log_group(self, any_stack: Reading) -> None:
        options = container(any_stack)["LogConfiguration"]["Options"]
        assert any_stack.document["Outputs"]["LogGroupName"]["Value"] == options["awslogs-group"]

    def test_the_demonstration_serves_a_page(self, stack: Reading) -> None:
        web = container(stack)
        assert web["Image"] == "public.ecr.aws/docker/library/busybox:1.37"
        script = SERVE_SCRIPT.read_text(encoding="utf-8")
        assert web["Command"] == ["sh", "-c", script, "serve.sh", "/pages", "8080"]
        assert web["LinuxParameters"]["Tmpfs"] == [
            {"ContainerPath": "/pages", "Size": 64, "MountOptions": ["uid=1000", "gid=1000"]}
        ]
        assert web["HealthCheck"]["Command"][-1] == "http://127.0.0.1:8080/"

    def test_a_user_image_runs_with_its_own_command(self, full: Reading, own: Reading) -> None:
        assert not {"Command", "EntryPoint", "Environment"} & container(own).keys()
        assert (container(full)["EntryPoint"], container(full)["Command"]) == (["/entry"], ["serve", "--quiet"])
        assert container(full)["Environment"] == [{"Name": "LOG_LEVEL", "Value": "info"}]
        assert container(own)["Image"] == OWN["image"]
        assert "HealthCheck" not in container(own)
        assert container(full)["HealthCheck"]["Command"] == ["CMD", "/ok"]
        assert container(full)["LinuxParameters"]["Tmpfs"] == [
            {"ContainerPath": "/tmp", "Size": 64, "MountOptions": ["uid=1000", "gid=1000"]}
        ]

    def test_secrets_and_parameters_by_arn(self, full: Reading) -> None:
        assert container(full)["Secrets"] == [
            {"Name": "DB_PASSWORD", "ValueFrom": SECRET},
            {"Name": "GREETING", "ValueFrom": PARAMETER},
        ]

    @pytest.mark.parametrize("name", ["production", "full", "tried"])
    def test_in_production_the_task_role_may_do_nothing(self, read: Callable[[str], Reading], name: str) -> None:
        assert read(name).statements(role(read(name), "Task")) == []
        assert not read(name).one("AWS::ECS::Service").get("EnableExecuteCommand")

    @pytest.mark.parametrize("name", ["sandbox", "own"])
    def test_in_sandbox_the_task_role_has_the_channel_of_ecs_exec(
        self, read: Callable[[str], Reading], name: str
    ) -> None:
        (statement,) = read(name).statements(role(read(name), "Task"))
        assert all(action.startswith("ssmmessages:") for action in statement["Action"])
        assert read(name).one("AWS::ECS::Service")["EnableExecuteCommand"] is True

    def test_the_execution_role_logs_and_nothing_else(self, stack: Reading) -> None:
        assert stack.statements(role(stack, "Execution")) == [
            {
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Effect": "Allow",
                "Resource": "${AWS::Logs::LogGroup.Arn}",
            }
        ]

    def test_no_action_has_a_wildcard(self, any_stack: Reading) -> None:
        found = [item for each in any_stack.all("AWS::IAM::Role") for item in any_stack.statements(each)]
        assert found
        assert [item for item in found if "*" in str(item["Action"])] == []

    @pytest.mark.parametrize(("name", "base", "spot"), [("sandbox", 2, 50), ("production", 2, 0), ("full", 1, 80)])
    def test_an_on_demand_base_and_spot(self, read: Callable[[str], Reading], name: str, base: int, spot: int) -> None:
        assert read(name).one("AWS::ECS::Service")["CapacityProviderStrategy"] == [
            {"CapacityProvider": "FARGATE", "Base": base, "Weight": 100 - spot},
            {"CapacityProvider": "FARGATE_SPOT", "Weight": spot},
        ]


class TestScaling:
    @pytest.mark.parametrize(("name", "targets"), [("sandbox", (60, 70)), ("production", (60, 70)), ("full", (55, 65))])
    def test_target_tracking_on_cpu_and_memory_only(
        self, read: Callable[[str], Reading], name: str, targets: tuple[int, int]
    ) -> None:
        policies = read(name).all("AWS::ApplicationAutoScaling::ScalingPolicy")
        found = [policy["TargetTrackingScalingPolicyConfiguration"] for policy in policies]
        assert {
            item["PredefinedMetricSpecification"]["PredefinedMetricType"]: item["TargetValue"] for item in found
        } == dict(zip(("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"), targets, strict=True))

    @pytest.mark.parametrize(("name", "bounds"), [("sandbox", (2, 6)), ("full", (3, 30))])
    def test_task_limits(self, read: Callable[[str], Reading], name: str, bounds: tuple[int, int]) -> None:
        target = read(name).one("AWS::ApplicationAutoScaling::ScalableTarget")
        assert (target["MinCapacity"], target["MaxCapacity"]) == bounds

    def test_scheduled_scaling(self, full: Reading) -> None:
        (action,) = full.one("AWS::ApplicationAutoScaling::ScalableTarget")["ScheduledActions"]
        assert (action["Schedule"], action["Timezone"]) == ("cron(0 8 ? * MON-FRI *)", "Europe/Berlin")
        assert action["ScalableTargetAction"] == {"MinCapacity": 4, "MaxCapacity": 40}


class TestDeployment:
    def test_rolls_and_rolls_back(self, any_stack: Reading) -> None:
        service = any_stack.one("AWS::ECS::Service")
        configuration = dict(service["DeploymentConfiguration"])
        alarms = configuration.pop("Alarms", None)
        assert configuration.pop("BakeTimeInMinutes", None) == (20 if alarms else None)
        assert configuration == {
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            "MinimumHealthyPercent": 100,
            "MaximumPercent": 200,
        }
        assert service["AvailabilityZoneRebalancing"] == "ENABLED"

    def test_alarms_roll_back_in_production(self, production: Reading, sandbox: Reading) -> None:
        found = roll_back_on(production, production.one("AWS::ECS::Service"))
        assert found == {"TargetResets", "CrashingTasks", "MissingTasks"}
        assert roll_back_on(sandbox, sandbox.one("AWS::ECS::Service")) == set()

    def test_listener_before_tasks(self, any_stack: Reading) -> None:
        assert any_stack.one(LISTENER).id in any_stack.one("AWS::ECS::Service").depends_on


class TestOperation:
    @pytest.mark.parametrize(
        ("name", "failures"),
        [("TargetResets", "TCP_Target_Reset_Count"), ("LoadBalancerResets", "TCP_ELB_Reset_Count")],
    )
    def test_resets_ring_beyond_a_share_of_the_connections(self, any_stack: Reading, name: str, failures: str) -> None:
        alarm = alarms_of(any_stack)[name]
        assert expression_of(alarm) == "failures - FILL(attempts, 0) * IF(failures >= 5, 0.05, 0.5)"
        assert metrics_of(alarm) == {
            "failures": (f"AWS/NetworkELB/{failures}", "Sum", 60),
            "attempts": ("AWS/NetworkELB/NewFlowCount", "Sum", 60),
        }
        assert (rings(alarm), alarm["Threshold"]) == ((5, 15, "notBreaching"), 0)

    def test_a_task_may_be_unhealthy_for_its_grace_period(self, any_stack: Reading) -> None:
        alarm = alarms_of(any_stack)["UnhealthyTargets"]
        assert metrics_of(alarm) == {"": ("AWS/NetworkELB/UnHealthyHostCount", "Maximum", 60)}
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
        grace_period = any_stack.one("AWS::ECS::Service")["HealthCheckGracePeriodSeconds"]
        assert rings(alarm) == {50: (5, 15, "notBreaching"), 300: (7, 21, "notBreaching")}[grace_period]

    @pytest.mark.parametrize(
        ("name", "metric", "statistic", "ringing"),
        [
            ("BlockedConnections", "SecurityGroupBlockedFlowCount_Inbound_TCP", "Sum", (3, 15, "notBreaching")),
            ("PortAllocation", "PortAllocationErrorCount", "Sum", (1, 1, "notBreaching")),
        ],
    )
    def test_alarm(
        self, any_stack: Reading, name: str, metric: str, statistic: str, ringing: tuple[int, int, str]
    ) -> None:
        alarm = alarms_of(any_stack)[name]
        assert metrics_of(alarm) == {"": (f"AWS/NetworkELB/{metric}", statistic, 60)}
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
        assert rings(alarm) == ringing
        [names] = dimensions_of(any_stack, alarm)
        assert names["LoadBalancer"].startswith(("${AWS::ElasticLoadBalancingV2", "${Fn::Select}"))

    def test_alarms_on_tasks_and_no_other(self, any_stack: Reading) -> None:
        found = alarms_of(any_stack)
        assert rings(found["MissingTasks"]) == (6, 20, "breaching")
        assert rings(found["WaitingTasks"]) == (12, 15, "notBreaching")
        assert rings(found["CrashingTasks"]) == (4, 20, "notBreaching")
        assert len(found) == 8

    def test_a_description_ends_with_the_page(self, any_stack: Reading) -> None:
        for alarm in alarms_of(any_stack).values():
            assert alarm["AlarmDescription"].endswith(". docs/fargate-private-link.md#what-rings-and-when")

    def test_a_failed_deployment_notifies_the_topic(self, any_stack: Reading) -> None:
        rule = any_stack.one("AWS::Events::Rule")
        assert any_stack.to(rule["EventPattern"]["resources"][0]) == any_stack.one("AWS::ECS::Service")
        assert rule["EventPattern"]["detail"] == {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}
        assert any_stack.to(rule["Targets"][0]["Arn"]) == any_stack.one("AWS::SNS::Topic")

    def test_every_alarm_notifies_the_topic(self, any_stack: Reading) -> None:
        topic = any_stack.one("AWS::SNS::Topic")
        for alarm in any_stack.all("AWS::CloudWatch::Alarm"):
            for actions in (alarm["AlarmActions"], alarm["OKActions"]):
                assert [any_stack.to(action) for action in actions] == [topic], alarm["AlarmDescription"]

    def test_alarm_email_subscribes_an_address(self, full: Reading, stack: Reading) -> None:
        assert full.one("AWS::SNS::Subscription")["Endpoint"] == "ops@example.com"
        assert stack.all("AWS::SNS::Subscription") == []

    def test_the_dashboard_shows_bytes_and_connections(self, any_stack: Reading) -> None:
        graphs = [widget["properties"] for widget in graphs_of(any_stack)]
        drawn = {f"{item[0]}/{item[1]}" for graph in graphs for item in graph["metrics"] if isinstance(item[0], str)}
        watched = {metric for alarm in alarms_of(any_stack).values() for metric, _, _ in metrics_of(alarm).values()}
        more = {f"AWS/NetworkELB/{name}" for name in ("ProcessedBytes", "ActiveFlowCount", "NewFlowCount")}
        assert watched | more <= drawn

    @pytest.mark.parametrize(("posture", "value"), [("sandbox", "enabled"), ("production", "enhanced")])
    def test_container_insights(self, read: Callable[[str], Reading], posture: str, value: str) -> None:
        settings = read(posture).one("AWS::ECS::Cluster")["ClusterSettings"]
        assert settings == [{"Name": "containerInsights", "Value": value}]

    @pytest.mark.parametrize(("name", "days"), [("sandbox", 7), ("production", 365), ("own", 3), ("tried", 365)])
    def test_log_retention(self, read: Callable[[str], Reading], name: str, days: int) -> None:
        groups = read(name).all("AWS::Logs::LogGroup")
        assert {group["RetentionInDays"] for group in groups} == {days}


class TestOutputs:
    @pytest.mark.parametrize(("name", "port"), [("sandbox", 80), ("production", 80), ("own", 443)])
    def test_address(self, read: Callable[[str], Reading], name: str, port: int) -> None:
        assert read(name).output("Address") == f"${{{BALANCER}.DNSName}}:{port}"

    def test_shell_command_in_sandbox_only(self, sandbox: Reading, production: Reading) -> None:
        assert sandbox.output("ShellCommand").startswith("aws ecs execute-command --cluster ${AWS::ECS::Cluster}")
        assert "ShellCommand" not in production.document["Outputs"]


class TestWhatStays:
    def test_sandbox_keeps_nothing(self, sandbox: Reading, own: Reading) -> None:
        for reading in (sandbox, own):
            assert [item.type for item in reading.resources.values() if set(item.kept) - {None, "Delete"}] == []

    @pytest.mark.parametrize(("name", "groups"), [("production", 2), ("full", 2), ("tried", 3)])
    def test_production_keeps_logs_and_key(self, read: Callable[[str], Reading], name: str, groups: int) -> None:
        kept = [item for item in read(name).resources.values() if "RetainExceptOnCreate" in item.kept]
        expected = ["AWS::KMS::Key", *["AWS::Logs::LogGroup"] * groups, *["AWS::S3::Bucket"] * (name == "full")]
        assert sorted(item.type for item in kept) == expected

    def test_the_key_encrypts_every_log_group_and_the_topic(self, read: Callable[[str], Reading]) -> None:
        stack = read("tried")
        key = stack.one("AWS::KMS::Key")
        for group in stack.all("AWS::Logs::LogGroup"):
            assert stack.to(group["KmsKeyId"]) == key
        assert stack.to(stack.one("AWS::SNS::Topic")["KmsMasterKeyId"]) == key

    def test_production_is_protected_from_termination(self, production: Reading, sandbox: Reading) -> None:
        assert production.stack.termination_protection is True
        assert not sandbox.stack.termination_protection


ZONE = "Z0123456789ABCDEFGHIJ"
NEW_CERTIFICATE = {"protocol": "TLS", "domain_name": "api.example.com", "hosted_zone_id": ZONE}
OF_AN_IMAGE = {"image": "public.ecr.aws/nginx/nginx-unprivileged:1.29"}


@pytest.mark.parametrize(
    ("settings", "path", "remedy"),
    [
        ({"protocol": "UDP"}, "protocol", "one of TCP, TLS"),
        (
            {"protocol": "TLS"},
            "certificate_arn",
            "certificate_arn must be an ACM certificate with protocol TLS, got none. Set it, or set domain_name and "
            "hosted_zone_id to get one, or set protocol to TCP",
        ),
        ({"certificate_arn": CERTIFICATE}, "certificate_arn", "must not be set with protocol TCP"),
        ({"hosted_zone_id": ZONE}, "hosted_zone_id", "A hosted zone must be set with domain_name, got Z012"),
        (
            {**NEW_CERTIFICATE, "private_dns_name": "other.example.com"},
            "private_dns_name",
            r"Must be domain_name \(api\.example\.com\) without certificate_arn, because the new certificate covers",
        ),
        ({"listener_port": 0}, "listener_port", "from 1 to 65,535"),
        ({"listener_port": 70000}, "listener_port", "from 1 to 65,535"),
        ({"health_check": {"protocol": "GRPC"}}, "health_check.protocol", "one of TCP, HTTP, HTTPS"),
        ({"health_check": {"path": "/"}}, "health_check.path", "path must not be set with protocol TCP"),
        ({"health_check": {"matcher": "200"}}, "health_check.matcher", "matcher must not be set with protocol TCP"),
        (
            {**OF_AN_IMAGE, "health_check": {"protocol": "HTTP", "path": "up"}},
            "health_check.path",
            'a URL path such as "/healthz"',
        ),
        (
            {"health_check": {"protocol": "HTTP", "path": "/up"}},
            "health_check",
            "Must suit the demonstration, which answers 200 to plain HTTP on /, but path does not. Set image",
        ),
        ({"health_check": {"protocol": "HTTPS"}}, "health_check", "Must suit .*, but protocol does not. Set image"),
        ({"proxy_protocol": True}, "proxy_protocol", "Must be false for the demonstration, which .*. Set image"),
        ({"health_check": {"interval_seconds": 4}}, "health_check.interval_seconds", "from 5 to 300"),
        ({"health_check": {"interval_seconds": 301}}, "health_check.interval_seconds", "from 5 to 300"),
        ({"health_check": {"timeout_seconds": 1}}, "health_check.timeout_seconds", "from 2 to 120"),
        (
            {"health_check": {"interval_seconds": 300, "timeout_seconds": 121}},
            "health_check.timeout_seconds",
            "from 2 to 120",
        ),
        (
            {"health_check": {"timeout_seconds": 10}},
            "health_check.timeout_seconds",
            r"below interval_seconds \(10\), got 10\.",
        ),
        (
            {"health_check": {"grace_period_seconds": 49}},
            "health_check.grace_period_seconds",
            r"at least 50 \(start_period_seconds 30 \+ healthy_threshold 2 x interval_seconds 10\), got 49\.",
        ),
        (
            {**OF_AN_IMAGE, "health_check": {"protocol": "HTTP", "matcher": "200-600"}},
            "health_check.matcher",
            "HTTP codes from 200 to 599",
        ),
        (
            {"health_check": {"stop_timeout_seconds": 121}},
            "health_check",
            "stop_timeout_seconds must be 2 to 120 seconds",
        ),
        ({"allowed_cidrs": ["0.0.0.0/0"]}, "allowed_cidrs.0", "/8 to /32"),
        ({"allowed_cidrs": ["10.0.0.0/8", "10.0.0.0/8"]}, "allowed_cidrs", "each value only once"),
        ({"allowed_cidrs": []}, "enforce_inbound_rules", "allowed_cidrs must list at least one CIDR block"),
        ({"allowed_principals": ["*"]}, "allowed_principals.0", "but not \\*, which stands for all AWS accounts"),
        ({"allowed_principals": ["444455556666"]}, "allowed_principals.0", "an IAM role or an IAM user"),
        ({"allowed_principals": ["arn:aws:iam::444455556666:role/*"]}, "allowed_principals.0", "the ARN of"),
        ({"allowed_principals": ["arn:aws:iam::*:root"]}, "allowed_principals.0", "the ARN of"),
        ({"allowed_principals": ["arn:aws:s3:::bucket"]}, "allowed_principals.0", "the ARN of"),
        ({"allowed_principals": ["arn:aws:iam::444455556666:group/team"]}, "allowed_principals.0", "the ARN of"),
        ({"private_dns_name": "api"}, "private_dns_name", 'a domain name .* such as "api.example.com"'),
        ({"private_dns_name": "https://api.example.com"}, "private_dns_name", "a domain name"),
        ({"consumer": True}, "consumer", "Must be false while acceptance_required is true"),
        ({"consumer_cidr": "10.1.0.0/27"}, "consumer_cidr", "/16 to /26"),
        (
            {"consumer": True, "acceptance_required": False, "allowed_cidrs": ["10.2.0.0/16"]},
            "consumer_cidr",
            r"within allowed_cidrs \(10\.2\.0\.0/16\)",
        ),
        ({"writable_paths": ["/tmp"]}, "writable_paths", "Must be empty for the demonstration"),
        ({"memory_mib": 1000}, "memory_mib", "with 256 CPU units"),
        ({"target_requests_per_minute": 7}, "target_requests_per_minute", "Unknown setting"),
    ],
)
def test_a_mistake_is_named(settings: dict[str, Any], path: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(FargatePrivateLinkSettings, settings, stack=NAME)
    (mistake,) = caught.value.mistakes
    assert mistake.path == f"{NAME}.{path}"
    assert re.search(remedy, mistake.remedy), mistake.remedy


def test_all_mistakes_are_named_at_once() -> None:
    settings = {"protocol": "TLS", "health_check": {"path": "/"}, "allowed_principals": ["*"], "consumer": True}
    with pytest.raises(SettingsError) as caught:
        load_settings(FargatePrivateLinkSettings, settings, stack=NAME)
    assert {mistake.path.partition(".")[2] for mistake in caught.value.mistakes} == {
        *("certificate_arn", "health_check.path", "allowed_principals.0", "consumer")
    }


@pytest.mark.parametrize("principal", ["root", "role/consumer", "role/team/a/consumer", "user/ann@example.com"])
def test_principals_of_every_kind(principal: str) -> None:
    arn = f"arn:aws-cn:iam::444455556666:{principal}"
    found = load_settings(FargatePrivateLinkSettings, {"allowed_principals": [arn]})
    assert isinstance(found, FargatePrivateLinkSettings)
    assert found.allowed_principals == (arn,)


class TestConstructsAlone:
    """The constructs refuse mistakes before they create anything."""

    @pytest.fixture
    def vpc(self) -> ec2.Vpc:
        return ec2.Vpc(cdk.Stack(cdk.App(), "Stack"), "Vpc", max_azs=2)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"protocol": "TLS"}, "certificate must be an ACM certificate with protocol TLS"),
            ({"allowed_cidrs": []}, "allowed_cidrs must list at least one CIDR block"),
            ({"allowed_cidrs": ["0.0.0.0/0"]}, r"Each of allowed_cidrs must be an IPv4 block .*, got '0\.0\.0\.0/0'\."),
            ({"port": 0}, r"port must be 1 to 65535, got 0\."),
            ({"log_retention_days": 0}, "log_retention_days must be at least 1, got 0"),
        ],
    )
    def test_a_load_balancer(self, vpc: ec2.Vpc, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            InternalLoadBalancer(vpc, "Front", vpc=vpc, posture=SANDBOX, **arguments)
        assert vpc.node.try_find_child("Front") is None

    @pytest.mark.parametrize(
        ("check", "message"),
        [
            ({"protocol": "GRPC"}, "protocol\n.*'TCP', 'HTTP' or 'HTTPS'"),
            ({"path": "/"}, "path must not be set with protocol TCP"),
            ({"interval_seconds": 301}, "interval_seconds\n.*from 5 to 300 .*input_value=301"),
            ({"timeout_seconds": 1}, "timeout_seconds\n.*from 2 to 120 .*input_value=1"),
            ({"timeout_seconds": 10}, r"must be below interval_seconds \(10\), got 10\."),
        ],
    )
    def test_a_health_check(self, check: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            NetworkHealthCheck(**check)

    def test_a_service_without_a_port(self, vpc: ec2.Vpc) -> None:
        load_balancer = InternalLoadBalancer(vpc, "Front", vpc=vpc, posture=SANDBOX)
        definition = ecs.FargateTaskDefinition(vpc, "Definition")
        definition.add_container("app", image=ecs.ContainerImage.from_registry("public.ecr.aws/a/b:1"))
        service = ecs.FargateService(
            vpc,
            "Service",
            cluster=ecs.Cluster(vpc, "Cluster", vpc=vpc),
            task_definition=definition,
            min_healthy_percent=100,
        )
        with pytest.raises(ValueError, match="service must have a task definition with a container that has a port"):
            load_balancer.serve(service)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"allowed_principals": ["*"]}, r"Each of allowed_principals must be the ARN of an account.*, got '\*'\."),
            ({"private_dns_name": "api"}, r"private_dns_name must be a domain name .*, got 'api'\."),
        ],
    )
    def test_an_endpoint_service(self, vpc: ec2.Vpc, arguments: dict[str, Any], message: str) -> None:
        load_balancer = InternalLoadBalancer(vpc, "Front", vpc=vpc, posture=SANDBOX)
        with pytest.raises(ValueError, match=message):
            EndpointService(vpc, "Service", load_balancer=load_balancer, **arguments)

    def test_a_consumer(self, vpc: ec2.Vpc) -> None:
        load_balancer = InternalLoadBalancer(vpc, "Front", vpc=vpc, posture=PRODUCTION)
        with pytest.raises(ValueError, match="service must not require acceptance"):
            EndpointConsumer(
                vpc, "A", posture=SANDBOX, service=EndpointService(vpc, "Waiting", load_balancer=load_balancer)
            )
        service = EndpointService(vpc, "Open", load_balancer=load_balancer, acceptance_required=False)
        with pytest.raises(ValueError, match=r"cidr must be an IPv4 block .*, got '10\.1\.0\.0/8'\."):
            EndpointConsumer(vpc, "B", posture=SANDBOX, service=service, cidr="10.1.0.0/8")
        with pytest.raises(ValueError, match=r"retention_days must be one of .*, got 8"):
            EndpointConsumer(vpc, "C", posture=SANDBOX, service=service, log_retention_days=8)


def test_the_stack_gives_what_it_made(sandbox: Reading) -> None:
    made = sandbox.stack
    assert isinstance(made, FargatePrivateLinkStack)
    types = {
        made.network.vpc.vpc_id: "AWS::EC2::VPC",
        made.load_balancer.load_balancer.load_balancer_arn: "AWS::ElasticLoadBalancingV2::LoadBalancer",
        made.endpoint_service.service.vpc_endpoint_service_id: "AWS::EC2::VPCEndpointService",
        made.cluster.cluster_name: "AWS::ECS::Cluster",
        made.task.definition.task_definition_arn: "AWS::ECS::TaskDefinition",
        made.service.service.service_arn: "AWS::ECS::Service",
        made.logs.log_group_name: "AWS::Logs::LogGroup",
        made.monitoring.topic.topic_arn: "AWS::SNS::Topic",
    }
    assert sandbox.types_of(types) == types


class TestOutboundTraffic(OutboundTraffic):
    """The tests that every pattern with a network has in common."""


class TestDrawing(DrawingPromises):
    """What docs/fargate-private-link.d2 shows."""
