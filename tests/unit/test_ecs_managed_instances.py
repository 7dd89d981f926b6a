"""The promises of stacks/ecs_managed_instances."""

from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs

from patternbook import SANDBOX, LogGroup, ManagedInstancesService, Network, Task
from patternbook.ecs.managed_instances import ManagedInstances
from patternbook.ecs.service import cluster
from patternbook.limits.ecs_capacity import check_bounds, check_fits
from patternbook.testing.alarms import alarms_of, check_that_alarms_notify, rings, roll_back_on
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.options import WEB_SERVICE_OPTIONS
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.security_groups import OutboundTraffic
from patternbook.testing.synthesis import refusal
from stacks.ecs_managed_instances import EcsManagedInstancesStack

PATTERN = EcsManagedInstancesStack
EVERY_OPTION: Mapping[str, Any] = {
    **WEB_SERVICE_OPTIONS,
    "domain_name": "machines.example.com",  # a name belongs to one stack
    "cpu": 1024,
    "memory_mib": 2048,
    "architecture": "x86_64",
    "burstable": False,
    "allowed_instance_types": ["m7i.*", "c7a.*"],
    "capacity_option": "spot",
    "min_vcpus": 2,
    "max_vcpus": 8,
    "min_memory_gib": 4,
    "max_memory_gib": 32,
    "volume_gib": 100,
}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
# Sandbox on x86_64, with room for large tasks only.
OWN: Mapping[str, Any] = {
    "architecture": "x86_64",
    "cpu": 4096,
    "memory_mib": 8192,
    "min_vcpus": 4,
    "max_vcpus": 4,
    "min_memory_gib": 16,
    "max_memory_gib": 16,
    "burstable": False,
}
VARIANTS = {"full": FULL, "own": OWN}

INFRASTRUCTURE_POLICY = "arn:${AWS::Partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForManagedInstances"
CHANNELS = {f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")}
HTTPS_OUT = {("tcp", 443, 443)}


def provider(stack: Reading) -> Resource:
    return stack.one("AWS::ECS::CapacityProvider")


def launch(stack: Reading) -> dict[str, Any]:
    return provider(stack)["ManagedInstancesProvider"]["InstanceLaunchTemplate"]


def instance_group(stack: Reading) -> Resource:
    [group] = launch(stack)["NetworkConfiguration"]["SecurityGroups"]
    return stack.to(group)


def instance_role(stack: Reading) -> Resource:
    [role] = stack.to(launch(stack)["Ec2InstanceProfileArn"])["Roles"]
    return stack.to(role)


def infrastructure_role(stack: Reading) -> Resource:
    return stack.to(provider(stack)["ManagedInstancesProvider"]["InfrastructureRoleArn"])


def task(stack: Reading) -> Resource:
    return stack.one("AWS::ECS::TaskDefinition")


def container(stack: Reading) -> dict[str, Any]:
    [only] = task(stack)["ContainerDefinitions"]
    return only


def task_group(stack: Reading) -> Resource:
    [group] = stack.one("AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]["SecurityGroups"]
    return stack.to(group)


class TestNetwork:
    def test_instances_and_tasks_are_in_private_subnets_of_three_azs(self, any_stack: Reading) -> None:
        private = {subnet.id for subnet in any_stack.subnets("private")}
        assert len(private) == 3
        tasks = any_stack.one("AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
        for subnets in (tasks["Subnets"], launch(any_stack)["NetworkConfiguration"]["Subnets"]):
            assert {any_stack.to(subnet).id for subnet in subnets} == private
        assert tasks["AssignPublicIp"] == "DISABLED"

    def test_instances_admit_nobody_and_tasks_the_load_balancer(self, any_stack: Reading) -> None:
        admitted: dict[str, list[dict[str, Any]]] = {}
        for group, rule in any_stack.inbound():
            admitted.setdefault(group.id, []).append(rule)
        assert instance_group(any_stack).id not in admitted
        [rule] = admitted[task_group(any_stack).id]
        [front] = any_stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")["SecurityGroups"]
        assert any_stack.to(rule["SourceSecurityGroupId"]) == any_stack.to(front)
        assert rule["FromPort"] == rule["ToPort"] == container(any_stack)["PortMappings"][0]["ContainerPort"]

    def test_instances_and_tasks_reach_out_by_https_only(self, any_stack: Reading) -> None:
        for group in (instance_group(any_stack), task_group(any_stack)):
            rules = any_stack.outbound(group)
            assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules} == HTTPS_OUT

    def test_production_has_endpoints_for_what_instances_and_tasks_call(self, production: Reading) -> None:
        endpoints = {
            production.shown(endpoint["ServiceName"]).removeprefix("com.amazonaws.${AWS::Region}."): endpoint
            for endpoint in production.all("AWS::EC2::VPCEndpoint")
            if endpoint["VpcEndpointType"] == "Interface"
        }
        assert endpoints.keys() == {"ecs", "ecs-agent", "ecs-telemetry", "ecr.api", "ecr.dkr", "logs"}
        for endpoint in endpoints.values():
            [group] = endpoint["SecurityGroupIds"]
            clients = {
                production.to(rule["SourceSecurityGroupId"]).id
                for admitting, rule in production.inbound()
                if admitting == production.to(group)
            }
            assert clients == {instance_group(production).id, task_group(production).id}

    def test_sandbox_has_no_interface_endpoints(self, sandbox: Reading) -> None:
        assert {endpoint["VpcEndpointType"] for endpoint in sandbox.all("AWS::EC2::VPCEndpoint")} == {"Gateway"}


class TestCapacity:
    def test_it_is_of_the_cluster_and_not_named_after_ecs(self, any_stack: Reading) -> None:
        assert any_stack.to(provider(any_stack)["ClusterName"]).type == "AWS::ECS::Cluster"
        assert not provider(any_stack)["Name"].lower().startswith(("aws", "ecs", "fargate"))

    @pytest.mark.parametrize("name", ["sandbox", "production"])
    def test_instances_are_chosen_by_their_attributes(self, read: Callable[[str], Reading], name: str) -> None:
        assert launch(read(name))["InstanceRequirements"] == {
            "AcceleratorCount": {"Max": 0},
            "BareMetal": "excluded",
            "BurstablePerformance": "included",
            "CpuManufacturers": ["amazon-web-services"],
            "MemoryMiB": {"Min": 1024, "Max": 16384},
            "VCpuCount": {"Min": 1, "Max": 4},
        }

    def test_bounds_of_the_settings(self, full: Reading) -> None:
        assert launch(full)["InstanceRequirements"] == {
            "AcceleratorCount": {"Max": 0},
            "AllowedInstanceTypes": ["m7i.*", "c7a.*"],
            "BareMetal": "excluded",
            "BurstablePerformance": "excluded",
            "CpuManufacturers": ["intel", "amd"],
            "MemoryMiB": {"Min": 4096, "Max": 32768},
            "VCpuCount": {"Min": 2, "Max": 8},
        }

    @pytest.mark.parametrize(
        ("name", "option", "gib"),
        [("sandbox", "ON_DEMAND", 80), ("production", "ON_DEMAND", 80), ("full", "SPOT", 100)],
    )
    def test_on_demand_or_spot_with_a_volume(
        self, read: Callable[[str], Reading], name: str, option: str, gib: int
    ) -> None:
        found = launch(read(name))
        assert found["CapacityOptionType"] == option
        assert found["StorageConfiguration"] == {"StorageSizeGiB": gib}
        assert found["Monitoring"] == "DETAILED"

    def test_processors_and_tasks_are_of_one_architecture(self, any_stack: Reading) -> None:
        architecture = task(any_stack)["RuntimePlatform"]["CpuArchitecture"]
        expected = {"ARM64": ["amazon-web-services"], "X86_64": ["intel", "amd"]}[architecture]
        assert launch(any_stack)["InstanceRequirements"]["CpuManufacturers"] == expected


class TestRoles:
    def test_the_infrastructure_role_has_the_policy_of_aws_and_passes_the_instance_role(
        self, any_stack: Reading
    ) -> None:
        role = infrastructure_role(any_stack)
        assert any_stack.shown(role["ManagedPolicyArns"]) == [INFRASTRUCTURE_POLICY]
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "ecs.amazonaws.com"}
        assert any_stack.statements(role) == [
            {
                "Action": "iam:PassRole",
                "Condition": {"StringEquals": {"iam:PassedToService": "ec2.${AWS::URLSuffix}"}},
                "Effect": "Allow",
                "Resource": "${AWS::IAM::Role.Arn}",
            }
        ]
        [policy] = [each for each in any_stack.all("AWS::IAM::Policy") if any_stack.to(each["Roles"][0]) == role]
        [statement] = policy["PolicyDocument"]["Statement"]
        assert any_stack.to(statement["Resource"]) == instance_role(any_stack)

    def test_the_instance_role_is_for_the_agent_of_this_cluster(self, any_stack: Reading) -> None:
        role = instance_role(any_stack)
        assert "ManagedPolicyArns" not in role.body["Properties"]
        instances = "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:container-instance"
        assert {statement["Resource"]: statement["Action"] for statement in any_stack.statements(role)} == {
            "*": "ecs:DiscoverPollEndpoint",
            "${AWS::ECS::Cluster.Arn}": [
                *("ecs:RegisterContainerInstance", "ecs:SubmitAttachmentStateChanges", "ecs:SubmitTaskStateChange"),
            ],
            instances + "/${AWS::ECS::Cluster}/*": ["ecs:Poll", "ecs:PutSystemLogEvents", "ecs:StartTelemetrySession"],
        }

    def test_no_role_has_a_fixed_name(self, any_stack: Reading) -> None:
        for kind in ("Role", "InstanceProfile"):
            assert not [each for each in any_stack.all(f"AWS::IAM::{kind}") if each.get(f"{kind}Name")]

    @pytest.mark.parametrize(("name", "allowed"), [("sandbox", CHANNELS), ("production", set()), ("full", set())])
    def test_the_task_role_may_do_nothing_but_for_a_shell_in_sandbox(
        self, read: Callable[[str], Reading], name: str, allowed: set[str]
    ) -> None:
        stack = read(name)
        role = stack.to(task(stack)["TaskRoleArn"])
        assert {action for statement in stack.statements(role) for action in statement["Action"]} == allowed
        assert "ManagedPolicyArns" not in role.body["Properties"]


class TestService:
    def test_the_service_uses_the_provider_and_no_launch_type(self, any_stack: Reading) -> None:
        service = any_stack.one("AWS::ECS::Service")
        [strategy] = service["CapacityProviderStrategy"]
        assert any_stack.to(strategy["CapacityProvider"]) == provider(any_stack)
        assert strategy["Weight"] == 1
        assert "LaunchType" not in service.body["Properties"]
        assert task(any_stack)["RequiresCompatibilities"] == ["MANAGED_INSTANCES"]
        assert task(any_stack)["NetworkMode"] == "awsvpc"

    def test_the_service_is_deleted_before_the_provider_and_that_before_roles_and_routes(
        self, any_stack: Reading
    ) -> None:
        assert provider(any_stack).id in any_stack.before(any_stack.one("AWS::ECS::Service"))
        needed = any_stack.before(provider(any_stack))
        roles = {instance_role(any_stack).id, infrastructure_role(any_stack).id}
        policies = {
            policy.id for policy in any_stack.all("AWS::IAM::Policy") if any_stack.to(policy["Roles"][0]).id in roles
        }
        routes = [any_stack.default_route(subnet) for subnet in any_stack.subnets("private")]
        assert len(policies) == 2
        assert roles | policies | {route.id for route in routes if route} <= needed

    def test_deployments_roll_and_roll_back(self, any_stack: Reading) -> None:
        service = any_stack.one("AWS::ECS::Service")
        configuration = dict(service["DeploymentConfiguration"])
        alarms = configuration.pop("Alarms", None)
        assert configuration.pop("BakeTimeInMinutes", None) == (20 if alarms else None)
        assert configuration == {
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            "MaximumPercent": 200,
            "MinimumHealthyPercent": 100,
        }
        assert service["AvailabilityZoneRebalancing"] == "ENABLED"
        assert "DesiredCount" not in service.body["Properties"]

    def test_alarms_roll_back_in_production(self, production: Reading, sandbox: Reading) -> None:
        found = roll_back_on(production, production.one("AWS::ECS::Service"))
        assert found == {"TaskErrors", "LoadBalancerErrors", "CrashingTasks", "MissingTasks"}
        assert roll_back_on(sandbox, sandbox.one("AWS::ECS::Service")) == set()

    def test_tasks_are_non_root_with_a_read_only_root_file_system(self, any_stack: Reading) -> None:
        assert container(any_stack)["User"] == "1000:1000"
        assert container(any_stack)["ReadonlyRootFilesystem"] is True

    def test_a_shell_opens_in_sandbox_only(self, sandbox: Reading, production: Reading) -> None:
        assert sandbox.one("AWS::ECS::Service")["EnableExecuteCommand"] is True
        assert not production.one("AWS::ECS::Service").get("EnableExecuteCommand")
        assert "aws ecs execute-command" in sandbox.output("ShellCommand")
        assert "ShellCommand" not in production.document["Outputs"]

    def test_logs_go_to_an_explicit_group(self, any_stack: Reading) -> None:
        options = container(any_stack)["LogConfiguration"]["Options"]
        assert any_stack.to(options["awslogs-group"]).type == "AWS::Logs::LogGroup"

    def test_it_scales_by_cpu_memory_and_requests(self, any_stack: Reading) -> None:
        tracked = {
            policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"]
            for policy in any_stack.all("AWS::ApplicationAutoScaling::ScalingPolicy")
            if policy["PolicyType"] == "TargetTrackingScaling" and "Hold" not in policy.id
        }
        assert tracked == {
            *("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget")
        }
        assert not any_stack.all("AWS::AutoScaling::AutoScalingGroup")

    def test_it_scales_by_schedule_and_response_time_as_set(self, full: Reading) -> None:
        [schedule] = full.one("AWS::ApplicationAutoScaling::ScalableTarget")["ScheduledActions"]
        assert schedule["Timezone"] == "Europe/Berlin"
        kinds = [policy["PolicyType"] for policy in full.all("AWS::ApplicationAutoScaling::ScalingPolicy")]
        assert kinds.count("StepScaling") == 1

    def test_the_demonstration_says_which_task_answers(self, sandbox: Reading) -> None:
        command = container(sandbox)["Command"]
        assert "AvailabilityZone" in command[2]
        assert command[3:6] == ["web.sh", "/www", "8080"]
        assert [tmpfs["ContainerPath"] for tmpfs in container(sandbox)["LinuxParameters"]["Tmpfs"]] == ["/www"]

    def test_a_user_image_runs_as_set(self, full: Reading, sandbox: Reading) -> None:
        assert (container(full)["EntryPoint"], container(full)["Command"]) == (["/entry"], ["serve", "--quiet"])
        assert container(full)["Environment"] == [{"Name": "LOG_LEVEL", "Value": "info"}]
        periods = [stack.one("AWS::ECS::Service")["HealthCheckGracePeriodSeconds"] for stack in (sandbox, full)]
        assert periods == [30 + 5 * 15, 240]
        assert container(full)["HealthCheck"]["Command"] == ["CMD", "/healthy"]
        assert {secret["Name"] for secret in container(full)["Secrets"]} == {"PASSWORD", "GREETING"}


class TestOperation:
    def test_alarms_notify_the_topic(self, any_stack: Reading) -> None:
        found = alarms_of(any_stack)
        grace_period = any_stack.one("AWS::ECS::Service")["HealthCheckGracePeriodSeconds"]
        assert {name: rings(alarm) for name, alarm in found.items()} == {
            "TaskErrors": (3, 15, "notBreaching"),
            "LoadBalancerErrors": (3, 15, "notBreaching"),
            # A task may be unhealthy for its grace period.
            "UnhealthyTargets": {105: (5, 15, "notBreaching"), 240: (6, 18, "notBreaching")}[grace_period],
            "ResponseTime": (5, 15, "notBreaching"),
            "CrashingTasks": (4, 20, "notBreaching"),
            "MissingTasks": (6, 20, "breaching"),
            "WaitingTasks": (12, 15, "notBreaching"),
        }
        check_that_alarms_notify(any_stack, page="docs/ecs-managed-instances.md")

    def test_a_failed_deployment_notifies_the_topic(self, any_stack: Reading) -> None:
        rule = any_stack.one("AWS::Events::Rule")
        assert any_stack.to(rule["EventPattern"]["resources"][0]) == any_stack.one("AWS::ECS::Service")
        assert rule["EventPattern"]["detail"] == {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}
        assert any_stack.to(rule["Targets"][0]["Arn"]) == any_stack.one("AWS::SNS::Topic")

    @pytest.mark.parametrize(("name", "setting"), [("sandbox", "enabled"), ("production", "enhanced")])
    def test_container_insights(self, read: Callable[[str], Reading], name: str, setting: str) -> None:
        [found] = read(name).one("AWS::ECS::Cluster")["ClusterSettings"]
        assert found == {"Name": "containerInsights", "Value": setting}

    def test_outputs(self, sandbox: Reading, production: Reading) -> None:
        common = {"Url", "LogGroupName", "InstancesCommand", "DashboardUrl"}
        assert sandbox.document["Outputs"].keys() == common | {"ShellCommand"}
        assert production.document["Outputs"].keys() == common
        command = sandbox.output("InstancesCommand")
        assert command.startswith("aws ecs describe-container-instances --cluster ${AWS::ECS::Cluster} ")


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "path", "remedy"),
        [
            ({"max_vcpus": 1, "min_vcpus": 2}, "max_vcpus", "max_vcpus must be at least min_vcpus (2), got 1."),
            (
                {"max_memory_gib": 1, "min_memory_gib": 2},
                "max_memory_gib",
                "max_memory_gib must be at least min_memory_gib (2), got 1.",
            ),
            ({"cpu": 8192}, "max_memory_gib", "must have room for a task with 8192 CPU units and 256 MiB"),
            ({"memory_mib": 16384}, "max_memory_gib", "the largest instance has 4096 CPU units and about 14745 MiB"),
            ({"architecture": "arm"}, "architecture", "one of arm64, x86_64"),
            ({"capacity_option": "Spot"}, "capacity_option", "one of on-demand, spot"),
            (
                {"allowed_instance_types": ["M8G"]},
                "allowed_instance_types.0",
                'in which * matches any characters, such as "m8g.*"',
            ),
            ({"allowed_instance_types": ["m8g.*", "m8g.*"]}, "allowed_instance_types", "are repeated"),
            ({"volume_gib": 20}, "volume_gib", "a whole number from 30 to 16,384"),
            (
                {"health_check": {"path": "/up"}},
                "health_check",
                "on /, but path does not. Set image to use another value.",
            ),
            (
                {"capacity_option": "spot", "health_check": {"stop_timeout_seconds": 91}},
                "capacity_option",
                "stop_timeout_seconds must be at most 90 on Spot instances, got 91.",
            ),
            ({"writable_paths": ["/www"]}, "writable_paths", "Paths must not contain each other"),
            ({"desired_count": 3}, "desired_count", "auto scaling owns the number of tasks"),
        ],
    )
    def test_settings(self, settings: dict[str, Any], path: str, remedy: str) -> None:
        said = refusal(EcsManagedInstancesStack, **settings)
        assert list(said) == [path]
        assert remedy in said[path]

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"min_vcpus": 5}, r"max_vcpus must be at least min_vcpus \(5\), got 4\."),
            ({"min_memory_gib": 0}, r"min_memory_gib must be at least 1, got 0\."),
        ],
    )
    def test_bounds(self, wrong: dict[str, int], message: str) -> None:
        sound = {"min_vcpus": 1, "max_vcpus": 4, "min_memory_gib": 1, "max_memory_gib": 8}
        check_bounds(**sound)
        with pytest.raises(ValueError, match=message):
            check_bounds(**{**sound, **wrong})

    def test_a_task_that_just_fits(self) -> None:
        check_fits(cpu=4096, memory_mib=14745, max_vcpus=4, max_memory_gib=16)
        with pytest.raises(ValueError, match="must have room for a task with 4097 CPU units"):
            check_fits(cpu=4097, memory_mib=1, max_vcpus=4, max_memory_gib=16)

    def test_a_task_of_another_kind(self) -> None:
        stack = cdk.Stack()
        network = Network(stack, "Network", posture=SANDBOX)
        capacity = ManagedInstances(
            stack,
            "Capacity",
            cluster=cluster(stack, "Cluster", network=network, posture=SANDBOX),
            network=network,
        )
        logs = LogGroup(stack, "Logs", posture=SANDBOX, retention_days=None, key=None)
        task = Task(stack, "Task", posture=SANDBOX, image="public.ecr.aws/a/b:1", log_group=logs)
        assert task.definition.compatibility == ecs.Compatibility.FARGATE
        with pytest.raises(ValueError, match="task must have compatibility MANAGED_INSTANCES, got FARGATE"):
            ManagedInstancesService(stack, "Service", network=network, task=task, capacity=capacity)
        assert stack.node.try_find_child("Service") is None


def test_the_stack_gives_what_it_made(sandbox: Reading) -> None:
    made = sandbox.stack
    assert isinstance(made, EcsManagedInstancesStack)
    types = {
        made.network.vpc.vpc_id: "AWS::EC2::VPC",
        made.load_balancer.load_balancer.load_balancer_arn: "AWS::ElasticLoadBalancingV2::LoadBalancer",
        made.cluster.cluster_name: "AWS::ECS::Cluster",
        made.capacity.role.role_arn: "AWS::IAM::Role",
        made.task.definition.task_definition_arn: "AWS::ECS::TaskDefinition",
        made.service.service.service_arn: "AWS::ECS::Service",
        made.logs.log_group_name: "AWS::Logs::LogGroup",
        made.monitoring.topic.topic_arn: "AWS::SNS::Topic",
    }
    assert sandbox.types_of(types) == types


class TestOutboundTraffic(OutboundTraffic):
    """The tests that every pattern with a network has in common."""


class TestDrawing(DrawingPromises):
    """What docs/ecs-managed-instances.d2 shows."""
