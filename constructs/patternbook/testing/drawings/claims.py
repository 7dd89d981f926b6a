"""The causes that make an arrow of a drawing true, each found in the template and nowhere else.

``# because:`` names one of these:

- ``tcp 2049``: the security groups of both ends admit the port. An end outside of the VPC is all addresses.
- ``allows s3:GetObject``: a role of the source has the action on the target, or the policy of the target gives it to
  the source. A statement about every resource (``*``) is no cause.
- ``allows sts:AssumeRole on :role/cdk-``: a role of the source has the action on ARNs with this text. The target is
  outside of the template.
- ``default route``: the subnets of the source send what leaves the VPC to the target.
- ``public subnets``: the subnets of the target have default routes to the internet gateway.
- ``target group``: a listener of the source forwards to a target group in which the target registers.
- the words of :data:`patternbook.testing.drawings.relations.RELATIONS`: a property refers to the other end.
- the words of :data:`patternbook.testing.drawings.relations.VALUES`: a property of one end has a value.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from patternbook.rules.permissions import ROLE, allows, attached_to, statements_in
from patternbook.rules.template import Node, Resource
from patternbook.testing.drawings.relations import RELATIONS, VALUES, Relation, Value
from patternbook.testing.drawings.shown import Deployed, Shown

GROUP: Final = "AWS::EC2::SecurityGroup"
CLUSTER: Final = "AWS::EKS::Cluster"
_FORWARDING: Final = ("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule")
_POLICIES: Final[Mapping[str, str]] = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
}
"""Resources that are the policy of another one, and the property that refers to it."""

Places = list[Node]
"""The places of a template that make a cause true. None, if it is not true."""


class UnknownCauseError(Exception):
    """The message says which causes there are."""


def places(cause: str, source: Shown, target: Shown) -> Places:
    """The places of the template that make a cause of an arrow true.

    :raises UnknownCauseError: if there is no such cause.
    """
    if any(end.node.meanings and not end.resources for end in (source, target)):
        return []
    word, _, argument = cause.partition(" ")
    if word in _CLAIMS and argument:
        return _CLAIMS[word](argument, source, target)
    if cause in _ROUTES:
        return _ROUTES[cause](source, target)
    if cause in RELATIONS:
        return _related(RELATIONS[cause], source, target)
    if cause in VALUES:
        return _with_value(VALUES[cause], source, target)
    known = ", ".join(sorted(("tcp PORT", "allows ACTION", *_ROUTES, *RELATIONS, *VALUES)))
    raise UnknownCauseError(f"'{cause}' is no cause of an arrow. Choose from: {known}")


def _related(relation: Relation, source: Shown, target: Shown) -> Places:
    template = source.deployed.template
    connecting = template.of_type(*relation.types) if relation.types else list(source.family.values())
    if not relation.source:
        connecting = [each for each in connecting if each.id in source.family]
    if not relation.target:
        connecting = [each for each in connecting if each.id in target.family]
    ends = [(names, end) for names, end in ((relation.source, source), (relation.target, target)) if names]
    found = {each.id: [_referring(each, names, end) for names, end in ends] for each in connecting}
    connected = [places for places in found.values() if all(places)]
    if relation.types and not relation.source and len(connected) < len(found):
        return []
    return [place for places in connected for place in places[0]]


def _referring(resource: Resource, properties: Iterable[str], end: Shown) -> Places:
    """The properties of a resource that refer to an end, or have the name that a resource of it is given."""
    template = end.deployed.template
    written = [template.written_in(each, "Name") for each in end.family.values()]
    given = [json.dumps(name) for name in written if isinstance(name, dict)]
    places = [_at(resource, each) for each in properties]
    return [
        place
        for place in places
        if (place.references | template.named_in(resource, str(place.path[-1]))) & end.family.keys()
        or any(name in json.dumps(template.written_in(resource, *map(str, place.path))) for name in given)
    ]


def _at(resource: Resource, path: str) -> Node:
    place: Node = resource
    for key in path.split("."):
        place = place[key]
    return place


def _with_value(expected: Value, source: Shown, target: Shown) -> Places:
    places = [
        _at(each, expected.property)
        for end in (source, target)
        for each in end.family.values()
        if each.type == expected.type
    ]
    return [each for each in places if each.value == expected.value]


def _admitted(port: str, source: Shown, target: Shown) -> Places:
    """The rules that admit a TCP port, on each end that has security groups. Both ends need one."""
    number = float(port)
    ours, theirs = (each.names(GROUP, CLUSTER) for each in (source, target))
    inbound = _rules(source.deployed, theirs, "Ingress", "Source", ours, number)
    outbound = _rules(source.deployed, ours, "Egress", "Destination", theirs, number)
    if not (ours or theirs) or (theirs and not inbound) or (ours and not outbound):
        return []
    return inbound + outbound


def _rules(
    deployed: Deployed, groups: set[str], direction: str, other_end: str, others: set[str], port: float
) -> Places:
    """The rules of groups that admit a port from, or to, other groups. Without other groups: all addresses."""
    template = deployed.template
    rules: list[Node] = [
        each for each in template.of_type(f"AWS::EC2::SecurityGroup{direction}") if each["GroupId"].references & groups
    ]
    with_rules = set[str]().union(*(each["GroupId"].references for each in rules))
    # EKS makes the security group of a cluster, which lets out everything:
    # https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
    open_groups: list[Node] = [
        each for each in template.of_type(CLUSTER) if each.id in groups and direction == "Egress"
    ]
    for group in (each for each in template.of_type(GROUP) if each.id in groups):
        inline = group[f"SecurityGroup{direction}"]
        rules += inline.items
        if direction == "Egress" and inline.missing and group.id not in with_rules:
            open_groups.append(group)  # EC2 gives a group without outbound rules one that lets out everything
    return open_groups + [each for each in rules if _admits(each, f"{other_end}SecurityGroupId", others, port)]


def _admits(rule: Node, other_end: str, others: set[str], port: float) -> bool:
    low, high = rule["FromPort"].number, rule["ToPort"].number
    if rule["IpProtocol"].text != "-1" and not (
        rule["IpProtocol"].text == "tcp" and low is not None and high is not None and low <= port <= high
    ):
        return False
    if rule[other_end].references & others:
        return True
    # Traffic to any address includes the target. Traffic from any address is a cause only for a source outside.
    return (not others or other_end.startswith("Destination")) and rule["CidrIp"].text == "0.0.0.0/0"


def _allowed(action: str, source: Shown, target: Shown) -> Places:
    """The statements that give an action on the target to the source."""
    template = source.deployed.template
    action, _, outside = action.partition(" on ")
    by_roles = [
        statement
        for name in sorted(source.names(ROLE))
        for statement in _role_statements(source.deployed, template.resources[name])
        if statement["Resource"].references & target.family.keys()
        or (outside and any(outside in each.known_text for each in _alone_or_listed(statement["Resource"])))
    ]
    by_target = [
        statement
        for kind, name in _POLICIES.items()
        for policy in template.of_type(kind)
        if policy[name].references & target.family.keys()
        for statement in statements_in(policy["PolicyDocument"])
        if statement.references & source.family.keys() or statement["Principal"].references & source.names(ROLE)
    ]
    permissions: Places = [
        each
        for each in template.of_type("AWS::Lambda::Permission")
        if each["FunctionName"].references & target.family.keys()
        and each["SourceArn"].references & source.family.keys()
        and each["Action"].text == action
    ]
    statements = [each for each in by_roles + by_target if each["Effect"].text == "Allow" and allows([each], action)]
    return statements + permissions


def _alone_or_listed(place: Node) -> list[Node]:
    return place.items or [place]


def _role_statements(deployed: Deployed, role: Resource) -> list[Node]:
    documents = [each["PolicyDocument"] for each in (*role["Policies"].items, *attached_to(deployed.template, role))]
    return [statement for document in documents for statement in statements_in(document)]


def _default_routes(source: Shown, target: Shown) -> Places:
    """The default routes of the source's subnets. All of them have to lead to the target."""
    routes = _routes_of(source)
    return routes if all(each.references & target.family.keys() for each in routes) else []


def _routes_of(end: Shown) -> Places:
    """The default routes of the subnets that an end is in. None, if one of the subnets has none."""
    template = end.deployed.template
    subnets = end.names("AWS::EC2::Subnet")
    associations = [
        each
        for each in template.of_type("AWS::EC2::SubnetRouteTableAssociation")
        if each["SubnetId"].references & subnets
    ]
    tables = set[str]().union(*(each["RouteTableId"].references for each in associations))
    routes = [
        each
        for each in template.of_type("AWS::EC2::Route")
        if each["RouteTableId"].references & tables and each["DestinationCidrBlock"].text == "0.0.0.0/0"
    ]
    routed = set[str]().union(*(each["RouteTableId"].references for each in routes))
    return [*routes] if tables <= routed else []


def _in_public_subnets(_: Shown, target: Shown) -> Places:
    """The default routes of the target's subnets, if all of them lead to an internet gateway."""
    routes = _routes_of(target)
    return routes if all(each["GatewayId"].given for each in routes) else []


def _forwarded(source: Shown, target: Shown) -> Places:
    """The registrations of the target in target groups that the source's listeners forward to."""
    actions = [
        each[name]
        for each in source.deployed.template.of_type(*_FORWARDING)
        if each.id in source.family
        for name in ("DefaultActions", "Actions")
    ]
    groups = set[str]().union(*(each.references for each in actions))
    return [
        each[name]
        for each in target.family.values()
        for name in ("LoadBalancers", "TargetGroupARNs")
        if each[name].references & groups
    ]


_ROUTES: Final[Mapping[str, Callable[[Shown, Shown], Places]]] = {
    "default route": _default_routes,
    "public subnets": _in_public_subnets,
    "target group": _forwarded,
}
_CLAIMS: Final[Mapping[str, Callable[[str, Shown, Shown], Places]]] = {"tcp": _admitted, "allows": _allowed}
