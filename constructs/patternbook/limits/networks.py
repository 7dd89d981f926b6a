"""Availability Zones: how many AWS demands, which of them its services refuse, and the subnets in them."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, Literal

from patternbook.limits.given import listed

Tier = Literal["public_subnets", "private_subnets", "isolated_subnets"]

MIN_AZS: Final = 2
"""Minimum number of AZs of an Application Load Balancer, and of an EKS cluster.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
"""
MOST_AZS: Final = 6
"""Number of AZs of the Region that has the most, us-east-1. Synth does not know how many an account has in a Region.

https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
"""
SMALLEST_SUBNET: Final = 27
"""Longest prefix of a subnet for a load balancer, on the same page."""
AZ_NAME: Final = r"[a-z]{2,4}(-[a-z]+)+-\d[a-z]"
"""The name of an AZ is the name of its Region and a letter. The name of a Local Zone or Wavelength Zone is longer.

https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
"""
PURPOSES: Final[Mapping[Tier, str]] = {
    "public_subnets": "They are for load balancers that face the internet, and have a route to an internet gateway.",
    "private_subnets": "They are for tasks, nodes and endpoints, and have a route to the AWS services that these call.",
    "isolated_subnets": "They are for data.",
}

EKS_REFUSED_ZONE_IDS: Final = ("use1-az3", "usw1-az2", "cac1-az3")
"""The zone ids in which EKS accepts no subnet of a cluster.

A name such as ``us-east-1a`` can mean another zone id in each account, so nothing can check it at synth. This command
shows the zone ids: ``aws ec2 describe-availability-zones --query 'AvailabilityZones[].[ZoneName,ZoneId]'``.

App Runner refuses subnets of a few AZs, which it names only in its error message
(https://docs.aws.amazon.com/apprunner/latest/dg/network-vpc.html). EFS restricts One Zone file systems only, which no
construct makes (https://docs.aws.amazon.com/efs/latest/ug/OneZoneAZs.html). An interface endpoint can be only in the
AZs of its endpoint service (https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-share-your-services.html).

https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html#cluster-subnets
"""
FARGATE_ZONE_IDS: Final[Mapping[str, tuple[str, ...]]] = {
    "us-west-1": ("usw1-az1", "usw1-az3"),
    "ap-northeast-1": ("apne1-az1", "apne1-az2", "apne1-az4"),
    "cn-north-1": ("cnn1-az1", "cnn1-az2"),
}
"""The only zone ids with Fargate, in the Regions that do not have it in every AZ.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html
"""


def region_of(zone: object) -> str:
    """The Region of an AZ. An empty text for its number, and for a token of the CDK."""
    return zone[:-1] if isinstance(zone, str) and re.fullmatch(AZ_NAME, zone, re.ASCII) else ""


def zone_mistakes(zones: Sequence[str | int]) -> Iterator[str]:
    """A sentence for each mistake in AZs, which are given by their names or by their numbers."""
    if len(zones) < MIN_AZS:
        yield f"Must list at least {MIN_AZS} AZs, got {len(zones)}. Add another AZ."
    if len({type(zone) for zone in zones}) > 1:
        yield f"Must be either names or numbers, got {listed(zones)}. Use one of the two."
    wrong = [zone for zone in zones if isinstance(zone, int) and zone < 1]
    if wrong:
        yield f"Numbers of AZs begin with 1, got {listed(wrong)}. Raise them."
    high = [zone for zone in zones if isinstance(zone, int) and zone > MOST_AZS]
    if high:
        yield f"Numbers of AZs end with {MOST_AZS}, because no Region has more AZs, got {listed(high)}. Lower them."
    if twice := _repeated(zones):
        yield f"Must contain each AZ only once. These are repeated: {listed(twice)}. Remove them."
    yield from _mistakes_of_regions(zones)


def tier_mistakes(tiers: Mapping[Tier, Mapping[str, str]], *, needed: Collection[Tier] = ()) -> Iterator[str]:
    """A sentence for each mistake in the subnets of a VPC.

    :param tiers: the subnet ids of each tier, by the names of their AZs. A tier may be empty.
    :param needed: tiers that must not be empty.
    """
    given = {name: subnets for name, subnets in tiers.items() if subnets}
    for name in needed:
        if name not in given:
            yield (
                f"{name} must have a subnet in each of at least {MIN_AZS} AZs, got none. {PURPOSES[name]} Add their "
                "subnet ids."
            )
    for name, subnets in given.items():
        if len(subnets) < MIN_AZS:
            yield (
                f"{name} must have subnets in at least {MIN_AZS} AZs, got {listed(subnets)}. {PURPOSES[name]} Add a "
                "subnet in another AZ."
            )
    first = next(iter(given), None)
    for name, subnets in given.items():
        if first and subnets.keys() != given[first].keys():
            yield (
                f"{name} must be in the same AZs as {first} ({listed(sorted(given[first]))}), got "
                f"{listed(sorted(subnets))}, because what runs in one tier needs the other tiers in its own AZ. Give "
                "each tier a subnet in the same AZs."
            )
    if twice := _repeated([*chain.from_iterable(subnets.values() for subnets in given.values())]):
        yield f"Must contain each subnet only once. These are repeated: {listed(twice)}. Give each AZ and tier its own."
    yield from _mistakes_of_regions([*chain.from_iterable(given.values())])


def check_room(*, prefix_length: int, zones: int, tiers: int) -> None:
    """:raises ValueError: if a VPC is too small for a subnet for load balancers in each AZ and tier."""
    # The CDK gives all subnets the same size, which is a power of two.
    smallest = prefix_length + (zones * tiers - 1).bit_length()
    if smallest > SMALLEST_SUBNET:
        raise ValueError(
            f"cidr must have room for {zones * tiers} subnets of /{SMALLEST_SUBNET}, got a /{prefix_length}. Choose a "
            f"/{prefix_length - smallest + SMALLEST_SUBNET} or larger, or fewer AZs."
        )


def _mistakes_of_regions(zones: Sequence[object]) -> Iterator[str]:
    regions = sorted({region_of(zone) for zone in zones} - {""})
    if len(regions) > 1:
        yield f"AZs must be of one Region, got AZs of {listed(regions)}. A VPC is in one Region."


def _repeated(values: Sequence[str | int]) -> list[str | int]:
    return [value for value in dict.fromkeys(values) if values.count(value) > 1]
