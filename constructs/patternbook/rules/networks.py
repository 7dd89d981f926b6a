"""Rules for networks: address blocks, and who may connect."""

import ipaddress
from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

from patternbook.rules.engine import ERROR, WARNING, rule
from patternbook.rules.template import Node, Problem, Resource, Template

VPC: Final = "AWS::EC2::VPC"
SUBNET: Final = "AWS::EC2::Subnet"

LARGEST: Final = 16
SMALLEST: Final = 28
"""Prefix lengths of VPCs and subnets: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""


def _block(node: Node) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(node.text or "", strict=False) if "/" in (node.text or "") else None
    except ValueError:
        return None


def _wrong_size(node: Node) -> Iterator[Problem]:
    block = _block(node)
    if block and not LARGEST <= block.prefixlen <= SMALLEST:
        yield node.problem(
            f"{node.text} is a /{block.prefixlen}; a /{LARGEST} is the largest, a /{SMALLEST} the least."
        )


@rule("network-vpc-size", ERROR)
def vpc_size(template: Template) -> Iterator[Problem]:
    """The address block of a VPC is larger or smaller than a VPC can be.

    Choose a block from /16 to /28.

    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
    """
    for vpc in template.of_type(VPC, "AWS::EC2::VPCCidrBlock"):
        yield from _wrong_size(vpc["CidrBlock"])


@rule("network-subnet-size", ERROR)
def subnet_size(template: Template) -> Iterator[Problem]:
    """The address block of a subnet is larger or smaller than a subnet can be.

    Choose a block from /16 to /28.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    for subnet in template.of_type(SUBNET):
        yield from _wrong_size(subnet["CidrBlock"])


@rule("network-subnet-outside", ERROR)
def subnet_outside(template: Template) -> Iterator[Problem]:
    """A subnet has addresses that its VPC does not have.

    Choose a block within one of the blocks of the VPC.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    for subnet in template.of_type(SUBNET):
        vpc, block = subnet["VpcId"].resource(VPC), _block(subnet["CidrBlock"])
        if vpc is None or block is None or not template.complete:
            continue
        more = [each["CidrBlock"] for each in template.of_type("AWS::EC2::VPCCidrBlock") if _is_of(each, vpc.id)]
        blocks = [_block(each) for each in (vpc["CidrBlock"], *more)]
        if None in blocks or template.is_shared(vpc):  # another stack may add a block
            continue
        if not any(each and block.subnet_of(each) for each in blocks):
            there = ", ".join(map(str, blocks))
            yield subnet["CidrBlock"].problem(f"{block} is not within {there} of {vpc.id}.")


def _is_of(resource: Node, vpc: str) -> bool:
    """Whether a block of IPv4 addresses belongs to a VPC, or may do so."""
    ipv6 = resource["CidrBlock"].missing and resource["Ipv4IpamPoolId"].missing
    return not ipv6 and (resource["VpcId"].unknown or vpc in resource["VpcId"].references)


@rule("network-subnet-overlap", ERROR)
def subnet_overlap(template: Template) -> Iterator[Problem]:
    """Two subnets of a VPC share addresses.

    Choose blocks that do not overlap.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    blocks = [(each, block) for each in template.of_type(SUBNET) if (block := _block(each["CidrBlock"]))]
    for (one, first), (other, second) in combinations(blocks, 2):
        if first.overlaps(second) and _in_same_vpc(template, one, other):
            yield other["CidrBlock"].problem(f"{second} overlaps with {first} of {one.id}.")


def _in_same_vpc(template: Template, one: Resource, other: Resource) -> bool:
    ids = [_vpc_id(each["VpcId"]) for each in (one, other)]
    return (ids[0] is not None and ids[0] == ids[1]) or template.same_from_outside(one, other, "VpcId")


def _vpc_id(node: Node) -> Any:
    """What names a VPC, if that is known: a VPC of the template is the same by ``Ref`` and by its attribute."""
    vpc = node.resource(VPC)
    if vpc and node.reference and node.reference.attribute in (None, "VpcId"):
        return node.reference.logical_id
    return node.reference or node.text or None


def everybody(node: Node) -> str | None:
    """The address block as it is written, if it is all addresses."""
    try:
        whole = "/" in (node.text or "") and ipaddress.ip_network(node.text or "", strict=False).prefixlen == 0
    except ValueError:
        return None
    return node.text if whole else None


OPEN_PORTS: Final = (80, 443)
"""Ports that are for everybody."""
_WITH_PORTS: Final = ("tcp", "udp", "6", "17")


@rule("network-open-port", WARNING)
def open_port(template: Template) -> Iterator[Problem]:
    """A security group lets everybody on the internet connect to another port than 80 and 443.

    Name the networks, or the security groups, that have to connect.

    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
    """
    rules: list[Node] = [*template.of_type("AWS::EC2::SecurityGroupIngress")]
    for group in template.of_type("AWS::EC2::SecurityGroup"):
        rules.extend(group["SecurityGroupIngress"].items)
    for each in rules:
        if not everybody(each["CidrIp"]) and not everybody(each["CidrIpv6"]):
            continue
        protocol, low, high = (each["IpProtocol"].text or "").lower(), each["FromPort"].number, each["ToPort"].number
        if protocol == "-1":
            yield each.problem("All ports of all protocols are open.")
        elif (
            protocol in _WITH_PORTS and low is not None and high is not None and (low != high or low not in OPEN_PORTS)
        ):
            yield each.problem(f"Port {low:g} of {protocol}." if low == high else f"Ports {low:g} to {high:g}.")
