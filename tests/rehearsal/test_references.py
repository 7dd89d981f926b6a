"""A reference to a missing resource fails the stack, for every kind of reference."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.rehearsal.templates import (
    NETWORK,
    Resources,
    Stack,
    load_balancer,
    load_balancers_property,
    of,
    ref,
    service,
)

GATEWAY = {
    "Internet": of("EC2::InternetGateway"),
    "Attachment": of("EC2::VPCGatewayAttachment", InternetGatewayId=ref("Internet"), VpcId=ref("Vpc")),
}


TABLE = {"Table": of("EC2::RouteTable", VpcId=ref("Vpc"))}


LOST = "does-not-exist"


def with_lost(resource: Mapping[str, Any], **wrong: Any) -> dict[str, Any]:
    """The resource with a reference to a missing resource."""
    return {**resource, "Properties": {**resource["Properties"], **wrong}}


REFERENCES: dict[str, Resources] = {
    "address of a NAT gateway": {"Lost": of("EC2::NatGateway", AllocationId=LOST, SubnetId=ref("Subnet"))},
    "subnet of a NAT gateway": {"Lost": of("EC2::NatGateway", ConnectivityType="private", SubnetId=LOST)},
    "VPC of a subnet": {"Lost": with_lost(NETWORK["Subnet"], VpcId=LOST)},
    "VPC of a route table": {"Lost": of("EC2::RouteTable", VpcId=LOST)},
    "VPC of a security group": {"Lost": with_lost(NETWORK["Group"], VpcId=LOST)},
    "VPC of a gateway": {**GATEWAY, "Attachment": with_lost(GATEWAY["Attachment"], VpcId=LOST)},
    "gateway of a VPC": {"Lost": with_lost(GATEWAY["Attachment"], InternetGatewayId=LOST)},
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
    "subnet of a load balancer": {
        **load_balancer(),
        "Balancer": with_lost(load_balancer()["Balancer"], Subnets=[LOST]),
    },
    "group of a load balancer": {
        **load_balancer(),
        "Balancer": with_lost(load_balancer()["Balancer"], SecurityGroups=[LOST]),
    },
    "VPC of a target group": {**load_balancer(), "Targets": with_lost(load_balancer()["Targets"], VpcId=LOST)},
    "load balancer of a listener": {
        **load_balancer(),
        "Listener": with_lost(load_balancer()["Listener"], LoadBalancerArn=LOST),
    },
    "target group of a listener": {
        **load_balancer(),
        "Listener": with_lost(
            load_balancer()["Listener"], DefaultActions=[{"Type": "forward", "TargetGroupArn": LOST}]
        ),
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
    "capacity provider of a cluster": {
        **service(),
        "Capacity": with_lost(service()["Capacity"], CapacityProviders=[LOST]),
    },
    "cluster of a service": {**service(), "Service": with_lost(service()["Service"], Cluster=LOST)},
    "task definition of a service": {**service(), "Service": with_lost(service()["Service"], TaskDefinition=LOST)},
    "capacity provider of a service": service(
        settings={"CapacityProviderStrategy": [{"CapacityProvider": LOST, "Weight": 1}]}
    ),
    "subnet of a service": service(
        settings={"NetworkConfiguration": {"AwsvpcConfiguration": {"SecurityGroups": [], "Subnets": [LOST]}}}
    ),
    "group of a service": service(
        settings={"NetworkConfiguration": {"AwsvpcConfiguration": {"SecurityGroups": [LOST], "Subnets": []}}}
    ),
    "target group of a service": service(settings=load_balancers_property(LOST, "web", 80)),
    "container of a service": service(settings=load_balancers_property(ref("Targets"), LOST, 80)),
    "group of a scaling policy": {
        "Lost": of("AutoScaling::ScalingPolicy", AutoScalingGroupName=LOST, PolicyType="TargetTrackingScaling")
    },
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
def test_a_reference_to_a_missing_resource_fails_the_stack(stack: Stack, reference: str) -> None:
    with pytest.raises(AssertionError, match=LOST):
        stack.deploy({**NETWORK, **REFERENCES[reference]})
