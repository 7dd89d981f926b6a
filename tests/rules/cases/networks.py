"""Cases for the rules of VPCs, subnets and security groups."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import Case, att, case, ref, resource

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
GROUP: Final[dict[str, Any]] = {
    "Group": resource("AWS::EC2::SecurityGroup", SecurityGroupIngress=[OPEN_TO_INTERNET]),
    "Rule": resource("AWS::EC2::SecurityGroupIngress", **{**OPEN_TO_INTERNET, "FromPort": "80", "ToPort": "80"}),
}

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
    "network-open-port": case(
        GROUP,
        {"Group.SecurityGroupIngress.0.ToPort": 444},
        {"Group.SecurityGroupIngress.0": {"IpProtocol": -1, "CidrIpv6": "::/0"}},
        {"Rule.FromPort": "22", "Rule.ToPort": "22"},
        {"Rule.FromPort": -1, "Rule.ToPort": -1},
        {"Rule.FromPort": "22", "Rule.ToPort": "22", "Rule.IpProtocol": "TCP"},
        {"Group.SecurityGroupIngress.0": {"IpProtocol": -1, "CidrIpv6": "0::/0"}},
        harmless=({"Rule.FromPort": "22", "Rule.ToPort": "22", "Rule.CidrIp": "10.0.0.0/8"},),
    ),
}
