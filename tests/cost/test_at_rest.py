"""The bill of resources at rest is compared with sums that are calculated by hand."""

from decimal import Decimal
from typing import Any

import pytest

from patternbook.cost import monthly
from tests.cost.resources import (
    IN_THREE_ZONES,
    NOTHING,
    ON_FARGATE,
    SUBNETS,
    TASK,
    TODAY,
    TRACKED,
    X86_TASK,
    bill,
    launching,
    mixed,
    on_fargate,
    ref,
    resource,
    scaled,
    spot_strategy,
)

AT_REST = {
    # 730 x 0.045
    "NAT gateway": ({"Nat": resource("EC2::NatGateway")}, "32.85"),
    # 730 x 0.005
    "Elastic IP": ({"Ip": resource("EC2::EIP")}, "3.65"),
    # 3 AZs x 730 x 0.01
    "interface endpoint": (
        {**SUBNETS, "It": resource("EC2::VPCEndpoint", VpcEndpointType="Interface", SubnetIds=IN_THREE_ZONES)},
        "21.9",
    ),
    "gateway endpoint": ({"It": resource("EC2::VPCEndpoint")}, "0"),
    # 730 x 0.0225 and three addresses, 3 x 730 x 0.005
    "public ALB": (
        {
            **SUBNETS,
            "It": resource("ElasticLoadBalancingV2::LoadBalancer", Scheme="internet-facing", Subnets=IN_THREE_ZONES),
        },
        "27.375",
    ),
    # 730 x 0.0225 and one address
    "NLB with an Elastic IP": (
        {
            "Ip": resource("EC2::EIP"),
            "It": resource(
                "ElasticLoadBalancingV2::LoadBalancer",
                Type="network",
                SubnetMappings=[{"SubnetId": "subnet-1", "AllocationId": {"Fn::GetAtt": ["Ip", "AllocationId"]}}],
            ),
        },
        "20.075",
    ),
    "internal NLB": (
        {"It": resource("ElasticLoadBalancingV2::LoadBalancer", Type="network", Scheme="internal")},
        "16.425",
    ),
    # 2 tasks x 730 x (0.25 x 0.03238 + 0.5 x 0.00356)
    "ARM tasks": ({"Task": TASK, "Service": on_fargate(DesiredCount=2)}, "14.4175"),
    # 3 tasks x 730 x (1 x 0.04048 + 2 x 0.004445 + 100 x 0.000111)
    "x86 tasks with storage": ({"Task": X86_TASK, "Service": on_fargate(DesiredCount=3)}, "132.4293"),
    # auto scaling keeps 2, although ECS would start 1
    "scaled tasks": ({"Task": TASK, "Service": on_fargate(), "Target": scaled(2)}, "14.4175"),
    **{
        f"tasks on the default of a cluster with {name}": (
            {
                "Task": TASK,
                "Service": resource("ECS::Service", Cluster=ref("Cluster"), TaskDefinition=ref("Task"), DesiredCount=2),
                **cluster,
            },
            "14.4175",
        )
        for name, cluster in {
            "a strategy": {"Cluster": resource("ECS::Cluster", DefaultCapacityProviderStrategy=ON_FARGATE)},
            "an association": {
                "Cluster": resource("ECS::Cluster"),
                "It": resource(
                    "ECS::ClusterCapacityProviderAssociations",
                    Cluster=ref("Cluster"),
                    DefaultCapacityProviderStrategy=ON_FARGATE,
                ),
            },
        }.items()
    },
    # Spot at its upper bound
    "tasks on Spot": (
        {"Task": TASK, "Service": on_fargate(DesiredCount=4, CapacityProviderStrategy=spot_strategy())},
        "28.835",
    ),
    # 2 x 730 x 0.045
    "gateways of a loop": (
        {"Fn::ForEach::Nat": ["Zone", ["A", "B"], {"Nat${Zone}": resource("EC2::NatGateway")}]},
        "65.7",
    ),
    # one task, 7.20875, and its address, 3.65
    "public task": (
        {
            "Task": TASK,
            "Service": on_fargate(NetworkConfiguration={"AwsvpcConfiguration": {"AssignPublicIp": "ENABLED"}}),
        },
        "10.85875",
    ),
    # two t4g.small, 2 x 730 x 0.0168, with 30 GB each, 60 x 0.08, and 7 metrics each, 14 x 0.30
    "instances": (
        {
            "Template": launching(Monitoring={"Enabled": True}),
            "Group": resource("AutoScaling::AutoScalingGroup", MinSize="2", MixedInstancesPolicy=mixed(2, 50)),
        },
        "33.528",
    ),
    # two m7g.large, 2 x 730 x 0.0816, with 30 GB each
    "managed nodes": (
        {
            "Template": launching(),
            "Nodes": resource(
                "EKS::Nodegroup",
                InstanceTypes=["m7g.large"],
                LaunchTemplate={"Id": ref("Template")},
                ScalingConfig={"DesiredSize": 2},
            ),
        },
        "123.936",
    ),
    # t3.medium, 730 x 0.0416, with 20 GiB
    "a node by default": ({"Nodes": resource("EKS::Nodegroup")}, "31.968"),
    "standard support": ({"It": resource("EKS::Cluster", Version="1.36")}, "73"),
    "extended support": ({"It": resource("EKS::Cluster", Version="1.32")}, "438"),
    "upgraded instead": (
        {"It": resource("EKS::Cluster", Version="1.32", UpgradePolicy={"SupportType": "STANDARD"})},
        "73",
    ),
    # two pods x 730 x (0.25 x 0.04048 + 0.5 x 0.004445)
    "CoreDNS on Fargate": (
        {"It": resource("EKS::Addon", AddonName="coredns", ConfigurationValues='{"computeType": "Fargate"}')},
        "18.02005",
    ),
    "CoreDNS on nodes": ({"It": resource("EKS::Addon", AddonName="coredns")}, "0"),
    # two instances x 730 x 0.5 GB x 0.007
    "App Runner": (
        {
            "Scaling": resource("AppRunner::AutoScalingConfiguration", MinSize=2),
            "It": resource(
                "AppRunner::Service",
                InstanceConfiguration={"Cpu": "0.25 vCPU", "Memory": "0.5 GB"},
                SourceConfiguration={"AutoDeploymentsEnabled": False},
                AutoScalingConfigurationArn=ref("Scaling"),
            ),
        },
        "5.11",
    ),
    # two instances x 2 ACUs x 730 x 0.12, and the secret that RDS makes
    "Aurora": (
        {
            "Cluster": resource(
                "RDS::DBCluster",
                Engine="aurora-postgresql",
                ManageMasterUserPassword=True,
                ServerlessV2ScalingConfiguration={"MinCapacity": 2},
            ),
            **{
                name: resource("RDS::DBInstance", DBInstanceClass="db.serverless", DBClusterIdentifier=ref("Cluster"))
                for name in ("Writer", "Reader")
            },
        },
        "350.8",
    ),
    "one metric": ({"It": resource("CloudWatch::Alarm", MetricName="Errors", Period=60)}, "0.1"),
    "two metrics of an expression": (
        {
            "It": resource(
                "CloudWatch::Alarm",
                Metrics=[
                    {"Id": "rate", "Expression": "a / b"},
                    *({"Id": each, "MetricStat": {"Period": 300}} for each in "ab"),
                ],
            )
        },
        "0.2",
    ),
    "high resolution": ({"It": resource("CloudWatch::Alarm", MetricName="Errors", Period=10)}, "0.3"),
    "dashboard": ({"It": resource("CloudWatch::Dashboard")}, "3"),
    "key": ({"It": resource("KMS::Key")}, "1"),
    "secret": ({"It": resource("SecretsManager::Secret")}, "0.4"),
    # 100 GB x 0.08, 1000 more operations x 0.005, and 25 more MiB/s x 0.04
    "volume": ({"It": resource("EC2::Volume", VolumeType="gp3", Size=100, Iops=4000, Throughput=150)}, "14"),
    "log metric": ({"It": resource("Logs::MetricFilter", MetricTransformations=[{}])}, "0.3"),
    # two environments x 0.25 GB x 730 x 3600 s x 0.0000033334
    "provisioned concurrency": (
        {
            "Function": resource("Lambda::Function", MemorySize=256, Architectures=["arm64"]),
            "Alias": resource(
                "Lambda::Alias",
                FunctionName=ref("Function"),
                ProvisionedConcurrencyConfig={"ProvisionedConcurrentExecutions": 2},
            ),
        },
        "4.3800876",
    ),
    # four environments x 0.125 GB x 730 x 3600 s x 0.0000033334
    "provisioned version": (
        {
            "Function": resource("Lambda::Function", Architectures=["arm64"]),
            "Version": resource(
                "Lambda::Version",
                FunctionName=ref("Function"),
                ProvisionedConcurrencyConfig={"ProvisionedConcurrentExecutions": 4},
            ),
        },
        "4.3800876",
    ),
    "version": ({"It": resource("Lambda::Version", FunctionName="mine")}, "0"),
    # five connections x 730 x 180 requests an hour x 0.0000004
    "polling of a queue": (
        {
            "Queue": resource("SQS::Queue"),
            "It": resource("Lambda::EventSourceMapping", EventSourceArn={"Fn::GetAtt": ["Queue", "Arn"]}),
        },
        "0.2628",
    ),
    # one of another template, whose ARN is given
    "polling of a queue elsewhere": (
        {"It": resource("Lambda::EventSourceMapping", EventSourceArn="arn:aws:sqs:us-east-1:111122223333:mine")},
        "0.2628",
    ),
    "polling that is off": (
        {"It": resource("Lambda::EventSourceMapping", EventSourceArn="arn:aws:sqs:a:b:c", Enabled=False)},
        "0",
    ),
    "polling of a stream": (
        {"It": resource("Lambda::EventSourceMapping", EventSourceArn="arn:aws:dynamodb:a:b:table/c/stream/d")},
        "0",
    ),
    # 100 GB x 0.125, and 3000 operations x 0.065
    "io1 volume": ({"It": resource("EC2::Volume", VolumeType="io1", Size=100, Iops=3000)}, "207.5"),
    "io2 volume": ({"It": resource("EC2::Volume", VolumeType="io2", Size=100, Iops=3000)}, "207.5"),
    "st1 volume": ({"It": resource("EC2::Volume", VolumeType="st1", Size=500)}, "22.5"),
    # an alarm for scaling out, and one for scaling in
    "target tracking of a service": (
        {"It": resource("ApplicationAutoScaling::ScalingPolicy", TargetTrackingScalingPolicyConfiguration=TRACKED)},
        "0.2",
    ),
    "target tracking of a group": (
        {"It": resource("AutoScaling::ScalingPolicy", TargetTrackingConfiguration={**TRACKED, "DisableScaleIn": True})},
        "0.1",
    ),
    # two alarms with two metrics each
    "target tracking by an expression": (
        {
            "It": resource(
                "ApplicationAutoScaling::ScalingPolicy",
                TargetTrackingScalingPolicyConfiguration={
                    "CustomizedMetricSpecification": {
                        "Metrics": [{"Expression": "a / b"}, *[{"MetricStat": {"Stat": "Sum"}}] * 2]
                    }
                },
            )
        },
        "0.4",
    ),
    # two alarms of 0.30
    "target tracking by a metric of ten seconds": (
        {
            "It": resource(
                "AutoScaling::ScalingPolicy",
                TargetTrackingConfiguration={"CustomizedMetricSpecification": {"MetricName": "load", "Period": 10}},
            )
        },
        "0.6",
    ),
    "step scaling": ({"It": resource("ApplicationAutoScaling::ScalingPolicy", PolicyType="StepScaling")}, "0"),
    "managed scaling of a capacity provider": (
        {"It": resource("ECS::CapacityProvider", AutoScalingGroupProvider={"ManagedScaling": {"Status": "ENABLED"}})},
        "0.2",
    ),
    # 730 x 0.005 and an ACU of 730 x 0.12 / 2
    "public database": (
        {
            "Cluster": resource(
                "RDS::DBCluster", ServerlessV2ScalingConfiguration={"MinCapacity": 0.5}, Engine="aurora"
            ),
            "It": resource(
                "RDS::DBInstance",
                DBInstanceClass="db.serverless",
                DBClusterIdentifier=ref("Cluster"),
                PubliclyAccessible=True,
            ),
        },
        "47.45",
    ),
    # 730 x 0.0225, without addresses
    "ALB without public IPv4": (
        {
            **SUBNETS,
            "It": resource(
                "ElasticLoadBalancingV2::LoadBalancer",
                IpAddressType="dualstack-without-public-ipv4",
                Subnets=IN_THREE_ZONES,
            ),
        },
        "16.425",
    ),
    # 730 x (0.0416 + 0.005), and 20 x 0.08
    "a node in a public subnet": (
        {
            "Subnet": resource("EC2::Subnet", MapPublicIpOnLaunch=True),
            "Nodes": resource("EKS::Nodegroup", Subnets=[ref("Subnet")]),
        },
        "35.618",
    ),
    # 730 x 0.0168, and 30 x 0.08; the launch template overrides the subnet
    "an instance without an address": (
        {
            "Subnet": resource("EC2::Subnet", MapPublicIpOnLaunch=True),
            "Template": launching(
                InstanceType="t4g.small", NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": False}]
            ),
            "Group": resource(
                "AutoScaling::AutoScalingGroup",
                MinSize="1",
                LaunchTemplate={"LaunchTemplateId": ref("Template")},
                VPCZoneIdentifier=[ref("Subnet")],
            ),
        },
        "14.664",
    ),
    # 100 MiB/s x 6
    "EFS throughput": (
        {"It": resource("EFS::FileSystem", ThroughputMode="provisioned", ProvisionedThroughputInMibps=100)},
        "600",
    ),
    # 1200 GB x 0.145
    "Lustre": (
        {
            "It": resource(
                "FSx::FileSystem",
                FileSystemType="LUSTRE",
                StorageCapacity=1200,
                LustreConfiguration={"PerUnitStorageThroughput": 125},
            )
        },
        "174",
    ),
    # 5 and a rule
    "web ACL": ({"It": resource("WAFv2::WebACL", Rules=[{}])}, "6"),
    "zone": ({"It": resource("Route53::HostedZone")}, "0.5"),
}


@pytest.mark.parametrize(("resources", "usd"), AT_REST.values(), ids=AT_REST)
def test_a_month_at_rest(resources: dict[str, Any], usd: str) -> None:
    found = bill(resources)
    assert (found.at_rest, found.usage) == (Decimal(usd), 0)
    assert [line for line in found.unknown if not line.assumption] == []


def test_half_of_the_tasks_above_the_base_are_on_spot() -> None:
    service = on_fargate(DesiredCount=6, CapacityProviderStrategy=spot_strategy())
    found = bill({"Task": TASK, "Service": service}, "spot_discount=50")
    # three on-demand tasks, and three on Spot for half of the price
    assert found.at_rest == Decimal("7.20875") * 3 + Decimal("7.20875") * 3 / 2
    assert dict(found.largest())["Fargate Spot tasks"] == Decimal("7.20875") * 3 / 2


def test_spot_instances_above_the_base() -> None:
    group = resource("AutoScaling::AutoScalingGroup", MinSize="5", MixedInstancesPolicy=mixed(1, 30))
    costs = dict(bill({"Template": launching(), "Group": group}, "spot_discount=60").largest())
    # 30 % of four are 1.2, which EC2 Auto Scaling rounds to two On-Demand Instances beside the base
    assert costs["EC2 instances"] == 3 * 730 * Decimal("0.0168")
    assert costs["Spot Instances"] == 2 * 730 * Decimal("0.0168") * Decimal("0.4")


def test_a_nat_gateway_less_costs_its_price_less() -> None:
    three = {f"Nat{number}": resource("EC2::NatGateway") for number in range(3)}
    two = {name: three[name] for name in ("Nat0", "Nat1")}
    assert bill(three).at_rest - bill(two).at_rest == Decimal("32.85")


def test_conditions_and_parameters_have_their_defaults() -> None:
    parameters = {"Tasks": {"Type": "Number", "Default": 2}, "Public": {"Type": "String", "Default": "no"}}
    document = {
        "Parameters": parameters,
        "Conditions": {"IsPublic": {"Fn::Equals": [ref("Public"), "yes"]}},
        "Resources": {
            "Task": TASK,
            "Service": on_fargate(DesiredCount=ref("Tasks")),
            "Nat": {**resource("EC2::NatGateway"), "Condition": "IsPublic"},
        },
    }
    assert monthly(document, assumptions=NOTHING, today=TODAY).at_rest == Decimal("14.4175")
    parameters["Public"]["Default"] = "yes"
    assert monthly(document, assumptions=NOTHING, today=TODAY).at_rest == Decimal("47.2675")
