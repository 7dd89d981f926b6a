"""The promises of stacks/app_runner."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match
from botocore.loaders import create_loader
from moto.events.models import EventPattern

from patternbook import (
    SANDBOX,
    AppRunnerService,
    Network,
    PrivateIngress,
    SourceRepository,
)
from patternbook.app_runner.health_check import HealthCheck
from patternbook.limits import app_runner as app_runner_limits
from patternbook.limits import fargate as fargate_limits
from patternbook.limits.app_runner import ENDED_RUNTIMES, MEMORY_MIB, RUNTIMES, check_size
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.options import EXISTING_VPC, TASK_OPTIONS, WEB_SERVICE_OPTIONS
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.security_groups import NOTHING, description, lets_out
from patternbook.testing.synthesis import refusal, variant
from stacks.app_runner import AppRunnerStack

PATTERN = AppRunnerStack
EVERY_OPTION: Mapping[str, Any] = {
    **{name: TASK_OPTIONS[name] for name in ("image", "secrets", "parameters", "secret_key_arns")},
    "existing_customer": True,
    "start_command": "/app --listen 9000",
    "automatic_deployments": True,
    "container_port": 9000,
    "cpu": 2048,
    "memory_mib": 6144,
    "max_concurrency": 50,
    "min_instances": 3,
    "max_instances": 12,
    "health_check_path": "/healthz",
    "health_check_interval_seconds": 10,
    "health_check_timeout_seconds": 5,
    "healthy_threshold": 2,
    "unhealthy_threshold": 4,
    "vpc_connector": True,
    "private_ingress": True,
    "allowed_cidrs": ["10.0.0.0/16", "192.168.0.0/24"],
    "web_acl_arn": WEB_SERVICE_OPTIONS["web_acl_arn"],
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
# Options that exclude some of EVERY_OPTION.
OTHER_OPTIONS: Mapping[str, Any] = {
    "secrets": TASK_OPTIONS["secrets"],
    "repository_url": "https://github.com/team/app",
    "connection_arn": "arn:aws:apprunner:eu-west-1:111122223333:connection/github/0123456789abcdef0123456789abcdef",
    "branch": "release/1.x",
    "source_directory": "/web",
    "runtime": "PYTHON_311",
    "build_command": "pip install -r requirements.txt",
    "start_command": "python app.py",
    "automatic_deployments": True,
    "container_port": 8080,
    "max_instances": 2,
    "health_check_protocol": "TCP",
    "tracing": False,
}
IN_EXISTING_VPC: Mapping[str, Any] = {"vpc_connector": True, "private_ingress": True}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
CODE: Mapping[str, Any] = OTHER_OPTIONS
# A repository with an apprunner.yaml, and a VPC connector.
YAML: Mapping[str, Any] = {
    "repository_url": CODE["repository_url"],
    "connection_arn": CODE["connection_arn"],
    "image": "null",  # as on the command line
    "parameters": {"GREETING": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/greeting"},
    "vpc_connector": True,
}
# A private service, which clients reach from its VPC only.
PRIVATE: Mapping[str, Any] = {
    "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app@sha256:" + "0" * 64,
    "private_ingress": True,
    "min_instances": 1,
    "max_instances": 1,
}
VARIANTS = {"full": FULL, "code": CODE, "yaml": YAML, "private": PRIVATE}

KEPT_BY_APP_RUNNER = ("application", "service")
TRACES = {"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}
PULL = {
    *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"),
    *("ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"),
}
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/app/greeting"
SOUND_IMAGE = "public.ecr.aws/team/app:v1"
REPOSITORY = {name: CODE[name] for name in ("repository_url", "connection_arn")}


def service(stack: Reading) -> Resource:
    return stack.one("AWS::AppRunner::Service")


def source(stack: Reading) -> dict[str, Any]:
    return service(stack)["SourceConfiguration"]


def instance_role(stack: Reading) -> Resource:
    return stack.to(service(stack)["InstanceConfiguration"]["InstanceRoleArn"])


def access_role(stack: Reading) -> Resource | None:
    given = source(stack).get("AuthenticationConfiguration", {}).get("AccessRoleArn")
    return stack.to(given) if given else None


def allowed(stack: Reading, role: Resource) -> dict[str, set[str]]:
    """The actions that a role allows, by resource."""
    found: dict[str, set[str]] = {}
    for statement in stack.statements(role):
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        found.setdefault(statement["Resource"], set()).update([actions] if isinstance(actions, str) else actions)
    return found


def has_network(stack: Reading) -> bool:
    return bool(stack.all("AWS::EC2::VPC"))


def metrics(alarm: Resource) -> list[dict[str, Any]]:
    """The metrics that an alarm watches, by itself or in an expression."""
    inside = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics") or [] if "MetricStat" in each]
    return inside or [alarm.body["Properties"]]


class TestClosed:
    def test_synth_says_so_once_with_the_successor(self, stack: Reading) -> None:
        found = Annotations.from_stack(stack.stack).find_warning("*", Match.any_value())
        said = [str(entry.entry.data) for entry in found]
        assert len(said) == 1, said
        assert "\n" not in said[0]
        for words in ("2026-04-30", "Amazon ECS Express Mode (EcsExpressStack)", "docs/app-runner.md"):
            assert words in said[0]

    def test_a_customer_of_before_is_not_told(self, tmp_path: Path) -> None:
        stack = variant(AppRunnerStack, tmp_path, existing_customer=True)
        assert not Annotations.from_stack(stack).find_warning("*", Match.any_value())

    def test_it_can_be_acknowledged(self, tmp_path: Path) -> None:
        stack = variant(AppRunnerStack, tmp_path)
        cdk.Annotations.of(stack).acknowledge_warning("patternbook:appRunnerClosed", "Known")
        assert not Annotations.from_stack(stack).find_warning("*", Match.any_value())

    def test_the_page_tells_how_to_move(self) -> None:
        page = (Path(__file__).parents[2] / "docs" / "app-runner.md").read_text(encoding="utf-8")
        assert str(app_runner_limits.CLOSED_TO_NEW_CUSTOMERS) in page
        assert app_runner_limits.SUCCESSOR in page
        assert "docs/ecs-express.md" in page  # a link in the book, a text in a copy of the pattern
        assert "## Move to" in page


def test_the_parts_of_the_stack_are_attributes(full: Reading, sandbox: Reading) -> None:
    stack, small = full.stack, sandbox.stack
    assert isinstance(stack, AppRunnerStack)
    assert isinstance(small, AppRunnerStack)
    assert stack.network
    assert stack.connector
    assert stack.ingress
    assert stack.service.instance_role != stack.service.access_role
    assert stack.monitoring.topic
    assert small.network is small.connector is small.ingress is None
    assert small.service.url


class TestSource:
    def test_it_is_exactly_one(self, any_stack: Reading) -> None:
        assert len({"ImageRepository", "CodeRepository"} & source(any_stack).keys()) == 1

    def test_the_demonstration_is_public_and_needs_no_role(self, stack: Reading) -> None:
        assert source(stack) == {
            "AutoDeploymentsEnabled": False,
            "ImageRepository": {
                "ImageConfiguration": {"Port": "8000"},
                "ImageIdentifier": "public.ecr.aws/aws-containers/hello-app-runner:latest",
                "ImageRepositoryType": "ECR_PUBLIC",
            },
        }

    def test_a_private_image(self, full: Reading) -> None:
        assert full.shown(source(full)) == {
            "AuthenticationConfiguration": {"AccessRoleArn": "${AWS::IAM::Role.Arn}"},
            "AutoDeploymentsEnabled": True,
            "ImageRepository": {
                "ImageConfiguration": {
                    "Port": "9000",
                    "RuntimeEnvironmentSecrets": [
                        {"Name": "PASSWORD", "Value": FULL["secrets"]["PASSWORD"]},
                        {"Name": "GREETING", "Value": FULL["parameters"]["GREETING"]},
                    ],
                    "StartCommand": "/app --listen 9000",
                },
                "ImageIdentifier": FULL["image"],
                "ImageRepositoryType": "ECR",
            },
        }

    def test_source_code_with_a_runtime_and_commands(self, read: Callable[[str], Reading]) -> None:
        assert source(read("code")) == {
            "AuthenticationConfiguration": {"ConnectionArn": CODE["connection_arn"]},
            "AutoDeploymentsEnabled": True,
            "CodeRepository": {
                "CodeConfiguration": {
                    "CodeConfigurationValues": {
                        "BuildCommand": "pip install -r requirements.txt",
                        "Port": "8080",
                        "Runtime": "PYTHON_311",
                        "RuntimeEnvironmentSecrets": [{"Name": "PASSWORD", "Value": CODE["secrets"]["PASSWORD"]}],
                        "StartCommand": "python app.py",
                    },
                    "ConfigurationSource": "API",
                },
                "RepositoryUrl": "https://github.com/team/app",
                "SourceCodeVersion": {"Type": "BRANCH", "Value": "release/1.x"},
                "SourceDirectory": "/web",
            },
        }

    def test_source_code_as_its_file_says(self, read: Callable[[str], Reading]) -> None:
        stack = read("yaml")
        assert source(stack)["CodeRepository"] == {
            "CodeConfiguration": {"ConfigurationSource": "REPOSITORY"},
            "RepositoryUrl": "https://github.com/team/app",
            "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
            "SourceDirectory": "/",
        }
        assert source(stack)["AutoDeploymentsEnabled"] is False
        # apprunner.yaml names the variables, and the role may read the parameters.
        assert "ssm:GetParameters" in allowed(stack, instance_role(stack))[YAML["parameters"]["GREETING"]]


class TestInstances:
    @pytest.mark.parametrize(
        ("name", "cpu", "memory"), [("sandbox", "256", "512"), ("production", "256", "512"), ("full", "2048", "6144")]
    )
    def test_size(self, read: Callable[[str], Reading], name: str, cpu: str, memory: str) -> None:
        found = service(read(name))["InstanceConfiguration"]
        assert (found["Cpu"], found["Memory"]) == (cpu, memory)
        assert int(memory) in MEMORY_MIB[int(cpu)]

    @pytest.mark.parametrize(
        ("name", "expected"),
        [("sandbox", (100, 2, 6)), ("production", (100, 2, 6)), ("full", (50, 3, 12)), ("private", (100, 1, 1))],
    )
    def test_scaling(self, read: Callable[[str], Reading], name: str, expected: tuple[int, int, int]) -> None:
        stack = read(name)
        found = stack.to(service(stack)["AutoScalingConfigurationArn"])
        assert found.type == "AWS::AppRunner::AutoScalingConfiguration"
        assert (found["MaxConcurrency"], found["MinSize"], found["MaxSize"]) == expected

    def test_health_by_http(self, stack: Reading, full: Reading) -> None:
        assert service(stack)["HealthCheckConfiguration"] == {
            "HealthyThreshold": 1,
            "Interval": 5,
            "Path": "/",
            "Protocol": "HTTP",
            "Timeout": 2,
            "UnhealthyThreshold": 5,
        }
        assert service(full)["HealthCheckConfiguration"] == {
            "HealthyThreshold": 2,
            "Interval": 10,
            "Path": "/healthz",
            "Protocol": "HTTP",
            "Timeout": 5,
            "UnhealthyThreshold": 4,
        }

    def test_health_by_tcp(self, read: Callable[[str], Reading]) -> None:
        found = service(read("code"))["HealthCheckConfiguration"]
        assert found["Protocol"] == "TCP"
        assert "Path" not in found


class TestRoles:
    def test_the_instance_role_is_for_instances_of_app_runner(self, any_stack: Reading) -> None:
        role = instance_role(any_stack)
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "tasks.apprunner.amazonaws.com"}
        assert trust["Action"] == "sts:AssumeRole"
        assert "ManagedPolicyArns" not in role.body["Properties"]

    def test_it_may_trace_and_nothing_else(self, stack: Reading) -> None:
        assert allowed(stack, instance_role(stack)) == {"*": TRACES}

    def test_it_reads_what_it_is_given(self, full: Reading) -> None:
        assert allowed(full, instance_role(full)) == {
            FULL["secrets"]["PASSWORD"]: {"secretsmanager:GetSecretValue"},
            FULL["parameters"]["GREETING"]: {"ssm:GetParameters"},
            FULL["secret_key_arns"][0]: {"kms:Decrypt"},
            "*": TRACES,
        }
        [decrypt] = [one for one in full.statements(instance_role(full)) if one["Action"] == "kms:Decrypt"]
        services = [f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}" for name in ("secretsmanager", "ssm")]
        assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": services}}

    def test_without_tracing_it_may_not_trace(self, read: Callable[[str], Reading]) -> None:
        stack = read("code")
        assert allowed(stack, instance_role(stack)) == {CODE["secrets"]["PASSWORD"]: {"secretsmanager:GetSecretValue"}}

    def test_only_a_private_image_has_an_access_role(self, any_stack: Reading) -> None:
        image = source(any_stack).get("ImageRepository", {})
        assert (access_role(any_stack) is not None) == (image.get("ImageRepositoryType") == "ECR")

    @pytest.mark.parametrize("name", ["full", "private"])
    def test_it_pulls_from_this_one_repository(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        role = access_role(stack)
        assert role is not None
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "build.apprunner.amazonaws.com"}
        assert "ManagedPolicyArns" not in role.body["Properties"]
        assert allowed(stack, role) == {
            "arn:aws:ecr:eu-west-1:111122223333:repository/team/app": PULL,
            "*": {"ecr:GetAuthorizationToken"},
        }

    def test_roles_and_policies_are_there_before_the_service(self, any_stack: Reading) -> None:
        roles = {role.id for role in (instance_role(any_stack), access_role(any_stack)) if role}
        policies = {
            policy.id for policy in any_stack.all("AWS::IAM::Policy") if any_stack.to(policy["Roles"][0]).id in roles
        }
        assert policies
        assert roles | policies <= any_stack.before(service(any_stack))

    def test_nothing_has_a_fixed_name(self, any_stack: Reading) -> None:
        for kind, name in {
            "AppRunner::Service": "ServiceName",
            "AppRunner::AutoScalingConfiguration": "AutoScalingConfigurationName",
            "AppRunner::ObservabilityConfiguration": "ObservabilityConfigurationName",
            "AppRunner::VpcConnector": "VpcConnectorName",
            "AppRunner::VpcIngressConnection": "VpcIngressConnectionName",
            "IAM::Role": "RoleName",
        }.items():
            assert not [each for each in any_stack.all(f"AWS::{kind}") if each.get(name)]


class TestNetwork:
    def test_there_is_none_unless_asked_for(self, stack: Reading) -> None:
        assert not [each for each in stack.resources.values() if each.type.startswith("AWS::EC2::")]
        assert service(stack)["NetworkConfiguration"] == {
            "EgressConfiguration": {"EgressType": "DEFAULT"},
            "IngressConfiguration": {"IsPubliclyAccessible": True},
        }

    @pytest.mark.parametrize(
        ("more", "unused"), [({}, True), ({"vpc_connector": True}, False), ({"private_ingress": True}, False)]
    )
    def test_a_vpc_that_the_service_does_not_use_is_warned_of(
        self, tmp_path: Path, more: dict[str, Any], unused: bool
    ) -> None:
        image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1"
        stack = variant(PATTERN, tmp_path, existing_customer=True, image=image, vpc=EXISTING_VPC, **more)
        found = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("vpc has no effect"))
        assert bool(found) is unused

    @pytest.mark.parametrize("name", ["full", "yaml"])
    def test_a_connector_is_in_private_subnets_with_a_way_out(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        egress = service(stack)["NetworkConfiguration"]["EgressConfiguration"]
        assert egress["EgressType"] == "VPC"
        connector = stack.to(egress["VpcConnectorArn"])
        private = {subnet.id for subnet in stack.subnets("private")}
        assert len(private) == 3
        assert {stack.to(subnet).id for subnet in connector["Subnets"]} == private
        routes = {route.id for route in map(stack.default_route, stack.subnets("private")) if route}
        assert len(routes) == 3
        assert routes <= stack.before(service(stack))

    def test_security_groups_let_out_https_and_tcp_within_the_vpc_at_most(self, any_stack: Reading) -> None:
        expected = {}
        if any_stack.all("AWS::AppRunner::VpcConnector"):
            within_vpc = "tcp 0-65535 to ${AWS::EC2::VPC.CidrBlock}"
            expected["Instances of App Runner"] = {"tcp 443 to 0.0.0.0/0", within_vpc}
        if any_stack.all("AWS::AppRunner::VpcIngressConnection"):
            expected["Endpoint of App Runner"] = NOTHING
        groups = any_stack.all("AWS::EC2::SecurityGroup")
        assert {description(group): lets_out(any_stack, group) for group in groups} == expected

    @pytest.mark.parametrize("name", ["full", "yaml"])
    def test_nobody_reaches_instances_through_the_connector(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        [group] = stack.one("AWS::AppRunner::VpcConnector")["SecurityGroups"]
        assert stack.to(group).id not in [admitting.id for admitting, _ in stack.inbound()]
        assert stack.output("ConnectorGroupId") == "${AWS::EC2::SecurityGroup.GroupId}"

    @pytest.mark.parametrize(("name", "gateways"), [("yaml", 1), ("full", 3)])
    def test_nat_gateways(self, read: Callable[[str], Reading], name: str, gateways: int) -> None:
        assert len(read(name).all("AWS::EC2::NatGateway")) == gateways
        assert len(read(name).all("AWS::EC2::FlowLog")) == 1

    @pytest.mark.parametrize(
        ("name", "cidrs"), [("private", ["${AWS::EC2::VPC.CidrBlock}"]), ("full", ["10.0.0.0/16", "192.168.0.0/24"])]
    )
    def test_only_an_endpoint_reaches_a_private_service(
        self, read: Callable[[str], Reading], name: str, cidrs: list[str]
    ) -> None:
        stack = read(name)
        ingress = service(stack)["NetworkConfiguration"]["IngressConfiguration"]
        assert ingress == {"IsPubliclyAccessible": False}
        connection = stack.one("AWS::AppRunner::VpcIngressConnection")
        assert stack.to(connection["ServiceArn"]) == service(stack)
        way = connection["IngressVpcConfiguration"]
        assert stack.to(way["VpcId"]) == stack.one("AWS::EC2::VPC")
        endpoint = stack.to(way["VpcEndpointId"])
        assert stack.shown(endpoint["ServiceName"]) == "com.amazonaws.${AWS::Region}.apprunner.requests"
        assert endpoint["PrivateDnsEnabled"] is False
        private = {subnet.id for subnet in stack.subnets("private")}
        assert {stack.to(subnet).id for subnet in endpoint["SubnetIds"]} == private
        [group] = endpoint["SecurityGroupIds"]
        admitted = [rule for admitting, rule in stack.inbound() if admitting == stack.to(group)]
        assert [stack.shown(rule["CidrIp"]) for rule in admitted] == cidrs
        assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in admitted} == {("tcp", 443, 443)}
        assert stack.output("Url") == "https://${AWS::AppRunner::VpcIngressConnection.DomainName}"

    def test_nobody_else_is_admitted_anywhere(self, any_stack: Reading) -> None:
        connections = any_stack.all("AWS::AppRunner::VpcIngressConnection")
        endpoints = [any_stack.to(each["IngressVpcConfiguration"]["VpcEndpointId"]) for each in connections]
        groups = [any_stack.to(group).id for endpoint in endpoints for group in endpoint["SecurityGroupIds"]]
        assert {admitting.id for admitting, _ in any_stack.inbound()} == set(groups)

    def test_a_web_acl_in_front(self, full: Reading, stack: Reading) -> None:
        association = full.one("AWS::WAFv2::WebACLAssociation")
        assert full.to(association["ResourceArn"]) == service(full)
        assert association["WebACLArn"] == FULL["web_acl_arn"]
        assert not stack.all("AWS::WAFv2::WebACLAssociation")


class TestOperation:
    def test_traces_go_to_x_ray_unless_switched_off(self, any_stack: Reading) -> None:
        found = service(any_stack).get("ObservabilityConfiguration")
        configurations = any_stack.all("AWS::AppRunner::ObservabilityConfiguration")
        if "xray:PutTraceSegments" not in allowed(any_stack, instance_role(any_stack)).get("*", ()):
            assert not found
            assert not configurations
            assert source(any_stack).get("CodeRepository"), "only the variant from code has it off"
            return
        assert found["ObservabilityEnabled"] is True
        assert [any_stack.to(found["ObservabilityConfigurationArn"])] == configurations
        assert configurations[0]["TraceConfiguration"] == {"Vendor": "AWSXRAY"}

    def test_a_key_of_its_own_in_production(self, any_stack: Reading) -> None:
        keys = any_stack.all("AWS::KMS::Key")
        production = any_stack.document["Description"].startswith("Patternbook (production)")
        assert len(keys) == (1 if production else 0)
        topic = any_stack.one("AWS::SNS::Topic")
        if not production:
            assert service(any_stack).get("EncryptionConfiguration") is None
            assert topic.get("KmsMasterKeyId") is None
            return
        assert any_stack.to(service(any_stack)["EncryptionConfiguration"]["KmsKey"]) == keys[0]
        assert any_stack.to(topic["KmsMasterKeyId"]) == keys[0]
        assert keys[0]["EnableKeyRotation"] is True
        assert keys[0].kept == ("RetainExceptOnCreate", "Retain")
        for logs in any_stack.all("AWS::Logs::LogGroup"):
            assert any_stack.to(logs["KmsKeyId"]) == keys[0]

    def test_alarms_are_on_this_service_and_notify_the_topic(self, any_stack: Reading) -> None:
        topic = any_stack.one("AWS::SNS::Topic")
        scales = any_stack.one("AWS::AppRunner::AutoScalingConfiguration")
        expected = {"5xxStatusResponses", "Requests", "RequestLatency"}
        expected |= {"ActiveInstances"} if scales["MinSize"] < scales["MaxSize"] else set()
        watched = [metric for alarm in any_stack.all("AWS::CloudWatch::Alarm") for metric in metrics(alarm)]
        assert {metric["MetricName"] for metric in watched} == expected
        for metric in watched:
            assert metric["Namespace"] == "AWS/AppRunner"
            dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
            assert dimensions.keys() == {"ServiceName", "ServiceID"}
            assert dimensions["ServiceID"] == {"Fn::GetAtt": [service(any_stack).id, "ServiceId"]}
            in_the_arn = {"Fn::Split": ["/", {"Fn::GetAtt": [service(any_stack).id, "ServiceArn"]}]}
            assert dimensions["ServiceName"] == {"Fn::Select": [1, in_the_arn]}
        for alarm in any_stack.all("AWS::CloudWatch::Alarm"):
            for actions in ("AlarmActions", "OKActions"):
                assert [any_stack.to(action) for action in alarm[actions]] == [topic]

    def test_thresholds(self, sandbox: Reading) -> None:
        alarms = {metrics(alarm)[0]["MetricName"]: alarm for alarm in sandbox.all("AWS::CloudWatch::Alarm")}
        assert alarms["RequestLatency"]["Threshold"] == 1000
        assert alarms["RequestLatency"]["ExtendedStatistic"] == "p90"
        assert alarms["ActiveInstances"]["Threshold"] == 5, "above it are 6, the most"
        assert alarms["ActiveInstances"]["Statistic"] == "Maximum"
        assert {alarm["ComparisonOperator"] for alarm in alarms.values()} == {"GreaterThanThreshold"}

    def test_each_alarm_looks_at_some_of_its_minutes(self, any_stack: Reading) -> None:
        """One good minute, or a minute without requests, must not reset an alarm."""
        for alarm in any_stack.all("AWS::CloudWatch::Alarm"):
            assert alarm["DatapointsToAlarm"] < alarm["EvaluationPeriods"]

    @pytest.mark.parametrize(
        ("status", "told"),
        [
            *((f"{operation}ServiceFailed", True) for operation in ("Create", "Delete", "Update", "Pause", "Resume")),
            ("DeploymentFailed", True),
            ("UpdateServiceCompletedSuccessfully", False),
            ("UpdateServiceStarted", False),
        ],
    )
    def test_failed_operations_notify_the_topic(self, any_stack: Reading, status: str, told: bool) -> None:
        """The events of https://docs.aws.amazon.com/apprunner/latest/dg/monitor-ev.html"""
        [rule] = any_stack.all("AWS::Events::Rule")
        pattern = dict(rule["EventPattern"])
        assert pattern.pop("resources") == [{"Fn::GetAtt": [service(any_stack).id, "ServiceArn"]}]
        event = {
            "source": "aws.apprunner",
            "detail-type": "AppRunner Service Operation Status Change",
            "detail": {"operationStatus": status},
        }
        loaded = EventPattern.load(json.dumps(pattern))
        assert loaded.matches_event(event) is told  # ty: ignore[invalid-argument-type]
        assert any_stack.to(rule["Targets"][0]["Arn"]) == any_stack.one("AWS::SNS::Topic")

    def test_who_hears_of_alarms(self, full: Reading, sandbox: Reading) -> None:
        assert full.one("AWS::SNS::Subscription")["Endpoint"] == "ops@example.com"
        assert not sandbox.all("AWS::SNS::Subscription")
        assert len(sandbox.all("AWS::CloudWatch::Dashboard")) == 1

    def test_the_stack_has_log_groups_for_flow_logs_only(self, any_stack: Reading) -> None:
        assert len(any_stack.all("AWS::Logs::LogGroup")) == has_network(any_stack)

    @pytest.mark.parametrize(("name", "days"), [("sandbox", 7), ("production", 365), ("full", 30)])
    def test_outputs(self, read: Callable[[str], Reading], name: str, days: int) -> None:
        stack = read(name)
        arn = "${AWS::AppRunner::Service.ServiceArn}"
        assert stack.output("ServiceArn") == arn
        for output, operation in {
            "DeployCommand": "start-deployment",
            "PauseCommand": "pause-service",
            "ResumeCommand": "resume-service",
        }.items():
            assert stack.output(output) == f"aws apprunner {operation} --service-arn {arn}"
        groups = [
            f"/aws/apprunner/${{Fn::Select}}/${{AWS::AppRunner::Service.ServiceId}}/{kind}"
            for kind in KEPT_BY_APP_RUNNER
        ]
        assert stack.output("LogsCommand") == f"aws logs tail {groups[0]} --follow"
        assert f"for group in {' '.join(groups)}; do aws logs put-retention-policy" in stack.output("RetentionCommand")
        assert stack.output("RetentionCommand").endswith(f"--retention-in-days {days}; done")
        runs = "111122223333" if name == "full" else "public.ecr.aws/aws-containers/hello-app-runner:latest"
        assert stack.output("Runs").startswith(runs)
        common = {"Url", "ServiceArn", "Runs", "DeployCommand", "PauseCommand", "ResumeCommand", "LogsCommand"}
        more = {"VpcId", "ConnectorGroupId"} if name == "full" else set()
        assert stack.document["Outputs"].keys() == common | {"RetentionCommand", "DashboardUrl"} | more

    def test_the_url_is_https(self, stack: Reading) -> None:
        assert stack.output("Url") == "https://${AWS::AppRunner::Service.ServiceUrl}"

    def test_there_is_no_custom_resource(self, any_stack: Reading) -> None:
        types = {resource.type for resource in any_stack.resources.values()}
        assert not {name for name in types if re.match(r"Custom::|AWS::(CloudFormation::Custom|Lambda)", name)}


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "path", "remedy"),
        [
            ({"image": "null"}, "repository_url", "got neither. Set one of the two"),
            ({"image": SOUND_IMAGE, **REPOSITORY}, "repository_url", "got both (image public.ecr.aws/team/app:v1)"),
            ({"image": "docker.io/library/nginx:1"}, "image", "pulls from no other registry"),
            ({"image": "ghcr.io/team/app:1"}, "image", "pull-through cache"),
            ({"image": "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/app:1"}, "image", "no other registry"),
            ({"image": "nginx"}, "image", "an image with its registry"),
            ({"repository_url": REPOSITORY["repository_url"]}, "connection_arn", "the ARN of an App Runner connection"),
            (
                {"connection_arn": REPOSITORY["connection_arn"]},
                "connection_arn",
                "Must be unset without repository_url",
            ),
            ({**REPOSITORY, "repository_url": "https://gitlab.com/team/app"}, "repository_url", "GitHub or Bitbucket"),
            ({**REPOSITORY, "repository_url": "git@github.com:team/app"}, "repository_url", "GitHub or Bitbucket"),
            (
                {**REPOSITORY, "connection_arn": "arn:aws:codeconnections:eu-west-1:1:x"},
                "connection_arn",
                "an ARN such",
            ),
            ({**REPOSITORY, "start_command": "a"}, "start_command", "start_command must be unset without a runtime"),
            ({**REPOSITORY, "build_command": "a"}, "start_command", "build_command must be unset without a runtime"),
            (
                {**REPOSITORY, "runtime": "NODEJS_22"},
                "start_command",
                "start_command must be set with runtime NODEJS_22",
            ),
            (
                {**REPOSITORY, "runtime": "NODEJS_18"},
                "runtime",
                "one of PYTHON_311, NODEJS_22, CORRETTO_11, CORRETTO_8",
            ),
            ({"runtime": "NODEJS_22"}, "runtime", "an image is already built"),
            ({"build_command": "make"}, "build_command", "an image is already built"),
            ({"image": SOUND_IMAGE, "start_command": "a\nb"}, "start_command", "one line"),
            (
                {"automatic_deployments": True},
                "automatic_deployments",
                "with an image of ECR Public, got true. App Runner watches private",
            ),
            ({**PRIVATE, "automatic_deployments": True}, "automatic_deployments", "A digest never changes"),
            ({"container_port": 8080}, "container_port", "Must be 8000, the port of the demonstration"),
            ({"cpu": 256, "memory_mib": 2048}, "memory_mib", "must be one of 512, 1024 with 256 CPU units, got 2048"),
            ({"cpu": 512}, "memory_mib", "must be one of 1024 with 512 CPU units, got 512"),
            ({"cpu": 4096, "memory_mib": 4096}, "memory_mib", "8192, 10240, 12288"),
            ({"cpu": 8192}, "cpu", "one of 256, 512, 1024, 2048, 4096"),
            ({"max_concurrency": 201}, "max_concurrency", "from 1 to 200"),
            ({"min_instances": 26}, "min_instances", "from 1 to 25"),
            ({"min_instances": 3, "max_instances": 2}, "max_instances", "must be at least min_instances (3), got 2"),
            ({"health_check_protocol": "TCP", "health_check_path": "/"}, "health_check_path", "requires protocol HTTP"),
            ({"health_check_path": "/up"}, "health_check_path", "the only page of the demonstration"),
            ({"health_check_interval_seconds": 21}, "health_check_interval_seconds", "from 1 to 20"),
            ({"unhealthy_threshold": 0}, "unhealthy_threshold", "from 1 to 20"),
            ({"allowed_cidrs": ["10.0.0.0/8"]}, "allowed_cidrs", "Must be empty without private_ingress"),
            ({"private_ingress": True, "allowed_cidrs": ["0.0.0.0/0"]}, "allowed_cidrs.0", "an IPv4 block"),
            (
                {"secrets": {"AWSAPPRUNNER_A": SECRET}},
                "secrets",
                "must not begin with AWSAPPRUNNER, got AWSAPPRUNNER_A",
            ),
            (
                {"secrets": {"PASSWORD": SECRET}, "parameters": {"PASSWORD": PARAMETER}},
                "parameters",
                "Must not repeat names of secrets, got PASSWORD",
            ),
        ],
    )
    def test_settings(self, settings: dict[str, Any], path: str, remedy: str) -> None:
        said = refusal(AppRunnerStack, **settings)
        assert list(said) == [path]
        assert remedy in said[path]

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"image": None}, "got neither. Set one of the two"),
            ({"repository": SourceRepository(url="u", connection_arn="a")}, "got both"),
            ({"image": "docker.io/a/b:1"}, "no other registry"),
            ({"automatic_deployments": True}, "App Runner watches private repositories only"),
            ({"memory_mib": 512}, "one of 2048, 3072, 4096 with 1024 CPU units, got 512"),
            ({"cpu": 100}, "cpu must be one of 256, 512, 1024, 2048, 4096, got 100"),
            ({"max_concurrency": 0}, "max_concurrency must be 1 to 200 requests, got 0"),
            ({"min_instances": 0}, "min_instances must be 1 to 25 instances, got 0"),
            ({"min_instances": 5, "max_instances": 4}, r"max_instances must be at least min_instances \(5\), got 4"),
            ({"health_check": HealthCheck(interval_seconds=0)}, "interval_seconds must be 1 to 20 seconds, got 0"),
            ({"health_check": HealthCheck(timeout_seconds=21)}, "timeout_seconds must be 1 to 20 seconds, got 21"),
            ({"health_check": HealthCheck(healthy_threshold=0)}, "^healthy_threshold must be 1 to 20 checks, got 0"),
            (
                {"health_check": HealthCheck(unhealthy_threshold=21)},
                "unhealthy_threshold must be 1 to 20 checks, got 21",
            ),
            (
                {"health_check": HealthCheck(protocol="TCP", path="/")},
                "health_check_path requires protocol HTTP, got / with TCP",
            ),
            ({"parameters": {"AWSAPPRUNNER": "arn"}}, "got AWSAPPRUNNER. Rename"),
        ],
    )
    def test_a_service_before_anything_is_made(self, wrong: dict[str, Any], message: str) -> None:
        stack = cdk.Stack()
        arguments: dict[str, Any] = {"image": SOUND_IMAGE, **wrong}
        with pytest.raises(ValueError, match=message):
            AppRunnerService(stack, "Service", **arguments)
        assert stack.node.try_find_child("Service") is None

    @pytest.mark.parametrize(
        ("repository", "message"),
        [
            ({"build_command": "make"}, "build_command must be unset without a runtime"),
            ({"runtime": "PYTHON_311"}, "start_command must be set with runtime PYTHON_311"),
            ({"runtime": "RUBY_31"}, "got RUBY_31. Its support ended on 2025-12-01"),
            ({"runtime": "PERL_5"}, "runtime must be one of PYTHON_311, .*, got PERL_5"),
        ],
    )
    def test_commands(self, repository: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            AppRunnerService(
                cdk.Stack(), "Service", repository=SourceRepository(url="u", connection_arn="a", **repository)
            )

    def test_addresses_of_clients(self) -> None:
        stack = cdk.Stack()
        network = Network(stack, "Network", posture=SANDBOX)
        service = AppRunnerService(stack, "Service", image=SOUND_IMAGE, publicly_accessible=False)
        with pytest.raises(ValueError, match=r"Each of allowed_cidrs must be .*, got 0\.0\.0\.0/0"):
            PrivateIngress(stack, "Ingress", service_arn=service.arn, vpc=network.vpc, allowed_cidrs=["0.0.0.0/0"])
        assert stack.node.try_find_child("Ingress") is None


class TestSizes:
    def test_every_pair_that_is_offered_and_no_other(self) -> None:
        offered = {(cpu, memory) for cpu, sizes in MEMORY_MIB.items() for memory in sizes}
        assert len(offered) == 11
        for cpu in MEMORY_MIB:
            for memory in range(512, 16384 + 1, 512):
                if (cpu, memory) in offered:
                    check_size(cpu, memory)
                else:
                    with pytest.raises(ValueError, match="must be one of"):
                        check_size(cpu, memory)

    def test_fargate_has_every_pair_to_move_to(self) -> None:
        for cpu, sizes in MEMORY_MIB.items():
            assert set(sizes) <= set(fargate_limits.MEMORY_MIB[cpu])

    def test_runtimes_of_the_api_are_offered_or_ended(self) -> None:
        assert not set(RUNTIMES) & ENDED_RUNTIMES.keys()
        shape = botocore_shape("Runtime")
        assert set(RUNTIMES) | ENDED_RUNTIMES.keys() == set(shape["enum"])

    def test_bounds_are_those_of_the_api(self) -> None:
        for name, bounds in {
            "ASConfigMaxConcurrency": app_runner_limits.MAX_CONCURRENCY,
            "ASConfigMinSize": app_runner_limits.MIN_INSTANCES,
            "HealthCheckInterval": app_runner_limits.HEALTH_CHECK_SECONDS,
            "HealthCheckTimeout": app_runner_limits.HEALTH_CHECK_SECONDS,
            "HealthCheckHealthyThreshold": app_runner_limits.HEALTH_CHECK_THRESHOLD,
            "HealthCheckUnhealthyThreshold": app_runner_limits.HEALTH_CHECK_THRESHOLD,
        }.items():
            shape = botocore_shape(name)
            assert (shape["min"], shape["max"]) == (bounds.minimum, bounds.maximum)
        most = botocore_shape("ASConfigMaxSize")
        assert (most["min"], most.get("max")) == (app_runner_limits.MAX_INSTANCES_MINIMUM, None)
        assert set(botocore_shape("HealthCheckProtocol")["enum"]) == set(app_runner_limits.HEALTH_CHECK_PROTOCOLS)


def botocore_shape(name: str) -> dict[str, Any]:
    return create_loader().load_service_model("apprunner", "service-2")["shapes"][name]


class TestDrawing(DrawingPromises):
    """What docs/app-runner.d2 shows."""
