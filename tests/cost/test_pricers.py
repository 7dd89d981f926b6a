"""What resources cost, against sums that are calculated by hand from the table of us-east-1."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from patternbook.cost import Bill, assumed, monthly

TODAY = date(2026, 11, 29)
NOTHING = {name: Decimal(0) for name in assumed()}
"""All usage is zero."""


def bill(
    resources: Mapping[str, Any], *assume: str, today: date = TODAY, parameters: Mapping[str, Any] | None = None
) -> Bill:
    document = {"Resources": resources, **({"Parameters": parameters} if parameters else {})}
    return monthly(document, assumptions=NOTHING | dict(_given(assume)), today=today)


def _given(assume: tuple[str, ...]) -> list[tuple[str, Decimal]]:
    return [(name, Decimal(value)) for name, _, value in (text.partition("=") for text in assume)]


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


SUBNETS = {f"Subnet{number}": resource("EC2::Subnet") for number in range(3)}
IN_THREE_ZONES = [ref(name) for name in SUBNETS]
TASK = resource(
    "ECS::TaskDefinition",
    Cpu="256",
    Memory="512",
    RequiresCompatibilities=["FARGATE"],
    RuntimePlatform={"CpuArchitecture": "ARM64"},
)
ON_FARGATE = [{"CapacityProvider": "FARGATE", "Weight": 1}]
X86_TASK = resource("ECS::TaskDefinition", Cpu="1 vCPU", Memory="2 GB", EphemeralStorage={"SizeInGiB": 120})


def scaled(minimum: int, service: str = "Service") -> dict[str, Any]:
    return resource(
        "ApplicationAutoScaling::ScalableTarget",
        MinCapacity=minimum,
        ResourceId={"Fn::Join": ["/", ["service", "cluster", {"Fn::GetAtt": [service, "Name"]}]]},
    )


def on_fargate(**properties: Any) -> dict[str, Any]:
    return resource("ECS::Service", LaunchType="FARGATE", TaskDefinition=ref("Task"), **properties)


def mixed(base: int, percent: int) -> dict[str, Any]:
    return {
        "InstancesDistribution": {"OnDemandBaseCapacity": base, "OnDemandPercentageAboveBaseCapacity": percent},
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": ref("Template")},
            "Overrides": [{"InstanceType": "t4g.small"}, {"InstanceType": "m7g.large"}],
        },
    }


def launching(**data: Any) -> dict[str, Any]:
    disk = {"Ebs": {"VolumeType": "gp3", "VolumeSize": 30}}
    return resource("EC2::LaunchTemplate", LaunchTemplateData={"BlockDeviceMappings": [disk], **data})


def spot_strategy() -> list[dict[str, Any]]:
    return [
        {"CapacityProvider": "FARGATE", "Base": 2, "Weight": 1},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 3},
    ]


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
    assert (found.at_rest, found.usage, found.unknown) == (Decimal(usd), 0, [])


USAGE = {
    "NAT gateway": ({"It": resource("EC2::NatGateway")}, "nat_gb=100", "4.5"),
    # 730 hours of a tenth of a capacity unit
    "ALB": ({"It": resource("ElasticLoadBalancingV2::LoadBalancer", Scheme="internal")}, "lcu=10", "0.584"),
    "logs": ({"It": resource("Logs::LogGroup")}, "logs_gb=10", "5.3"),
    "EFS": ({"It": resource("EFS::FileSystem", ThroughputMode="elastic")}, "efs_gb=10", "3"),
    "EFS reads": ({"It": resource("EFS::FileSystem", ThroughputMode="elastic")}, "efs_read_gb=10", "0.3"),
    "images": ({"It": resource("ECR::Repository")}, "image_gb=5", "0.5"),
    "bucket": ({"It": resource("S3::Bucket")}, "s3_puts=1000", "0.005"),
    "queue": ({"It": resource("SQS::Queue")}, "messages=1000000", "1.2"),
    "topic": ({"It": resource("SNS::Topic")}, "messages=1000000", "0.5"),
    "API": ({"It": resource("ApiGatewayV2::Api", ProtocolType="HTTP")}, "requests=1000000", "1"),
    "CloudFront": ({"It": resource("CloudFront::Distribution")}, "requests=1000000", "1"),
    "state machine": ({"It": resource("StepFunctions::StateMachine")}, "transitions=4000", "0.1"),
    "machines": ({"It": resource("ECS::Service", LaunchType="EXTERNAL")}, "external_instances=2", "14.965"),
    # 10 hours x (0.25 x 0.03238 + 0.5 x 0.00356)
    "tasks on demand": ({"Task": TASK}, "task_hours=10", "0.09875"),
    "metrics": (
        {"It": resource("ECS::Cluster", ClusterSettings=[{"Name": "containerInsights", "Value": "enabled"}])},
        "insights_metrics=40",
        "12",
    ),
}


@pytest.mark.parametrize(("resources", "assumption", "usd"), USAGE.values(), ids=USAGE)
def test_usage_adds(resources: dict[str, Any], assumption: str, usd: str) -> None:
    found = bill(resources, assumption)
    assert found.usage == Decimal(usd)
    assert found.at_rest == bill(resources).at_rest


def test_a_function_costs_calls_and_time() -> None:
    function = {"It": resource("Lambda::Function", MemorySize=512)}
    found = bill(function, "invocations=1000000", "duration_ms=200")
    assert found.usage == Decimal("0.2") + 100_000 * Decimal("0.0000166667")


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


def test_a_topic_for_alarms_has_few_messages() -> None:
    alarm = resource("CloudWatch::Alarm", MetricName="Errors", AlarmActions=[ref("Topic")])
    assert bill({"Topic": resource("SNS::Topic"), "Alarm": alarm}, "messages=1000000").usage == 0


def test_the_function_of_a_custom_resource_is_not_called_by_users() -> None:
    function = resource("Lambda::Function")
    token = {"Fn::GetAtt": ["Function", "Arn"]}
    custom = {"Type": "Custom::Thing", "Properties": {"ServiceToken": token}}
    assert bill({"Function": function}, "invocations=1000000").usage > 0
    found = bill({"Function": function, "Custom": custom}, "invocations=1000000")
    assert (found.usage, found.unknown_types) == (0, {})


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


UNKNOWN = {
    "a parameter without default": (
        {"Task": TASK, "Service": on_fargate(DesiredCount=ref("Tasks"))},
        "DesiredCount is known in the deployment only",
    ),
    "an instance type without a price": (
        {"It": resource("EKS::Nodegroup", InstanceTypes=["x9.huge"], DiskSize=1)},
        "no price 'ec2.x9.huge' in the table of us-east-1",
    ),
    "the root volume of an AMI": (
        {
            "Template": resource("EC2::LaunchTemplate", LaunchTemplateData={"InstanceType": "t4g.small"}),
            "It": resource(
                "AutoScaling::AutoScalingGroup", MinSize="1", LaunchTemplate={"LaunchTemplateId": ref("Template")}
            ),
        },
        "the AMI decides the size of the root volume",
    ),
    "Auto Mode": (
        {"It": resource("EKS::Cluster", ComputeConfig={"Enabled": True})},
        "EKS chooses the instances, and bills a fee by their types",
    ),
    "a query of metrics": (
        {"It": resource("CloudWatch::Alarm", Metrics=[{"Id": "q", "Expression": "SELECT MAX(x) FROM y"}])},
        "a Metrics Insights query is billed by the metrics that it analyzes",
    ),
    "a number of no tasks": (
        {"Task": TASK, "Service": on_fargate(DesiredCount=-5)},
        "DesiredCount must be a number from 0 to 1000000000000000, got -5",
    ),
    "a number that is none": (
        {"Task": TASK, "Service": on_fargate(DesiredCount="NaN")},
        "DesiredCount must be a number from 0 to 1000000000000000, got NaN",
    ),
    "more tasks than arithmetic can bear": (
        {"Task": TASK, "Service": on_fargate(DesiredCount=10**60)},
        f"DesiredCount must be a number from 0 to 1000000000000000, got {10**60}",
    ),
    "a launch type of the deployment": (
        {"Service": resource("ECS::Service", LaunchType=ref("Tasks"))},
        "LaunchType is known in the deployment only",
    ),
    "a capacity provider of the deployment": (
        {"Service": resource("ECS::Service", CapacityProviderStrategy=[{"CapacityProvider": ref("Tasks")}])},
        "CapacityProviderStrategy.0.CapacityProvider is known in the deployment only",
    ),
    "capacity providers of the deployment": (
        {"Service": resource("ECS::Service", CapacityProviderStrategy=ref("Tasks"))},
        "the number of CapacityProviderStrategy is known in the deployment only",
    ),
    "addresses of the deployment": (
        {
            "Task": TASK,
            "Service": on_fargate(NetworkConfiguration={"AwsvpcConfiguration": {"AssignPublicIp": ref("Tasks")}}),
        },
        "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp is known in the deployment only",
    ),
    "volumes of the deployment": (
        {
            "Template": resource(
                "EC2::LaunchTemplate",
                LaunchTemplateData={"InstanceType": "t4g.small", "BlockDeviceMappings": ref("Tasks")},
            ),
            "It": resource(
                "AutoScaling::AutoScalingGroup", MinSize="1", LaunchTemplate={"LaunchTemplateId": ref("Template")}
            ),
        },
        "the number of LaunchTemplateData.BlockDeviceMappings is known in the deployment only",
    ),
    "throughput of the deployment": (
        {"It": resource("EFS::FileSystem", ThroughputMode=ref("Tasks"))},
        "ThroughputMode is known in the deployment only",
    ),
    "a provisioned control plane": (
        {"It": resource("EKS::Cluster", ControlPlaneScalingConfig={"Tier": "tier-xl"})},
        "no price of the tier tier-xl, which is billed beside the cluster",
    ),
    "a replicated secret": (
        {"It": resource("SecretsManager::Secret", ReplicaRegions=[{"Region": "eu-west-1"}])},
        "no price of replicas in other Regions",
    ),
    "tasks on the default of another cluster": (
        {"It": resource("ECS::Service", Cluster="mine")},
        "the cluster, which decides where tasks run, is not in this template",
    ),
    "flow logs in a bucket": (
        {"It": resource("EC2::FlowLog", LogDestinationType="s3")},
        "no price of their delivery to S3 or Firehose",
    ),
    "a loop of the deployment": (
        {"Fn::ForEach::It": ["Name", ref("Tasks"), {"${Name}": resource("EC2::NatGateway")}]},
        "only the deployment knows what the loop runs over",
    ),
    "a price without a source": (
        {"It": resource("DynamoDB::Table", BillingMode="PAY_PER_REQUEST")},
        "no price 'dynamodb.write' in the table of us-east-1",
    ),
}


@pytest.mark.parametrize(("resources", "reason"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_unknown_is_never_free(resources: dict[str, Any], reason: str) -> None:
    parameters = {"Tasks": {"Type": "Number"}}
    assert reason in [line.reason for line in bill(resources, parameters=parameters).unknown]


def test_a_type_without_a_pricer_is_unknown() -> None:
    found = bill({"It": resource("GuardDuty::Detector"), "Role": resource("IAM::Role")})
    assert (found.unknown_types, found.free, found.lines) == (
        {"AWS::GuardDuty::Detector": 1},
        {"AWS::IAM::Role": 1},
        [],
    )
