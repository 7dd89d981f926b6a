"""What nobody knows the price of is listed, and is never free."""

from typing import Any

import pytest

from tests.cost.resources import (
    TASK,
    bill,
    on_fargate,
    ref,
    resource,
)

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
    "ONTAP with backups": (
        {
            "It": resource(
                "FSx::FileSystem",
                FileSystemType="ONTAP",
                StorageCapacity=1024,
                OntapConfiguration={"DeploymentType": "SINGLE_AZ_1", "ThroughputCapacity": 128},
            )
        },
        "no price of OntapConfiguration.AutomaticBackupRetentionDays",
    ),
    "logs that are delivered to a bucket": (
        {
            "Bucket": resource("S3::Bucket"),
            "To": resource("Logs::DeliveryDestination", DestinationResourceArn={"Fn::GetAtt": ["Bucket", "Arn"]}),
            "It": resource("Logs::Delivery", DeliveryDestinationArn={"Fn::GetAtt": ["To", "Arn"]}),
        },
        "no price of their delivery to S3 or Firehose",
    ),
    "logs that nobody deletes": (
        {"It": resource("Logs::LogGroup")},
        "without RetentionInDays, they become more each month",
    ),
    "a schedule": (
        {"It": resource("Scheduler::Schedule", ScheduleExpression="rate(1 minute)")},
        "no price with a source",
    ),
    "an e-mail subscription": (
        {"Topic": resource("SNS::Topic"), "It": resource("SNS::Subscription", TopicArn=ref("Topic"), Protocol="email")},
        "no price of the protocol email",
    ),
    "a queue of the deployment": (
        {"It": resource("Lambda::EventSourceMapping", EventSourceArn=ref("Tasks"))},
        "EventSourceArn is known in the deployment only",
    ),
    "Windows nodes": (
        {"It": resource("EKS::Nodegroup", AmiType="WINDOWS_CORE_2022_x86_64")},
        "no price of Windows instances",
    ),
    "an add-on of AWS Marketplace": (
        {"It": resource("EKS::Addon", AddonName="netapp_trident-operator")},
        "the vendor of netapp_trident-operator may have a price",
    ),
    "deployments of each image": (
        {"It": resource("AppRunner::Service", SourceConfiguration={"ImageRepository": {"ImageRepositoryType": "ECR"}})},
        "no price of SourceConfiguration.AutoDeploymentsEnabled",
    ),
    "a paid rule group": (
        {
            "It": resource(
                "WAFv2::WebACL",
                Rules=[
                    {
                        "Statement": {
                            "ManagedRuleGroupStatement": {
                                "VendorName": "AWS",
                                "Name": "AWSManagedRulesBotControlRuleSet",
                            }
                        }
                    }
                ],
            )
        },
        "no price of AWSManagedRulesBotControlRuleSet",
    ),
    "the alarm of an Express service": (
        {
            "Task": TASK,
            "It": resource(
                "ECS::ExpressGatewayService",
                TaskDefinitionArn=ref("Task"),
                NetworkConfiguration={"Subnets": ["subnet-1"]},
                ScalingTarget={"MinTaskCount": 1},
            ),
        },
        "ECS makes one, and CloudWatch bills its metrics",
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
