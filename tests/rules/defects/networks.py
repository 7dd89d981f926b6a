"""Defects for the rules of VPCs, subnets and security groups."""

from typing import Any, Final

from tests.rules.defects.base import Apply, Defect, Template, of_type, set_properties


def _overlap_subnets(template: Template) -> bool:
    subnets = [subnet for _, subnet in of_type(template, "AWS::EC2::Subnet")]
    if len(subnets) < 2:
        return False
    subnets[1]["CidrBlock"] = subnets[0]["CidrBlock"]
    return True


def _shrink_subnet(template: Template) -> bool:
    for _, subnet in of_type(template, "AWS::EC2::Subnet"):
        subnet["CidrBlock"] = subnet["CidrBlock"].split("/")[0] + "/29"
        return True
    return False


def _open_to_internet(**rule: Any) -> Apply:
    return set_properties(
        "AWS::EC2::SecurityGroup", {"SecurityGroupIngress": [{"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", **rule}]}
    )


DEFECTS: Final = (
    Defect("network-vpc-size", "/8", set_properties("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/8"}), "AWS::EC2::VPC"),
    Defect("network-subnet-size", "/29", _shrink_subnet, "AWS::EC2::Subnet"),
    Defect(
        "network-subnet-outside",
        "other block",
        set_properties("AWS::EC2::Subnet", {"CidrBlock": "192.168.0.0/24"}),
        "AWS::EC2::Subnet",
    ),
    Defect("network-subnet-overlap", "same block", _overlap_subnets, "AWS::EC2::Subnet"),
    Defect("network-open-port", "SSH", _open_to_internet(FromPort=22, ToPort=22), "AWS::EC2::SecurityGroup"),
    Defect("network-open-port", "all", _open_to_internet(IpProtocol="-1"), "AWS::EC2::SecurityGroup"),
)
