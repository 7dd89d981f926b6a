"""Quotas of vCPUs, of clusters and of Lambda's concurrency."""

from dataclasses import replace
from typing import Any

from tests.preflight.cases.base import default_quota, quota
from tests.preflight.world import Case, att, ref, resource

METRIC = {"MetricNamespace": "AWS/Usage", "MetricName": "ResourceCount", "MetricDimensions": {"Service": "Fargate"}}
EARLY, LATE = "2026-11-29T00:00:00Z", "2026-11-29T00:05:00Z"


def vcpus(limit: float, *used: float) -> dict[str, Any]:
    points = [{"Timestamp": at, "Maximum": each} for at, each in zip((EARLY, LATE), used, strict=False)]
    return {
        **quota(limit, UsageMetric=METRIC),
        "cloudwatch.get_metric_statistics": {"Datapoints": points[::-1], "Label": "x"},
    }


def service(count: int | None = 2, **more: Any) -> dict[str, Any]:
    properties = {"TaskDefinition": ref("Task"), "LaunchType": "FARGATE", "DesiredCount": count, **more}
    return {
        "Task": resource("AWS::ECS::TaskDefinition", Cpu="1024", Memory="2048"),
        "Service": resource("AWS::ECS::Service", **{key: value for key, value in properties.items() if value}),
    }


def scaled(lowest: int, highest: int) -> dict[str, Any]:
    target = resource(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        ScalableDimension="ecs:service:DesiredCount",
        ResourceId={"Fn::Join": ["", ["service/web/", att("Service", "Name")]]},
        MinCapacity=lowest,
        MaxCapacity=highest,
    )
    return {**service(None), "Target": target}


SPOT = service(LaunchType=None, CapacityProviderStrategy=[{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}])


def group(size: int = 2, most: int = 2, instance_type: str = "m7g.large", **more: Any) -> dict[str, Any]:
    data = {"InstanceType": instance_type} if instance_type else {}
    return {
        "Template": resource("AWS::EC2::LaunchTemplate", LaunchTemplateData=data),
        "Group": resource(
            "AWS::AutoScaling::AutoScalingGroup",
            MinSize=str(size),
            MaxSize=str(most),
            LaunchTemplate={"LaunchTemplateId": ref("Template"), "Version": "1"},
            VPCZoneIdentifier=["subnet-in-a", "subnet-in-b"],
            **more,
        ),
    }


def nodes(kind: str) -> dict[str, Any]:
    sizes = {"MinSize": 2, "MaxSize": 4, "DesiredSize": 2}
    subnets = ["subnet-in-a"]
    return {
        "Nodes": resource(
            "AWS::EKS::Nodegroup", ScalingConfig=sizes, InstanceTypes=["m7g.large"], CapacityType=kind, Subnets=subnets
        )
    }


CLUSTER = {"Cluster": resource("AWS::EKS::Cluster")}


def clusters(*names: str) -> dict[str, Any]:
    return {"eks.list_clusters": {"clusters": list(names)}}


def function(reserved: int | None, provisioned: int | None = None) -> dict[str, Any]:
    limits = {"ReservedConcurrentExecutions": reserved} if reserved else {}
    warm = {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": provisioned}} if provisioned else {}
    return {
        "Function": resource("AWS::Lambda::Function", **limits),
        "Alias": resource("AWS::Lambda::Alias", FunctionName=ref("Function"), Name="live", **warm),
    }


def concurrency(limit: int, unreserved: int) -> dict[str, Any]:
    limits = {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": unreserved}
    return {"lambda.get_account_settings": {"AccountLimit": limits}}


fargate = Case("quota-fargate-vcpus", "fine", "4 vCPUs in use, the template adds 2", service(), vcpus(6, 9, 4))
instances = Case("quota-instance-vcpus", "fine", "0 vCPUs in use, the template adds 4", group(), vcpus(4))
functions = Case(
    "quota-lambda-concurrency", "fine", "Of 1000 in the account, 900", function(50), concurrency(1000, 1000)
)
CASES = (
    fargate,
    replace(fargate, resources=service(None), says="the template adds 1"),
    replace(fargate, resources=scaled(2, 2), says="the template adds 2"),
    replace(fargate, given=vcpus(6, 5), verdict="stops", says="5 vCPUs in use, the template adds 2, the quota is 6"),
    replace(fargate, resources=scaled(2, 3), verdict="may", says="Scaled out, the template uses 3 vCPUs"),
    replace(fargate, resources=SPOT, says="Fargate Spot vCPU resource count: 4 vCPUs in use, the template adds 2"),
    replace(fargate, resources=SPOT, given=vcpus(6, 5), verdict="stops", says="Fargate Spot"),
    replace(
        fargate,
        given={**default_quota(6), "cloudwatch.get_metric_statistics": {"Datapoints": []}},
        verdict="unknown",
        says="no metric of the usage",
    ),
    instances,
    replace(instances, resources=nodes("ON_DEMAND"), given=vcpus(8), says="the template adds 4"),
    replace(instances, resources=nodes("ON_DEMAND"), given=vcpus(7), verdict="may", says="Scaled out"),
    replace(instances, resources=nodes("SPOT"), given=vcpus(3), verdict="stops", says="Spot Instance Requests"),
    replace(instances, resources=group(most=3), verdict="may", says="Scaled out, the template uses 6 vCPUs"),
    replace(instances, given=vcpus(4, 1), verdict="stops", says="1 vCPUs in use, the template adds 4, the quota is 4"),
    replace(instances, resources=group(instance_type=""), verdict="unknown", says="its instance types are not known"),
    replace(instances, resources=group(instance_type="g5.xlarge"), verdict="unknown", says="has a quota of its own"),
    replace(
        instances,
        given={**default_quota(5), "cloudwatch.get_metric_statistics": {"Datapoints": []}},
        verdict="unknown",
        says="no metric of the usage",
    ),
    Case("quota-eks-clusters", "fine", "1 in use", CLUSTER, {**quota(2), "eks.list_clusters": {"clusters": ["a"]}}),
    Case(
        "quota-eks-clusters", "stops", "2 in use", CLUSTER, {**quota(2), "eks.list_clusters": {"clusters": ["a", "b"]}}
    ),
    functions,
    replace(functions, given=concurrency(10, 10), verdict="stops", says="Of 10 in the account, 0 can be reserved"),
    replace(functions, given=concurrency(1000, 149), verdict="stops", says="49 can be reserved"),
    replace(functions, resources=function(None, 900), says="reserves and provisions 900"),
    replace(functions, resources=function(None, 901), verdict="stops", says="reserves and provisions 901"),
    replace(functions, resources=function(100, 100), says="reserves and provisions 100"),
    replace(functions, earlier=function(890), verdict="stops", says="templates before it 890"),
)
