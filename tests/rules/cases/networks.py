"""Cases for the rules of VPCs, subnets and security groups."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, ref, resource

NETWORK: Final[dict[str, Any]] = {
    "Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
    "More": resource("AWS::EC2::VPCCidrBlock", VpcId=ref("Vpc"), CidrBlock="10.9.0.0/16"),
    "Ipv6": resource("AWS::EC2::VPCCidrBlock", VpcId=ref("Vpc"), AmazonProvidedIpv6CidrBlock=True),
    "One": resource("AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.0.0/24"),
    "Two": resource(
        "AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock={"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/16", 4, 8]}]}
    ),
    "Three": resource("AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.9.0.0/24"),
}
OPEN_TO_INTERNET = {"IpProtocol": "tcp", "CidrIp": "0.0.0.0/0", "FromPort": 443, "ToPort": 443}
GATEWAY: Final[dict[str, Any]] = {
    "Vpc": NETWORK["Vpc"],
    "Gateway": resource("AWS::EC2::InternetGateway"),
    "Attachment": resource("AWS::EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Gateway")),
    "Table": resource("AWS::EC2::RouteTable", VpcId=ref("Vpc")),
    "Route": {
        **resource(
            "AWS::EC2::Route", RouteTableId=ref("Table"), DestinationCidrBlock="0.0.0.0/0", GatewayId=ref("Gateway")
        ),
        "DependsOn": "Attachment",
    },
}
TRANSIT: Final[dict[str, Any]] = {
    "Route.GatewayId": REMOVED,
    "Route.DependsOn": [],
    "Route.TransitGatewayId": ref("Transit"),
    "Transit": resource("AWS::EC2::TransitGateway"),
    "Spoke": resource("AWS::EC2::TransitGatewayAttachment", TransitGatewayId=ref("Transit"), VpcId=ref("Vpc")),
}
VPN: Final[dict[str, Any]] = {
    "Vpn": resource("AWS::EC2::VPNGateway", Type="ipsec.1"),
    "VpnAttachment": resource("AWS::EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), VpnGatewayId=ref("Vpn")),
    "Propagation": resource(
        "AWS::EC2::VPNGatewayRoutePropagation", RouteTableIds=[ref("Table")], VpnGatewayId=ref("Vpn")
    ),
}
LISTENING: Final[dict[str, Any]] = {
    "Group": resource("AWS::EC2::SecurityGroup"),
    "Balancer": resource("AWS::ElasticLoadBalancingV2::LoadBalancer", SecurityGroups=[ref("Group")]),
    "Listener": resource("AWS::ElasticLoadBalancingV2::Listener", LoadBalancerArn=ref("Balancer"), Port=8080),
}
GROUP: Final[dict[str, Any]] = {
    "Group": resource("AWS::EC2::SecurityGroup", SecurityGroupIngress=[OPEN_TO_INTERNET]),
    "Rule": resource("AWS::EC2::SecurityGroupIngress", **{**OPEN_TO_INTERNET, "FromPort": "80", "ToPort": "80"}),
}
ON_8080: Final = {**OPEN_TO_INTERNET, "FromPort": 8080, "ToPort": 8080}
ON_8443: Final = {**OPEN_TO_INTERNET, "FromPort": "8443", "ToPort": "8443"}
IN_GROUP: Final = resource("AWS::EC2::Instance", SecurityGroupIds=[ref("Group")])

CASES: Final[Mapping[str, Case]] = {
    "network-vpc-size": case(
        {"Vpc": NETWORK["Vpc"]}, {"Vpc.CidrBlock": "10.0.0.0/8"}, {"Vpc.CidrBlock": "10.0.0.0/29"}
    ),
    "network-subnet-size": case(NETWORK, {"One.CidrBlock": "10.0.0.0/29"}),
    "network-subnet-outside": case(NETWORK, {"One.CidrBlock": "10.1.0.0/24"}),
    "network-subnet-overlap": case(
        NETWORK,
        {"One.CidrBlock": "10.0.0.0/23"},
        {"One.CidrBlock": "10.0.0.0/23", "One.VpcId": att("Vpc", "VpcId")},
        harmless=(
            {"One.CidrBlock": "10.0.0.0/23", "One.VpcId": "vpc-1"},
            {"One.CidrBlock": "10.0.0.0/23", "One.VpcId": att("Other", "VpcId"), "Other": NETWORK["Vpc"]},
        ),
    ),
    "network-route-before-attachment": case(
        GATEWAY,
        {"Route.DependsOn": []},
        {"Route.DependsOn": [], "Route.GatewayId": att("Gateway", "InternetGatewayId")},
        {"Route.DependsOn": [], "Route.GatewayId": {"Fn::Sub": "${Gateway}"}},
        {
            "Route.DependsOn": "Vpc",
            "Route.DestinationCidrBlock": REMOVED,
            "Route.DestinationIpv6CidrBlock": "::/0",
        },
        TRANSIT,
        {**TRANSIT, "Spoke.TransitGatewayId": {"Fn::Sub": "${Transit}"}},
        VPN,
        harmless=(
            {"Route.DependsOn": [], "Route.GatewayId": "igw-1"},
            {"Route.DependsOn": [], "Attachment": REMOVED},
            {"Route.DependsOn": [], "Route.GatewayId": REMOVED, "Route.NatGatewayId": "nat-1"},
            {"Route.DependsOn": ["Between"], "Between": {"Type": "AWS::SNS::Topic", "DependsOn": "Attachment"}},
            {**TRANSIT, "Route.DependsOn": ["Spoke"]},
            {**TRANSIT, "Route.TransitGatewayId": "tgw-1"},
        ),
    ),
    "network-open-port": case(
        GROUP,
        {"Group.SecurityGroupIngress.0.ToPort": 444},
        {"Group.SecurityGroupIngress.0": {"IpProtocol": -1, "CidrIpv6": "::/0"}},
        {"Rule.FromPort": "22", "Rule.ToPort": "22"},
        {"Rule.FromPort": -1, "Rule.ToPort": -1},
        {"Rule.FromPort": "22", "Rule.ToPort": "22", "Rule.IpProtocol": "TCP"},
        {"Group.SecurityGroupIngress.0": {"IpProtocol": -1, "CidrIpv6": "0::/0"}},
        {**LISTENING, "Group.SecurityGroupIngress": [ON_8443]},
        {**LISTENING, "Group.SecurityGroupIngress": [ON_8080], "Instance": IN_GROUP},
        {**LISTENING, "Group.SecurityGroupIngress": [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}]},
        {
            "Group.SecurityGroupIngress.0": ON_8080,
            "Service": resource(
                "AWS::ECS::Service",
                DeploymentController={"Type": "EXTERNAL"},
                NetworkConfiguration={
                    "AwsvpcConfiguration": {"SecurityGroups": [ref("Group")], "AssignPublicIp": "ENABLED"}
                },
            ),
        },
        harmless=(
            {"Rule.FromPort": "22", "Rule.ToPort": "22", "Rule.CidrIp": "10.0.0.0/8"},
            {**LISTENING, "Group.SecurityGroupIngress": [ON_8080]},
            {**LISTENING, "Listener.Port": ref("Parameter"), "Group.SecurityGroupIngress": [ON_8443]},
            {**LISTENING, "Balancer.Scheme": "internal", "Group.SecurityGroupIngress": [ON_8443]},
            {
                **LISTENING,
                "Balancer.Scheme": "internal",
                "Rule.GroupId": att("Group", "GroupId"),
                "Rule.FromPort": 22,
                "Rule.ToPort": 22,
            },
            {
                "Group.SecurityGroupIngress.0": ON_8080,
                "Balancer": resource(
                    "AWS::ElasticLoadBalancing::LoadBalancer",
                    SecurityGroups=[att("Group", "GroupId")],
                    Listeners=[{"LoadBalancerPort": "8080"}],
                ),
            },
            {
                "Group.SecurityGroupIngress.0": ON_8080,
                "Function": resource("AWS::Lambda::Function", VpcConfig={"SecurityGroupIds": [ref("Group")]}),
            },
        ),
    ),
}
