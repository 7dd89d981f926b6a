"""Defects for the rules of VPCs, subnets and security groups."""

from typing import Any, Final

from tests.rules.defects.base import Apply, Defect, Template, add_resource, of_type, set_properties

GROUP: Final = "AWS::EC2::SecurityGroup"


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
    """Adds a group of its own, because groups of resources that have no public address may be open."""
    ingress = {"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", **rule}
    return add_resource(
        "MutantGroup", GROUP, lambda _: {"GroupDescription": "x", "SecurityGroupIngress": [ingress]}, beside=GROUP
    )


def _forget_attachment(template: Template) -> bool:
    for body in template["Resources"].values():
        if body["Type"] == "AWS::EC2::Route" and "GatewayId" in body["Properties"] and "DependsOn" in body:
            del body["DependsOn"]
            return True
    return False


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
    Defect("network-route-before-attachment", "no DependsOn", _forget_attachment, "AWS::EC2::Route"),
    Defect("network-open-port", "SSH", _open_to_internet(FromPort=22, ToPort=22), GROUP),
    Defect("network-open-port", "all", _open_to_internet(IpProtocol="-1"), GROUP),
)
