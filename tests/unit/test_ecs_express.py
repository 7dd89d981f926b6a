"""The promises of stacks/ecs_express."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

from patternbook import SANDBOX, ExpressService, LogGroup, Network, Task
from patternbook.ecs.service import cluster
from patternbook.testing.alarms import alarms_of, check_that_alarms_notify, expression_of, rings
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.options import TASK_OPTIONS, WEB_SERVICE_OPTIONS
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.security_groups import OutboundTraffic
from patternbook.testing.synthesis import refusal, unchecked_app
from stacks.ecs_express import EcsExpressStack

PATTERN = EcsExpressStack
EVERY_OPTION: Mapping[str, Any] = {
    **TASK_OPTIONS,
    "container_port": 9000,
    "health_check": {"path": "/healthz", **TASK_OPTIONS["health_check"]},
    "cpu": 512,
    "memory_mib": 2048,
    "architecture": "arm64",
    "private_ingress": True,
    "min_tasks": 3,
    "max_tasks": 30,
    "scaling_metric": "requests",
    "scaling_target": 1000,
    "web_acl_arn": WEB_SERVICE_OPTIONS["web_acl_arn"],
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
IN_EXISTING_VPC: Mapping[str, Any] = {"private_ingress": True}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
# Sandbox with an image of the user, on the internet.
OWN: Mapping[str, Any] = {
    "image": "public.ecr.aws/nginx/nginx-unprivileged:1.29",
    "container_port": 3000,
    "health_check": {"path": "/ping"},
    "scaling_metric": "memory",
    "scaling_target": 75,
    "secrets": {"PASSWORD": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"},
}
PRIVATE: Mapping[str, Any] = {"private_ingress": True}
VARIANTS = {"full": FULL, "own": OWN, "private": PRIVATE}
REACHED_FROM_THE_INTERNET = ("sandbox", "production", "own")
WITHIN_THE_VPC = ("full", "private")

INFRASTRUCTURE_POLICY = (
    "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonECSInfrastructureRoleforExpressGatewayServices"
)
SERVICE = "AWS::ECS::ExpressGatewayService"
FRONT = f"${{{SERVICE}.ECSManagedResourceArns.IngressPath.LoadBalancerArn}}"


def service(stack: Reading) -> Resource:
    return stack.one(SERVICE)


def task(stack: Reading) -> Resource:
    return stack.to(service(stack)["TaskDefinitionArn"])


def container(stack: Reading) -> dict[str, Any]:
    [only] = task(stack)["ContainerDefinitions"]
    return only


def group(stack: Reading) -> Resource:
    [only] = service(stack)["NetworkConfiguration"]["SecurityGroups"]
    return stack.to(only)


def placed(stack: Reading) -> list[Resource]:
    return [stack.to(subnet) for subnet in service(stack)["NetworkConfiguration"]["Subnets"]]


class TestNetwork:
    @pytest.mark.parametrize("name", REACHED_FROM_THE_INTERNET)
    def test_a_public_service_is_in_the_public_subnets_and_pays_for_no_nat(
        self, read: Callable[[str], Reading], name: str
    ) -> None:
        stack = read(name)
        assert len(placed(stack)) == 3
        assert placed(stack) == stack.subnets("public")
        assert not stack.subnets("private")
        assert not stack.all("AWS::EC2::NatGateway")
        assert not stack.all("AWS::EC2::EIP")

    @pytest.mark.parametrize(("name", "gateways"), [("private", 1), ("full", 3)])
    def test_a_private_service_is_in_private_subnets_behind_nat_gateways(
        self, read: Callable[[str], Reading], name: str, gateways: int
    ) -> None:
        stack = read(name)
        assert len(placed(stack)) == 3
        assert placed(stack) == stack.subnets("private")
        assert len(stack.all("AWS::EC2::NatGateway")) == gateways

    def test_subnets_are_of_three_azs(self, any_stack: Reading) -> None:
        zones = [str(subnet["AvailabilityZone"]) for subnet in placed(any_stack)]
        assert len(set(zones)) == 3

    def test_a_service_that_leaves_the_internet_moves_no_subnet(self, sandbox: Reading, private: Reading) -> None:
        """CloudFormation could not create moved subnets while the old ones have the addresses."""
        kept = {subnet.id: subnet["CidrBlock"] for subnet in sandbox.all("AWS::EC2::Subnet")}
        now = {subnet.id: subnet["CidrBlock"] for subnet in private.all("AWS::EC2::Subnet")}
        assert kept.items() <= now.items()

    def test_a_change_of_private_ingress_makes_another_service(self, sandbox: Reading, private: Reading) -> None:
        assert service(sandbox).id != service(private).id
        assert sandbox.one("AWS::EC2::SecurityGroup").id == private.one("AWS::EC2::SecurityGroup").id

    def test_tasks_admit_what_is_in_their_subnets_on_one_port(self, any_stack: Reading) -> None:
        rules = [rule for admitting, rule in any_stack.inbound() if admitting == group(any_stack)]
        port = container(any_stack)["PortMappings"][0]["ContainerPort"]
        assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules} == {("tcp", port, port)}
        assert [rule["CidrIp"] for rule in rules] == [subnet["CidrBlock"] for subnet in placed(any_stack)]

    def test_nothing_else_of_the_stack_is_in_these_subnets(self, any_stack: Reading) -> None:
        """NAT gateways and interface endpoints are exceptions, because they send requests to no task."""
        subnets = {subnet.id for subnet in placed(any_stack)}
        others = {
            resource.type
            for resource in any_stack.resources.values()
            if {name for name in subnets if any_stack.refers(resource, any_stack.resources[name])}
        }
        routing = {"AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPCEndpoint", SERVICE}
        assert others <= routing

    def test_tasks_reach_out_by_https_only(self, any_stack: Reading) -> None:
        rules = any_stack.outbound(group(any_stack))
        assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules} == {("tcp", 443, 443)}

    @pytest.mark.parametrize(
        ("name", "tier", "services"),
        [
            ("production", "isolated", {"ecr.api", "ecr.dkr", "logs"}),
            ("full", "private", {"ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"}),
        ],
    )
    def test_production_has_endpoints_for_what_tasks_call(
        self, read: Callable[[str], Reading], name: str, tier: str, services: set[str]
    ) -> None:
        stack = read(name)
        endpoints = {
            stack.shown(endpoint["ServiceName"]).removeprefix("com.amazonaws.${AWS::Region}."): endpoint
            for endpoint in stack.all("AWS::EC2::VPCEndpoint")
            if endpoint["VpcEndpointType"] == "Interface"
        }
        assert endpoints.keys() == services
        for endpoint in endpoints.values():
            assert [stack.to(subnet) for subnet in endpoint["SubnetIds"]] == stack.subnets(tier)
            [admitting] = endpoint["SecurityGroupIds"]
            rules = [rule for each, rule in stack.inbound() if each == stack.to(admitting)]
            assert [stack.to(rule["SourceSecurityGroupId"]) for rule in rules] == [group(stack)]

    @pytest.mark.parametrize("name", ["sandbox", "own", "private"])
    def test_sandbox_has_no_interface_endpoints(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        assert {endpoint["VpcEndpointType"] for endpoint in stack.all("AWS::EC2::VPCEndpoint")} == {"Gateway"}

    def test_flow_logs(self, any_stack: Reading) -> None:
        assert any_stack.to(any_stack.one("AWS::EC2::FlowLog")["LogGroupName"]).type == "AWS::Logs::LogGroup"


class TestRoles:
    def test_the_infrastructure_role_has_the_policy_of_aws_and_no_other(self, any_stack: Reading) -> None:
        role = any_stack.to(service(any_stack)["InfrastructureRoleArn"])
        assert any_stack.shown(role["ManagedPolicyArns"]) == [INFRASTRUCTURE_POLICY]
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust == {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": "ecs.amazonaws.com"},
        }
        assert any_stack.statements(role) == []

    def test_the_task_role_may_do_nothing(self, any_stack: Reading) -> None:
        role = any_stack.to(task(any_stack)["TaskRoleArn"])
        assert any_stack.statements(role) == []
        assert "ManagedPolicyArns" not in role.body["Properties"]

    def test_the_execution_role_writes_to_one_log_group(self, sandbox: Reading) -> None:
        assert sandbox.statements(sandbox.to(task(sandbox)["ExecutionRoleArn"])) == [
            {
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Effect": "Allow",
                "Resource": "${AWS::Logs::LogGroup.Arn}",
            }
        ]

    def test_the_execution_role_pulls_and_reads_what_is_given(self, full: Reading) -> None:
        statements = full.statements(full.to(task(full)["ExecutionRoleArn"]))
        resources = {action: each["Resource"] for each in statements for action in _listed(each["Action"])}
        assert resources["secretsmanager:GetSecretValue"] == FULL["secrets"]["PASSWORD"]
        assert resources["ssm:GetParameters"] == FULL["parameters"]["GREETING"]
        assert resources["kms:Decrypt"] == FULL["secret_key_arns"][0]
        assert resources["ecr:BatchGetImage"].endswith(":repository/team/app")
        assert {action for action, resource in resources.items() if resource == "*"} == {"ecr:GetAuthorizationToken"}

    def test_no_role_has_a_fixed_name(self, any_stack: Reading) -> None:
        assert not [role for role in any_stack.all("AWS::IAM::Role") if role.get("RoleName")]


class TestService:
    def test_the_task_definition_says_what_the_properties_would_exclude(self, any_stack: Reading) -> None:
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html"""
        excluded = {"PrimaryContainer", "ExecutionRoleArn", "TaskRoleArn", "Cpu", "Memory"}
        assert not excluded & service(any_stack).body["Properties"].keys()
        assert task(any_stack).type == "AWS::ECS::TaskDefinition"
        assert task(any_stack)["RequiresCompatibilities"] == ["FARGATE"]
        assert container(any_stack)["Name"] == "Main"
        [port] = container(any_stack)["PortMappings"]
        assert port["Name"]
        assert port["Protocol"] == "tcp"

    def test_it_is_of_its_own_cluster_by_name_and_has_none_itself(self, any_stack: Reading) -> None:
        """A service with a fixed name cannot be replaced, and each change of a tag would replace it."""
        assert any_stack.shown(service(any_stack)["Cluster"]) == "${AWS::ECS::Cluster}"
        assert not {"ServiceName", "Tags"} & service(any_stack).body["Properties"].keys()

    def test_the_cluster_has_fargate_before_the_service(self, any_stack: Reading) -> None:
        providers = any_stack.one("AWS::ECS::ClusterCapacityProviderAssociations")
        assert "FARGATE" in providers["CapacityProviders"]
        assert providers.id in any_stack.before(service(any_stack))

    def test_it_is_deleted_before_roles_and_routes(self, any_stack: Reading) -> None:
        needed = any_stack.before(service(any_stack))
        execution = any_stack.to(task(any_stack)["ExecutionRoleArn"])
        infrastructure = any_stack.to(service(any_stack)["InfrastructureRoleArn"])
        policies = [
            policy.id for policy in any_stack.all("AWS::IAM::Policy") if any_stack.to(policy["Roles"][0]) == execution
        ]
        routes = [any_stack.default_route(subnet) for subnet in placed(any_stack)]
        assert len(policies) == 1
        assert len(routes) == 3
        assert {execution.id, infrastructure.id, *policies, *(route.id for route in routes if route)} <= needed
        associations = [
            each.id
            for each in any_stack.all("AWS::EC2::SubnetRouteTableAssociation")
            if any_stack.to(each["SubnetId"]) in placed(any_stack)
        ]
        assert len(associations) == 3
        assert set(associations) <= needed

    @pytest.mark.parametrize(
        ("name", "path"), [("sandbox", "/"), ("production", "/"), ("own", "/ping"), ("full", "/healthz")]
    )
    def test_the_load_balancer_asks_a_path(self, read: Callable[[str], Reading], name: str, path: str) -> None:
        assert service(read(name))["HealthCheckPath"] == path

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("sandbox", ("AVERAGE_CPU", 60, 2, 6)),
            ("production", ("AVERAGE_CPU", 60, 2, 6)),
            ("own", ("AVERAGE_MEMORY", 75, 2, 6)),
            ("full", ("REQUEST_COUNT_PER_TARGET", 1000, 3, 30)),
        ],
    )
    def test_it_scales_by_one_metric_between_two_bounds(
        self, read: Callable[[str], Reading], name: str, expected: tuple[str, int, int, int]
    ) -> None:
        scaling = service(read(name))["ScalingTarget"]
        metric, target, least, most = expected
        assert scaling == {
            "AutoScalingMetric": metric,
            "AutoScalingTargetValue": target,
            "MinTaskCount": least,
            "MaxTaskCount": most,
        }

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("sandbox", ("256", "512", "X86_64")),
            ("production", ("256", "512", "X86_64")),
            ("full", ("512", "2048", "ARM64")),
        ],
    )
    def test_sizes_and_architecture(
        self, read: Callable[[str], Reading], name: str, expected: tuple[str, str, str]
    ) -> None:
        found = task(read(name))
        assert (found["Cpu"], found["Memory"], found["RuntimePlatform"]["CpuArchitecture"]) == expected

    def test_tasks_are_non_root_with_a_read_only_root_file_system(self, any_stack: Reading) -> None:
        assert container(any_stack)["User"] == "1000:1000"
        assert container(any_stack)["ReadonlyRootFilesystem"] is True

    def test_there_is_no_shell_and_nothing_for_one(self, any_stack: Reading) -> None:
        assert "Volumes" not in task(any_stack).body["Properties"]
        assert "ShellCommand" not in any_stack.document["Outputs"]

    def test_logs_go_to_an_explicit_group(self, any_stack: Reading) -> None:
        options = container(any_stack)["LogConfiguration"]["Options"]
        assert any_stack.to(options["awslogs-group"]).type == "AWS::Logs::LogGroup"

    def test_the_demonstration_says_which_task_answers(self, sandbox: Reading) -> None:
        command = container(sandbox)["Command"]
        assert "AvailabilityZone" in command[2]
        assert command[3:6] == ["web.sh", "/www", "8080"]
        assert [tmpfs["ContainerPath"] for tmpfs in container(sandbox)["LinuxParameters"]["Tmpfs"]] == ["/www"]

    def test_a_user_image_runs_its_own_command_or_the_set_one(self, own: Reading, full: Reading) -> None:
        assert not {"Command", "EntryPoint", "Environment"} & container(own).keys()
        assert container(full)["EntryPoint"] == ["/entry"]
        assert container(full)["Environment"] == [{"Name": "LOG_LEVEL", "Value": "info"}]
        assert (container(full)["HealthCheck"]["StartPeriod"], container(full)["StopTimeout"]) == (120, 90)
        assert "HealthCheck" not in container(own)
        assert container(full)["Command"] == ["serve", "--quiet"]
        assert container(full)["HealthCheck"]["Command"] == ["CMD", "/healthy"]
        assert {secret["Name"] for secret in container(full)["Secrets"]} == {"PASSWORD", "GREETING"}
        assert [tmpfs["ContainerPath"] for tmpfs in container(full)["LinuxParameters"]["Tmpfs"]] == [
            *("/tmp", "/var/cache/nginx"),
        ]

    def test_web_acl_of_the_setting(self, full: Reading, sandbox: Reading) -> None:
        association = full.one("AWS::WAFv2::WebACLAssociation")
        assert full.shown(association["ResourceArn"]) == FRONT
        assert association["WebACLArn"] == FULL["web_acl_arn"]
        assert not sandbox.all("AWS::WAFv2::WebACLAssociation")


class TestOperation:
    def test_alarms_notify_the_topic(self, any_stack: Reading) -> None:
        found = alarms_of(any_stack)
        assert {name: rings(alarm) for name, alarm in found.items()} == {
            "TaskErrors": (3, 15, "notBreaching"),
            "LoadBalancerErrors": (3, 15, "notBreaching"),
            "ResponseTime": (5, 15, "notBreaching"),
            "CrashingTasks": (4, 20, "notBreaching"),
            "MissingTasks": (6, 20, "breaching"),
            "WaitingTasks": (12, 15, "notBreaching"),
        }
        check_that_alarms_notify(any_stack, page="docs/ecs-express.md")

    @pytest.mark.parametrize("name", ["TaskErrors", "LoadBalancerErrors", "ResponseTime"])
    def test_load_balancer_alarms_watch_the_one_that_ecs_made(self, any_stack: Reading, name: str) -> None:
        alarm = alarms_of(any_stack)[name]
        metrics = [item["MetricStat"]["Metric"] for item in alarm.get("Metrics", []) if "MetricStat" in item]
        # The dimension is what its ARN has after "loadbalancer/".
        arn = {"Fn::GetAtt": [service(any_stack).id, "ECSManagedResourceArns.IngressPath.LoadBalancerArn"]}
        first, *others = [{"Fn::Select": [part, {"Fn::Split": ["/", arn]}]} for part in (1, 2, 3)]
        full_name = {"Fn::Join": ["", [first, *(each for other in others for each in ("/", other))]]}
        for metric in metrics or [alarm]:
            assert metric["Dimensions"] == [{"Name": "LoadBalancer", "Value": full_name}]

    @pytest.mark.parametrize("name", ["CrashingTasks", "MissingTasks", "WaitingTasks"])
    def test_tasks_are_watched_by_service_name(self, any_stack: Reading, name: str) -> None:
        metrics = [
            each["MetricStat"]["Metric"] for each in alarms_of(any_stack)[name]["Metrics"] if "MetricStat" in each
        ]
        service_name = {"Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": [service(any_stack).id, "ServiceArn"]}]}]}
        for metric in metrics:
            assert {"Name": "ServiceName", "Value": service_name} in metric["Dimensions"]

    @pytest.mark.parametrize(("name", "least"), [("sandbox", 2), ("full", FULL["min_tasks"])])
    def test_tasks_are_missing_below_the_minimum(self, read: Callable[[str], Reading], name: str, least: int) -> None:
        assert expression_of(alarms_of(read(name))["MissingTasks"]) == f"{least} - FILL(running, 0)"

    def test_a_failed_deployment_notifies_the_topic(self, any_stack: Reading) -> None:
        [rule] = [each for each in any_stack.all("AWS::Events::Rule") if "resources" in each["EventPattern"]]
        assert any_stack.shown(rule["EventPattern"]["resources"]) == [f"${{{SERVICE}.ServiceArn}}"]
        assert rule["EventPattern"]["detail"] == {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}
        assert any_stack.to(rule["Targets"][0]["Arn"]) == any_stack.one("AWS::SNS::Topic")

    def test_each_unhealthy_task_that_ecs_stops_notifies_the_topic(self, any_stack: Reading) -> None:
        [rule] = [each for each in any_stack.all("AWS::Events::Rule") if "resources" not in each["EventPattern"]]
        assert rule["EventPattern"]["detail-type"] == ["ECS Task State Change"]
        detail = rule["EventPattern"]["detail"]
        assert any_stack.to(detail.pop("clusterArn")[0]) == any_stack.one("AWS::ECS::Cluster")
        [group] = detail.pop("group")
        assert any_stack.shown(group) == "service:${Fn::Select}"
        assert detail == {"lastStatus": ["STOPPED"], "stoppedReason": [{"prefix": "Task failed "}]}
        assert any_stack.to(rule["Targets"][0]["Arn"]) == any_stack.one("AWS::SNS::Topic")

    @pytest.mark.parametrize(("name", "setting"), [("sandbox", "enabled"), ("production", "enhanced")])
    def test_container_insights(self, read: Callable[[str], Reading], name: str, setting: str) -> None:
        [found] = read(name).one("AWS::ECS::Cluster")["ClusterSettings"]
        assert found == {"Name": "containerInsights", "Value": setting}

    @pytest.mark.parametrize(("name", "days"), [("sandbox", 7), ("production", 365), ("full", 30)])
    def test_logs_are_kept_for_a_set_time(self, read: Callable[[str], Reading], name: str, days: int) -> None:
        groups = read(name).all("AWS::Logs::LogGroup")
        assert [each["RetentionInDays"] for each in groups] == [days] * 2

    def test_production_encrypts_and_keeps(self, production: Reading, sandbox: Reading) -> None:
        key = production.one("AWS::KMS::Key")
        for each in production.all("AWS::Logs::LogGroup"):
            assert production.to(each["KmsKeyId"]) == key
            assert each.kept == ("RetainExceptOnCreate", "Retain")
        assert production.to(production.one("AWS::SNS::Topic")["KmsMasterKeyId"]) == key
        assert key.kept == ("RetainExceptOnCreate", "Retain")
        assert production.stack.termination_protection
        assert not sandbox.all("AWS::KMS::Key")
        assert {each.kept for each in sandbox.all("AWS::Logs::LogGroup")} == {("Delete", "Delete")}
        assert not sandbox.stack.termination_protection

    def test_alarm_email_subscribes_an_address(self, full: Reading, sandbox: Reading) -> None:
        assert full.one("AWS::SNS::Subscription")["Endpoint"] == FULL["alarm_email"]
        assert not sandbox.all("AWS::SNS::Subscription")

    def test_outputs(self, any_stack: Reading) -> None:
        assert any_stack.document["Outputs"].keys() == {"Url", "DescribeCommand", "LogGroupName", "DashboardUrl"}
        assert any_stack.output("Url") == f"https://${{{SERVICE}.Endpoint}}"
        command = "aws ecs describe-express-gateway-service --service-arn "
        assert any_stack.output("DescribeCommand") == f"{command}${{{SERVICE}.ServiceArn}}"

    @pytest.mark.parametrize(
        ("name", "said"),
        [("sandbox", "URL of the service for the internet"), ("full", "URL of the service for clients in the VPC")],
    )
    def test_the_output_says_who_reaches_the_url(self, read: Callable[[str], Reading], name: str, said: str) -> None:
        assert read(name).document["Outputs"]["Url"]["Description"] == said


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "path", "remedy"),
        [
            (
                {"min_tasks": 7},
                "max_tasks",
                "max_tasks must be at least min_tasks (7), got 6. Raise max_tasks or lower min_tasks.",
            ),
            ({"memory_mib": 600}, "memory_mib", "512, 1024, 2048"),
            (
                {"scaling_target": 5},
                "scaling_target",
                "scaling_target must be 10 to 90 % with scaling_metric cpu, got 5.",
            ),
            ({"scaling_target": 91, "scaling_metric": "memory"}, "scaling_target", "must be 10 to 90 % with"),
            ({"scaling_target": 0, "scaling_metric": "requests"}, "scaling_target", "from 1 to 65,536"),
            ({"scaling_target": 65537, "scaling_metric": "requests"}, "scaling_target", "from 1 to 65,536"),
            ({"scaling_metric": "concurrency"}, "scaling_metric", "one of cpu, memory, requests"),
            ({"private_ingress": "yes"}, "private_ingress", "true or false"),
            ({"command": ["serve"]}, "command", "Must be empty for the demonstration"),
            (
                {"health_check": {"path": "/up"}},
                "health_check",
                "on /, but path does not. Set image to use another value.",
            ),
            ({"writable_paths": ["/www"]}, "writable_paths", "Paths must not contain each other"),
            ({"container_port": 80}, "container_port", "from 1,024 to 65,535"),
            ({"desired_count": 3}, "desired_count", "auto scaling owns the number of tasks"),
            (
                {"certificate_arn": "arn"},
                "certificate_arn",
                "ECS owns the load balancer. Use FargateEfsStack for certificate_arn.",
            ),
            ({"allowed_cidrs": ["10.0.0.0/8"]}, "allowed_cidrs", "Use FargateEfsStack for allowed_cidrs."),
            ({"target_cpu_percent": 60}, "target_cpu_percent", "Set scaling_metric and scaling_target."),
            (
                {"spot_percent": 50},
                "spot_percent",
                "Not supported by Express Mode. Use FargateEfsStack for spot_percent.",
            ),
        ],
    )
    def test_settings(self, settings: dict[str, Any], path: str, remedy: str) -> None:
        said = refusal(EcsExpressStack, **settings)
        assert list(said) == [path]
        assert remedy in said[path]


class TestPage:
    PAGE = Path(__file__).parents[2] / "docs" / "ecs-express.md"

    @pytest.mark.parametrize("name", EcsExpressStack.settings_type.model_fields)
    def test_every_setting_is_laid_beside_app_runner_s(self, name: str) -> None:
        table = self.PAGE.read_text(encoding="utf-8").partition("## Side by side")[2].partition("\n## ")[0]
        rows = [line.split("|") for line in table.splitlines() if line.startswith("|")]
        assert any(f"`{name}`" in row[3] for row in rows)


class TestConstruct:
    @pytest.mark.parametrize(
        ("task", "more", "message"),
        [
            ({"container_name": "web"}, {}, r"task must have a container Main with one named port, got web with"),
            ({"port_name": None}, {}, r"got Main with \[\(8080, None\)\]\."),
            ({"port": None}, {}, r"got Main with \[\]\."),
            (
                {"compatibility": ecs.Compatibility.MANAGED_INSTANCES},
                {},
                "task must have compatibility FARGATE, got MANAGED_INSTANCES",
            ),
            ({}, {"min_tasks": 3, "max_tasks": 2}, r"max_tasks must be at least min_tasks \(3\), got 2\."),
            ({}, {"min_tasks": 0}, r"min_tasks must be at least 1, got 0\."),
            ({}, {"scaling_target": 95}, "scaling_target must be 10 to 90 % with scaling_metric cpu, got 95"),
            ({}, {"public": False}, "network must have private subnets"),
        ],
    )
    def test_what_express_mode_does_not_accept(self, task: dict[str, Any], more: dict[str, Any], message: str) -> None:
        stack = cdk.Stack()
        network = Network(stack, "Network", posture=SANDBOX, private_subnets=False)
        logs = LogGroup(stack, "Logs", posture=SANDBOX, retention_days=None, key=None)
        arguments: dict[str, Any] = {"container_name": "Main", "port": 8080, "port_name": "http", **task}
        made = Task(
            stack,
            "Task",
            posture=replace(SANDBOX, execute_command=False),
            image="public.ecr.aws/a/b:1",
            log_group=logs,
            **arguments,
        )
        ecs_cluster = cluster(stack, "Cluster", network=network, posture=SANDBOX)
        with pytest.raises(ValueError, match=message):
            ExpressService(stack, "Express", cluster=ecs_cluster, network=network, task=made, **more)
        assert stack.node.try_find_child("Express") is None

    def test_what_is_added_to_the_infrastructure_role_outlives_the_service(self) -> None:
        """ECS needs the permissions to delete the resources that it made."""
        stack = cdk.Stack(unchecked_app())
        network = Network(stack, "Network", posture=SANDBOX)
        logs = LogGroup(stack, "Logs", posture=SANDBOX, retention_days=None, key=None)
        named: dict[str, Any] = {"container_name": "Main", "port_name": "http"}
        made = Task(stack, "Task", posture=SANDBOX, image="public.ecr.aws/a/b:1", log_group=logs, port=8080, **named)
        ecs_cluster = cluster(stack, "Cluster", network=network, posture=SANDBOX)
        express = ExpressService(stack, "Express", cluster=ecs_cluster, network=network, task=made)
        more = iam.PolicyStatement(actions=["ec2:DescribeVpcs"], resources=["*"])
        express.infrastructure_role.add_to_principal_policy(more)
        reading = Reading(stack)
        [added] = [
            policy for policy in reading.all("AWS::IAM::Policy") if "ec2:DescribeVpcs" in str(policy["PolicyDocument"])
        ]
        assert added.id in reading.before(service(reading))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="module")
def private(read: Callable[[str], Reading]) -> Reading:
    """The variant that is reached from within the VPC."""
    return read("private")


def test_the_stack_gives_what_it_made(sandbox: Reading) -> None:
    made = sandbox.stack
    assert isinstance(made, EcsExpressStack)
    types = {
        made.network.vpc.vpc_id: "AWS::EC2::VPC",
        made.cluster.cluster_name: "AWS::ECS::Cluster",
        made.task.definition.task_definition_arn: "AWS::ECS::TaskDefinition",
        made.service.service.attr_service_arn: SERVICE,
        made.service.load_balancer.load_balancer_arn: SERVICE,
        made.logs.log_group_name: "AWS::Logs::LogGroup",
        made.monitoring.topic.topic_arn: "AWS::SNS::Topic",
    }
    assert sandbox.types_of(types) == types


class TestOutboundTraffic(OutboundTraffic):
    """The tests that every pattern with a network has in common."""


class TestDrawing(DrawingPromises):
    """What docs/ecs-express.d2 shows."""
