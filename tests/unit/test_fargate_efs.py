"""The promises of stacks/fargate_efs."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Annotations, Match

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
from patternbook.testing.synthesis import variant
from stacks.fargate_efs import FargateEfsStack
from stacks.fargate_efs.demonstration import JOIN_SCRIPT

SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db/password-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/app/greeting"
SECRET_KEY = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"
CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
WEB_ACL = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/main/12345678-1234-1234-1234-123456789012"

EVERY_OPTION: Mapping[str, Any] = {
    "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.2",
    "container_port": 9000,
    "entry_point": ["/entry"],
    "command": ["serve", "--quiet"],
    "environment": {"LOG_LEVEL": "info", "JAVA_OPTS": "-Xmx1g"},
    "health_check": {
        "path": "/healthz",
        "interval_seconds": 20,
        "timeout_seconds": 10,
        "healthy_threshold": 3,
        "unhealthy_threshold": 4,
        "matcher": "200-299",
        "command": ["CMD", "/ok"],
        "start_period_seconds": 120,
        "grace_period_seconds": 240,
        "stop_timeout_seconds": 120,
    },
    "cpu": 512,
    "memory_mib": 2048,
    "mount_path": "/srv/files",
    "writable_paths": ["/tmp", {"path": "/var/cache/nginx", "size_mib": 512}],
    "secrets": {"DB_PASSWORD": SECRET},
    "parameters": {"GREETING": PARAMETER},
    "secret_key_arns": [SECRET_KEY],
    "min_tasks": 3,
    "max_tasks": 30,
    "on_demand_base": 1,
    "spot_percent": 80,
    "target_cpu_percent": 55,
    "target_memory_percent": 65,
    "target_requests_per_minute": 700,
    "scheduled_tasks": [
        {"cron": "0 8 ? * MON-FRI *", "time_zone": "Europe/Berlin", "min_tasks": 4, "max_tasks": 40},
        {"cron": "0 20 ? * MON-FRI *", "min_tasks": 1, "max_tasks": 10},
    ],
    "response_time_steps": [{"above_seconds": 0.5, "add_tasks": 1}, {"above_seconds": 2, "add_tasks": 4}],
    "vpc_cidr": "10.20.0.0/18",
    "allowed_cidrs": ["203.0.113.0/24", "198.51.100.7/32"],
    "domain_name": "shop.example.com",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "web_acl_arn": WEB_ACL,
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}

# Sandbox with an image from a public registry, secrets, a certificate, and no task at night.
OWN: Mapping[str, Any] = {
    "posture": "sandbox",
    "image": "public.ecr.aws/nginx/nginx-unprivileged:1.29",
    "writable_paths": ["/tmp"],
    "secrets": {"DB_PASSWORD": SECRET},
    "certificate_arn": CERTIFICATE,
    "scheduled_tasks": [{"cron": "0 20 ? * MON-FRI *", "min_tasks": 0, "max_tasks": 0}],
    "log_retention_days": 3,
}

PATTERN = FargateEfsStack
OTHER_OPTIONS: Mapping[str, Any] = {
    "deployment": "canary",
    "response_time_steps": [{"above_seconds": 0.5, "add_tasks": 1}],
}
VARIANTS = {"full": FULL, "own": OWN}

BOUNDLESS = {"0.0.0.0/0", "::/0"}
SERVICE_METRICS = {"ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget"}
MOUNT_AND_WRITE = {
    "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
    "Condition": {
        "StringEquals": {
            "elasticfilesystem:AccessPointArn": "arn:${AWS::Partition}:elasticfilesystem:${AWS::Region}"
            ":${AWS::AccountId}:access-point/${AWS::EFS::AccessPoint}"
        }
    },
    "Effect": "Allow",
    "Resource": "${AWS::EFS::FileSystem.Arn}",
}
EXEC_CHANNEL = {
    "Action": [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ],
    "Effect": "Allow",
    "Resource": "*",
}
STORED = ("AWS::EFS::FileSystem", "AWS::Logs::LogGroup", "AWS::KMS::Key", "AWS::S3::Bucket")


def containers(stack: Reading) -> dict[str, dict[str, Any]]:
    return {item["Name"]: item for item in stack.one("AWS::ECS::TaskDefinition")["ContainerDefinitions"]}


def task_role(stack: Reading) -> Resource:
    return stack.to(stack.one("AWS::ECS::TaskDefinition")["TaskRoleArn"])


def execution_role(stack: Reading) -> Resource:
    return stack.to(stack.one("AWS::ECS::TaskDefinition")["ExecutionRoleArn"])


def vpc_configuration(stack: Reading) -> dict[str, Any]:
    return stack.one("AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]


def task_group(stack: Reading) -> Resource:
    (group,) = vpc_configuration(stack)["SecurityGroups"]
    return stack.to(group)


def load_balancer_group(stack: Reading) -> Resource:
    (group,) = stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")["SecurityGroups"]
    return stack.to(group)


def endpoints(stack: Reading, kind: str) -> dict[str, Resource]:
    """VPC endpoints of a kind by the name of their service, such as ``ecr.api``."""
    return {
        stack.shown(endpoint["ServiceName"]).removeprefix("com.amazonaws.${AWS::Region}."): endpoint
        for endpoint in stack.all("AWS::EC2::VPCEndpoint")
        if endpoint["VpcEndpointType"] == kind
    }


def load_balancer_attributes(stack: Reading) -> dict[str, Any]:
    attributes = stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")["LoadBalancerAttributes"]
    return {item["Key"]: item["Value"] for item in attributes}


def listeners(stack: Reading) -> dict[int, Resource]:
    return {listener["Port"]: listener for listener in stack.all("AWS::ElasticLoadBalancingV2::Listener")}


def policies(stack: Reading, kind: str) -> list[Resource]:
    return [item for item in stack.all("AWS::ApplicationAutoScaling::ScalingPolicy") if item["PolicyType"] == kind]


class TestNetwork:
    def test_three_azs_without_look_ups(self, any_stack: Reading) -> None:
        zones = [json.dumps(subnet["AvailabilityZone"]) for subnet in any_stack.all("AWS::EC2::Subnet")]
        expected = [json.dumps({"Fn::Select": [index, {"Fn::GetAZs": ""}]}) for index in range(3)]
        assert sorted(zones) == sorted(expected * 3)

    @pytest.mark.parametrize("tier", ["public", "private", "isolated"])
    def test_each_tier_has_a_subnet_in_each_az(self, stack: Reading, tier: str) -> None:
        zones = {json.dumps(subnet["AvailabilityZone"]) for subnet in stack.subnets(tier)}
        assert len(zones) == len(stack.subnets(tier)) == 3

    def test_only_load_balancer_and_nat_gateways_in_public_subnets(self, any_stack: Reading) -> None:
        public = any_stack.subnets("public")
        inside = {
            resource.type
            for resource in any_stack.resources.values()
            if any(any_stack.refers(resource, subnet) for subnet in public)
        }
        assert inside - {"AWS::EC2::SubnetRouteTableAssociation"} == {
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "AWS::EC2::NatGateway",
        }

    def test_subnets_give_no_public_addresses(self, stack: Reading) -> None:
        assert not any(subnet["MapPublicIpOnLaunch"] for subnet in stack.all("AWS::EC2::Subnet"))

    def test_tasks_run_in_the_private_subnets(self, any_stack: Reading) -> None:
        subnets = [any_stack.to(subnet).id for subnet in vpc_configuration(any_stack)["Subnets"]]
        assert sorted(subnets) == sorted(subnet.id for subnet in any_stack.subnets("private"))

    def test_tasks_have_no_public_address(self, any_stack: Reading) -> None:
        assert vpc_configuration(any_stack)["AssignPublicIp"] == "DISABLED"

    def test_a_mount_target_in_each_isolated_subnet(self, stack: Reading) -> None:
        mounted = [stack.to(target["SubnetId"]).id for target in stack.all("AWS::EFS::MountTarget")]
        assert sorted(mounted) == sorted(subnet.id for subnet in stack.subnets("isolated"))

    def test_sandbox_has_one_nat_gateway(self, sandbox: Reading) -> None:
        sandbox.one("AWS::EC2::NatGateway")

    def test_production_has_one_nat_gateway_per_az(self, production: Reading) -> None:
        assert len(production.all("AWS::EC2::NatGateway")) == 3
        for subnet in production.subnets("private"):
            route = production.default_route(subnet)
            assert route is not None
            behind = production.to(production.to(route["NatGatewayId"])["SubnetId"])
            assert behind["AvailabilityZone"] == subnet["AvailabilityZone"]

    def test_s3_gateway_endpoint_for_every_subnet(self, stack: Reading) -> None:
        routed = {stack.to(table).id for table in endpoints(stack, "Gateway")["s3"]["RouteTableIds"]}
        assert routed == {table.id for table in stack.all("AWS::EC2::RouteTable")}

    def test_sandbox_has_no_interface_endpoints(self, sandbox: Reading, own: Reading) -> None:
        assert endpoints(sandbox, "Interface") == endpoints(own, "Interface") == {}

    def test_production_has_interface_endpoints_for_what_tasks_call(self, production: Reading) -> None:
        assert set(endpoints(production, "Interface")) == {"ecr.api", "ecr.dkr", "logs"}

    def test_secrets_and_parameters_add_their_endpoints(self, full: Reading) -> None:
        assert set(endpoints(full, "Interface")) == {"ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"}

    def test_interface_endpoints_admit_tasks_only(self, full: Reading) -> None:
        for name, endpoint in endpoints(full, "Interface").items():
            (group,) = endpoint["SecurityGroupIds"]
            rules = [rule for owner, rule in full.inbound() if owner == full.to(group)]
            assert [(rule["FromPort"], rule["ToPort"]) for rule in rules] == [(443, 443)], name
            assert full.to(rules[0]["SourceSecurityGroupId"]) == task_group(full), name

    def test_interface_endpoints_are_in_every_az_of_the_tasks(self, full: Reading) -> None:
        private = {subnet.id for subnet in full.subnets("private")}
        for name, endpoint in endpoints(full, "Interface").items():
            assert endpoint["PrivateDnsEnabled"], name
            assert {full.to(subnet).id for subnet in endpoint["SubnetIds"]} == private, name

    def test_flow_logs_of_all_traffic(self, stack: Reading) -> None:
        flow_log = stack.one("AWS::EC2::FlowLog")
        assert (flow_log["ResourceType"], flow_log["TrafficType"]) == ("VPC", "ALL")
        assert stack.to(flow_log["ResourceId"]) == stack.one("AWS::EC2::VPC")
        assert stack.to(flow_log["LogGroupName"]).type == "AWS::Logs::LogGroup"

    def test_only_the_listeners_admit_anyone_from_outside(self, any_stack: Reading) -> None:
        """Every rule that is not for a security group of the stack."""
        for group, rule in any_stack.inbound():
            if "SourceSecurityGroupId" not in rule:
                assert group == load_balancer_group(any_stack), f"{group['GroupDescription']}: {rule}"
                assert rule["FromPort"] == rule["ToPort"], rule
                assert rule["FromPort"] in listeners(any_stack), rule
                assert rule["IpProtocol"] == "tcp", rule

    def test_allowed_cidrs_are_all_that_may_connect(self, full: Reading) -> None:
        admitted = {(rule["CidrIp"], rule["FromPort"]) for _, rule in full.inbound() if "CidrIp" in rule}
        assert admitted == {(cidr, port) for cidr in FULL["allowed_cidrs"] for port in (80, 443)}

    def test_with_allowed_cidrs_nothing_is_open_to_the_world(self, full: Reading) -> None:
        open_to_all = [rule for _, rule in full.inbound() if {rule.get("CidrIp"), rule.get("CidrIpv6")} & BOUNDLESS]
        assert open_to_all == []

    def test_the_load_balancer_reaches_tasks_on_their_port_only(self, full: Reading) -> None:
        (rule,) = [rule for owner, rule in full.inbound() if owner == task_group(full)]
        assert full.to(rule["SourceSecurityGroupId"]) == load_balancer_group(full)
        assert (rule["FromPort"], rule["ToPort"]) == (9000, 9000)

    def test_tasks_reach_https_and_the_file_system_only(self, any_stack: Reading) -> None:
        rules = any_stack.outbound(task_group(any_stack))
        assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules} == {
            ("tcp", 443, 443),
            ("tcp", 2049, 2049),
        }
        (nfs,) = [rule for rule in rules if rule["FromPort"] == 2049]
        (mount_group,) = any_stack.all("AWS::EFS::MountTarget")[0]["SecurityGroups"]
        assert any_stack.to(nfs["DestinationSecurityGroupId"]) == any_stack.to(mount_group)

    def test_vpc_has_the_addresses_of_the_setting(self, full: Reading) -> None:
        assert full.one("AWS::EC2::VPC")["CidrBlock"] == "10.20.0.0/18"


class TestFileSystem:
    def test_encrypted_at_rest(self, stack: Reading) -> None:
        assert stack.one("AWS::EFS::FileSystem")["Encrypted"] is True

    def test_customer_managed_key_in_production(self, production: Reading) -> None:
        key = production.one("AWS::EFS::FileSystem")["KmsKeyId"]
        assert production.to(key) == production.one("AWS::KMS::Key")

    def test_aws_managed_key_in_sandbox(self, sandbox: Reading) -> None:
        assert sandbox.one("AWS::EFS::FileSystem").get("KmsKeyId") is None

    def test_tasks_mount_with_tls_iam_and_the_access_point(self, any_stack: Reading) -> None:
        volumes = any_stack.one("AWS::ECS::TaskDefinition")["Volumes"]
        (shared,) = [volume for volume in volumes if "EFSVolumeConfiguration" in volume]
        configuration = shared["EFSVolumeConfiguration"]
        assert any_stack.to(configuration["FilesystemId"]) == any_stack.one("AWS::EFS::FileSystem")
        assert configuration["TransitEncryption"] == "ENABLED"
        assert configuration["AuthorizationConfig"]["IAM"] == "ENABLED"
        access_point = any_stack.to(configuration["AuthorizationConfig"]["AccessPointId"])
        assert access_point == any_stack.one("AWS::EFS::AccessPoint")

    def test_the_policy_refuses_plain_transport_and_allows_nobody(self, any_stack: Reading) -> None:
        """A policy without an allowing statement admits clients with a permission in IAM, and no anonymous client."""
        assert any_stack.one("AWS::EFS::FileSystem")["FileSystemPolicy"]["Statement"] == [
            {
                "Sid": "RefusePlainTransport",
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": [
                    "elasticfilesystem:ClientMount",
                    "elasticfilesystem:ClientRootAccess",
                    "elasticfilesystem:ClientWrite",
                ],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]

    def test_the_access_point_acts_as_one_posix_user(self, stack: Reading) -> None:
        access_point = stack.one("AWS::EFS::AccessPoint")
        assert access_point["PosixUser"] == {"Uid": "1000", "Gid": "1000"}

    def test_the_access_point_has_a_root_directory_of_its_own(self, stack: Reading) -> None:
        assert stack.one("AWS::EFS::AccessPoint")["RootDirectory"] == {
            "Path": "/shared",
            "CreationInfo": {"OwnerUid": "1000", "OwnerGid": "1000", "Permissions": "750"},
        }

    def test_nfs_is_open_to_tasks_only(self, any_stack: Reading) -> None:
        for target in any_stack.all("AWS::EFS::MountTarget"):
            (group,) = target["SecurityGroups"]
            (rule,) = [rule for owner, rule in any_stack.inbound() if owner == any_stack.to(group)]
            assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 2049, 2049)
            assert any_stack.to(rule["SourceSecurityGroupId"]) == task_group(any_stack)

    def test_elastic_throughput(self, stack: Reading) -> None:
        assert stack.one("AWS::EFS::FileSystem")["ThroughputMode"] == "elastic"

    def test_infrequent_access_after_30_days_and_back_at_the_first_access(self, stack: Reading) -> None:
        assert stack.one("AWS::EFS::FileSystem")["LifecyclePolicies"] == [
            {"TransitionToIA": "AFTER_30_DAYS"},
            {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
        ]

    def test_backups_in_production(self, production: Reading) -> None:
        assert production.one("AWS::EFS::FileSystem")["BackupPolicy"] == {"Status": "ENABLED"}

    def test_no_backups_in_sandbox(self, sandbox: Reading) -> None:
        assert sandbox.one("AWS::EFS::FileSystem").get("BackupPolicy", {"Status": "DISABLED"}) == {"Status": "DISABLED"}


class TestTasks:
    def test_arm64_on_fargate(self, any_stack: Reading) -> None:
        task = any_stack.one("AWS::ECS::TaskDefinition")
        assert task["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
        assert task["RequiresCompatibilities"] == ["FARGATE"]

    def test_size_of_the_setting(self, full: Reading) -> None:
        task = full.one("AWS::ECS::TaskDefinition")
        assert (task["Cpu"], task["Memory"]) == ("512", "2048")

    def test_no_container_runs_as_root(self, any_stack: Reading) -> None:
        assert {name: item.get("User") for name, item in containers(any_stack).items()} == dict.fromkeys(
            containers(any_stack), "1000:1000"
        )

    def test_every_root_file_system_is_read_only(self, any_stack: Reading) -> None:
        writable = [name for name, item in containers(any_stack).items() if not item.get("ReadonlyRootFilesystem")]
        assert writable == []

    def test_no_container_is_privileged(self, any_stack: Reading) -> None:
        for name, item in containers(any_stack).items():
            assert not item.get("Privileged"), name
            assert item.get("LinuxParameters", {}).get("Capabilities", {}) == {}, name

    def test_writable_paths_are_in_memory_and_belong_to_the_user(self, full: Reading) -> None:
        mount_options = ["uid=1000", "gid=1000"]
        assert containers(full)["web"]["LinuxParameters"]["Tmpfs"] == [
            {"ContainerPath": "/tmp", "Size": 64, "MountOptions": mount_options},
            {"ContainerPath": "/var/cache/nginx", "Size": 512, "MountOptions": mount_options},
        ]

    def test_all_that_the_containers_can_write_to_is_declared(self, full: Reading, production: Reading) -> None:
        for stack, path in ((full, "/srv/files"), (production, "/shared")):
            for name, item in containers(stack).items():
                assert [mount["ContainerPath"] for mount in item["MountPoints"]] == [path], name

    def test_the_file_system_is_at_the_mount_path(self, full: Reading) -> None:
        (mount,) = containers(full)["web"]["MountPoints"]
        assert mount == {"ContainerPath": "/srv/files", "ReadOnly": False, "SourceVolume": "shared"}

    def test_every_container_logs_to_the_log_group(self, any_stack: Reading) -> None:
        for name, item in containers(any_stack).items():
            options = item["LogConfiguration"]["Options"]
            assert item["LogConfiguration"]["LogDriver"] == "awslogs", name
            assert any_stack.to(options["awslogs-group"]).type == "AWS::Logs::LogGroup", name
            assert options["awslogs-stream-prefix"] == name

    def test_health_check_of_the_demonstration(self, sandbox: Reading) -> None:
        assert containers(sandbox)["web"]["HealthCheck"]["Command"] == [
            *("CMD", "wget", "-q", "-O", "/dev/null"),
            "http://127.0.0.1:8080/",
        ]

    def test_health_check_of_the_setting(self, full: Reading) -> None:
        assert containers(full)["web"]["HealthCheck"] == {
            "Command": ["CMD", "/ok"],
            "Interval": 15,
            "Retries": 3,
            "StartPeriod": 120,
            "Timeout": 5,
        }

    @pytest.mark.parametrize(("name", "seconds"), [("sandbox", 30), ("production", 30), ("own", 30), ("full", 120)])
    def test_time_to_stop(self, read: Callable[[str], Reading], name: str, seconds: int) -> None:
        assert containers(read(name))["web"]["StopTimeout"] == seconds

    @pytest.mark.parametrize(
        ("name", "seconds"),
        [("sandbox", 30 + 5 * 15), ("production", 30 + 5 * 15), ("own", 30 + 5 * 15), ("full", 240)],
    )
    def test_grace_period(self, read: Callable[[str], Reading], name: str, seconds: int) -> None:
        assert read(name).one("AWS::ECS::Service")["HealthCheckGracePeriodSeconds"] == seconds

    def test_a_user_image_needs_no_health_check(self, own: Reading) -> None:
        assert "HealthCheck" not in containers(own)["web"]

    def test_ecs_exec_in_sandbox(self, sandbox: Reading) -> None:
        assert sandbox.one("AWS::ECS::Service")["EnableExecuteCommand"] is True

    def test_no_ecs_exec_in_production(self, production: Reading) -> None:
        assert not production.one("AWS::ECS::Service").get("EnableExecuteCommand")

    @pytest.mark.parametrize("name", ["sandbox", "own"])
    def test_the_agent_of_ecs_exec_can_write(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        volumes = {volume["Name"]: volume for volume in stack.one("AWS::ECS::TaskDefinition")["Volumes"]}
        mounts = {mount["ContainerPath"]: mount for mount in containers(stack)["web"]["MountPoints"]}
        for path in ("/managed-agents", "/var/lib/amazon", "/var/log/amazon"):
            assert mounts[path]["ReadOnly"] is False
            assert volumes[mounts[path]["SourceVolume"]].keys() == {"Name"}, "not an empty volume"

    def test_an_on_demand_base_and_spot_beyond_it(self, sandbox: Reading) -> None:
        assert sandbox.one("AWS::ECS::Service")["CapacityProviderStrategy"] == [
            {"CapacityProvider": "FARGATE", "Base": 2, "Weight": 50},
            {"CapacityProvider": "FARGATE_SPOT", "Weight": 50},
        ]

    def test_production_runs_on_demand(self, production: Reading) -> None:
        assert production.one("AWS::ECS::Service")["CapacityProviderStrategy"] == [
            {"CapacityProvider": "FARGATE", "Base": 2, "Weight": 100},
            {"CapacityProvider": "FARGATE_SPOT", "Weight": 0},
        ]

    def test_base_and_share_of_spot_of_the_settings(self, full: Reading) -> None:
        assert full.one("AWS::ECS::Service")["CapacityProviderStrategy"] == [
            {"CapacityProvider": "FARGATE", "Base": 1, "Weight": 20},
            {"CapacityProvider": "FARGATE_SPOT", "Weight": 80},
        ]

    def test_no_launch_type_beside_the_capacity_providers(self, any_stack: Reading) -> None:
        assert any_stack.one("AWS::ECS::Service").get("LaunchType") is None

    def test_secrets_and_parameters_by_arn(self, full: Reading) -> None:
        assert containers(full)["web"]["Secrets"] == [
            {"Name": "DB_PASSWORD", "ValueFrom": SECRET},
            {"Name": "GREETING", "ValueFrom": PARAMETER},
        ]


class TestPermissions:
    def test_execution_role_and_task_role_differ(self, any_stack: Reading) -> None:
        assert execution_role(any_stack) != task_role(any_stack)

    def test_only_ecs_tasks_assume_the_roles(self, any_stack: Reading) -> None:
        for role in (execution_role(any_stack), task_role(any_stack)):
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}

    @pytest.mark.parametrize("name", ["production", "full"])
    def test_in_production_the_task_role_reaches_the_file_system_and_nothing_else(
        self, read: Callable[[str], Reading], name: str
    ) -> None:
        assert read(name).statements(task_role(read(name))) == [MOUNT_AND_WRITE]

    @pytest.mark.parametrize("name", ["sandbox", "own"])
    def test_in_sandbox_the_task_role_also_has_the_channel_of_ecs_exec(
        self, read: Callable[[str], Reading], name: str
    ) -> None:
        statements = read(name).statements(task_role(read(name)))
        assert sorted(statements, key=str) == sorted([EXEC_CHANNEL, MOUNT_AND_WRITE], key=str)

    def test_the_execution_role_logs_and_nothing_else(self, stack: Reading) -> None:
        assert stack.statements(execution_role(stack)) == [
            {
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Effect": "Allow",
                "Resource": "${AWS::Logs::LogGroup.Arn}",
            }
        ]

    def test_the_execution_role_reads_and_pulls_exactly_what_is_set(self, full: Reading) -> None:
        repository = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app"
        pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        actions = {
            resource: set(_listed(statement["Action"]))
            for statement in full.statements(execution_role(full))
            for resource in _listed(statement["Resource"])
        }
        assert actions == {
            SECRET: {"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"},
            PARAMETER: {
                *("ssm:GetParameter", "ssm:GetParameters"),
                *("ssm:GetParameterHistory", "ssm:DescribeParameters"),
            },
            SECRET_KEY: {"kms:Decrypt"},
            repository: set(pull),
            "*": {"ecr:GetAuthorizationToken"},
            "${AWS::Logs::LogGroup.Arn}": {"logs:CreateLogStream", "logs:PutLogEvents"},
        }

    def test_only_the_execution_role_reads_secrets(self, full: Reading) -> None:
        readers = {
            role.id
            for role in full.all("AWS::IAM::Role")
            if any(part in str(full.statements(role)) for part in (SECRET, PARAMETER, SECRET_KEY))
        }
        assert readers == {execution_role(full).id}

    def test_no_managed_policies(self, any_stack: Reading) -> None:
        assert any_stack.all("AWS::IAM::ManagedPolicy") == []
        for role in any_stack.all("AWS::IAM::Role"):
            assert role.get("ManagedPolicyArns", []) == []

    def test_no_action_has_a_wildcard(self, any_stack: Reading) -> None:
        for statement in _iam_statements(any_stack):
            assert "*" not in str(statement["Action"]), statement
            assert "NotAction" not in statement

    def test_only_actions_that_know_no_resource_have_a_wildcard_for_one(self, any_stack: Reading) -> None:
        known = {"ecr:GetAuthorizationToken", *EXEC_CHANNEL["Action"]}
        for statement in _iam_statements(any_stack):
            if "*" in str(statement["Resource"]):
                assert set(_listed(statement["Action"])) <= known, statement


class TestImage:
    def test_the_demonstration_needs_no_build_step(self, stack: Reading) -> None:
        images = {item["Image"] for item in containers(stack).values()}
        assert images == {"public.ecr.aws/docker/library/busybox:1.37"}

    def test_the_demonstration_serves_the_shared_folder(self, stack: Reading) -> None:
        web = containers(stack)["web"]
        assert web["Command"] == ["httpd", "-f", "-p", "8080", "-h", "/shared"]
        assert [mapping["ContainerPort"] for mapping in web["PortMappings"]] == [8080]

    def test_the_task_adds_its_line_before_it_serves(self, stack: Reading) -> None:
        assert containers(stack)["web"]["DependsOn"] == [{"ContainerName": "join", "Condition": "SUCCESS"}]
        assert containers(stack)["join"]["Essential"] is False

    def test_the_init_container_carries_the_script(self, stack: Reading) -> None:
        script = JOIN_SCRIPT.read_text(encoding="utf-8")
        assert containers(stack)["join"]["Command"] == ["sh", "-c", script, "join.sh", "/shared"]

    def test_the_init_container_writes_to_the_shared_folder(self, stack: Reading) -> None:
        (mount,) = containers(stack)["join"]["MountPoints"]
        assert mount == {"ContainerPath": "/shared", "ReadOnly": False, "SourceVolume": "shared"}

    @pytest.mark.parametrize("name", ["full", "own"])
    def test_a_user_image_runs_alone_with_its_own_command(self, read: Callable[[str], Reading], name: str) -> None:
        assert containers(read(name)).keys() == {"web"}
        assert "DependsOn" not in containers(read(name))["web"]

    def test_command_entry_point_and_environment_as_set(self, full: Reading) -> None:
        web = containers(full)["web"]
        assert (web["EntryPoint"], web["Command"]) == (["/entry"], ["serve", "--quiet"])
        assert web["Environment"] == [{"Name": "LOG_LEVEL", "Value": "info"}, {"Name": "JAVA_OPTS", "Value": "-Xmx1g"}]

    def test_a_user_image_keeps_its_own_command(self, own: Reading) -> None:
        assert not {"Command", "EntryPoint", "Environment"} & containers(own)["web"].keys()

    def test_an_image_from_a_public_registry(self, own: Reading) -> None:
        assert containers(own)["web"]["Image"] == OWN["image"]

    def test_an_image_from_a_private_repository(self, full: Reading) -> None:
        image = full.shown(containers(full)["web"]["Image"])
        assert image == "111122223333.dkr.ecr.eu-west-1.${AWS::URLSuffix}/team/app:1.2"


class TestLoadBalancer:
    def test_the_load_balancer_is_public(self, stack: Reading) -> None:
        balancer = stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
        assert (balancer["Type"], balancer["Scheme"]) == ("application", "internet-facing")

    def test_plain_http_without_a_certificate(self, stack: Reading) -> None:
        assert {port: item["Protocol"] for port, item in listeners(stack).items()} == {80: "HTTP"}
        (action,) = listeners(stack)[80]["DefaultActions"]
        assert action["Type"] == "forward"

    def test_plain_http_is_warned_of(self, sandbox: Reading) -> None:
        warnings = Annotations.from_stack(sandbox.stack).find_warning(
            "*", Match.string_like_regexp("serves plain HTTP")
        )
        assert len(warnings) == 1

    def test_https_is_not_warned_of(self, own: Reading, full: Reading) -> None:
        for stack in (own, full):
            annotations = Annotations.from_stack(stack.stack)
            assert annotations.find_warning("*", Match.string_like_regexp("serves plain HTTP")) == []

    @pytest.mark.parametrize("name", ["full", "own"])
    def test_https_by_a_tls_1_3_policy(self, read: Callable[[str], Reading], name: str) -> None:
        https = listeners(read(name))[443]
        assert https["Protocol"] == "HTTPS"
        assert https["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
        assert [action["Type"] for action in https["DefaultActions"]] == ["forward"]

    def test_https_with_a_certificate_of_the_setting(self, own: Reading) -> None:
        assert listeners(own)[443]["Certificates"] == [{"CertificateArn": CERTIFICATE}]
        assert own.all("AWS::Route53::RecordSet") == []

    def test_https_with_a_new_certificate_for_the_domain_name(self, full: Reading) -> None:
        [used] = listeners(full)[443]["Certificates"]
        certificate = full.to(used["CertificateArn"])
        assert (certificate["DomainName"], certificate["ValidationMethod"]) == ("shop.example.com", "DNS")
        assert certificate["DomainValidationOptions"] == [
            {"DomainName": "shop.example.com", "HostedZoneId": FULL["hosted_zone_id"]}
        ]

    def test_the_domain_name_leads_to_the_load_balancer_once_it_listens(self, full: Reading) -> None:
        records = full.all("AWS::Route53::RecordSet")
        assert sorted((each["Name"], each["Type"]) for each in records) == [
            ("shop.example.com.", "A"),
            ("shop.example.com.", "AAAA"),
        ]
        balancer = "${AWS::ElasticLoadBalancingV2::LoadBalancer"
        for each in records:
            alias = each["AliasTarget"]
            assert full.shown(alias["DNSName"]) == f"dualstack.{balancer}.DNSName}}"
            assert full.shown(alias["HostedZoneId"]) == f"{balancer}.CanonicalHostedZoneID}}"
            assert each["HostedZoneId"] == FULL["hosted_zone_id"]
            assert listeners(full)[443].id in each.body["DependsOn"]

    @pytest.mark.parametrize("name", ["full", "own"])
    def test_http_is_redirected_to_https(self, read: Callable[[str], Reading], name: str) -> None:
        assert listeners(read(name)).keys() == {80, 443}
        (action,) = listeners(read(name))[80]["DefaultActions"]
        assert action == {
            "Type": "redirect",
            "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
        }

    def test_adding_a_certificate_keeps_listener_and_targets(self, sandbox: Reading, own: Reading) -> None:
        """CloudFormation makes new resources before it removes old ones, and a port takes one listener only."""
        assert listeners(own)[80].id == listeners(sandbox)[80].id
        group = "AWS::ElasticLoadBalancingV2::TargetGroup"
        assert own.one(group).id == sandbox.one(group).id

    def test_invalid_headers_are_dropped(self, any_stack: Reading) -> None:
        assert load_balancer_attributes(any_stack)["routing.http.drop_invalid_header_fields.enabled"] == "true"

    def test_deletion_protection_in_production(self, production: Reading, sandbox: Reading) -> None:
        assert load_balancer_attributes(production)["deletion_protection.enabled"] == "true"
        assert load_balancer_attributes(sandbox).get("deletion_protection.enabled", "false") == "false"

    def test_web_acl_of_the_setting(self, full: Reading) -> None:
        association = full.one("AWS::WAFv2::WebACLAssociation")
        assert association["WebACLArn"] == WEB_ACL
        assert full.to(association["ResourceArn"]) == full.one("AWS::ElasticLoadBalancingV2::LoadBalancer")

    def test_no_web_acl_without_the_setting(self, stack: Reading) -> None:
        assert stack.all("AWS::WAFv2::WebACLAssociation") == []

    def test_target_group_stays_when_the_container_port_changes(self, full: Reading, stack: Reading) -> None:
        for reading in (full, stack):
            group = reading.one("AWS::ElasticLoadBalancingV2::TargetGroup")
            assert (group["TargetType"], group["Protocol"], group["Port"]) == ("ip", "HTTP", 80)

    def test_target_group_reaches_the_tasks(self, full: Reading) -> None:
        group = full.one("AWS::ElasticLoadBalancingV2::TargetGroup")
        assert group["HealthCheckPath"] == "/healthz"
        times = (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"])
        thresholds = (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"])
        assert (times, thresholds, group["Matcher"]) == ((20, 10), (3, 4), {"HttpCode": "200-299"})
        (attached,) = full.one("AWS::ECS::Service")["LoadBalancers"]
        assert (attached["ContainerName"], attached["ContainerPort"]) == ("web", 9000)
        assert full.to(attached["TargetGroupArn"]) == group

    def test_sandbox_keeps_no_access_logs(self, sandbox: Reading) -> None:
        assert "access_logs.s3.enabled" not in load_balancer_attributes(sandbox)
        assert sandbox.all("AWS::S3::Bucket") == []


class TestAccessLogs:
    def test_production_writes_access_logs(self, production: Reading) -> None:
        attributes = load_balancer_attributes(production)
        assert attributes["access_logs.s3.enabled"] == "true"
        assert production.to(attributes["access_logs.s3.bucket"]) == production.one("AWS::S3::Bucket")

    def test_the_bucket_is_private(self, production: Reading) -> None:
        assert production.one("AWS::S3::Bucket")["PublicAccessBlockConfiguration"] == dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
        )

    def test_the_bucket_is_encrypted_by_s3(self, production: Reading) -> None:
        (rule,) = production.one("AWS::S3::Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}

    @pytest.mark.parametrize(("name", "days"), [("production", 365), ("full", 30)])
    def test_access_logs_expire_with_the_retention(self, read: Callable[[str], Reading], name: str, days: int) -> None:
        assert read(name).one("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"] == [
            {"ExpirationInDays": days, "Status": "Enabled"}
        ]

    def test_the_bucket_takes_tls_only_from_one_writer(self, production: Reading) -> None:
        bucket = "${AWS::S3::Bucket.Arn}"
        policy = production.one("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
        assert production.shown(policy) == [
            {
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "s3:*",
                "Resource": [bucket, f"{bucket}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Effect": "Allow",
                "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"{bucket}/AWSLogs/${{AWS::AccountId}}/*",
                "Condition": {
                    "ArnLike": {
                        "aws:SourceArn": "arn:${AWS::Partition}:elasticloadbalancing:${AWS::Region}"
                        ":${AWS::AccountId}:loadbalancer/*"
                    }
                },
            },
        ]

    def test_the_load_balancer_waits_for_permission_to_write(self, production: Reading) -> None:
        balancer = production.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
        assert production.one("AWS::S3::BucketPolicy").id in balancer.depends_on


class TestScaling:
    def test_target_tracking_on_three_metrics(self, any_stack: Reading) -> None:
        found = {
            policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"]
            for policy in policies(any_stack, "TargetTrackingScaling")
            if "Hold" not in policy.id
        }
        assert found == SERVICE_METRICS

    def test_tasks_stay_while_responses_are_slow(self, full: Reading, stack: Reading) -> None:
        [hold] = [policy for policy in policies(full, "TargetTrackingScaling") if "Hold" in policy.id]
        configuration = hold["TargetTrackingScalingPolicyConfiguration"]
        slow, expression = configuration["CustomizedMetricSpecification"]["Metrics"]
        assert slow["MetricStat"]["Metric"]["MetricName"] == "TargetResponseTime"
        assert slow["MetricStat"]["Stat"] == "p90"
        assert expression["Expression"] == "IF(FILL(stepped, 0) >= 0.5, 1, 0)"
        assert configuration["TargetValue"] == 1
        assert len(policies(stack, "TargetTrackingScaling")) == 3

    @pytest.mark.parametrize(("name", "targets"), [("sandbox", (60, 70, 1000)), ("full", (55, 65, 700))])
    def test_targets_of_the_settings(
        self, read: Callable[[str], Reading], name: str, targets: tuple[int, int, int]
    ) -> None:
        configurations = [
            policy["TargetTrackingScalingPolicyConfiguration"]
            for policy in policies(read(name), "TargetTrackingScaling")
            if "Hold" not in policy.id
        ]
        found = {
            item["PredefinedMetricSpecification"]["PredefinedMetricType"]: item["TargetValue"]
            for item in configurations
        }
        assert found == dict(
            zip(
                ("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget"),
                targets,
                strict=True,
            )
        )

    @pytest.mark.parametrize(("name", "bounds"), [("sandbox", (2, 6)), ("production", (2, 6)), ("full", (3, 30))])
    def test_task_limits_of_the_settings(
        self, read: Callable[[str], Reading], name: str, bounds: tuple[int, int]
    ) -> None:
        target = read(name).one("AWS::ApplicationAutoScaling::ScalableTarget")
        assert (target["MinCapacity"], target["MaxCapacity"]) == bounds

    def test_scheduled_scaling(self, full: Reading) -> None:
        actions = full.one("AWS::ApplicationAutoScaling::ScalableTarget")["ScheduledActions"]
        assert [
            (item["Schedule"], item["Timezone"], *sorted(item["ScalableTargetAction"].items())) for item in actions
        ] == [
            ("cron(0 8 ? * MON-FRI *)", "Europe/Berlin", ("MaxCapacity", 40), ("MinCapacity", 4)),
            ("cron(0 20 ? * MON-FRI *)", "Etc/UTC", ("MaxCapacity", 10), ("MinCapacity", 1)),
        ]

    def test_step_scaling_adds_tasks_by_the_response_time(self, full: Reading) -> None:
        (policy,) = policies(full, "StepScaling")
        configuration = policy["StepScalingPolicyConfiguration"]
        assert configuration["AdjustmentType"] == "ChangeInCapacity"
        # Bounds are counted from the alarm's threshold of 0.5 seconds.
        assert configuration["StepAdjustments"] == [
            {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 1.5, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 1.5, "ScalingAdjustment": 4},
        ]

    def test_step_scaling_begins_at_the_first_step(self, full: Reading) -> None:
        (policy,) = policies(full, "StepScaling")
        (alarm,) = [
            item
            for item in full.all("AWS::CloudWatch::Alarm")
            if [full.to(action) for action in item["AlarmActions"]] == [policy]
        ]
        assert (alarm["MetricName"], alarm["ExtendedStatistic"], alarm["Period"]) == ("TargetResponseTime", "p90", 60)
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 0.5)

    def test_no_step_or_scheduled_scaling_by_default(self, stack: Reading) -> None:
        assert policies(stack, "StepScaling") == []
        assert "ScheduledActions" not in stack.one("AWS::ApplicationAutoScaling::ScalableTarget").body["Properties"]

    def test_a_deployment_does_not_reset_the_number_of_tasks(self, any_stack: Reading) -> None:
        assert any_stack.one("AWS::ECS::Service").get("DesiredCount") is None


class TestDeployment:
    def test_rolls_and_rolls_back(self, stack: Reading) -> None:
        configuration = dict(stack.one("AWS::ECS::Service")["DeploymentConfiguration"])
        alarms = configuration.pop("Alarms", None)
        assert configuration.pop("BakeTimeInMinutes", None) == (20 if alarms else None)
        assert configuration == {
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            "MinimumHealthyPercent": 100,
            "MaximumPercent": 200,
        }

    def test_alarms_roll_back_in_production(self, production: Reading, sandbox: Reading) -> None:
        found = roll_back_on(production, production.one("AWS::ECS::Service"))
        assert found == {"TaskErrors", "LoadBalancerErrors", "CrashingTasks", "MissingTasks"}
        assert roll_back_on(sandbox, sandbox.one("AWS::ECS::Service")) == set()

    def test_az_rebalancing(self, stack: Reading) -> None:
        assert stack.one("AWS::ECS::Service")["AvailabilityZoneRebalancing"] == "ENABLED"

    def test_mount_targets_before_tasks(self, any_stack: Reading) -> None:
        targets = {target.id for target in any_stack.all("AWS::EFS::MountTarget")}
        assert len(targets) == 3
        assert targets <= set(any_stack.one("AWS::ECS::Service").depends_on)

    def test_listener_before_tasks(self, any_stack: Reading) -> None:
        forwarding = [
            item.id
            for item in listeners(any_stack).values()
            if [action["Type"] for action in item["DefaultActions"]] == ["forward"]
        ]
        assert len(forwarding) == 1
        assert set(forwarding) <= set(any_stack.one("AWS::ECS::Service").depends_on)

    @pytest.mark.parametrize("role", [task_role, execution_role], ids=["task role", "execution role"])
    def test_permissions_before_tasks(self, any_stack: Reading, role: Callable[[Reading], Resource]) -> None:
        (policy,) = [
            item.id
            for item in any_stack.all("AWS::IAM::Policy")
            if role(any_stack) in [any_stack.to(attached) for attached in item["Roles"]]
        ]
        assert policy in any_stack.one("AWS::ECS::Service").depends_on

    def test_routes_to_the_internet_before_tasks(self, any_stack: Reading) -> None:
        through_nat = {route.id for route in any_stack.all("AWS::EC2::Route") if route.get("NatGatewayId")}
        assert len(through_nat) == 3
        assert through_nat <= set(any_stack.one("AWS::ECS::Service").depends_on)

    def test_capacity_providers_outlive_the_service(self, any_stack: Reading) -> None:
        association = any_stack.one("AWS::ECS::ClusterCapacityProviderAssociations")
        assert association["CapacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
        assert association.id in any_stack.one("AWS::ECS::Service").depends_on

    def test_connections_drain_for_30_seconds(self, stack: Reading) -> None:
        attributes = stack.one("AWS::ElasticLoadBalancingV2::TargetGroup")["TargetGroupAttributes"]
        assert {"Key": "deregistration_delay.timeout_seconds", "Value": "30"} in attributes


BALANCER, EFS, INSIGHTS = "AWS/ApplicationELB", "AWS/EFS", "ECS/ContainerInsights"
BEYOND = "failures - FILL(attempts, 0) * IF(failures >= 5, 0.05, 0.5)"
"""More than 5 % of the requests of a minute, or more than half of them if fewer than 5 fail."""


class TestOperation:
    @pytest.mark.parametrize(
        ("name", "metrics", "expression", "threshold", "ringing"),
        [
            (
                "TaskErrors",
                {
                    "failures": (f"{BALANCER}/HTTPCode_Target_5XX_Count", "Sum", 60),
                    "attempts": (f"{BALANCER}/RequestCount", "Sum", 60),
                },
                BEYOND,
                0,
                (3, 15, "notBreaching"),
            ),
            (
                "LoadBalancerErrors",
                {
                    "failures": (f"{BALANCER}/HTTPCode_ELB_5XX_Count", "Sum", 60),
                    "attempts": (f"{BALANCER}/RequestCount", "Sum", 60),
                },
                BEYOND,
                0,
                (3, 15, "notBreaching"),
            ),
            ("ResponseTime", {"": (f"{BALANCER}/TargetResponseTime", "p90", 60)}, None, 1, (5, 15, "notBreaching")),
            # A task that comes and goes leaves a good minute between two bad ones.
            (
                "CrashingTasks",
                {
                    "desired": (f"{INSIGHTS}/DesiredTaskCount", "Minimum", 60),
                    "running": (f"{INSIGHTS}/RunningTaskCount", "Minimum", 60),
                },
                "(running < desired) * (DIFF(running) < 0)",
                0,
                (4, 20, "notBreaching"),
            ),
            # Scale-out in progress is silent.
            (
                "WaitingTasks",
                {
                    "desired": (f"{INSIGHTS}/DesiredTaskCount", "Minimum", 60),
                    "running": (f"{INSIGHTS}/RunningTaskCount", "Minimum", 60),
                },
                "desired - running",
                0,
                (12, 15, "notBreaching"),
            ),
            (
                "StorageThroughput",
                {
                    "metered": (f"{EFS}/MeteredIOBytes", "Sum", 60),
                    "permitted": (f"{EFS}/PermittedThroughput", "Average", 60),
                },
                "100 * (metered / PERIOD(metered)) / permitted",
                80,
                (5, 15, "notBreaching"),
            ),
        ],
    )
    def test_alarm(
        self,
        any_stack: Reading,
        name: str,
        metrics: dict[str, tuple[str, str, int]],
        expression: str | None,
        threshold: int,
        ringing: tuple[int, int, str],
    ) -> None:
        alarm = alarms_of(any_stack)[name]
        assert (metrics_of(alarm), expression_of(alarm)) == (metrics, expression)
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", threshold)
        assert rings(alarm) == ringing
        # A percentile of few requests counts, or a quiet service could be slow for ever.
        assert alarm.get("EvaluateLowSampleCountPercentile") is None

    def test_a_task_may_be_unhealthy_for_its_grace_period(self, any_stack: Reading) -> None:
        alarm = alarms_of(any_stack)["UnhealthyTargets"]
        assert metrics_of(alarm) == {"": (f"{BALANCER}/UnHealthyHostCount", "Maximum", 60)}
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
        grace_period = any_stack.one("AWS::ECS::Service")["HealthCheckGracePeriodSeconds"]
        assert rings(alarm) == {105: (5, 15, "notBreaching"), 240: (6, 18, "notBreaching")}[grace_period]

    def test_there_are_no_other_alarms(self, any_stack: Reading, own: Reading) -> None:
        known = {
            *("TaskErrors", "LoadBalancerErrors", "UnhealthyTargets", "ResponseTime"),
            *("CrashingTasks", "MissingTasks", "WaitingTasks", "StorageThroughput"),
        }
        # At night, the variant "own" runs no task.
        assert known - alarms_of(any_stack).keys() == ({"MissingTasks"} if any_stack is own else set())
        assert alarms_of(any_stack).keys() <= known

    def test_requests_of_the_tasks_are_those_of_the_target_group(self, stack: Reading) -> None:
        groups = {name: dimensions_of(stack, alarm) for name, alarm in alarms_of(stack).items()}
        assert ["TargetGroup" in each for each in groups["TaskErrors"]] == [True, True]
        assert ["TargetGroup" in each for each in groups["LoadBalancerErrors"]] == [False, False]

    @pytest.mark.parametrize("name", ["CrashingTasks", "MissingTasks", "WaitingTasks"])
    def test_tasks_are_those_of_the_service(self, stack: Reading, name: str) -> None:
        for dimensions in dimensions_of(stack, alarms_of(stack)[name]):
            assert dimensions == {
                "ClusterName": "${AWS::ECS::Cluster}",
                "ServiceName": "${AWS::ECS::Service.Name}",
            }

    @pytest.mark.parametrize(("name", "least"), [("sandbox", 2), ("production", 2), ("full", 1)])
    def test_fewer_tasks_than_at_any_time_of_day_ring(
        self, read: Callable[[str], Reading], name: str, least: int
    ) -> None:
        alarm = alarms_of(read(name))["MissingTasks"]
        assert expression_of(alarm) == f"{least} - FILL(running, 0)"
        assert metrics_of(alarm) == {"running": (f"{INSIGHTS}/RunningTaskCount", "Minimum", 60)}
        # In a total outage there is no data.
        assert (rings(alarm), alarm["Threshold"]) == ((6, 20, "breaching"), 0)

    def test_no_task_is_missed_where_none_has_to_run_at_night(self, own: Reading) -> None:
        assert min(schedule["min_tasks"] for schedule in OWN["scheduled_tasks"]) == 0
        assert {rings(alarm)[2] for alarm in alarms_of(own).values()} == {"notBreaching"}

    def test_a_description_says_what_to_do_and_where_to_read_more(self, any_stack: Reading) -> None:
        for name, alarm in alarms_of(any_stack).items():
            happened, remedy, page = re.split(r"(?<=\.) ", alarm["AlarmDescription"])
            assert all((happened, remedy)), name
            assert page == "docs/fargate-efs.md#what-rings-and-when"
            assert len(alarm["AlarmDescription"]) <= 1024

    def test_a_failed_deployment_notifies_the_topic(self, any_stack: Reading) -> None:
        rule = any_stack.one("AWS::Events::Rule")
        assert any_stack.shown(rule["EventPattern"]) == {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Deployment State Change"],
            "resources": ["${AWS::ECS::Service}"],
            "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
        }
        [target] = rule["Targets"]
        assert any_stack.to(target["Arn"]) == any_stack.one("AWS::SNS::Topic")
        said = any_stack.shown(target["InputTransformer"]["InputTemplate"])
        paths = target["InputTransformer"]["InputPathsMap"]
        assert f"<{next(name for name, path in paths.items() if path == '$.detail.reason')}>" in said
        assert "${AWS::ECS::Service.Name}" in said
        allowed = any_stack.statements(any_stack.to(target["RoleArn"]))
        assert [statement["Action"] for statement in allowed] in (
            ["sns:Publish"],
            ["sns:Publish", ["kms:Decrypt", "kms:GenerateDataKey"]],
        )

    def test_alarms_notify_the_topic_when_they_ring_and_when_they_are_over(self, any_stack: Reading) -> None:
        topic = any_stack.one("AWS::SNS::Topic")
        for alarm in alarms_of(any_stack).values():
            assert [any_stack.to(action) for action in alarm["AlarmActions"]] == [topic], alarm["AlarmDescription"]
            assert [any_stack.to(action) for action in alarm["OKActions"]] == [topic], alarm["AlarmDescription"]

    def test_the_topic_takes_messages_over_tls_only(self, stack: Reading) -> None:
        policy = stack.one("AWS::SNS::TopicPolicy")
        assert [stack.to(topic) for topic in policy["Topics"]] == [stack.one("AWS::SNS::Topic")]
        refused, _ = policy["PolicyDocument"]["Statement"]
        assert (refused["Effect"], refused["Principal"], refused["Action"]) == ("Deny", "*", "sns:Publish")
        assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

    def test_alarms_of_the_account_may_publish(self, any_stack: Reading) -> None:
        _, allowed = any_stack.one("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
        assert (allowed["Effect"], allowed["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
        assert allowed["Action"] == "sns:Publish"
        assert any_stack.to(allowed["Resource"]) == any_stack.one("AWS::SNS::Topic")
        assert any_stack.shown(allowed["Condition"]) == {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}}

    def test_alarm_email_subscribes_an_address(self, full: Reading) -> None:
        subscription = full.one("AWS::SNS::Subscription")
        assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.com")
        assert full.to(subscription["TopicArn"]) == full.one("AWS::SNS::Topic")

    def test_no_subscription_by_default(self, stack: Reading) -> None:
        assert stack.all("AWS::SNS::Subscription") == []

    def test_the_dashboard_shows_every_alarm(self, any_stack: Reading) -> None:
        graphs = {widget["properties"]["title"]: widget["properties"] for widget in graphs_of(any_stack)}
        for alarm in alarms_of(any_stack).values():
            graph = graphs[alarm["AlarmDescription"].partition(". ")[0]]
            drawn = [f"{item[0]}/{item[1]}" for item in graph["metrics"] if isinstance(item[0], str)]
            assert drawn == [metric for metric, _, _ in metrics_of(alarm).values()], alarm["AlarmDescription"]
            lines = [line["value"] for line in graph["annotations"]["horizontal"]]
            assert lines == [alarm["Threshold"]], alarm["AlarmDescription"]

    def test_the_dashboard_has_rows_of_three(self, any_stack: Reading) -> None:
        places = [(graph["x"], graph["y"], graph["width"], graph["height"]) for graph in graphs_of(any_stack)]
        assert places == [(8 * (number % 3), 6 * (number // 3), 8, 6) for number in range(len(places))]

    @pytest.mark.parametrize(("posture", "value"), [("sandbox", "enabled"), ("production", "enhanced")])
    def test_container_insights(self, read: Callable[[str], Reading], posture: str, value: str) -> None:
        settings = read(posture).one("AWS::ECS::Cluster")["ClusterSettings"]
        assert settings == [{"Name": "containerInsights", "Value": value}]

    @pytest.mark.parametrize(("name", "days"), [("sandbox", 7), ("production", 365), ("own", 3), ("full", 30)])
    def test_log_retention(self, read: Callable[[str], Reading], name: str, days: int) -> None:
        groups = read(name).all("AWS::Logs::LogGroup")
        assert [group["RetentionInDays"] for group in groups] == [days, days]

    def test_log_groups_have_no_fixed_name(self, stack: Reading) -> None:
        assert [group.get("LogGroupName") for group in stack.all("AWS::Logs::LogGroup")] == [None, None]


class TestOutputs:
    def test_url(self, stack: Reading) -> None:
        assert stack.output("Url") == "http://${AWS::ElasticLoadBalancingV2::LoadBalancer.DNSName}"

    def test_url_with_a_certificate(self, own: Reading) -> None:
        assert own.output("Url") == "https://${AWS::ElasticLoadBalancingV2::LoadBalancer.DNSName}"

    def test_url_with_a_domain_name(self, full: Reading) -> None:
        assert full.output("Url") == "https://shop.example.com"
        assert full.output("LoadBalancerDnsName") == "${AWS::ElasticLoadBalancingV2::LoadBalancer.DNSName}"

    def test_file_system_id(self, stack: Reading) -> None:
        assert stack.output("FileSystemId") == "${AWS::EFS::FileSystem}"

    def test_log_group_name_is_that_of_the_tasks(self, stack: Reading) -> None:
        group = containers(stack)["web"]["LogConfiguration"]["Options"]["awslogs-group"]
        assert stack.document["Outputs"]["LogGroupName"]["Value"] == group

    def test_dashboard_url(self, stack: Reading) -> None:
        assert stack.output("DashboardUrl") == (
            "https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}"
            "#dashboards/dashboard/${AWS::CloudWatch::Dashboard}"
        )

    def test_shell_command_in_sandbox(self, sandbox: Reading) -> None:
        assert sandbox.output("ShellCommand") == (
            "aws ecs execute-command --cluster ${AWS::ECS::Cluster} --task $(aws ecs list-tasks"
            " --cluster ${AWS::ECS::Cluster} --service-name ${AWS::ECS::Service.Name}"
            " --query 'taskArns[0]' --output text) --container web --interactive --command /bin/sh"
        )

    def test_no_shell_command_in_production(self, production: Reading) -> None:
        assert production.document["Outputs"].keys() == {"Url", "FileSystemId", "LogGroupName", "DashboardUrl"}


class TestWhatStays:
    @pytest.mark.parametrize("name", ["sandbox", "own"])
    def test_sandbox_keeps_nothing(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        assert [item.type for item in stack.resources.values() if set(item.kept) - {None, "Delete"}] == []

    @pytest.mark.parametrize("name", ["sandbox", "own"])
    def test_sandbox_deletes_what_is_kept_by_default(self, read: Callable[[str], Reading], name: str) -> None:
        stored = [item for resource_type in STORED for item in read(name).all(resource_type)]
        assert len(stored) == 3, "a file system and two log groups"
        assert {item.kept for item in stored} == {("Delete", "Delete")}

    @pytest.mark.parametrize("name", ["production", "full"])
    @pytest.mark.parametrize("resource_type", STORED)
    def test_production_keeps_stored_data(self, read: Callable[[str], Reading], name: str, resource_type: str) -> None:
        kept = [item.kept for item in read(name).all(resource_type)]
        assert kept
        assert set(kept) == {("RetainExceptOnCreate", "Retain")}, "kept, but not of a first deployment that fails"

    def test_production_is_protected_from_termination(self, production: Reading, sandbox: Reading) -> None:
        assert production.stack.termination_protection is True
        assert not sandbox.stack.termination_protection


class TestKey:
    def test_sandbox_has_no_key(self, sandbox: Reading) -> None:
        assert sandbox.all("AWS::KMS::Key") == []

    def test_the_key_rotates(self, production: Reading) -> None:
        assert production.one("AWS::KMS::Key")["EnableKeyRotation"] is True

    @pytest.mark.parametrize("resource_type", ["AWS::Logs::LogGroup", "AWS::EFS::FileSystem", "AWS::SNS::Topic"])
    def test_the_key_encrypts_stored_data_in_production(self, production: Reading, resource_type: str) -> None:
        name = "KmsMasterKeyId" if resource_type == "AWS::SNS::Topic" else "KmsKeyId"
        key = production.one("AWS::KMS::Key")
        for resource in production.all(resource_type):
            assert production.to(resource[name]) == key

    def test_only_the_account_and_services_on_its_behalf_use_it(self, production: Reading) -> None:
        account = "${AWS::Region}:${AWS::AccountId}"
        statements = production.shown(production.one("AWS::KMS::Key")["KeyPolicy"]["Statement"])
        assert {json.dumps(item["Principal"]): item.get("Condition") for item in statements} == {
            '{"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}': None,
            '{"Service": "logs.${AWS::Region}.${AWS::URLSuffix}"}': {
                "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:${{AWS::Partition}}:logs:{account}:log-group:*"}
            },
            '{"Service": "cloudwatch.amazonaws.com"}': {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}},
        }

    def test_services_use_it_and_do_not_administer_it(self, production: Reading) -> None:
        use = {
            *("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:DescribeKey"),
            *("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
        }
        for statement in production.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]:
            if "Service" in statement["Principal"]:
                assert set(statement["Action"]) <= use, statement


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _iam_statements(stack: Reading) -> list[dict[str, Any]]:
    """The statements of all roles in the template that allow something."""
    found = [statement for role in stack.all("AWS::IAM::Role") for statement in stack.statements(role)]
    assert found
    return [statement for statement in found if statement["Effect"] == "Allow"]


def test_the_stack_gives_what_it_made(sandbox: Reading) -> None:
    made = sandbox.stack
    assert isinstance(made, FargateEfsStack)
    types = {
        made.network.vpc.vpc_id: "AWS::EC2::VPC",
        made.files.file_system.file_system_id: "AWS::EFS::FileSystem",
        made.load_balancer.load_balancer.load_balancer_arn: "AWS::ElasticLoadBalancingV2::LoadBalancer",
        made.cluster.cluster_name: "AWS::ECS::Cluster",
        made.task.definition.task_definition_arn: "AWS::ECS::TaskDefinition",
        made.service.service.service_arn: "AWS::ECS::Service",
        made.logs.log_group_name: "AWS::Logs::LogGroup",
        made.monitoring.topic.topic_arn: "AWS::SNS::Topic",
    }
    assert sandbox.types_of(types) == types


class TestOutboundTraffic(OutboundTraffic):
    """The tests that every pattern with a network has in common."""


class TestDeploymentsThatShiftRequests:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html"""

    @pytest.fixture(scope="class")
    def shifting(self, tmp_path_factory: pytest.TempPathFactory) -> Reading:
        return Reading(variant(FargateEfsStack, tmp_path_factory.mktemp("shifting"), **OTHER_OPTIONS))

    @staticmethod
    def groups(shifting: Reading) -> tuple[Resource, Resource]:
        """The target groups of the first and of the second deployment."""
        [balancer] = shifting.one("AWS::ECS::Service")["LoadBalancers"]
        advanced = balancer["AdvancedConfiguration"]
        return shifting.to(balancer["TargetGroupArn"]), shifting.to(advanced["AlternateTargetGroupArn"])

    def test_the_target_groups_are_alike(self, shifting: Reading) -> None:
        first, second = self.groups(shifting)
        assert first.id != second.id
        assert first.body["Properties"] == second.body["Properties"]
        assert first["TargetType"] == "ip"

    def test_one_rule_sends_all_requests_to_the_first_group(self, shifting: Reading) -> None:
        first, second = self.groups(shifting)
        [balancer] = shifting.one("AWS::ECS::Service")["LoadBalancers"]
        rule = shifting.to(balancer["AdvancedConfiguration"]["ProductionListenerRule"])
        [condition], [action] = rule["Conditions"], rule["Actions"]
        assert condition["PathPatternConfig"]["Values"] == ["/*"]
        weights = action["ForwardConfig"]["TargetGroups"]
        assert {shifting.to(each["TargetGroupArn"]).id: each["Weight"] for each in weights} == {
            first.id: 100,
            second.id: 0,
        }

    def test_only_ecs_assumes_the_role_that_shifts(self, shifting: Reading) -> None:
        [balancer] = shifting.one("AWS::ECS::Service")["LoadBalancers"]
        role = shifting.to(balancer["AdvancedConfiguration"]["RoleArn"])
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "ecs.amazonaws.com"}
        assert shifting.shown(role["ManagedPolicyArns"]) == [
            "arn:${AWS::Partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
        ]

    def test_old_tasks_stay_for_a_while_and_failures_roll_back(self, shifting: Reading) -> None:
        configuration = shifting.one("AWS::ECS::Service")["DeploymentConfiguration"]
        assert (configuration["Strategy"], configuration["BakeTimeInMinutes"]) == ("CANARY", 20)
        assert configuration["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}

    @pytest.mark.parametrize("metric", ["RequestCountPerTarget", "TargetResponseTime"])
    def test_scaling_counts_the_requests_of_both_groups(self, shifting: Reading, metric: str) -> None:
        alarms = [item for item in shifting.all("AWS::CloudWatch::Alarm") if item.get("Metrics")]
        scaling = [*shifting.all("AWS::ApplicationAutoScaling::ScalingPolicy"), *alarms]
        counting = [resource for resource in scaling if f'"MetricName": "{metric}"' in json.dumps(resource.body)]
        assert counting
        for resource in counting:
            assert all(shifting.refers(resource, group) for group in self.groups(shifting)), resource.id

    def test_no_policy_uses_the_metric_of_one_group(self, shifting: Reading) -> None:
        predefined = [json.dumps(item.body) for item in shifting.all("AWS::ApplicationAutoScaling::ScalingPolicy")]
        assert not any("ALBRequestCountPerTarget" in each for each in predefined)

    def test_no_alarm_watches_only_one_group(self, shifting: Reading) -> None:
        first, second = self.groups(shifting)
        for alarm in shifting.all("AWS::CloudWatch::Alarm"):
            assert shifting.refers(alarm, first) == shifting.refers(alarm, second), alarm.id

    @pytest.mark.parametrize(("deployment", "strategy"), [("blue_green", "BLUE_GREEN"), ("linear", "LINEAR")])
    def test_other_strategies(self, tmp_path: Path, deployment: str, strategy: str) -> None:
        stack = Reading(variant(FargateEfsStack, tmp_path, deployment=deployment))
        assert stack.one("AWS::ECS::Service")["DeploymentConfiguration"]["Strategy"] == strategy
        assert [group.type for group in self.groups(stack)] == ["AWS::ElasticLoadBalancingV2::TargetGroup"] * 2

    def test_rolling_needs_none_of_it(self, sandbox: Reading) -> None:
        assert len(sandbox.all("AWS::ElasticLoadBalancingV2::TargetGroup")) == 1
        assert sandbox.all("AWS::ElasticLoadBalancingV2::ListenerRule") == []
        assert "Strategy" not in sandbox.one("AWS::ECS::Service")["DeploymentConfiguration"]


class TestDrawing(DrawingPromises):
    """What docs/fargate-efs.d2 shows."""
