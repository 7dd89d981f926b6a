"""The Availability Zones that a template gets, and what they lack."""

from collections.abc import Iterator, Sequence
from typing import Any

from patternbook.limits.networks import EKS_REFUSED_ZONE_IDS, FARGATE_ZONE_IDS
from patternbook.preflight.account import Account
from patternbook.preflight.questions import Answer, fine, may, question, stops, unknown
from patternbook.preflight.quotas.capacity import fleets_of, is_on_fargate
from patternbook.preflight.stack import Stack
from patternbook.rules.template import Node, Resource, Zone

SUBNET = "AWS::EC2::Subnet"


def zones_of(account: Account) -> list[dict[str, Any]]:
    """The zones that ``Fn::GetAZs`` returns, in its order: those with a default subnet, or else all.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getavailabilityzones.html
    """
    zones = account.all("ec2.describe_availability_zones", "AvailabilityZones")
    zones = [each for each in zones if each.get("ZoneType", "availability-zone") == "availability-zone"]
    subnets = account.all("ec2.describe_subnets", "Subnets", Filters=[{"Name": "default-for-az", "Values": ["true"]}])
    default = {each["AvailabilityZone"] for each in subnets}
    named = sorted(zones, key=lambda each: each["ZoneName"])
    return [each for each in named if each["ZoneName"] in default] or named


def zone_of(subnet: Node, account: Account) -> dict[str, Any] | None:
    """The zone of a subnet, which is a resource of the template or an id. None if it is not known."""
    resource = subnet.resource(SUBNET)
    zone = resource["AvailabilityZone"].value if resource else None
    by_index = zones_of(account)
    if isinstance(zone, Zone):
        return by_index[zone.index] if zone.index < len(by_index) else None
    name = zone
    if resource is None and (subnet.text or "").startswith("subnet-"):
        found = account.all(
            "ec2.describe_subnets", "Subnets", SubnetIds=[subnet.text], absent=("InvalidSubnetID.NotFound",)
        )
        name = found[0]["AvailabilityZone"] if found else None
    everywhere = account.all("ec2.describe_availability_zones", "AvailabilityZones")
    return next((each for each in everywhere if each["ZoneName"] == name), None)


def _named(zone: dict[str, Any]) -> str:
    return f"{zone['ZoneName']} ({zone['ZoneId']})"


@question("zones", "ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets")
def enough_zones(stack: Stack, account: Account) -> Iterator[Answer]:
    """Has the Region as many Availability Zones as the template uses?

    Use fewer AZs, name others in the template, or choose another Region.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getavailabilityzones.html
    """
    values = [subnet["AvailabilityZone"].value for subnet in stack.of_type(SUBNET)]
    numbers = sorted({value.index for value in values if isinstance(value, Zone)})
    names = sorted({value for value in values if isinstance(value, str)})
    if not numbers and not names:
        return
    offered = zones_of(account)
    chosen = [offered[number] for number in numbers if number < len(offered)]
    every = {each["ZoneName"]: each for each in account.all("ec2.describe_availability_zones", "AvailabilityZones")}
    if numbers and numbers[-1] >= len(offered):
        yield stops(
            f"The template uses {numbers[-1] + 1} AZs, and CloudFormation finds {len(offered)}: "
            f"{', '.join(map(_named, offered)) or 'none'}. It takes those with a default subnet, if there is one."
        )
    for name in names:
        if name not in every:
            yield stops(f"The AZ {name} is not one of {account.region}: {', '.join(sorted(every))}.")
    closed = [each for each in [*chosen, *(every[name] for name in names if name in every)] if not _is_open(each)]
    for each in closed:
        yield may(f"The AZ {_named(each)} is {each['State']}.")
    if not closed and len(chosen) == len(numbers) and all(name in every for name in names):
        used = [*chosen, *(every[name] for name in names)]
        yield fine(f"The template uses {', '.join(map(_named, used))}.")


def _is_open(zone: dict[str, Any]) -> bool:
    return zone.get("State", "available") == "available"


@question("zones-eks", "ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets")
def eks_zones(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does EKS accept the Availability Zones of the cluster's subnets?

    Choose other AZs for the VPC before the first deployment.

    https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html#cluster-subnets
    """
    for cluster in stack.of_type("AWS::EKS::Cluster"):
        subnets = cluster["ResourcesVpcConfig"]["SubnetIds"]
        yield from _zones(cluster, subnets, account, refused=EKS_REFUSED_ZONE_IDS, service="EKS")


@question("zones-fargate", "ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets")
def fargate_zones(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is Fargate in the Availability Zones of its subnets?

    Choose other AZs for the subnets of the service.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html
    """
    only = FARGATE_ZONE_IDS.get(account.region)
    if only is None:
        return
    for service in stack.of_type("AWS::ECS::Service"):
        subnets = service["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"]
        if is_on_fargate(service):
            yield from _zones(service, subnets, account, only=only, service="Fargate")


def _zones(
    resource: Resource,
    subnets: Node,
    account: Account,
    *,
    refused: Sequence[str] = (),
    only: Sequence[str] | None = None,
    service: str,
) -> Iterator[Answer]:
    zones = [zone_of(each, account) for each in subnets.items]
    if not zones or None in zones:
        yield unknown(f"{resource.id}: not all of its subnets, and so not their AZs, are known.")
        return
    known = [each for each in zones if each is not None]
    wrong = [each for each in known if each["ZoneId"] in refused or (only is not None and each["ZoneId"] not in only)]
    for each in wrong:
        yield stops(f"{resource.id} has a subnet in {_named(each)}, where {service} accepts none.")
    if not wrong:
        names = ", ".join(dict.fromkeys(map(_named, known)))
        yield fine(f"{resource.id}: {service} accepts {names}.")


@question(
    "zones-instance-types", "ec2:DescribeInstanceTypeOfferings", "ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets"
)
def instance_types(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does EC2 offer the instance types in the Availability Zones of their subnets?

    Choose an instance type that every AZ has, or other AZs.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-discovery.html
    """
    for fleet in fleets_of(stack.template):
        if not fleet.types:
            continue
        offers = account.all(
            "ec2.describe_instance_type_offerings",
            "InstanceTypeOfferings",
            LocationType="availability-zone-id",
            Filters=[{"Name": "instance-type", "Values": sorted(fleet.types)}],
        )
        offered = {(each["InstanceType"], each["Location"]) for each in offers}
        zones = [zone_of(each, account) for each in fleet.subnets.items]
        known = [each for each in zones if each is not None]
        if len(known) < len(zones) or not zones:
            yield unknown(f"{fleet.resource.id}: not all of its subnets, and so not their AZs, are known.")
            continue
        missing = [
            f"{name} in {_named(zone)}"
            for zone in known
            for name in fleet.types
            if (name, zone["ZoneId"]) not in offered
        ]
        usable = [zone for zone in known if any((name, zone["ZoneId"]) in offered for name in fleet.types)]
        if not usable:
            yield stops(f"{fleet.resource.id}: none of its AZs offers {', '.join(fleet.types)}.")
        elif len(usable) < len(known) or (missing and fleet.is_single):
            yield may(f"{fleet.resource.id}: EC2 does not offer {', '.join(missing)}.")
        else:
            yield fine(f"{fleet.resource.id}: its AZs offer {', '.join(fleet.types)}.")


@question("zones-endpoints", "ec2:DescribeVpcEndpointServices", "ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets")
def endpoint_zones(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is the service of an interface endpoint in the Availability Zones of its subnets?

    Choose subnets in AZs of the service, or check the name of the service.

    https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
    """
    for endpoint in stack.added("AWS::EC2::VPCEndpoint"):
        name = endpoint["ServiceName"].text
        if name is None:
            continue
        found = account.ask("ec2.describe_vpc_endpoint_services", ServiceNames=[name], absent=("InvalidServiceName",))
        if not found or not found["ServiceDetails"]:
            yield stops(f"{endpoint.id}: there is no endpoint service {name} in {account.region}.")
            continue
        if endpoint["SubnetIds"].missing:
            yield fine(f"{endpoint.id}: the endpoint service {name} exists.")
            continue
        offered = found["ServiceDetails"][0].get("AvailabilityZones", [])
        zones = [zone_of(each, account) for each in endpoint["SubnetIds"].items]
        wrong = [each for each in zones if each is not None and each["ZoneName"] not in offered]
        for each in wrong:
            yield stops(f"{endpoint.id}: {name} is not in {_named(each)}, but in {', '.join(offered)}.")
        if not zones or None in zones:
            yield unknown(f"{endpoint.id}: not all of its subnets, and so not their AZs, are known.")
        elif not wrong:
            yield fine(f"{endpoint.id}: {name} is in its AZs.")
