"""Rules for VPCs, subnets and security groups."""

import ipaddress
from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Node, Problem, Resource, Template

VPC: Final = "AWS::EC2::VPC"
SUBNET: Final = "AWS::EC2::Subnet"

LARGEST: Final = 16
SMALLEST: Final = 28
"""Prefix lengths of the largest and smallest CIDR block of a VPC or subnet: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""


def _block(node: Node) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(node.text or "", strict=False) if "/" in (node.text or "") else None
    except ValueError:
        return None


def _check_size(node: Node) -> Iterator[Problem]:
    block = _block(node)
    if block and not LARGEST <= block.prefixlen <= SMALLEST:
        yield node.problem(
            f"{node.text} must be a /{LARGEST} (the largest block) to a /{SMALLEST} (the smallest block)."
        )


@rule("network-vpc-size", ERROR)
def vpc_size(template: Template) -> Iterator[Problem]:
    """The CIDR block of a VPC is too large or too small.

    Choose a block from /16 to /28.

    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
    """
    for vpc in template.of_type(VPC, "AWS::EC2::VPCCidrBlock"):
        yield from _check_size(vpc["CidrBlock"])


@rule("network-subnet-size", ERROR)
def subnet_size(template: Template) -> Iterator[Problem]:
    """The CIDR block of a subnet is too large or too small.

    Choose a block from /16 to /28.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    for subnet in template.of_type(SUBNET):
        yield from _check_size(subnet["CidrBlock"])


@rule("network-subnet-outside", ERROR)
def subnet_outside(template: Template) -> Iterator[Problem]:
    """The CIDR block of a subnet is outside the CIDR blocks of its VPC.

    Choose a block within a block of the VPC.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    for subnet in template.of_type(SUBNET):
        vpc, block = subnet["VpcId"].resource(VPC), _block(subnet["CidrBlock"])
        if vpc is None or block is None or not template.complete:
            continue
        more = [
            each["CidrBlock"] for each in template.of_type("AWS::EC2::VPCCidrBlock") if _may_belong_to(each, vpc.id)
        ]
        blocks = [_block(each) for each in (vpc["CidrBlock"], *more)]
        if None in blocks or template.is_shared(vpc):  # another stack may add a block
            continue
        if not any(each and block.subnet_of(each) for each in blocks):
            allowed = ", ".join(map(str, blocks))
            yield subnet["CidrBlock"].problem(f"{block} is not within the blocks of {vpc.id}: {allowed}.")


def _may_belong_to(resource: Node, vpc: str) -> bool:
    """Whether a CIDR block of IPv4 addresses belongs to a VPC, or may do so."""
    ipv6 = resource["CidrBlock"].missing and resource["Ipv4IpamPoolId"].missing
    return not ipv6 and (resource["VpcId"].unknown or vpc in resource["VpcId"].references)


@rule("network-subnet-overlap", ERROR)
def subnet_overlap(template: Template) -> Iterator[Problem]:
    """The CIDR blocks of two subnets of a VPC overlap.

    Choose blocks that do not overlap.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    blocks = [(each, block) for each in template.of_type(SUBNET) if (block := _block(each["CidrBlock"]))]
    for (one, first), (other, second) in combinations(blocks, 2):
        if first.overlaps(second) and _in_same_vpc(template, one, other):
            yield other["CidrBlock"].problem(f"{second} overlaps {first} of {one.id}.")


def _in_same_vpc(template: Template, one: Resource, other: Resource) -> bool:
    ids = [_vpc_id(each["VpcId"]) for each in (one, other)]
    return (ids[0] is not None and ids[0] == ids[1]) or template.same_parameter(one, other, "VpcId")


def _vpc_id(node: Node) -> Any:
    """The identity of a VPC, if it is known. ``Ref`` and the attribute ``VpcId`` name the same VPC of the template."""
    vpc = node.resource(VPC)
    if vpc and node.reference and node.reference.attribute in (None, "VpcId"):
        return node.reference.logical_id
    return node.reference or node.text or None


def all_addresses(node: Node) -> str | None:
    """The CIDR block as it is written, if it contains all addresses."""
    try:
        everything = "/" in (node.text or "") and ipaddress.ip_network(node.text or "", strict=False).prefixlen == 0
    except ValueError:
        return None
    return node.text if everything else None


PUBLIC_PORTS: Final = (80, 443)
"""Ports that may be open to the internet."""
_PROTOCOLS_WITH_PORTS: Final = ("tcp", "udp", "6", "17")


@rule("network-open-port", WARNING)
def open_port(template: Template) -> Iterator[Problem]:
    """A security group opens a port other than 80 and 443 to the whole internet.

    Allow only the CIDR blocks or security groups that need to connect.

    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
    """
    rules: list[Node] = [*template.of_type("AWS::EC2::SecurityGroupIngress")]
    for group in template.of_type("AWS::EC2::SecurityGroup"):
        rules.extend(group["SecurityGroupIngress"].items)
    for each in rules:
        if not all_addresses(each["CidrIp"]) and not all_addresses(each["CidrIpv6"]):
            continue
        protocol, low, high = (each["IpProtocol"].text or "").lower(), each["FromPort"].number, each["ToPort"].number
        if protocol == "-1":
            yield each.problem("All ports of all protocols are open to the internet.")
        elif protocol in _PROTOCOLS_WITH_PORTS and low is not None and high is not None:
            ports = f"Port {low:g} is" if low == high else f"Ports {low:g} to {high:g} are"
            if low != high or low not in PUBLIC_PORTS:
                yield each.problem(f"{ports} open to the internet.")
