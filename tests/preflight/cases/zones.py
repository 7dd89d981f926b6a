"""Availability Zones, and what they lack."""

from dataclasses import replace
from typing import Any

from tests.preflight.cases.base import zones
from tests.preflight.cases.compute import group, service
from tests.preflight.world import Case, Refused, az, ref, resource

THREE = zones("use1-az1", "use1-az2", "use1-az3")


def subnets(*places: Any) -> dict[str, Any]:
    return {f"Subnet{each}": resource("AWS::EC2::Subnet", AvailabilityZone=zone) for each, zone in enumerate(places)}


def cluster(*ids: Any) -> dict[str, Any]:
    return {"Cluster": resource("AWS::EKS::Cluster", ResourcesVpcConfig={"SubnetIds": list(ids)})}


def offered(*pairs: tuple[str, str]) -> dict[str, Any]:
    offers = [{"InstanceType": name, "Location": zone, "LocationType": "availability-zone-id"} for name, zone in pairs]
    return {**THREE, "ec2.describe_instance_type_offerings": {"InstanceTypeOfferings": offers}}


def on_fargate(*ids: str) -> dict[str, Any]:
    return service(NetworkConfiguration={"AwsvpcConfiguration": {"Subnets": list(ids)}})


def endpoint(*ids: str) -> dict[str, Any]:
    name = "com.amazonaws.us-east-1.ecr.api"
    return {"Endpoint": resource("AWS::EC2::VPCEndpoint", ServiceName=name, SubnetIds=list(ids))}


def endpoint_service(*names: str) -> dict[str, Any]:
    return {**THREE, "ec2.describe_vpc_endpoint_services": {"ServiceDetails": [{"AvailabilityZones": list(names)}]}}


CLOSED = {
    "ec2.describe_availability_zones": {
        "AvailabilityZones": [
            {"ZoneName": "us-east-1a", "ZoneId": "use1-az1", "State": "constrained", "ZoneType": "availability-zone"},
            {"ZoneName": "us-east-1-bos-1a", "ZoneId": "use1-bos1-az1", "State": "available", "ZoneType": "local-zone"},
        ]
    },
    "ec2.describe_subnets": {"Subnets": []},
}
TOKYO = "ap-northeast-1"
tokyo = zones("apne1-az1", "apne1-az3", region=TOKYO)
enough = Case("zones", "fine", "us-east-1a (use1-az1), us-east-1b (use1-az2)", subnets(az(0), az(1)), THREE)
eks = Case(
    "zones-eks",
    "fine",
    "EKS accepts us-east-1a (use1-az1), us-east-1b (use1-az2)",
    {**subnets(az(0), az(1)), **cluster(ref("Subnet0"), ref("Subnet1"))},
    THREE,
)
fargate = Case("zones-fargate", "fine", "Fargate accepts", on_fargate("subnet-in-a"), tokyo, region=TOKYO)
types = Case(
    "zones-instance-types",
    "fine",
    "its AZs offer m7g.large",
    group(),
    offered(("m7g.large", "use1-az1"), ("m7g.large", "use1-az2")),
)
points = Case(
    "zones-endpoints",
    "fine",
    "ecr.api is in its AZs",
    endpoint("subnet-in-a"),
    endpoint_service("us-east-1a", "us-east-1b"),
)
CASES = (
    enough,
    replace(enough, resources=subnets("us-east-1c"), says="us-east-1c (use1-az3)"),
    replace(enough, resources=subnets("us-east-1f"), verdict="stops", says="The AZ us-east-1f is not one of us-east-1"),
    replace(enough, resources=subnets(az(0), az(3)), verdict="stops", says="uses 4 AZs, and CloudFormation finds 3"),
    replace(
        enough,
        resources=subnets(az(2)),
        given={
            **THREE,
            "ec2.describe_subnets": {"Subnets": [{"SubnetId": "subnet-in-a", "AvailabilityZone": "us-east-1a"}]},
        },
        verdict="stops",
        says="uses 3 AZs, and CloudFormation finds 1: us-east-1a (use1-az1)",
    ),
    replace(enough, given=zones("use1-az1", "use1-az2", default=False)),
    replace(enough, resources=subnets(az(0)), given=CLOSED, verdict="may", says="us-east-1a (use1-az1) is constrained"),
    replace(enough, resources=subnets(az(1)), given=CLOSED, verdict="stops", says="CloudFormation finds 1"),
    eks,
    replace(
        eks,
        resources={**subnets(az(2)), **cluster(ref("Subnet0"))},
        verdict="stops",
        says="Cluster has a subnet in us-east-1c (use1-az3), where EKS accepts none",
    ),
    replace(eks, resources=cluster("subnet-in-c"), verdict="stops", says="us-east-1c (use1-az3)"),
    replace(eks, resources=cluster("subnet-gone"), verdict="unknown", says="not all of its subnets"),
    replace(eks, resources=cluster({"Fn::ImportValue": "S"}), verdict="unknown", says="not all of its subnets"),
    fargate,
    replace(fargate, resources=on_fargate("subnet-in-b"), verdict="stops", says="where Fargate accepts none"),
    types,
    replace(types, given=offered(("m7g.large", "use1-az1")), verdict="may", says="m7g.large in us-east-1b (use1-az2)"),
    replace(types, given=offered(), verdict="stops", says="none of its AZs offers m7g.large"),
    replace(
        types,
        resources={
            **group(),
            "Group": resource(
                "AWS::AutoScaling::AutoScalingGroup",
                **{**group()["Group"]["Properties"], "VPCZoneIdentifier": [{"Fn::ImportValue": "S"}]},
            ),
        },
        verdict="unknown",
        says="not all of its subnets",
    ),
    points,
    replace(points, resources=endpoint("subnet-in-c"), verdict="stops", says="is not in us-east-1c (use1-az3)"),
    replace(
        points,
        given={**THREE, "ec2.describe_vpc_endpoint_services": Refused("InvalidServiceName")},
        verdict="stops",
        says="there is no endpoint service com.amazonaws.us-east-1.ecr.api in us-east-1",
    ),
    replace(points, resources=endpoint("subnet-gone"), verdict="unknown", says="not all of its subnets"),
)
