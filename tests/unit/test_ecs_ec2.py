"""The promises of stacks/ecs_ec2."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from patternbook.limits.ecs_capacity import check_numbers, check_scaling
from patternbook.limits.instance_types import (
    DEFAULT_TYPES,
    INSTANCE_TYPES,
    InstanceTypeName,
    TaskSize,
    check_instance_types,
    check_room,
)
from patternbook.posture import POSTURES
from patternbook.testing.alarms import alarms_of, check_that_alarms_notify, expression_of, rings, roll_back_on
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.options import WEB_SERVICE_OPTIONS
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.security_groups import OutboundTraffic
from patternbook.testing.synthesis import refusal, variant
from stacks.ecs_ec2 import EcsEc2Stack

EVERY_OPTION: Mapping[str, Any] = {
    **WEB_SERVICE_OPTIONS,
    "domain_name": "work.example.com",  # a name belongs to one stack
    "shared_files": True,
    "worker_image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/worker:v1",
    "architecture": "x86_64",
    "eni_trunking": True,
    "instance_types": ["m6i.large", "c6i.large"],
    "spot_percent": 60,
    "target_capacity_percent": 80,
}
# Options that exclude some of EVERY_OPTION.
OTHER_OPTIONS: Mapping[str, Any] = {"capacity_provider": False, "target_instance_cpu_percent": 40}
IN_EXISTING_VPC: Mapping[str, Any] = {"shared_files": True}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
# Sandbox on Bottlerocket and x86_64.
BOTTLEROCKET: Mapping[str, Any] = {"operating_system": "bottlerocket", "architecture": "x86_64"}
# Sandbox with shared files, instances that are protected, and no Spot.
SHARED: Mapping[str, Any] = {
    "shared_files": True,
    "protect_busy_instances": True,
    "instance_types": ["m7g.large"],
    "min_instances": 1,
    "max_instances": 8,
    "on_demand_base": 0,
    "spot_percent": 100,
    "worker_cpu": 512,
    "worker_memory_mib": 1024,
    "max_work_seconds": 300,
    "visibility_timeout_seconds": 600,
    "seconds_per_message": 2.5,
    "acceptable_delay_seconds": 50,
    "eni_trunking": True,
}
# Settings without a capacity provider.
ALONE: Mapping[str, Any] = {
    "posture": "production",
    "allow_plain_http": True,
    "allow_silent_alarms": True,
    **OTHER_OPTIONS,
}
ALONE_IN_SANDBOX: Mapping[str, Any] = {"capacity_provider": False, **BOTTLEROCKET}
PATTERN = EcsEc2Stack
WITH_PROVIDER = {"full": FULL, "bottlerocket": BOTTLEROCKET, "shared": SHARED}
WITHOUT_PROVIDER = {"alone": ALONE, "alone in sandbox": ALONE_IN_SANDBOX}
VARIANTS = {**WITH_PROVIDER, **WITHOUT_PROVIDER}

AGENT = {
    *("ecs:DeregisterContainerInstance", "ecs:RegisterContainerInstance", "ecs:SubmitAttachmentStateChanges"),
    *("ecs:SubmitContainerStateChange", "ecs:SubmitTaskStateChange"),
}
CHANNELS = {f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")}
AMI = "/aws/service/{}/image_id"


@pytest.fixture(scope="module", params=[*POSTURES, *WITH_PROVIDER])
def provided(request: pytest.FixtureRequest, read: Callable[[str], Reading]) -> Reading:
    """The stack with a capacity provider."""
    return read(request.param)


@pytest.fixture(scope="module", params=WITHOUT_PROVIDER)
def alone(request: pytest.FixtureRequest, read: Callable[[str], Reading]) -> Reading:
    """The stack without a capacity provider."""
    return read(request.param)


def template(stack: Reading) -> dict[str, Any]:
    return stack.one("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]


def group(stack: Reading) -> Resource:
    return stack.one("AWS::AutoScaling::AutoScalingGroup")


def provider(stack: Reading) -> Resource:
    return stack.one("AWS::ECS::CapacityProvider")


def association(stack: Reading) -> Resource:
    return stack.one("AWS::ECS::ClusterCapacityProviderAssociations")


def mixed(stack: Reading) -> dict[str, Any]:
    return group(stack)["MixedInstancesPolicy"]


def instance_group(stack: Reading) -> Resource:
    [interface] = template(stack)["NetworkInterfaces"]
    [found] = interface["Groups"]
    return stack.to(found)


def instance_role(stack: Reading) -> Resource:
    profile = stack.to(template(stack)["IamInstanceProfile"]["Arn"])
    [role] = profile["Roles"]
    return stack.to(role)


def services(stack: Reading) -> dict[str, Resource]:
    """The web service has a load balancer, and the worker has none."""
    found = {"web" if item["LoadBalancers"] else "worker": item for item in stack.all("AWS::ECS::Service")}
    assert found.keys() == {"web", "worker"}
    return found


def task(stack: Reading, name: str) -> Resource:
    return stack.to(services(stack)[name]["TaskDefinition"])


def containers(stack: Reading, name: str) -> dict[str, dict[str, Any]]:
    return {item["Name"]: item for item in task(stack, name)["ContainerDefinitions"]}


def task_group(stack: Reading, name: str) -> Resource:
    [found] = services(stack)[name]["NetworkConfiguration"]["AwsvpcConfiguration"]["SecurityGroups"]
    return stack.to(found)


def statements(stack: Reading, name: str) -> list[tuple[set[str], Any]]:
    """The actions that the task role of a service allows, each with its resource, except those of ECS Exec."""
    found = stack.statements(stack.to(task(stack, name)["TaskRoleArn"]))
    allowed = [(set(listed(item["Action"])), item["Resource"]) for item in found if item["Effect"] == "Allow"]
    return [(actions, resource) for actions, resource in allowed if actions != CHANNELS]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class TestInstances:
    @pytest.mark.parametrize(
        ("name", "parameter"),
        [
            ("sandbox", "ecs/optimized-ami/amazon-linux-2023/arm64/recommended"),
            ("production", "ecs/optimized-ami/amazon-linux-2023/arm64/recommended"),
            ("full", "ecs/optimized-ami/amazon-linux-2023/recommended"),
            ("bottlerocket", "bottlerocket/aws-ecs-2/x86_64/latest"),
        ],
    )
    def test_the_ami_is_the_one_that_ssm_names(self, read: Callable[[str], Reading], name: str, parameter: str) -> None:
        stack = read(name)
        found = stack.document["Parameters"][template(stack)["ImageId"]["Ref"]]
        assert found["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
        assert found["Default"] == AMI.format(parameter)

    def test_bottlerocket_on_arm64(self, tmp_path: Any) -> None:
        made = variant(EcsEc2Stack, tmp_path, operating_system="bottlerocket")
        stack = Reading(made)
        found = stack.document["Parameters"][template(stack)["ImageId"]["Ref"]]
        assert found["Default"] == AMI.format("bottlerocket/aws-ecs-2/arm64/latest")

    @pytest.mark.parametrize(
        ("name", "architecture"),
        [("sandbox", "arm64"), ("production", "arm64"), ("full", "x86_64"), ("bottlerocket", "x86_64")],
    )
    def test_types_are_of_the_architecture_of_the_ami(
        self, read: Callable[[str], Reading], name: str, architecture: str
    ) -> None:
        names = [override["InstanceType"] for override in mixed(read(name))["LaunchTemplate"]["Overrides"]]
        assert names
        assert {INSTANCE_TYPES[each].architecture for each in names} == {architecture}

    def test_types_of_the_setting(self, read: Callable[[str], Reading]) -> None:
        names = [override["InstanceType"] for override in mixed(read("full"))["LaunchTemplate"]["Overrides"]]
        assert names == list(FULL["instance_types"])

    def test_metadata_is_for_the_instance_alone(self, any_stack: Reading) -> None:
        assert template(any_stack)["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}

    @pytest.mark.parametrize("name", [*POSTURES, "full", "shared", "alone"])
    def test_al2023_configures_the_agent(self, read: Callable[[str], Reading], name: str) -> None:
        written = read(name).shown(template(read(name))["UserData"]["Fn::Base64"]).splitlines()
        assert written[0] == "#!/bin/bash"
        assert written[1:] == [
            f"echo {setting} >> /etc/ecs/ecs.config"
            for setting in (
                "ECS_CLUSTER=${AWS::ECS::Cluster}",
                "ECS_ENABLE_TASK_IAM_ROLE=true",
                "ECS_AWSVPC_BLOCK_IMDS=true",
                "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true",
                "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true",
            )
        ]

    @pytest.mark.parametrize("name", ["bottlerocket", "alone in sandbox"])
    def test_bottlerocket_configures_the_agent(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        written = stack.shown(template(stack)["UserData"]["Fn::Base64"]).split()
        assert written == [
            *("[settings.ecs]", "cluster", "=", '"${AWS::ECS::Cluster}"', "awsvpc-block-imds", "=", "true"),
            *("enable-spot-instance-draining", "=", "true"),
        ]

    @pytest.mark.parametrize(
        ("name", "devices"), [("sandbox", ["/dev/xvda"]), ("bottlerocket", ["/dev/xvda", "/dev/xvdb"])]
    )
    def test_volumes_are_encrypted_gp3(self, read: Callable[[str], Reading], name: str, devices: list[str]) -> None:
        mappings = template(read(name))["BlockDeviceMappings"]
        assert [mapping["DeviceName"] for mapping in mappings] == devices
        for mapping in mappings:
            assert mapping["Ebs"]["Encrypted"] is True
            assert mapping["Ebs"]["VolumeType"] == "gp3"
            assert mapping["Ebs"]["DeleteOnTermination"] is True

    def test_no_ssh_key_and_no_public_address(self, any_stack: Reading) -> None:
        assert "KeyName" not in template(any_stack)
        [interface] = template(any_stack)["NetworkInterfaces"]
        assert interface["AssociatePublicIpAddress"] is False

    def test_they_admit_nobody_and_reach_https_only(self, any_stack: Reading) -> None:
        assert [rule for owner, rule in any_stack.inbound() if owner == instance_group(any_stack)] == []
        out = any_stack.outbound(instance_group(any_stack))
        assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in out} == {("tcp", 443, 443)}

    def test_they_are_in_the_private_subnets(self, any_stack: Reading) -> None:
        found = [any_stack.to(subnet).id for subnet in group(any_stack)["VPCZoneIdentifier"]]
        assert sorted(found) == sorted(subnet.id for subnet in any_stack.subnets("private"))

    @pytest.mark.parametrize(("name", "base", "on_demand"), [("sandbox", 2, 100), ("full", 2, 40), ("shared", 0, 0)])
    def test_on_demand_first_and_spot_beyond(
        self, read: Callable[[str], Reading], name: str, base: int, on_demand: int
    ) -> None:
        assert mixed(read(name))["InstancesDistribution"] == {
            "OnDemandAllocationStrategy": "prioritized",
            "OnDemandBaseCapacity": base,
            "OnDemandPercentageAboveBaseCapacity": on_demand,
            "SpotAllocationStrategy": "price-capacity-optimized",
        }

    def test_a_new_template_replaces_them_one_by_one(self, any_stack: Reading) -> None:
        policy = group(any_stack).body["UpdatePolicy"]["AutoScalingRollingUpdate"]
        assert policy["MaxBatchSize"] == 1
        assert policy["PauseTime"] == "PT5M"
        least = policy["MinInstancesInService"]
        assert least == min(int(group(any_stack)["MinSize"]), int(group(any_stack)["MaxSize"]) - 1)
        version = mixed(any_stack)["LaunchTemplate"]["LaunchTemplateSpecification"]["Version"]
        assert any_stack.shown(version) == "${AWS::EC2::LaunchTemplate.LatestVersionNumber}"

    @pytest.mark.parametrize(("name", "seconds"), [("sandbox", None), ("production", 2_592_000), ("alone", 2_592_000)])
    def test_lifetime(self, read: Callable[[str], Reading], name: str, seconds: int | None) -> None:
        assert group(read(name)).get("MaxInstanceLifetime") == seconds

    def test_limits_of_the_settings_and_no_desired_capacity(self, read: Callable[[str], Reading]) -> None:
        bounds = {name: (group(read(name))["MinSize"], group(read(name))["MaxSize"]) for name in ("sandbox", "shared")}
        assert bounds == {"sandbox": ("2", "6"), "shared": ("1", "8")}
        for name in ("sandbox", "alone"):
            assert group(read(name)).get("DesiredCapacity") is None

    def test_no_lambda_function(self, any_stack: Reading) -> None:
        assert any_stack.all("AWS::Lambda::Function") == []


class TestInstanceRole:
    def test_it_has_no_managed_policy(self, any_stack: Reading) -> None:
        assert instance_role(any_stack).get("ManagedPolicyArns", []) == []

    def test_it_is_for_the_agent_in_this_cluster_and_for_session_manager(self, any_stack: Reading) -> None:
        here = "${AWS::Region}:${AWS::AccountId}"
        allowed = {
            json.dumps(item["Resource"]): (set(listed(item["Action"])), item.get("Condition"))
            for item in any_stack.statements(instance_role(any_stack))
        }
        cluster = {"ArnEquals": {"ecs:cluster": "${AWS::ECS::Cluster.Arn}"}}
        assert allowed == {
            '"${AWS::ECS::Cluster.Arn}"': (AGENT, None),
            f'"arn:${{AWS::Partition}}:ecs:{here}:container-instance/${{AWS::ECS::Cluster}}/*"': (
                {"ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"},
                cluster,
            ),
            f'"arn:${{AWS::Partition}}:ec2:{here}:instance/*"': ({"ssm:UpdateInstanceInformation"}, None),
            '"*"': ({"ecs:DiscoverPollEndpoint", *CHANNELS}, None),
        }

    def test_only_instances_act_as_it(self, stack: Reading) -> None:
        [statement] = instance_role(stack)["AssumeRolePolicyDocument"]["Statement"]
        assert stack.shown(statement["Principal"]) == {"Service": "ec2.${AWS::URLSuffix}"}

    def test_the_execution_role_logs_and_reads_what_is_named(self, read: Callable[[str], Reading]) -> None:
        stack = read("full")
        role = stack.to(task(stack, "web")["ExecutionRoleArn"])
        allowed = {action: item["Resource"] for item in stack.statements(role) for action in listed(item["Action"])}
        assert allowed["logs:PutLogEvents"] == "${AWS::Logs::LogGroup.Arn}"
        assert allowed["secretsmanager:GetSecretValue"] == FULL["secrets"]["PASSWORD"]
        assert allowed["ssm:GetParameters"] == FULL["parameters"]["GREETING"]
        assert allowed["ecr:BatchGetImage"].endswith(":repository/team/app")

    def test_execution_roles_differ(self, any_stack: Reading) -> None:
        roles = {any_stack.to(task(any_stack, name)["ExecutionRoleArn"]).id for name in ("web", "worker")}
        assert len(roles) == 2


class TestCapacityProvider:
    @pytest.mark.parametrize(("name", "percent"), [("sandbox", 100), ("production", 100), ("full", 80)])
    def test_managed_scaling_by_a_target_capacity(
        self, read: Callable[[str], Reading], name: str, percent: int
    ) -> None:
        scaling = provider(read(name))["AutoScalingGroupProvider"]["ManagedScaling"]
        assert (scaling["Status"], scaling["TargetCapacity"]) == ("ENABLED", percent)

    def test_it_scales_the_group(self, provided: Reading) -> None:
        scaled = provider(provided)["AutoScalingGroupProvider"]["AutoScalingGroupArn"]
        assert provided.to(scaled) == group(provided)

    def test_instances_are_drained(self, provided: Reading) -> None:
        assert provider(provided)["AutoScalingGroupProvider"]["ManagedDraining"] == "ENABLED"

    @pytest.mark.parametrize(("name", "protected"), [("sandbox", False), ("production", True), ("shared", True)])
    def test_busy_instances_are_protected_in_production(
        self, read: Callable[[str], Reading], name: str, protected: bool
    ) -> None:
        stack = read(name)
        by_ecs = provider(stack)["AutoScalingGroupProvider"]["ManagedTerminationProtection"]
        assert by_ecs == ("ENABLED" if protected else "DISABLED")
        assert group(stack)["NewInstancesProtectedFromScaleIn"] is protected

    def test_production_without_protection(self, tmp_path: Any) -> None:
        made = variant(EcsEc2Stack, tmp_path, posture="production", allow_plain_http=True, protect_busy_instances=False)
        assert group(Reading(made))["NewInstancesProtectedFromScaleIn"] is False

    def test_ecs_accepts_its_name(self, provided: Reading) -> None:
        """ECS refuses names that begin with aws, ecs or fargate. CloudFormation would use the stack's name."""
        name = provider(provided)["Name"]
        assert re.fullmatch(r"(?i)(?!aws|ecs|fargate)[\w-]{1,255}", name), name

    def test_it_is_the_only_one_of_the_cluster(self, provided: Reading) -> None:
        found = association(provided)
        assert provided.to(found["Cluster"]) == provided.one("AWS::ECS::Cluster")
        assert [provided.to(item) for item in found["CapacityProviders"]] == [provider(provided)]

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_services_go_through_it_and_have_no_launch_type(self, provided: Reading, name: str) -> None:
        service = services(provided)[name]
        assert "LaunchType" not in service.body["Properties"]
        [strategy] = service["CapacityProviderStrategy"]
        assert provided.to(strategy["CapacityProvider"]) == provider(provided)
        assert strategy["Weight"] > 0

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_tasks_are_spread_over_azs_then_packed(self, any_stack: Reading, name: str) -> None:
        assert services(any_stack)[name]["PlacementStrategies"] == [
            {"Type": "spread", "Field": "attribute:ecs.availability-zone"},
            {"Type": "binpack", "Field": "MEMORY"},
        ]

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_services_stop_before_their_capacity_goes(self, provided: Reading, name: str) -> None:
        """CloudFormation deletes in the reverse order of creation."""
        earlier = provided.before(services(provided)[name])
        policy = next(
            item for item in provided.all("AWS::IAM::Policy") if instance_role(provided).id in str(item["Roles"])
        )
        for resource in (association(provided), provider(provided), group(provided), policy):
            assert resource.id in earlier, resource.type

    def test_the_order_of_the_rest(self, provided: Reading) -> None:
        """The association goes first, then the provider, the group, and last the cluster, empty, and the role."""
        assert provider(provided).id in provided.before(association(provided))
        assert group(provided).id in provided.before(provider(provided))
        earlier = provided.before(group(provided))
        assert provided.one("AWS::ECS::Cluster").id in earlier
        assert instance_role(provided).id in earlier
        for subnet in provided.subnets("private"):
            route = provided.default_route(subnet)
            assert route
            assert route.id in earlier

    def test_nothing_else_scales_the_group(self, provided: Reading) -> None:
        assert provided.all("AWS::AutoScaling::ScalingPolicy") == []


class TestWithoutCapacityProvider:
    def test_no_capacity_provider(self, alone: Reading) -> None:
        assert alone.all("AWS::ECS::CapacityProvider") == []
        assert alone.all("AWS::ECS::ClusterCapacityProviderAssociations") == []

    @pytest.mark.parametrize(("name", "percent"), [("alone", 40), ("alone in sandbox", 50)])
    def test_the_group_keeps_the_cpu_of_its_instances(
        self, read: Callable[[str], Reading], name: str, percent: int
    ) -> None:
        stack = read(name)
        policy = stack.one("AWS::AutoScaling::ScalingPolicy")
        assert stack.to(policy["AutoScalingGroupName"]) == group(stack)
        assert policy["PolicyType"] == "TargetTrackingScaling"
        assert policy["TargetTrackingConfiguration"] == {
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": percent,
        }

    def test_scale_in_takes_any_instance(self, alone: Reading) -> None:
        """This includes production, because only a capacity provider lifts the protection again."""
        assert group(alone)["NewInstancesProtectedFromScaleIn"] is False

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_services_have_a_launch_type_and_no_strategy(self, alone: Reading, name: str) -> None:
        service = services(alone)[name]
        assert service["LaunchType"] == "EC2"
        assert service.get("CapacityProviderStrategy") is None
        assert alone.to(service["Cluster"]) == alone.one("AWS::ECS::Cluster")

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_services_stop_before_the_instances_go(self, alone: Reading, name: str) -> None:
        """CloudFormation deletes in the reverse order of creation."""
        earlier = alone.before(services(alone)[name])
        role = instance_role(alone)
        policy = next(item for item in alone.all("AWS::IAM::Policy") if role.id in str(item["Roles"]))
        for resource in (group(alone), role, policy, alone.one("AWS::ECS::Cluster")):
            assert resource.id in earlier, resource.type

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_a_change_makes_another_service(self, read: Callable[[str], Reading], name: str) -> None:
        """A service keeps its former strategy, and ECS does not delete a capacity provider that is in use."""
        assert services(read("production"))[name].id != services(read("alone"))[name].id

    def test_the_cluster_outlives_the_instances(self, alone: Reading) -> None:
        assert alone.one("AWS::ECS::Cluster").id in alone.before(group(alone))


class TestTasks:
    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_on_ec2_with_an_interface_each(self, any_stack: Reading, name: str) -> None:
        assert task(any_stack, name)["RequiresCompatibilities"] == ["EC2"]
        assert task(any_stack, name)["NetworkMode"] == "awsvpc"
        network = services(any_stack)[name]["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert network["AssignPublicIp"] == "DISABLED"
        private = {subnet.id for subnet in any_stack.subnets("private")}
        assert {any_stack.to(subnet).id for subnet in network["Subnets"]} == private

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_neither_root_nor_able_to_write(self, any_stack: Reading, name: str) -> None:
        for each, container in containers(any_stack, name).items():
            assert container["User"] == "1000:1000", each
            assert container["ReadonlyRootFilesystem"] is True, each

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_deployments_roll_and_roll_back(self, any_stack: Reading, name: str) -> None:
        service = services(any_stack)[name]
        configuration = dict(service["DeploymentConfiguration"])
        alarms = configuration.pop("Alarms", None)
        assert configuration.pop("BakeTimeInMinutes", None) == (20 if alarms else None)
        assert configuration == {
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            "MaximumPercent": 200,
            "MinimumHealthyPercent": 100,
        }
        assert service["AvailabilityZoneRebalancing"] == "ENABLED"
        assert service.get("DesiredCount") is None

    def test_alarms_roll_back_in_production(self, production: Reading, sandbox: Reading) -> None:
        web = {"TaskErrors", "LoadBalancerErrors", "WebCrashingTasks", "WebMissingTasks"}
        # Nobody sends requests to the worker: it consumes messages too late, or it comes and goes.
        expected = {"web": web, "worker": {"OldMessages", "WorkerCrashingTasks", "WorkerMissingTasks"}}
        found = {name: roll_back_on(production, service) for name, service in services(production).items()}
        assert found == expected
        assert [roll_back_on(sandbox, service) for service in services(sandbox).values()] == [set(), set()]

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_a_shell_in_sandbox_only(self, read: Callable[[str], Reading], name: str) -> None:
        assert services(read("sandbox"))[name]["EnableExecuteCommand"] is True
        assert services(read("production"))[name]["EnableExecuteCommand"] is False
        assert "ShellCommand" in read("sandbox").document["Outputs"]
        assert "ShellCommand" not in read("production").document["Outputs"]

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_they_log_to_the_group_of_the_output(self, any_stack: Reading, name: str) -> None:
        for container in containers(any_stack, name).values():
            written = container["LogConfiguration"]["Options"]["awslogs-group"]
            assert written == any_stack.document["Outputs"]["LogGroupName"]["Value"]

    def test_only_the_listeners_admit_anyone_from_outside(self, any_stack: Reading) -> None:
        balancer = any_stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
        [front] = [any_stack.to(each) for each in balancer["SecurityGroups"]]
        ports = {listener["Port"] for listener in any_stack.all("AWS::ElasticLoadBalancingV2::Listener")}
        for owner, rule in any_stack.inbound():
            if "SourceSecurityGroupId" not in rule:
                assert owner == front, rule
                assert rule["FromPort"] == rule["ToPort"], rule
                assert rule["FromPort"] in ports, rule

    def test_web_admits_the_load_balancer_and_the_worker_nobody(self, any_stack: Reading) -> None:
        [rule] = [rule for owner, rule in any_stack.inbound() if owner == task_group(any_stack, "web")]
        [front] = any_stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")["SecurityGroups"]
        assert any_stack.to(rule["SourceSecurityGroupId"]) == any_stack.to(front)
        assert (rule["FromPort"], rule["ToPort"]) == (8080, 8080)
        assert [rule for owner, rule in any_stack.inbound() if owner == task_group(any_stack, "worker")] == []

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_they_reach_https_and_shared_files_only(self, any_stack: Reading, name: str) -> None:
        out = any_stack.outbound(task_group(any_stack, name))
        files = {("tcp", 2049, 2049)} if any_stack.all("AWS::EFS::FileSystem") else set()
        assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in out} == {("tcp", 443, 443)} | files

    def test_sizes_of_the_settings(self, read: Callable[[str], Reading]) -> None:
        sizes = {
            name: (task(read("shared"), name)["Cpu"], task(read("shared"), name)["Memory"])
            for name in ("web", "worker")
        }
        assert sizes == {"web": ("256", "256"), "worker": ("512", "1024")}


class TestEndpoints:
    def test_sandbox_has_no_interface_endpoints(self, read: Callable[[str], Reading]) -> None:
        kinds = [endpoint["VpcEndpointType"] for endpoint in read("sandbox").all("AWS::EC2::VPCEndpoint")]
        assert kinds == ["Gateway"]

    @pytest.mark.parametrize(("name", "more"), [("production", set()), ("full", {"secretsmanager"})])
    def test_production_has_one_for_each_service_that_is_called(
        self, read: Callable[[str], Reading], name: str, more: set[str]
    ) -> None:
        stack = read(name)
        found = {
            stack.shown(endpoint["ServiceName"]).removeprefix("com.amazonaws.${AWS::Region}."): endpoint
            for endpoint in stack.all("AWS::EC2::VPCEndpoint")
            if endpoint["VpcEndpointType"] == "Interface"
        }
        called = {"ecs", "ecs-agent", "ecs-telemetry", "ssm", "ssmmessages", "ecr.api", "ecr.dkr", "logs", "sqs"}
        assert found.keys() == called | more
        clients = {instance_group(stack).id, task_group(stack, "web").id, task_group(stack, "worker").id}
        for each, endpoint in found.items():
            [owner] = [stack.to(item) for item in endpoint["SecurityGroupIds"]]
            rules = [rule for other, rule in stack.inbound() if other == owner]
            assert {stack.to(rule["SourceSecurityGroupId"]).id for rule in rules} == clients, each
            assert {rule["FromPort"] for rule in rules} == {443}, each


class TestQueueAndTaskRoles:
    def test_task_roles_differ(self, any_stack: Reading) -> None:
        roles = {any_stack.to(task(any_stack, name)["TaskRoleArn"]).id for name in ("web", "worker")}
        assert len(roles) == 2

    @pytest.mark.parametrize(
        ("name", "on_queue", "on_key"),
        [
            ("web", {"sqs:SendMessage"}, {"kms:Decrypt", "kms:GenerateDataKey"}),
            ("worker", {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}, {"kms:Decrypt"}),
        ],
    )
    def test_web_may_only_send_and_the_worker_only_consume(
        self, any_stack: Reading, name: str, on_queue: set[str], on_key: set[str]
    ) -> None:
        expected = [(on_queue, "${AWS::SQS::Queue.Arn}")]
        if any_stack.all("AWS::KMS::Key"):
            expected.append((on_key, "${AWS::KMS::Key.Arn}"))
        if any_stack.all("AWS::EFS::FileSystem"):
            mount = {"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}
            expected.append((mount, "${AWS::EFS::FileSystem.Arn}"))
        assert statements(any_stack, name) == expected

    def test_the_worker_consumes_the_queue(self, any_stack: Reading) -> None:
        """The worker has no access to the dead-letter queue."""
        for name in ("web", "worker"):
            role = any_stack.to(task(any_stack, name)["TaskRoleArn"])
            [policy] = [item for item in any_stack.all("AWS::IAM::Policy") if role.id in str(item["Roles"])]
            [statement] = [item for item in policy["PolicyDocument"]["Statement"] if "sqs:" in str(item["Action"])]
            assert any_stack.to(statement["Resource"]).get("RedrivePolicy"), name
            [url] = {
                json.dumps(variable["Value"])
                for container in containers(any_stack, name).values()
                for variable in container.get("Environment", [])
                if variable["Name"] == "QUEUE_URL"
            }
            assert any_stack.to(json.loads(url)) == any_stack.to(statement["Resource"])

    def test_messages_that_fail_five_times_are_kept(self, any_stack: Reading) -> None:
        [work] = [queue for queue in any_stack.all("AWS::SQS::Queue") if queue.get("RedrivePolicy")]
        assert work["RedrivePolicy"]["maxReceiveCount"] == 5
        dead = any_stack.to(work["RedrivePolicy"]["deadLetterTargetArn"])
        assert dead["MessageRetentionPeriod"] == 14 * 24 * 60 * 60
        assert dead.get("RedrivePolicy") is None

    def test_encrypted(self, read: Callable[[str], Reading]) -> None:
        for queue in read("sandbox").all("AWS::SQS::Queue"):
            assert queue["SqsManagedSseEnabled"] is True
        production = read("production")
        for queue in production.all("AWS::SQS::Queue"):
            assert production.to(queue["KmsMasterKeyId"]) == production.one("AWS::KMS::Key")

    def test_tls_only(self, any_stack: Reading) -> None:
        policies = any_stack.all("AWS::SQS::QueuePolicy")
        assert len(policies) == len(any_stack.all("AWS::SQS::Queue")) == 2
        for policy in policies:
            [statement] = policy["PolicyDocument"]["Statement"]
            assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
            assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

    @pytest.mark.parametrize(("name", "visibility", "stop"), [("sandbox", 60, 30), ("shared", 600, 120)])
    def test_a_message_is_hidden_and_a_task_lives_for_as_long_as_the_work_takes(
        self, read: Callable[[str], Reading], name: str, visibility: int, stop: int
    ) -> None:
        """But at most two minutes, in which Spot also ends an instance."""
        stack = read(name)
        [work] = [queue for queue in stack.all("AWS::SQS::Queue") if queue.get("RedrivePolicy")]
        assert work["VisibilityTimeout"] == visibility
        assert [container["StopTimeout"] for container in containers(stack, "worker").values()] == [stop]

    @pytest.mark.parametrize(
        ("name", "kept"), [("sandbox", ("Delete", "Delete")), ("production", ("RetainExceptOnCreate", "Retain"))]
    )
    def test_production_keeps_the_messages(
        self, read: Callable[[str], Reading], name: str, kept: tuple[str, str]
    ) -> None:
        assert {queue.kept for queue in read(name).all("AWS::SQS::Queue")} == {kept}


class TestDemonstration:
    def test_web_announces_itself_before_it_serves(self, read: Callable[[str], Reading]) -> None:
        stack = read("sandbox")
        found = containers(stack, "web")
        assert found.keys() == {"web", "announce"}
        assert found["web"]["DependsOn"] == [{"Condition": "SUCCESS", "ContainerName": "announce"}]
        assert found["announce"]["Command"][:2] == ["sqs", "send-message"]
        assert found["announce"]["Essential"] is False
        assert found["web"]["Command"][4:6] == ["/www", "8080"]

    def test_the_worker_loops_over_the_queue(self, read: Callable[[str], Reading]) -> None:
        [worker] = containers(read("sandbox"), "worker").values()
        assert worker["EntryPoint"][:2] == ["sh", "-c"]
        assert "receive-message" in worker["EntryPoint"][2]
        assert worker["LinuxParameters"]["Tmpfs"] == [
            {"ContainerPath": "/tmp", "Size": 64, "MountOptions": ["uid=1000", "gid=1000"]}
        ]

    def test_user_images_run_alone(self, read: Callable[[str], Reading]) -> None:
        stack = read("full")
        [web], [worker] = (containers(stack, name).values() for name in ("web", "worker"))
        assert stack.shown(web["Image"]).endswith("/team/app:v1")
        assert stack.shown(worker["Image"]).endswith("/team/worker:v1")
        assert (web["EntryPoint"], web["Command"]) == (["/entry"], ["serve", "--quiet"])
        assert worker.get("EntryPoint") is None

    def test_variables_of_the_user_stand_beside_those_of_the_pattern(self, read: Callable[[str], Reading]) -> None:
        [web], [worker] = (containers(read("full"), name).values() for name in ("web", "worker"))
        assert [each["Name"] for each in web["Environment"]] == ["LOG_LEVEL", "AWS_REGION", "QUEUE_URL"]
        assert [each["Name"] for each in worker["Environment"]] == ["AWS_REGION", "QUEUE_URL"]


class TestSharedFiles:
    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_both_services_mount_them_with_tls_and_iam(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read("shared")
        [shared] = [volume for volume in task(stack, name)["Volumes"] if "EFSVolumeConfiguration" in volume]
        assert shared["EFSVolumeConfiguration"]["TransitEncryption"] == "ENABLED"
        assert shared["EFSVolumeConfiguration"]["AuthorizationConfig"]["IAM"] == "ENABLED"
        for container in containers(stack, name).values():
            assert "/shared" in [point["ContainerPath"] for point in container["MountPoints"]]

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_services_wait_for_the_mount_targets(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read("shared")
        targets = {target.id for target in stack.all("AWS::EFS::MountTarget")}
        assert len(targets) == 3
        assert targets <= set(services(stack)[name].depends_on)

    def test_no_shared_files_by_default(self, stack: Reading) -> None:
        assert stack.all("AWS::EFS::FileSystem") == []


class TestScaling:
    def policies(self, stack: Reading, name: str) -> list[Resource]:
        targets = {
            target.id
            for target in stack.all("AWS::ApplicationAutoScaling::ScalableTarget")
            if services(stack)[name].id in json.dumps(target["ResourceId"])
        }
        assert len(targets) == 1
        found = stack.all("AWS::ApplicationAutoScaling::ScalingPolicy")
        return [policy for policy in found if stack.to(policy["ScalingTargetId"]).id in targets]

    def test_web_scales_on_cpu_memory_and_requests(self, any_stack: Reading) -> None:
        tracked = {
            policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"]
            for policy in self.policies(any_stack, "web")
            if policy["PolicyType"] == "TargetTrackingScaling" and "Hold" not in policy.id
        }
        assert tracked == {
            *("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget"),
        }

    def test_web_scales_by_schedule_and_response_time_as_set(self, read: Callable[[str], Reading]) -> None:
        stack = read("full")
        assert [policy["PolicyType"] for policy in self.policies(stack, "web")].count("StepScaling") == 1
        assert len([policy for policy in self.policies(stack, "web") if "Hold" in policy.id]) == 1
        actions = [
            target.get("ScheduledActions") for target in stack.all("AWS::ApplicationAutoScaling::ScalableTarget")
        ]
        [action] = [item for items in actions if items for item in items]
        assert action["Timezone"] == "Europe/Berlin"

    @pytest.mark.parametrize(("name", "messages"), [("sandbox", 100), ("shared", 20)])
    def test_the_worker_scales_on_the_backlog_per_task_alone(
        self, read: Callable[[str], Reading], name: str, messages: int
    ) -> None:
        stack = read(name)
        [policy] = self.policies(stack, "worker")
        configuration = policy["TargetTrackingScalingPolicyConfiguration"]
        assert configuration["TargetValue"] == messages
        assert not configuration.get("DisableScaleIn")
        waiting, running, _ = configuration["CustomizedMetricSpecification"]["Metrics"]
        assert waiting["MetricStat"]["Metric"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
        [dimension] = waiting["MetricStat"]["Metric"]["Dimensions"]
        assert stack.to(dimension["Value"]).get("RedrivePolicy"), "the queue of the work"
        names = {each["Name"]: stack.to(each["Value"]) for each in running["MetricStat"]["Metric"]["Dimensions"]}
        assert names == {"ClusterName": stack.one("AWS::ECS::Cluster"), "ServiceName": services(stack)["worker"]}

    def test_task_limits(self, read: Callable[[str], Reading]) -> None:
        targets = read("sandbox").all("AWS::ApplicationAutoScaling::ScalableTarget")
        assert sorted((target["MinCapacity"], target["MaxCapacity"]) for target in targets) == [(1, 3), (2, 6)]


class TestOperation:
    def test_alarms(self, any_stack: Reading) -> None:
        files = {"StorageThroughput": (5, 15, "notBreaching")} if any_stack.all("AWS::EFS::FileSystem") else {}
        found = alarms_of(any_stack)
        grace_period = services(any_stack)["web"]["HealthCheckGracePeriodSeconds"]
        assert {name: rings(alarm) for name, alarm in found.items()} == files | {
            "TaskErrors": (3, 15, "notBreaching"),
            "LoadBalancerErrors": (3, 15, "notBreaching"),
            # A task may be unhealthy for its grace period.
            "UnhealthyTargets": {105: (5, 15, "notBreaching"), 240: (6, 18, "notBreaching")}[grace_period],
            "ResponseTime": (5, 15, "notBreaching"),
            "WebCrashingTasks": (4, 20, "notBreaching"),
            "WebMissingTasks": (6, 20, "breaching"),
            "WebWaitingTasks": (12, 15, "notBreaching"),
            "WorkerCrashingTasks": (4, 20, "notBreaching"),
            "WorkerMissingTasks": (6, 20, "breaching"),
            "WorkerWaitingTasks": (12, 15, "notBreaching"),
            # A queue that nobody calls for six hours has no metrics, and its messages are still there.
            "OldMessages": (3, 5, "ignore"),
            "DeadLetters": (1, 1, "ignore"),
        }
        check_that_alarms_notify(any_stack, page="docs/ecs-ec2.md")

    @pytest.mark.parametrize(("name", "least"), [("web", 2), ("worker", 1)])
    def test_missing_tasks_are_those_of_the_service(self, stack: Reading, name: str, least: int) -> None:
        alarm = alarms_of(stack)[f"{name.title()}MissingTasks"]
        assert services(stack)[name].id in json.dumps(alarm["Metrics"])
        assert expression_of(alarm) == f"{least} - FILL(running, 0)"

    def test_a_failed_deployment_of_either_service_notifies_the_topic(self, stack: Reading) -> None:
        rules = stack.all("AWS::Events::Rule")
        told = {stack.to(rule["EventPattern"]["resources"][0]).id for rule in rules}
        assert told == {service.id for service in services(stack).values()}
        for rule in rules:
            assert rule["EventPattern"]["detail"] == {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}
            assert stack.to(rule["Targets"][0]["Arn"]) == stack.one("AWS::SNS::Topic")

    def test_outputs(self, stack: Reading) -> None:
        outputs = stack.document["Outputs"].keys() - {"ShellCommand"}
        assert outputs == {"Url", "QueueUrl", "LogGroupName", "AutoScalingGroupName", "SessionCommand", "DashboardUrl"}
        session = stack.output("SessionCommand")
        assert session.startswith("aws ssm start-session --target $(aws autoscaling describe-auto-scaling-groups")
        assert "${AWS::AutoScaling::AutoScalingGroup}" in session

    @pytest.mark.parametrize(("name", "value"), [("sandbox", "enabled"), ("production", "enhanced")])
    def test_container_insights(self, read: Callable[[str], Reading], name: str, value: str) -> None:
        settings = read(name).one("AWS::ECS::Cluster")["ClusterSettings"]
        assert settings == [{"Name": "containerInsights", "Value": value}]


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "path", "remedy"),
        [
            (
                {"instance_types": ["t3.small"]},
                "instance_types",
                "must run an AMI for arm64, got t3.small. Choose from t4g.small",
            ),
            (
                {"architecture": "x86_64", "instance_types": ["m6i.large", "m7g.large"]},
                "instance_types",
                "must run an AMI for x86_64, got m7g.large. Choose from t3.small",
            ),
            ({"instance_types": ["m5.micro"]}, "instance_types.0", "one of t4g.small, t4g.medium"),
            ({"instance_types": ["t4g.small", "t4g.small"]}, "instance_types", "each value only once"),
            ({"architecture": "arm"}, "architecture", "one of arm64, x86_64"),
            ({"operating_system": "al2"}, "operating_system", "one of al2023, bottlerocket"),
            ({"spot_percent": 101}, "spot_percent", "a whole number from 0 to 100"),
            ({"spot_percent": -1}, "spot_percent", "a whole number from 0 to 100"),
            (
                {"max_work_seconds": 60},
                "visibility_timeout_seconds",
                "visibility_timeout_seconds must be above max_work_seconds (60), got 60, because SQS would deliver",
            ),
            ({"visibility_timeout_seconds": 43201}, "visibility_timeout_seconds", "a whole number from 6 to 43,200"),
            ({"max_work_seconds": 4}, "max_work_seconds", "a whole number from 5 to 43,199"),
            ({"seconds_per_message": 31}, "seconds_per_message", "Must be at most max_work_seconds (30)."),
            ({"acceptable_delay_seconds": 2}, "acceptable_delay_seconds", "Must be at least seconds_per_message (3)."),
            ({"acceptable_delay_seconds": 601}, "acceptable_delay_seconds", "a whole number from 1 to 600"),
            ({"backlog_messages": 20}, "backlog_messages", "set acceptable_delay_seconds and seconds_per_message"),
            ({"target_capacity_percent": 0}, "target_capacity_percent", "a whole number from 1 to 100"),
            (
                {"target_instance_cpu_percent": 60},
                "target_instance_cpu_percent",
                "target_instance_cpu_percent must not be set with a capacity provider",
            ),
            (
                {"capacity_provider": False, "target_instance_cpu_percent": 95},
                "target_instance_cpu_percent",
                "a whole number from 10 to 90",
            ),
            (
                {"capacity_provider": False, "target_capacity_percent": 100},
                "target_capacity_percent",
                "target_capacity_percent must not be set without a capacity provider",
            ),
            (
                {"capacity_provider": False, "protect_busy_instances": False},
                "protect_busy_instances",
                "protect_busy_instances must not be set without a capacity provider",
            ),
            (
                {"capacity_provider": False, "min_instances": 1},
                "min_instances",
                "waiting tasks add no instance. Instances must have enough network interfaces (2 tasks per instance) "
                "for 4 tasks, got 1. Allow at least 2 instances",
            ),
            (
                {
                    "capacity_provider": False,
                    "scheduled_tasks": [{"cron": "0 8 ? * MON-FRI *", "min_tasks": 5, "max_tasks": 6}],
                },
                "min_instances",
                "for 7 tasks, got 2. Allow at least 4 instances",
            ),
            ({"desired_instances": 9}, "desired_instances", "set min_instances = max_instances"),
            ({"desired_workers": 9}, "desired_workers", "set min_workers = max_workers"),
            ({"desired_tasks": 9}, "desired_tasks", "set min_tasks = max_tasks"),
            (
                {"min_instances": 7},
                "max_instances",
                "max_instances must be at least min_instances (7), got 6. Raise max_instances or lower",
            ),
            (
                {"min_workers": 4},
                "max_workers",
                "max_workers must be at least min_workers (4), got 3. Raise max_workers or lower",
            ),
            (
                {"max_tasks": 8},
                "max_instances",
                "enough network interfaces (2 tasks per instance) for 13 tasks, got 6. Allow at least 7 instances",
            ),
            (
                {"scheduled_tasks": [{"cron": "0 8 ? * MON-FRI *", "min_tasks": 2, "max_tasks": 40}]},
                "max_instances",
                "for 45 tasks, got 6. Allow at least 23 instances",
            ),
            ({"eni_trunking": True}, "instance_types", "must support ENI trunking, got t4g.small, t4g.medium."),
            ({"memory_mib": 2000}, "max_instances", "2000 MiB, but the smallest type has 2048 and about"),
            ({"cpu": 2048}, "max_instances", "enough CPU for 11 tasks, got 6. Allow at least 8 instances"),
            ({"memory_mib": 1800}, "max_instances", "enough memory for 11 tasks, got 6. Allow at least"),
            (
                {"shared_files": True, "operating_system": "bottlerocket"},
                "operating_system",
                "Must be al2023 with shared_files",
            ),
            (
                {"health_check": {"path": "/up"}},
                "health_check",
                "on /, but path does not. Set image to use another value.",
            ),
            ({"mount_path": "/www/files"}, "mount_path", "/www contains /www/files"),
            (
                {"spot_percent": 50, "health_check": {"stop_timeout_seconds": 91}},
                "spot_percent",
                "stop_timeout_seconds must be at most 90 on Spot instances, got 91.",
            ),
            (
                {"image": "public.ecr.aws/a/b:1", "environment": {"QUEUE_URL": "x"}},
                "environment",
                "Must not contain QUEUE_URL, which the pattern sets.",
            ),
            ({"memory_mib": 64}, "memory_mib", "memory_mib must be above the 64 MiB that the writable paths can take"),
            ({"writable_paths": ["/www"]}, "writable_paths", "Paths must not contain each other"),
        ],
    )
    def test_a_mistake_is_named(self, settings: dict[str, Any], path: str, remedy: str) -> None:
        found = refusal(EcsEc2Stack, **settings)
        assert remedy in found.get(path, ""), found

    def test_trunking_makes_room(self, tmp_path: Any) -> None:
        many: dict[str, Any] = {"max_tasks": 40, "instance_types": ["m7g.large"], "cpu": 128, "worker_cpu": 128}
        assert "ENI trunking" in refusal(EcsEc2Stack, **many)["max_instances"]
        variant(EcsEc2Stack, tmp_path, eni_trunking=True, **many)

    def test_all_mistakes_are_named_at_once(self) -> None:
        found = refusal(EcsEc2Stack, instance_types=["t3.small"], spot_percent=300, min_instances=20, max_instances=10)
        assert found.keys() == {"instance_types", "spot_percent", "max_instances"}


class TestConstructsAlone:
    """The construct without settings refuses the same values."""

    @pytest.mark.parametrize(
        ("numbers", "message"),
        [
            ({"min_instances": 3, "max_instances": 2}, r"max_instances must be at least min_instances \(3\), got 2\."),
            ({"max_instances": 0, "min_instances": 0}, r"max_instances must be at least 1, got 0\."),
            ({"spot_percent": 101}, r"spot_percent must be 0 to 100, got 101\."),
            ({"on_demand_base": -1}, r"on_demand_base must be at least 0, got -1\."),
            ({"target_capacity_percent": 101}, r"target_capacity_percent must be 1 to 100, got 101\."),
            ({"target_instance_cpu_percent": 0}, r"target_instance_cpu_percent must be 1 to 100, got 0\."),
        ],
    )
    def test_numbers(self, numbers: dict[str, int], message: str) -> None:
        sound = {
            "min_instances": 1,
            "max_instances": 2,
            "on_demand_base": 0,
            "spot_percent": 0,
            "target_capacity_percent": 100,
        }
        check_numbers(**sound)
        with pytest.raises(ValueError, match=message):
            check_numbers(**{**sound, **numbers})

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (
                {"capacity_provider": True, "target_instance_cpu_percent": 50},
                "target_instance_cpu_percent must not be set with a capacity provider",
            ),
            (
                {"capacity_provider": False, "target_capacity_percent": 100},
                "target_capacity_percent must not be set without",
            ),
            (
                {"capacity_provider": False, "protect_busy_instances": True},
                "protect_busy_instances must not be set without",
            ),
            (
                {"capacity_provider": False, "min_instances": 0},
                "min_instances must be at least 1 without a capacity provider, got 0",
            ),
        ],
    )
    def test_one_way_of_scaling(self, given: dict[str, Any], message: str) -> None:
        check_scaling(capacity_provider=True, target_capacity_percent=90, protect_busy_instances=True)
        check_scaling(capacity_provider=False, target_instance_cpu_percent=60)
        with pytest.raises(ValueError, match=message):
            check_scaling(**given)

    def test_types(self) -> None:
        with pytest.raises(ValueError, match=r"got t3\.small"):
            check_instance_types(["t3.small"], architecture="arm64")

    def test_a_fit_to_the_last_interface(self) -> None:
        names: list[InstanceTypeName] = ["t4g.small"]
        check_room([TaskSize(4, 128, 128)], names=names, instances=2)
        with pytest.raises(ValueError, match="Allow at least 3 instances"):
            check_room([TaskSize(5, 128, 128)], names=names, instances=2)

    def test_types_by_default_run_the_ami(self) -> None:
        for architecture, names in DEFAULT_TYPES.items():
            assert len(names) > 1, "for Spot"
            check_instance_types(names, architecture=architecture)


def test_the_stack_gives_what_it_made(sandbox: Reading) -> None:
    made = sandbox.stack
    assert isinstance(made, EcsEc2Stack)
    types = {
        made.network.vpc.vpc_id: "AWS::EC2::VPC",
        made.queue.queue.queue_url: "AWS::SQS::Queue",
        made.load_balancer.load_balancer.load_balancer_arn: "AWS::ElasticLoadBalancingV2::LoadBalancer",
        made.cluster.cluster_name: "AWS::ECS::Cluster",
        made.capacity.group.auto_scaling_group_name: "AWS::AutoScaling::AutoScalingGroup",
        made.web_task.definition.task_definition_arn: "AWS::ECS::TaskDefinition",
        made.worker_task.definition.task_definition_arn: "AWS::ECS::TaskDefinition",
        made.service.service.service_arn: "AWS::ECS::Service",
        made.worker.service.service_arn: "AWS::ECS::Service",
        made.logs.log_group_name: "AWS::Logs::LogGroup",
        made.monitoring.topic.topic_arn: "AWS::SNS::Topic",
    }
    assert sandbox.types_of(types) == types


class TestOutboundTraffic(OutboundTraffic):
    """The tests that every pattern with a network has in common."""


class TestDrawing(DrawingPromises):
    """What docs/ecs-ec2.d2 shows."""
