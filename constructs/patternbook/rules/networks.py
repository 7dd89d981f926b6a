"""Rules for VPCs and subnets."""

import ipaddress
from collections.abc import Hashable, Iterator
from itertools import combinations
from typing import Final

from patternbook.rules.rule import ERROR, rule
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
        if None in blocks or template.is_given_to_nested_stack(vpc, subnet):  # which may add a block
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
    by_vpc: dict[Hashable, list[tuple[Resource, ipaddress.IPv4Network]]] = {}
    for subnet in template.of_type(SUBNET):
        vpc, block = _identity_of_vpc(template, subnet), _block(subnet["CidrBlock"])
        if vpc is not None and block is not None:
            by_vpc.setdefault(vpc, []).append((subnet, block))
    for blocks in by_vpc.values():
        for (one, first), (other, second) in combinations(blocks, 2):
            if first.overlaps(second):
                yield other["CidrBlock"].problem(f"{second} overlaps {first} of {one.id}.")


def _identity_of_vpc(template: Template, subnet: Resource) -> Hashable:
    """The identity of the VPC of a subnet, if it is known.

    ``Ref`` and the attribute ``VpcId`` name the same VPC of the template. A parameter or an import is the same VPC
    wherever it is used.
    """
    node = subnet["VpcId"]
    vpc = node.resource(VPC)
    if vpc and node.reference and node.reference.attribute in (None, "VpcId"):
        return node.reference.logical_id
    return node.reference or node.text or template.identity(subnet, "VpcId")


def all_addresses(node: Node) -> str | None:
    """The CIDR block as it is written, if it contains all addresses."""
    try:
        everything = "/" in (node.text or "") and ipaddress.ip_network(node.text or "", strict=False).prefixlen == 0
    except ValueError:
        return None
    return node.text if everything else None
