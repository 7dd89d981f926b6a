"""What usage adds, against sums that are calculated by hand."""

from decimal import Decimal
from typing import Any

import pytest

from tests.cost.resources import (
    TASK,
    bill,
    ref,
    resource,
)

USAGE = {
    "NAT gateway": ({"It": resource("EC2::NatGateway")}, "nat_gb=100", "4.5"),
    # 730 hours of a tenth of a capacity unit
    "ALB": ({"It": resource("ElasticLoadBalancingV2::LoadBalancer", Scheme="internal")}, "lcu=10", "0.584"),
    # 10 x 0.50, and 73 days of 10 GB a month, 24 x 0.03
    "logs": ({"It": resource("Logs::LogGroup", RetentionInDays=73)}, "logs_gb=10", "5.72"),
    "logs of a function without a log group": ({"It": resource("Lambda::Function")}, "logs_gb=10", "5"),
    "logs of a function": (
        {
            "Group": resource("Logs::LogGroup", LogGroupName="mine"),
            "It": resource("Lambda::Function", LoggingConfig={"LogGroup": ref("Group")}),
        },
        "logs_gb=10",
        "5",
    ),
    # the group of one, and the logs of the other: 73 days of 10 GB a month, and 2 x 10 x 0.50
    "logs of two functions with one log group": (
        {
            "Group": resource("Logs::LogGroup", LogGroupName={"Fn::Sub": "/aws/lambda/${One}"}, RetentionInDays=73),
            "One": resource("Lambda::Function"),
            "Other": resource("Lambda::Function"),
        },
        "logs_gb=10",
        "10.72",
    ),
    "logs of a control plane with a log group": (
        {
            "Group": resource("Logs::LogGroup", LogGroupName="/aws/eks/mine/cluster", RetentionInDays=73),
            "It": resource(
                "EKS::Cluster", Name="mine", Logging={"ClusterLogging": {"EnabledTypes": [{"Type": "api"}]}}
            ),
        },
        "logs_gb=10",
        "5.72",
    ),
    "logs of a control plane without a log group": (
        {"It": resource("EKS::Cluster", Logging={"ClusterLogging": {"EnabledTypes": [{"Type": "api"}]}})},
        "logs_gb=10",
        "5",
    ),
    "logs of a database without a log group": (
        {"It": resource("RDS::DBCluster", Engine="aurora", EnableCloudwatchLogsExports=["postgresql"])},
        "logs_gb=10",
        "5",
    ),
    # 3 GB beside the 512 MB that are free, for 100,000 seconds
    "storage of a function": (
        {"It": resource("Lambda::Function", MemorySize=0, EphemeralStorage={"Size": 3584})},
        "duration_ms=100 invocations=1000000",
        "0.20927",
    ),
    "rotated key": ({"It": resource("KMS::Key", EnableKeyRotation=True)}, "key_rotations=2", "2"),
    "key without rotation": ({"It": resource("KMS::Key")}, "key_rotations=2", "0"),
    "backups of EFS": ({"It": resource("EFS::FileSystem", BackupPolicy={"Status": "ENABLED"})}, "efs_gb=10", "3.5"),
    "table with an index": (
        {"It": resource("DynamoDB::GlobalTable", BillingMode="PAY_PER_REQUEST", GlobalSecondaryIndexes=[{}])},
        "table_gb=10",
        "5",
    ),
    "table with two replicas": (
        {
            "It": resource(
                "DynamoDB::GlobalTable",
                BillingMode="PAY_PER_REQUEST",
                Replicas=[
                    {"Region": region, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}}
                    for region in ("us-east-1", "us-west-2")
                ],
            )
        },
        "table_gb=10",
        "5",
    ),
    "traced topic": ({"It": resource("SNS::Topic", TracingConfig="Active")}, "traces=100000", "0.5"),
    "traced state machine": (
        {"It": resource("StepFunctions::StateMachine", TracingConfiguration={"Enabled": True})},
        "traces=100000",
        "0.5",
    ),
    "traced App Runner": (
        {"It": resource("AppRunner::ObservabilityConfiguration", TraceConfiguration={"Vendor": "AWSXRAY"})},
        "traces=100000",
        "0.5",
    ),
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
    found = bill(resources, *assumption.split())
    assert found.usage == Decimal(usd)
    assert found.at_rest == bill(resources).at_rest


def test_a_function_costs_calls_and_time() -> None:
    function = {"It": resource("Lambda::Function", MemorySize=512)}
    found = bill(function, "invocations=1000000", "duration_ms=200")
    assert found.usage == Decimal("0.2") + 100_000 * Decimal("0.0000166667")


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
