"""Rules for routes and gateways, and where the routes of a subnet lead."""

from collections.abc import Iterator
from typing import Final

from patternbook.rules.networks import all_addresses
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Problem, Resource, Template

ROUTE: Final = "AWS::EC2::Route"
ROUTE_TABLE: Final = "AWS::EC2::RouteTable"
INTERNET_GATEWAY: Final = "AWS::EC2::InternetGateway"
VPN_GATEWAY: Final = "AWS::EC2::VPNGateway"
TRANSIT_ATTACHMENTS: Final = ("AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment")
ASSOCIATION: Final = "AWS::EC2::SubnetRouteTableAssociation"


@rule("network-route-before-attachment", ERROR)
def route_before_attachment(template: Template) -> Iterator[Problem]:
    """A route may be created before its gateway is attached to the VPC, which EC2 refuses.

    Let the route depend on the attachment of the gateway (DependsOn).

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html
    """
    attachments = template.of_type("AWS::EC2::VPCGatewayAttachment")
    for route in template.of_type(ROUTE, "AWS::EC2::VPNGatewayRoutePropagation"):
        for key in ("GatewayId", "VpnGatewayId"):
            gateway = route[key].resource(INTERNET_GATEWAY, VPN_GATEWAY)
            if gateway is None:
                continue
            attaching = {
                each.id
                for each in attachments
                if gateway.id in each["InternetGatewayId"].references | each["VpnGatewayId"].references
            }
            if attaching and not template.waits_for(route, attaching):
                names = " or ".join(sorted(attaching))
                yield route[key].problem(f"{route.id} does not depend on {names}, which attaches {gateway.id}.")
        yield from _before_transit_gateway(template, route)


def _before_transit_gateway(template: Template, route: Resource) -> Iterator[Problem]:
    gateway = route["TransitGatewayId"]
    if gateway.missing:
        return
    same = template.identity(route, "TransitGatewayId") or gateway.references
    attaching = {
        each.id
        for each in template.of_type(*TRANSIT_ATTACHMENTS)
        if same and same == (template.identity(each, "TransitGatewayId") or each["TransitGatewayId"].references)
    }
    if attaching and not template.waits_for(route, attaching):
        names = " or ".join(sorted(attaching))
        yield gateway.problem(f"{route.id} does not depend on {names}, which attaches the transit gateway.")


def route_table_of(template: Template, subnet: Resource) -> Resource | None:
    """The route table that the template associates with a subnet, if it is known."""
    found = [each for each in template.of_type(ASSOCIATION) if each["SubnetId"].unknown or _names(each, subnet)]
    return found[0]["RouteTableId"].resource(ROUTE_TABLE) if len(found) == 1 and _names(found[0], subnet) else None


def _names(association: Resource, subnet: Resource) -> bool:
    return subnet.id in association["SubnetId"].references


def default_routes(template: Template, subnet: Resource) -> list[Resource] | None:
    """The routes for all addresses that a subnet uses. None if the template does not tell all of them."""
    table = route_table_of(template, subnet)
    routes = template.of_type(ROUTE)
    if table is None or not template.complete or template.is_shared(table):
        return None
    found: list[Resource] = []
    for route in routes:
        if route["RouteTableId"].unknown:
            return None
        if table.id in route["RouteTableId"].references:
            blocks = (route["DestinationCidrBlock"], route["DestinationIpv6CidrBlock"])
            if any(each.unknown for each in blocks) or not route["DestinationPrefixListId"].missing:
                return None
            if any(map(all_addresses, blocks)):
                found.append(route)
    return found


def is_public(template: Template, subnet: Resource) -> bool:
    """Whether it is certain that a subnet has a route to the internet by an internet gateway."""
    table = route_table_of(template, subnet)
    return table is not None and any(
        table.id in route["RouteTableId"].references
        and (all_addresses(route["DestinationCidrBlock"]) or all_addresses(route["DestinationIpv6CidrBlock"]))
        and route["GatewayId"].resource(INTERNET_GATEWAY) is not None
        for route in template.of_type(ROUTE)
    )
