"""The CloudFormation types of :mod:`rehearsal.types`, each through a whole life: created, read back by boto3, changed,
rolled back, changed back, deleted, and nothing left.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from rehearsal.account import ACCOUNT_ID, REGION, EmulatedAccount
from tests.rehearsal.templates import (
    NETWORK,
    STACK,
    Resources,
    Stack,
    att,
    balancer_of,
    front,
    of,
    ref,
    service,
    tags,
    trust,
)


@pytest.fixture
def stack(account: EmulatedAccount) -> Iterator[Stack]:
    before = account.inventory()
    made = Stack(account)
    yield made
    if made.status():
        made.delete()
    left = {store: set(keys) - set(before.get(store, ())) for store, keys in account.inventory().items()}
    assert not {store: keys for store, keys in left.items() if keys}


def live(stack: Stack, first: Resources, second: Resources, read: Callable[[], Any]) -> tuple[Any, Any]:
    """What ``read`` returns after the first deployment and after the second.

    Between the two a roll-back leaves all as it was, and so does one afterwards; going back to the first deployment
    brings its state back. Then the stack is deleted.
    """
    stack.put(first)
    at_first = read()
    stack.roll_back(second)
    assert read() == at_first
    stack.put(second)
    changed = read()
    assert changed != at_first
    stack.roll_back(first)
    assert read() == changed
    stack.put(first)
    assert read() == at_first
    stack.delete()
    return at_first, changed


def only(found: list[Any]) -> Any:
    assert len(found) == 1, found
    return found[0]


def without_own_tags(described: list[dict[str, str]]) -> list[dict[str, str]]:
    """Tags but those that CloudFormation adds."""
    return [tag for tag in described if not tag["Key"].startswith("aws:")]


# EC2


def test_addresses_and_nat_gateways(stack: Stack) -> None:
    def resources(name: str) -> Resources:
        return {
            **NETWORK,
            "Address": of("EC2::EIP", Domain="vpc", Tags=tags(Name=name)),
            "Gateway": of(
                "EC2::NatGateway",
                AllocationId=att("Address", "AllocationId"),
                SubnetId=ref("Subnet"),
                Tags=tags(Name=name),
            ),
        }

    def read() -> Any:
        ec2 = stack.client("ec2")
        address = only(ec2.describe_addresses()["Addresses"])
        gateway = only(ec2.describe_nat_gateways(NatGatewayIds=[stack.id_of("Gateway")])["NatGateways"])
        assert gateway["SubnetId"] == stack.id_of("Subnet")
        assert stack.id_of("Address") == address["PublicIp"]
        attached = only(gateway["NatGatewayAddresses"])
        for name in ("AllocationId", "AssociationId", "PublicIp"):
            assert attached[name] == address[name]
        return gateway["State"], without_own_tags(address["Tags"]), without_own_tags(gateway["Tags"])

    first, second = live(stack, resources("one"), resources("two"), read)
    assert first == ("available", tags(Name="one"), tags(Name="one"))
    assert second == ("available", tags(Name="two"), tags(Name="two"))


def test_an_address_is_free_once_its_nat_gateway_is_gone(stack: Stack) -> None:
    address = {**NETWORK, "Address": of("EC2::EIP", Domain="vpc")}
    gateway = of("EC2::NatGateway", AllocationId=att("Address", "AllocationId"), SubnetId=ref("Subnet"))
    stack.put({**address, "Gateway": gateway})
    with pytest.raises(AssertionError, match="already associated"):
        stack.put({**address, "Gateway": gateway, "Second": {**gateway, "DependsOn": "Gateway"}})
    stack.put(address)
    assert "AssociationId" not in only(stack.client("ec2").describe_addresses()["Addresses"])


def test_flow_logs(stack: Stack) -> None:
    def resources(traffic: str, name: str) -> Resources:
        return {
            **NETWORK,
            "Logs": of("Logs::LogGroup", RetentionInDays=7),
            "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("vpc-flow-logs.amazonaws.com")),
            "FlowLog": of(
                "EC2::FlowLog",
                DeliverLogsPermissionArn=att("Role", "Arn"),
                LogDestinationType="cloud-watch-logs",
                LogGroupName=ref("Logs"),
                ResourceId=ref("Vpc"),
                ResourceType="VPC",
                Tags=tags(Name=name),
                TrafficType=traffic,
            ),
        }

    def read() -> Any:
        log = only(stack.client("ec2").describe_flow_logs(FlowLogIds=[stack.id_of("FlowLog")])["FlowLogs"])
        assert log["ResourceId"] == stack.id_of("Vpc")
        assert log["LogGroupName"] == stack.id_of("Logs")
        assert log["DeliverLogsPermissionArn"] == f"arn:aws:iam::{ACCOUNT_ID}:role/{stack.id_of('Role')}"
        names = ("FlowLogStatus", "LogDestinationType", "MaxAggregationInterval", "TrafficType")
        return {name: log[name] for name in names}, without_own_tags(log["Tags"])

    settings = {
        "FlowLogStatus": "ACTIVE",
        "LogDestinationType": "cloud-watch-logs",
        "MaxAggregationInterval": 600,
        "TrafficType": "ALL",
    }
    first, second = live(stack, resources("ALL", "one"), resources("REJECT", "two"), read)
    assert first == (settings, tags(Name="one"))
    assert second == ({**settings, "TrafficType": "REJECT"}, tags(Name="two"))


NOWHERE = {
    "CidrIp": "255.255.255.255/32",
    "Description": "nowhere",
    "FromPort": 252,
    "IpProtocol": "icmp",
    "ToPort": 86,
}


def test_tags_of_a_flow_log_change_in_place(stack: Stack) -> None:
    log = {"LogDestination": "arn:aws:s3:::some", "LogDestinationType": "s3", "ResourceId": ref("Vpc")}

    def resources(name: str) -> Resources:
        return {
            **NETWORK,
            "FlowLog": of("EC2::FlowLog", **log, ResourceType="VPC", TrafficType="ALL", Tags=tags(Name=name)),
        }

    def read() -> Any:
        found = only(stack.client("ec2").describe_flow_logs(FlowLogIds=[stack.id_of("FlowLog")])["FlowLogs"])
        return found["FlowLogId"], found["LogDestination"], without_own_tags(found["Tags"])

    first, second = live(stack, resources("one"), resources("two"), read)
    assert first[0] == second[0]
    assert first[1:] == ("arn:aws:s3:::some", tags(Name="one"))
    assert second[2] == tags(Name="two")


def test_rules_of_security_groups(stack: Stack) -> None:
    def resources(description: str | None, port: int) -> Resources:
        described = {"Description": description} if description else {}
        tcp = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **described}
        return {
            **NETWORK,
            "Other": of(
                "EC2::SecurityGroup", GroupDescription="Other", VpcId=ref("Vpc"), SecurityGroupEgress=[NOWHERE]
            ),
            "In": of(
                "EC2::SecurityGroupIngress",
                GroupId=att("Group", "GroupId"),
                SourceSecurityGroupId=att("Other", "GroupId"),
                **tcp,
            ),
            "Range": of("EC2::SecurityGroupIngress", GroupId=att("Group", "GroupId"), CidrIp="192.0.2.0/24", **tcp),
            "Out": of(
                "EC2::SecurityGroupEgress",
                GroupId=att("Other", "GroupId"),
                DestinationSecurityGroupId=att("Group", "GroupId"),
                **tcp,
            ),
        }

    def read() -> Any:
        groups = {stack.id_of(name): name for name in ("Group", "Other")}
        rules = stack.client("ec2").describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": list(groups)}]
        )["SecurityGroupRules"]
        return {
            (
                groups[rule["GroupId"]],
                "out" if rule["IsEgress"] else "in",
                groups.get(rule.get("ReferencedGroupInfo", {}).get("GroupId")) or rule.get("CidrIpv4"),
                rule["FromPort"],
                rule.get("Description"),
            )
            for rule in rules
        }

    first, second = live(stack, resources("first", 443), resources(None, 8443), read)
    always = {("Group", "out", "0.0.0.0/0", -1, None), ("Other", "out", "255.255.255.255/32", 252, "nowhere")}
    assert first - always == {
        ("Group", "in", "Other", 443, "first"),
        ("Group", "in", "192.0.2.0/24", 443, "first"),
        ("Other", "out", "Group", 443, "first"),
    }
    assert second - always == {
        ("Group", "in", "Other", 8443, None),
        ("Group", "in", "192.0.2.0/24", 8443, None),
        ("Other", "out", "Group", 8443, None),
    }


def test_the_description_of_a_rule_changes_in_place(stack: Stack) -> None:
    def resources(**described: str) -> Resources:
        rule = {"CidrIp": "192.0.2.0/24", "GroupId": att("Group", "GroupId"), "IpProtocol": "-1", **described}
        return {**NETWORK, "Rule": of("EC2::SecurityGroupIngress", **rule)}

    def read() -> Any:
        rule_id = stack.id_of("Rule")
        rules = stack.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[rule_id])
        return rule_id, only(rules["SecurityGroupRules"]).get("Description")

    (rule_id, first), (same_id, second) = live(stack, resources(Description="one"), resources(), read)
    assert rule_id == same_id
    assert (first, second) == ("one", None)


def test_endpoints(stack: Stack) -> None:
    def resources(private_dns: bool) -> Resources:
        return {
            **NETWORK,
            "Endpoint": of(
                "EC2::VPCEndpoint",
                PrivateDnsEnabled=private_dns,
                SecurityGroupIds=[att("Group", "GroupId")],
                ServiceName=f"com.amazonaws.{REGION}.ecr.api",
                SubnetIds=[ref("Subnet")],
                VpcEndpointType="Interface",
                VpcId=ref("Vpc"),
            ),
        }

    def read() -> Any:
        found = stack.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[stack.id_of("Endpoint")])
        endpoint = only(found["VpcEndpoints"])
        assert only(endpoint["Groups"])["GroupId"] == stack.id_of("Group")
        assert endpoint["SubnetIds"] == [stack.id_of("Subnet")]
        return endpoint["PrivateDnsEnabled"], endpoint["VpcEndpointType"], endpoint["ServiceName"]

    first, second = live(stack, resources(True), resources(False), read)
    assert first == (True, "Interface", "com.amazonaws.us-east-1.ecr.api")
    assert second == (False, *first[1:])


def test_attributes_of_networks(stack: Stack) -> None:
    resources = {
        **NETWORK,
        **{
            name: of("SSM::Parameter", Type="String", Value=value)
            for name, value in {
                "Range": att("Vpc", "CidrBlock"),
                "SubnetRange": att("Subnet", "CidrBlock"),
                "SubnetVpc": att("Subnet", "VpcId"),
            }.items()
        },
    }
    stack.put(resources)
    ssm = stack.client("ssm")
    values = [
        ssm.get_parameter(Name=stack.id_of(name))["Parameter"]["Value"]
        for name in ("Range", "SubnetRange", "SubnetVpc")
    ]
    assert values == ["10.0.0.0/16", "10.0.0.0/20", stack.id_of("Vpc")]


# Elastic Load Balancing


def test_attributes_of_load_balancers_and_target_groups(stack: Stack) -> None:
    attributes = {
        "balancer": [{"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"}],
        "targets": [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}],
    }

    def read() -> Any:
        elb = stack.client("elbv2")
        balancer, targets = stack.id_of("Balancer"), stack.id_of("Targets")
        of_balancer = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
        of_targets = elb.describe_target_group_attributes(TargetGroupArn=targets)["Attributes"]
        values = {one["Key"]: one["Value"] for one in (*of_balancer, *of_targets)}
        group = only(elb.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"])
        return (
            values["routing.http.drop_invalid_header_fields.enabled"],
            values["deregistration_delay.timeout_seconds"],
            values["idle_timeout.timeout_seconds"],
            group["HealthCheckIntervalSeconds"],
            group["HealthCheckPath"],
        )

    first, second = live(stack, front(**attributes), front(interval=20, path="/up"), read)
    assert first == ("true", "30", "60", 15, "/")
    assert second == ("false", "300", "60", 20, "/up")


def test_load_balancers_stand_in_the_network_of_their_subnets(stack: Stack) -> None:
    stack.put(front())
    elb = stack.client("elbv2")
    balancer = only(elb.describe_load_balancers(LoadBalancerArns=[stack.id_of("Balancer")])["LoadBalancers"])
    assert balancer["VpcId"] == stack.id_of("Vpc")
    zone = only(balancer["AvailabilityZones"])
    assert (zone["ZoneName"], zone["SubnetId"]) == ("us-east-1b", stack.id_of("Subnet"))


def test_the_full_name_of_a_target_group_is_a_dimension(stack: Stack) -> None:
    stack.put({**front(), "Name": of("SSM::Parameter", Type="String", Value=att("Targets", "TargetGroupFullName"))})
    name = stack.client("ssm").get_parameter(Name=stack.id_of("Name"))["Parameter"]["Value"]
    assert name == stack.id_of("Targets").rpartition(":")[2]
    assert name.startswith("targetgroup/")


def test_listeners(stack: Stack) -> None:
    certificate = f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/1a2b3c4d"
    https = {
        "Certificates": [{"CertificateArn": certificate}],
        "Port": 443,
        "Protocol": "HTTPS",
        "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    }

    def read() -> Any:
        elb = stack.client("elbv2")
        listener = only(elb.describe_listeners(LoadBalancerArn=stack.id_of("Balancer"))["Listeners"])
        assert only(listener["DefaultActions"])["TargetGroupArn"] == stack.id_of("Targets")
        return {name: listener.get(name) for name in https}

    first, second = live(stack, front(listener=https), front(), read)
    assert first == https
    assert second == {"Certificates": None, "Port": 80, "Protocol": "HTTP", "SslPolicy": None}


# WAF


def test_web_acls(stack: Stack) -> None:
    def resources(name: str) -> Resources:
        acl = f"arn:aws:wafv2:{REGION}:{ACCOUNT_ID}:regional/webacl/{name}/1a2b3c4d"
        return {**front(), "Association": of("WAFv2::WebACLAssociation", ResourceArn=ref("Balancer"), WebACLArn=acl)}

    def read() -> Any:
        found = stack.client("wafv2").get_web_acl_for_resource(ResourceArn=stack.id_of("Balancer"))
        return found.get("WebACL", {}).get("Name")

    assert live(stack, resources("one"), resources("two"), read) == ("one", "two")
    assert live(stack, resources("one"), front(), read) == ("one", None)


# ECS


def test_capacity_providers_outlive_a_change_of_the_cluster(stack: Stack) -> None:
    def read() -> Any:
        found = stack.client("ecs").describe_clusters(clusters=[stack.id_of("Cluster")], include=["SETTINGS"])
        cluster = only(found["clusters"])
        return cluster["capacityProviders"], cluster["settings"][0]["value"]

    first, second = live(stack, service(), service(cluster="enhanced"), read)
    assert first == (["FARGATE", "FARGATE_SPOT"], "enabled")
    assert second == (["FARGATE", "FARGATE_SPOT"], "enhanced")


def test_capacity_providers(stack: Stack) -> None:
    cluster = {"Cluster": of("ECS::Cluster")}

    def resources(provider: str, weight: int) -> Resources:
        return {
            **cluster,
            "Capacity": of(
                "ECS::ClusterCapacityProviderAssociations",
                CapacityProviders=[provider],
                Cluster=ref("Cluster"),
                DefaultCapacityProviderStrategy=[{"CapacityProvider": provider, "Weight": weight}],
            ),
        }

    def read() -> Any:
        found = only(stack.client("ecs").describe_clusters(clusters=[stack.id_of("Cluster")])["clusters"])
        return found["capacityProviders"], found["defaultCapacityProviderStrategy"]

    first, second = live(stack, resources("FARGATE", 1), resources("FARGATE_SPOT", 2), read)
    assert first == (["FARGATE"], [{"capacityProvider": "FARGATE", "weight": 1}])
    assert second == (["FARGATE_SPOT"], [{"capacityProvider": "FARGATE_SPOT", "weight": 2}])
    assert live(stack, cluster, resources("FARGATE", 1), read) == (([], []), first)


def test_task_definitions(stack: Stack) -> None:
    volume = {
        "EFSVolumeConfiguration": {
            "AuthorizationConfig": {"AccessPointId": "fsap-1", "IAM": "ENABLED"},
            "FilesystemId": "fs-1",
            "TransitEncryption": "ENABLED",
        },
        "Name": "shared",
    }
    task = {
        "EphemeralStorage": {"SizeInGiB": 30},
        "RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"},
        "Volumes": [volume, {"Name": "state"}],
        "container": {
            "Environment": [{"Name": "MODE", "Value": "1"}],
            "HealthCheck": {"Command": ["CMD", "/healthy"], "Interval": 15, "StartPeriod": 30},
            "LinuxParameters": {"InitProcessEnabled": True, "Tmpfs": [{"ContainerPath": "/tmp", "Size": 64}]},
            "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "Some", "Mode": "non-blocking"}},
            "MountPoints": [{"ContainerPath": "/shared", "ReadOnly": False, "SourceVolume": "shared"}],
            "ReadonlyRootFilesystem": True,
            "Secrets": [{"Name": "PASSWORD", "ValueFrom": "arn:aws:secretsmanager:x"}],
            "StopTimeout": 30,
            "User": "1000:1000",
        },
    }

    def read() -> Any:
        ecs = stack.client("ecs")
        definition = ecs.describe_task_definition(taskDefinition=stack.id_of("Task"))["taskDefinition"]
        current = only(
            ecs.describe_services(cluster=stack.id_of("Cluster"), services=[stack.id_of("Service")])["services"]
        )
        assert current["taskDefinition"] == definition["taskDefinitionArn"]
        names = ("ephemeralStorage", "runtimePlatform", "volumes")
        return {name: definition.get(name) for name in names}, only(definition["containerDefinitions"])

    first, second = live(stack, service(task), service(), read)
    container = {
        "cpu": 0,
        "essential": True,
        "image": "public.ecr.aws/nginx/nginx:stable",
        "name": "web",
        "portMappings": [{"containerPort": 80, "protocol": "tcp"}],
    }
    assert first == (
        {
            "ephemeralStorage": {"sizeInGiB": 30},
            "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            "volumes": [
                {
                    "efsVolumeConfiguration": {
                        "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
                        "fileSystemId": "fs-1",
                        "transitEncryption": "ENABLED",
                    },
                    "name": "shared",
                },
                {"name": "state"},
            ],
        },
        {
            **container,
            "environment": [{"name": "MODE", "value": "1"}],
            "healthCheck": {"command": ["CMD", "/healthy"], "interval": 15, "startPeriod": 30},
            "linuxParameters": {"initProcessEnabled": True, "tmpfs": [{"containerPath": "/tmp", "size": 64}]},
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "Some", "Mode": "non-blocking"}},
            "mountPoints": [{"containerPath": "/shared", "readOnly": False, "sourceVolume": "shared"}],
            "readonlyRootFilesystem": True,
            "secrets": [{"name": "PASSWORD", "valueFrom": "arn:aws:secretsmanager:x"}],
            "stopTimeout": 30,
            "user": "1000:1000",
        },
    )
    assert second == ({"ephemeralStorage": None, "runtimePlatform": None, "volumes": []}, container)


def test_services(stack: Stack) -> None:
    settings = {
        "AvailabilityZoneRebalancing": "DISABLED",
        "CapacityProviderStrategy": [
            {"Base": 2, "CapacityProvider": "FARGATE", "Weight": 50},
            {"CapacityProvider": "FARGATE_SPOT", "Weight": 50},
        ],
        "DeploymentConfiguration": {
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            "MaximumPercent": 150,
            "MinimumHealthyPercent": 75,
        },
        "EnableECSManagedTags": True,
        "EnableExecuteCommand": True,
        "HealthCheckGracePeriodSeconds": 60,
        "PlatformVersion": "1.4.0",
        "PropagateTags": "SERVICE",
        "Tags": tags(Team="one"),
    }

    def read() -> Any:
        found = stack.client("ecs").describe_services(
            cluster=stack.id_of("Cluster"), services=[stack.id_of("Service")], include=["TAGS"]
        )
        described = only(found["services"])
        names = {
            "availabilityZoneRebalancing",
            "capacityProviderStrategy",
            "deploymentConfiguration",
            "enableECSManagedTags",
            "enableExecuteCommand",
            "healthCheckGracePeriodSeconds",
            "platformVersion",
            "propagateTags",
        }
        own = [tag for tag in described["tags"] if not tag["key"].startswith("aws:")]
        return {name: described.get(name) for name in names} | {"tags": own}

    first, second = live(stack, service(settings=settings), service(), read)
    assert first == {
        "availabilityZoneRebalancing": "DISABLED",
        "capacityProviderStrategy": [
            {"base": 2, "capacityProvider": "FARGATE", "weight": 50},
            {"capacityProvider": "FARGATE_SPOT", "weight": 50},
        ],
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": 150,
            "minimumHealthyPercent": 75,
        },
        "enableECSManagedTags": True,
        "enableExecuteCommand": True,
        "healthCheckGracePeriodSeconds": 60,
        "platformVersion": "1.4.0",
        "propagateTags": "SERVICE",
        "tags": [{"key": "Team", "value": "one"}],
    }
    assert second == {
        "availabilityZoneRebalancing": "ENABLED",
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        "enableECSManagedTags": False,
        "enableExecuteCommand": False,
        "healthCheckGracePeriodSeconds": 0,
        "platformVersion": "LATEST",
        "propagateTags": "NONE",
        "tags": [],
    }


# Application Auto Scaling


def test_scaling(stack: Stack) -> None:
    resource = {"Fn::Join": ["/", ["service", ref("Cluster"), att("Service", "Name")]]}
    tracking = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "ScaleInCooldown": 300,
        "TargetValue": 60,
    }
    stepping = {
        "AdjustmentType": "ChangeInCapacity",
        "Cooldown": 60,
        "MetricAggregationType": "Average",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    }
    morning = {
        "ScalableTargetAction": {"MaxCapacity": 12, "MinCapacity": 4},
        "Schedule": "cron(0 8 ? * MON-FRI *)",
        "ScheduledActionName": "Morning",
        "Timezone": "Europe/Berlin",
    }

    def resources(highest: int, value: float, **more: Any) -> Resources:
        return {
            **service(),
            "Target": of(
                "ApplicationAutoScaling::ScalableTarget",
                MaxCapacity=highest,
                MinCapacity=2,
                ResourceId=resource,
                RoleARN=f"arn:aws:iam::{ACCOUNT_ID}:role/scaling",
                ScalableDimension="ecs:service:DesiredCount",
                ServiceNamespace="ecs",
                **more,
            ),
            "Tracking": of(
                "ApplicationAutoScaling::ScalingPolicy",
                PolicyName="tracking",
                PolicyType="TargetTrackingScaling",
                ScalingTargetId=ref("Target"),
                TargetTrackingScalingPolicyConfiguration={**tracking, "TargetValue": value},
            ),
            "Stepping": of(
                "ApplicationAutoScaling::ScalingPolicy",
                PolicyName="stepping",
                PolicyType="StepScaling",
                ScalingTargetId=ref("Target"),
                StepScalingPolicyConfiguration=stepping,
            ),
        }

    def read() -> Any:
        scaling = stack.client("application-autoscaling")
        target = only(scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"])
        assert target["ResourceId"] == "/".join(["service", *stack.id_of("Service").split("/")[-2:]])
        policies = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=target["ResourceId"])
        assert {policy["PolicyARN"] for policy in policies["ScalingPolicies"]} == {
            stack.id_of(name) for name in ("Tracking", "Stepping")
        }
        named = scaling.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["tracking"])["ScalingPolicies"]
        assert only(named)["PolicyName"] == "tracking"
        assert not scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
        actions = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
        configurations = {
            policy["PolicyName"]: policy.get("TargetTrackingScalingPolicyConfiguration")
            or policy["StepScalingPolicyConfiguration"]
            for policy in policies["ScalingPolicies"]
        }
        scheduled = [{name: action[name] for name in morning} for action in actions]
        return target["MaxCapacity"], configurations, scheduled

    first, second = live(stack, resources(6, 60, ScheduledActions=[morning]), resources(8, 50.5), read)
    assert first == (6, {"tracking": tracking, "stepping": stepping}, [morning])
    assert second == (8, {"tracking": {**tracking, "TargetValue": 50.5}, "stepping": stepping}, [])


def test_policies_go_alone(stack: Stack) -> None:
    target = of(
        "ApplicationAutoScaling::ScalableTarget",
        MaxCapacity=2,
        MinCapacity=1,
        ResourceId="table/some",
        ScalableDimension="dynamodb:table:ReadCapacityUnits",
        ServiceNamespace="dynamodb",
    )
    policy = of(
        "ApplicationAutoScaling::ScalingPolicy",
        PolicyName="some",
        PolicyType="StepScaling",
        ScalingTargetId=ref("Target"),
    )

    def read() -> int:
        scaling = stack.client("application-autoscaling")
        return len(scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"])

    assert live(stack, {"Target": target, "Policy": policy}, {"Target": target}, read) == (1, 0)


# CloudWatch


def test_alarms_on_metric_math(stack: Stack) -> None:
    def metric(name: str) -> dict[str, Any]:
        dimensions = [{"Name": "ClusterName", "Value": "one"}]
        return {"Dimensions": dimensions, "MetricName": name, "Namespace": "ECS/ContainerInsights"}

    metrics = [
        {"Expression": "desired - running", "Id": "missing", "Label": "Missing", "ReturnData": True},
        {
            "Id": "desired",
            "MetricStat": {"Metric": metric("Desired"), "Period": 60, "Stat": "Minimum"},
            "ReturnData": False,
        },
        {
            "Id": "running",
            "MetricStat": {"Metric": metric("Running"), "Period": 60, "Stat": "Minimum"},
            "ReturnData": False,
        },
    ]
    common = {
        "AlarmDescription": "Missing",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 10,
        "Threshold": 0,
        "TreatMissingData": "notBreaching",
    }
    percentile = {**metric("Time"), "ExtendedStatistic": "p90", "Period": 60}

    def read() -> Any:
        alarm = only(stack.client("cloudwatch").describe_alarms(AlarmNames=[stack.id_of("Alarm")])["MetricAlarms"])
        names = {*common, *percentile, "Metrics", "Statistic"}
        return {name: alarm[name] for name in names if alarm.get(name)}

    described = {name: value for name, value in common.items() if value}
    first, second = live(
        stack,
        {"Alarm": of("CloudWatch::Alarm", **common, Metrics=metrics)},
        {"Alarm": of("CloudWatch::Alarm", **common, **percentile)},
        read,
    )
    assert first == {**described, "Metrics": metrics}
    assert second == {**described, **percentile}


# ECR


def test_repositories(stack: Stack) -> None:
    exclusion = {
        "ImageTagMutabilityExclusionFilterType": "WILDCARD",
        "ImageTagMutabilityExclusionFilterValue": "latest*",
    }

    def read() -> Any:
        ecr = stack.client("ecr")
        found = only(ecr.describe_repositories(repositoryNames=[stack.id_of("Repository")])["repositories"])
        return found["imageTagMutability"], found.get("imageTagMutabilityExclusionFilters")

    first, second = live(
        stack,
        {
            "Repository": of(
                "ECR::Repository",
                ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                ImageTagMutabilityExclusionFilters=[exclusion],
            )
        },
        {"Repository": of("ECR::Repository", ImageTagMutability="IMMUTABLE")},
        read,
    )
    assert first == ("IMMUTABLE_WITH_EXCLUSION", [{"filterType": "WILDCARD", "filter": "latest*"}])
    assert second == ("IMMUTABLE", None)


def test_settings_of_the_registry(stack: Stack) -> None:
    def resources(scan: str, region: str) -> Resources:
        filters = [{"Filter": "team/app", "FilterType": "WILDCARD"}]
        prefixes = [{"Filter": "team/app", "FilterType": "PREFIX_MATCH"}]
        destinations = [{"Region": region, "RegistryId": ref("AWS::AccountId")}]
        return {
            "Scanning": of(
                "ECR::RegistryScanningConfiguration",
                Rules=[{"RepositoryFilters": filters, "ScanFrequency": "CONTINUOUS_SCAN"}],
                ScanType=scan,
            ),
            "Replication": of(
                "ECR::ReplicationConfiguration",
                ReplicationConfiguration={"Rules": [{"Destinations": destinations, "RepositoryFilters": prefixes}]},
            ),
        }

    def read() -> Any:
        ecr = stack.client("ecr")
        return (
            ecr.get_registry_scanning_configuration()["scanningConfiguration"],
            ecr.describe_registry()["replicationConfiguration"],
        )

    untouched = read()
    first, second = live(stack, resources("ENHANCED", "eu-west-1"), resources("BASIC", "eu-west-3"), read)
    scanning = {
        "scanType": "ENHANCED",
        "rules": [
            {
                "repositoryFilters": [{"filter": "team/app", "filterType": "WILDCARD"}],
                "scanFrequency": "CONTINUOUS_SCAN",
            }
        ],
    }
    rule = {
        "destinations": [{"region": "eu-west-1", "registryId": ACCOUNT_ID}],
        "repositoryFilters": [{"filter": "team/app", "filterType": "PREFIX_MATCH"}],
    }
    assert first == (scanning, {"rules": [rule]})
    assert second[0]["scanType"] == "BASIC"
    assert second[1]["rules"][0]["destinations"] == [{"region": "eu-west-3", "registryId": ACCOUNT_ID}]
    assert read() == untouched == ({"scanType": "BASIC", "rules": []}, {"rules": []})


def test_pull_through_caches(stack: Stack) -> None:
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:ecr-pullthroughcache/docker-hub-AbCdEf"

    def resources(prefix: str, policy: str, **more: Any) -> Resources:
        return {
            "Template": of(
                "ECR::RepositoryCreationTemplate",
                AppliedFor=["PULL_THROUGH_CACHE"],
                LifecyclePolicy=policy,
                Prefix=prefix,
                **more,
            ),
            "Cache": of(
                "ECR::PullThroughCacheRule",
                CredentialArn=secret,
                EcrRepositoryPrefix=prefix,
                UpstreamRegistryUrl="registry-1.docker.io",
            ),
        }

    def read() -> Any:
        ecr = stack.client("ecr")
        rule = only(ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"])
        template = only(ecr.describe_repository_creation_templates()["repositoryCreationTemplates"])
        assert stack.id_of("Cache") == rule["ecrRepositoryPrefix"]
        for made in (rule, template):
            del made["createdAt"], made["updatedAt"]
        return rule, template

    first, second = live(
        stack, resources("one", '{"rules": []}', Description="Docker Hub"), resources("two", '{"rules": [1]}'), read
    )
    assert first == (
        {
            "credentialArn": secret,
            "ecrRepositoryPrefix": "one",
            "registryId": ACCOUNT_ID,
            "upstreamRegistry": "docker-hub",
            "upstreamRegistryUrl": "registry-1.docker.io",
        },
        {
            "appliedFor": ["PULL_THROUGH_CACHE"],
            "description": "Docker Hub",
            "imageTagMutability": "MUTABLE",
            "lifecyclePolicy": '{"rules": []}',
            "prefix": "one",
        },
    )
    assert second[0]["ecrRepositoryPrefix"] == second[1]["prefix"] == "two"
    assert "description" not in second[1]


def test_public_repositories(stack: Stack) -> None:
    def resources(**catalog: Any) -> Resources:
        return {
            "Public": of(
                "ECR::PublicRepository", RepositoryName="team/app", RepositoryCatalogData=catalog, Tags=tags(Team="one")
            )
        }

    def read() -> Any:
        public = stack.client("ecr-public")
        repository = only(public.describe_repositories(repositoryNames=["team/app"])["repositories"])
        assert repository["repositoryUri"].startswith("public.ecr.aws/")
        found = public.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
        assert without_own_tags(found) == tags(Team="one")
        with pytest.raises(public.exceptions.RepositoryPolicyNotFoundException):
            public.get_repository_policy(repositoryName="team/app")
        return public.get_repository_catalog_data(repositoryName="team/app")["catalogData"]

    first, second = live(
        stack, resources(RepositoryDescription="An app", OperatingSystems=["Linux"]), resources(AboutText="It is"), read
    )
    assert first == {"description": "An app", "operatingSystems": ["Linux"]}
    assert second == {"aboutText": "It is"}
    public = stack.client("ecr-public")
    with pytest.raises(public.exceptions.RepositoryNotFoundException):
        public.describe_repositories(repositoryNames=["team/app"])


# SNS


def test_topics(stack: Stack) -> None:
    def read() -> Any:
        attributes = stack.client("sns").get_topic_attributes(TopicArn=stack.id_of("Topic"))["Attributes"]
        return attributes.get("KmsMasterKeyId")

    encrypted = {"Topic": of("SNS::Topic", KmsMasterKeyId="alias/some")}
    assert live(stack, {"Topic": of("SNS::Topic")}, encrypted, read) == (None, "alias/some")


# S3


def test_buckets(stack: Stack) -> None:
    encrypted = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/some"}}]

    def read() -> Any:
        s3, bucket = stack.client("s3"), stack.id_of("Bucket")
        encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        try:
            rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        except s3.exceptions.ClientError:
            rules = []
        lifecycle = [(rule["Expiration"]["Days"], rule["Filter"], rule["Status"]) for rule in rules]
        return only(encryption)["ApplyServerSideEncryptionByDefault"], lifecycle

    first, second = live(
        stack,
        {
            "Bucket": of(
                "S3::Bucket",
                BucketEncryption={"ServerSideEncryptionConfiguration": encrypted},
                LifecycleConfiguration={
                    "Rules": [{"ExpirationInDays": "365", "Prefix": "AWSLogs", "Status": "Enabled"}]
                },
            )
        },
        {"Bucket": of("S3::Bucket")},
        read,
    )
    assert first == (encrypted[0]["ServerSideEncryptionByDefault"], [(365, {"Prefix": "AWSLogs"}, "Enabled")])
    assert second == ({"SSEAlgorithm": "AES256"}, [])


def test_objects_go_into_a_bucket_with_a_key_of_s3_itself(stack: Stack) -> None:
    encrypted = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
    stack.put({"Bucket": of("S3::Bucket", BucketEncryption={"ServerSideEncryptionConfiguration": encrypted})})
    s3, bucket = stack.client("s3"), stack.id_of("Bucket")
    rule = only(s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"])
    algorithm = rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]  # with which the CDK CLI then uploads
    s3.put_object(Bucket=bucket, Key="some", ServerSideEncryption=algorithm)
    s3.delete_object(Bucket=bucket, Key="some")


# Stacks


def test_a_stack_of_a_change_set_has_its_description(stack: Stack) -> None:
    template = json.dumps({"Description": "Something", "Resources": {"Topic": of("SNS::Topic")}})
    cloudformation = stack.cloudformation
    change = {"StackName": STACK, "ChangeSetName": "first"}
    cloudformation.create_change_set(**change, TemplateBody=template, ChangeSetType="CREATE")
    cloudformation.get_waiter("change_set_create_complete").wait(**change, WaiterConfig={"Delay": 1})
    cloudformation.execute_change_set(**change)
    assert stack.wait() == "CREATE_COMPLETE"
    assert cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Description"] == "Something"


# What refers to nothing


GATEWAY = {
    "Internet": of("EC2::InternetGateway"),
    "Attachment": of("EC2::VPCGatewayAttachment", InternetGatewayId=ref("Internet"), VpcId=ref("Vpc")),
}
TABLE = {"Table": of("EC2::RouteTable", VpcId=ref("Vpc"))}
LOST = "does-not-exist"


def lost(resource: Mapping[str, Any], **wrong: Any) -> dict[str, Any]:
    """The resource with a wrong reference in place of a right one."""
    return {**resource, "Properties": {**resource["Properties"], **wrong}}


REFERENCES: dict[str, Resources] = {
    "address of a NAT gateway": {"Lost": of("EC2::NatGateway", AllocationId=LOST, SubnetId=ref("Subnet"))},
    "subnet of a NAT gateway": {"Lost": of("EC2::NatGateway", ConnectivityType="private", SubnetId=LOST)},
    "VPC of a subnet": {"Lost": lost(NETWORK["Subnet"], VpcId=LOST)},
    "VPC of a route table": {"Lost": of("EC2::RouteTable", VpcId=LOST)},
    "VPC of a security group": {"Lost": lost(NETWORK["Group"], VpcId=LOST)},
    "VPC of a gateway": {**GATEWAY, "Attachment": lost(GATEWAY["Attachment"], VpcId=LOST)},
    "gateway of a VPC": {"Lost": lost(GATEWAY["Attachment"], InternetGatewayId=LOST)},
    "route table of a route": {"Lost": of("EC2::Route", RouteTableId=LOST, DestinationCidrBlock="0.0.0.0/0")},
    "NAT gateway of a route": {**TABLE, "Lost": of("EC2::Route", RouteTableId=ref("Table"), NatGatewayId=LOST)},
    "gateway of a route": {**TABLE, "Lost": of("EC2::Route", RouteTableId=ref("Table"), GatewayId=f"igw-{LOST}")},
    "route table of a subnet": {
        "Lost": of("EC2::SubnetRouteTableAssociation", RouteTableId=LOST, SubnetId=ref("Subnet"))
    },
    "subnet of a route table": {
        **TABLE,
        "Lost": of("EC2::SubnetRouteTableAssociation", RouteTableId=ref("Table"), SubnetId=LOST),
    },
    "group of an ingress rule": {
        "Lost": of("EC2::SecurityGroupIngress", GroupId=LOST, IpProtocol="-1", CidrIp="192.0.2.0/24")
    },
    "source of an ingress rule": {
        "Lost": of("EC2::SecurityGroupIngress", GroupId=ref("Group"), IpProtocol="-1", SourceSecurityGroupId=LOST)
    },
    "destination of an egress rule": {
        "Lost": of("EC2::SecurityGroupEgress", GroupId=ref("Group"), IpProtocol="-1", DestinationSecurityGroupId=LOST)
    },
    "VPC of a flow log": {"Lost": of("EC2::FlowLog", ResourceId=LOST, ResourceType="VPC", TrafficType="ALL")},
    "log group of a flow log": {
        "Lost": of("EC2::FlowLog", LogGroupName=LOST, ResourceId=ref("Vpc"), ResourceType="VPC", TrafficType="ALL")
    },
    "role of a flow log": {
        "Logs": of("Logs::LogGroup"),
        "Lost": of(
            "EC2::FlowLog",
            DeliverLogsPermissionArn=LOST,
            LogGroupName=ref("Logs"),
            ResourceId=ref("Vpc"),
            ResourceType="VPC",
            TrafficType="ALL",
        ),
    },
    "subnet of an endpoint": {"Lost": of("EC2::VPCEndpoint", ServiceName="s3", SubnetIds=[LOST], VpcId=ref("Vpc"))},
    "group of an endpoint": {
        "Lost": of("EC2::VPCEndpoint", SecurityGroupIds=[LOST], ServiceName="s3", VpcId=ref("Vpc"))
    },
    "route table of an endpoint": {
        "Lost": of("EC2::VPCEndpoint", RouteTableIds=[LOST], ServiceName="s3", VpcId=ref("Vpc"))
    },
    "subnet of a load balancer": {**front(), "Balancer": lost(front()["Balancer"], Subnets=[LOST])},
    "group of a load balancer": {**front(), "Balancer": lost(front()["Balancer"], SecurityGroups=[LOST])},
    "VPC of a target group": {**front(), "Targets": lost(front()["Targets"], VpcId=LOST)},
    "load balancer of a listener": {**front(), "Listener": lost(front()["Listener"], LoadBalancerArn=LOST)},
    "target group of a listener": {
        **front(),
        "Listener": lost(front()["Listener"], DefaultActions=[{"Type": "forward", "TargetGroupArn": LOST}]),
    },
    "resource of a web ACL": {"Lost": of("WAFv2::WebACLAssociation", ResourceArn=LOST, WebACLArn="some")},
    "cluster of capacity providers": {
        "Lost": of(
            "ECS::ClusterCapacityProviderAssociations",
            CapacityProviders=["FARGATE"],
            Cluster=LOST,
            DefaultCapacityProviderStrategy=[],
        )
    },
    "capacity provider of a cluster": {**service(), "Capacity": lost(service()["Capacity"], CapacityProviders=[LOST])},
    "cluster of a service": {**service(), "Service": lost(service()["Service"], Cluster=LOST)},
    "task definition of a service": {**service(), "Service": lost(service()["Service"], TaskDefinition=LOST)},
    "capacity provider of a service": service(
        settings={"CapacityProviderStrategy": [{"CapacityProvider": LOST, "Weight": 1}]}
    ),
    "subnet of a service": service(
        settings={"NetworkConfiguration": {"AwsvpcConfiguration": {"SecurityGroups": [], "Subnets": [LOST]}}}
    ),
    "group of a service": service(
        settings={"NetworkConfiguration": {"AwsvpcConfiguration": {"SecurityGroups": [LOST], "Subnets": []}}}
    ),
    "target group of a service": service(settings=balancer_of(LOST, "web", 80)),
    "container of a service": service(settings=balancer_of(ref("Targets"), LOST, 80)),
    "scalable target of a policy": {
        "Lost": of(
            "ApplicationAutoScaling::ScalingPolicy", PolicyName="some", PolicyType="StepScaling", ScalingTargetId=LOST
        )
    },
    "service of a scalable target": {
        "Lost": of(
            "ApplicationAutoScaling::ScalableTarget",
            MaxCapacity=2,
            MinCapacity=1,
            ResourceId=f"service/{LOST}/{LOST}",
            ScalableDimension="ecs:service:DesiredCount",
            ServiceNamespace="ecs",
        )
    },
}


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_that_leads_nowhere_fails_the_stack(stack: Stack, reference: str) -> None:
    with pytest.raises(AssertionError, match=LOST):
        stack.put({**NETWORK, **REFERENCES[reference]})


def test_a_target_group_needs_a_listener_before_it_gets_a_service(stack: Stack) -> None:
    """Without the order that the listener brings about, AWS refuses."""
    resources = service()
    del resources["Listener"]
    resources["Service"] = {**resources["Service"], "DependsOn": ["Capacity"]}
    with pytest.raises(AssertionError, match="does not have an associated load balancer"):
        stack.put(resources)


def test_a_container_has_to_expose_the_port_of_its_service(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="does not expose port 81"):
        stack.put(service(settings=balancer_of(ref("Targets"), "web", 81)))


def test_a_property_that_the_api_does_not_know_fails_the_stack(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="Encountered unsupported property Hue"):
        stack.put(service(task={"container": {"Hue": "blue"}}))
