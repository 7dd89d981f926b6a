"""Rules for security groups."""

from collections.abc import Iterator
from typing import Final

from patternbook.rules.networks import all_addresses
from patternbook.rules.rule import WARNING, rule
from patternbook.rules.template import Node, Problem, Resource, Template

GROUP: Final = "AWS::EC2::SecurityGroup"
LOAD_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"
CLASSIC: Final = "AWS::ElasticLoadBalancing::LoadBalancer"
LISTENER: Final = "AWS::ElasticLoadBalancingV2::Listener"
PUBLIC_PORTS: Final = (80, 443)
"""Ports that may be open to the internet."""
_PROTOCOLS_WITH_PORTS: Final = ("tcp", "udp", "6", "17")
_WITHOUT_PUBLIC_ADDRESS: Final = (
    *("AWS::Lambda::Function", "AWS::EFS::MountTarget", "AWS::EC2::VPCEndpoint", "AWS::ApiGatewayV2::VpcLink"),
    *("AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache"),
    *("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain", "AWS::FSx::FileSystem", "AWS::DAX::Cluster"),
    *("AWS::AppRunner::VpcConnector", "AWS::RDS::DBProxy", "AWS::MemoryDB::Cluster", "AWS::CodeBuild::Project"),
    "AWS::DocDB::DBCluster",
)
"""Resources that never have an address on the internet, so that a rule for all addresses opens nothing to it."""


@rule("network-open-port", WARNING)
def open_port(template: Template) -> Iterator[Problem]:
    """A security group opens a port other than 80 and 443 to the whole internet.

    Allow only the CIDR blocks or security groups that need to connect.

    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
    """
    rules = [(each, each["GroupId"].resource(GROUP)) for each in template.of_type("AWS::EC2::SecurityGroupIngress")]
    found: list[tuple[Node, Resource | None]] = [*rules]
    for group in template.of_type(GROUP):
        found += [(each, group) for each in group["SecurityGroupIngress"].items]
    for each, group in found:
        if not all_addresses(each["CidrIp"]) and not all_addresses(each["CidrIpv6"]):
            continue
        message, port = _opened(each)
        if message and not (group and _is_meant(template, group, port)):
            yield each.problem(f"{message} open to the internet.")


def _opened(ingress: Node) -> tuple[str, float | None]:
    """What a rule opens, and the port if it is a single one. Empty if it opens nothing unusual."""
    protocol, low, high = (
        (ingress["IpProtocol"].text or "").lower(),
        ingress["FromPort"].number,
        ingress["ToPort"].number,
    )
    if protocol == "-1":
        return "All ports of all protocols are", None
    if protocol not in _PROTOCOLS_WITH_PORTS or low is None or high is None:
        return "", None
    if low != high:
        return f"Ports {low:g} to {high:g} are", None
    return ("", low) if low in PUBLIC_PORTS else (f"Port {low:g} is", low)


def _is_meant(template: Template, group: Resource, port: float | None) -> bool:
    """Whether nothing that uses a group is on the internet, except load balancers that listen on the port."""
    users = [
        each
        for each in template.resources.values()
        if each.type not in (GROUP, "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
        and group.id in each.references
    ]
    return bool(users) and all(_is_inside(each) or _listens(template, each, port) for each in users)


def _is_inside(user: Resource) -> bool:
    """Whether it is certain that a resource has no address on the internet."""
    if user.type in (LOAD_BALANCER, CLASSIC):
        return user["Scheme"].text == "internal"
    if user.type == "AWS::ECS::Service":
        public = user["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"]
        return public.missing or public.text == "DISABLED"
    if user.type in ("AWS::RDS::DBInstance", "AWS::Redshift::Cluster"):
        return user["PubliclyAccessible"].flag is False
    return user.type in _WITHOUT_PUBLIC_ADDRESS or user.type.startswith(("AWS::SSM::", "AWS::CloudFormation::"))


def _listens(template: Template, user: Resource, port: float | None) -> bool:
    """Whether a resource is a load balancer with a listener on the port, or may be one."""
    if user.type == CLASSIC:
        ports = [each["LoadBalancerPort"].number for each in user["Listeners"].items]
    elif user.type == LOAD_BALANCER:
        listeners = [each for each in template.of_type(LISTENER) if user.id in each["LoadBalancerArn"].references]
        ports = [each["Port"].number for each in listeners]
    else:
        return False
    return port is not None and (port in ports or None in ports)
