"""Quotas of VPCs, of what is in them, and of load balancers."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from patternbook.limits import quotas
from patternbook.preflight.account import Account
from patternbook.preflight.domains.zones import zone_of
from patternbook.preflight.questions import QUOTA_PERMISSIONS, Answer, fine, question, stops, unknown
from patternbook.preflight.quotas.compare import added, applied, compare, listed
from patternbook.preflight.stack import Stack
from patternbook.rules.template import Node, Resource

LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
GROUP = "AWS::EC2::SecurityGroup"


def _owned(stack: Stack, found: list[dict[str, Any]]) -> int:
    """The number of things of the account. Others can share theirs with it, which count for them."""
    return sum(each.get("OwnerId", stack.target.account_id) == stack.target.account_id for each in found)


@question("quota-vpcs", *QUOTA_PERMISSIONS, "ec2:DescribeVpcs")
def vpcs(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does the VPC of the template fit into the quota of VPCs?

    Delete a VPC that nothing uses, use an existing one, or request a higher quota.

    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    """
    yield from compare(
        stack,
        account,
        quotas.VPCS,
        added("AWS::EC2::VPC"),
        lambda: _owned(stack, account.all("ec2.describe_vpcs", "Vpcs")),
    )


@question("quota-internet-gateways", *QUOTA_PERMISSIONS, "ec2:DescribeInternetGateways")
def internet_gateways(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the internet gateways fit into their quota, which rises and falls with that of VPCs?

    Request a higher quota of VPCs.

    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    """
    yield from compare(
        stack,
        account,
        quotas.INTERNET_GATEWAYS,
        added("AWS::EC2::InternetGateway"),
        lambda: _owned(stack, account.all("ec2.describe_internet_gateways", "InternetGateways")),
    )


@question("quota-elastic-ips", *QUOTA_PERMISSIONS, "ec2:DescribeAddresses")
def elastic_ips(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the Elastic IP addresses, one per NAT gateway, fit into the quota of the Region?

    Release addresses that nothing uses, use fewer NAT gateways, or request a higher quota.

    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    """
    yield from compare(
        stack,
        account,
        quotas.ELASTIC_IPS,
        added("AWS::EC2::EIP"),
        listed(account, "ec2.describe_addresses", "Addresses"),
    )


@question(
    "quota-nat-gateways",
    *QUOTA_PERMISSIONS,
    *("ec2:DescribeNatGateways", "ec2:DescribeSubnets", "ec2:DescribeAvailabilityZones"),
)
def nat_gateways(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the NAT gateways fit into the quota of each Availability Zone?

    Delete NAT gateways that nothing uses, choose other AZs, or request a higher quota.

    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    """
    gateways = stack.added("AWS::EC2::NatGateway")
    if not gateways:
        return
    zones = [zone_of(each["SubnetId"], account) for each in gateways]
    if None in zones:
        yield unknown("The AZ of a NAT gateway is not known, because its subnet is not.")
    names = sorted({each["ZoneName"] for each in zones if each is not None})
    states = [{"Name": "state", "Values": ["pending", "available"]}]
    existing = account.all("ec2.describe_nat_gateways", "NatGateways", Filter=states) if names else []
    used = {each["SubnetId"] for each in existing}
    subnets = account.all("ec2.describe_subnets", "Subnets") if used else []
    zone_by_subnet = {each["SubnetId"]: each["AvailabilityZone"] for each in subnets}
    for name in names:
        yield from compare(
            stack,
            account,
            quotas.NAT_GATEWAYS,
            partial(_gateways_in, name=name, account=account),
            partial(sum, [zone_by_subnet.get(each["SubnetId"]) == name for each in existing]),
            place=f" ({name})",
        )


def _gateways_in(stack: Stack, *, name: str, account: Account) -> int:
    zones = [zone_of(each["SubnetId"], account) for each in stack.added("AWS::EC2::NatGateway")]
    return sum(each is not None and each["ZoneName"] == name for each in zones)


@question("quota-gateway-endpoints", *QUOTA_PERMISSIONS, "ec2:DescribeVpcEndpoints")
def gateway_endpoints(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the gateway endpoints of S3 and DynamoDB fit into the quota of the Region?

    Request a higher quota, or leave out the endpoint.

    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    """

    def new(of: Stack) -> int:
        endpoints = of.added("AWS::EC2::VPCEndpoint")
        return sum(each["VpcEndpointType"].missing or each["VpcEndpointType"].text == "Gateway" for each in endpoints)

    gateways = [{"Name": "vpc-endpoint-type", "Values": ["Gateway"]}]
    yield from compare(
        stack,
        account,
        quotas.GATEWAY_ENDPOINTS,
        new,
        listed(account, "ec2.describe_vpc_endpoints", "VpcEndpoints", Filters=gateways),
    )


@question("quota-security-groups", *QUOTA_PERMISSIONS, "ec2:DescribeSecurityGroups")
def security_groups(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the security groups fit into the quota of the Region?

    Delete security groups that nothing uses, or request a higher quota.

    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    """
    yield from compare(
        stack,
        account,
        quotas.SECURITY_GROUPS,
        added(GROUP),
        lambda: _owned(stack, account.all("ec2.describe_security_groups", "SecurityGroups")),
    )


@question("quota-rules", *QUOTA_PERMISSIONS, "ec2:DescribeSecurityGroupRules", "ec2:DescribeManagedPrefixLists")
def rules_per_group(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the rules of each security group fit into the quota, in which a prefix list counts as all its entries?

    Allow fewer CIDR blocks, use a second security group, or request a higher quota.

    https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
    """
    counts = dict[tuple[str, str], list[Node]]()
    for group in stack.of_type(GROUP):
        for direction in ("Ingress", "Egress"):
            counts.setdefault((group.id, direction), []).extend(group[f"SecurityGroup{direction}"].items)
    for direction in ("Ingress", "Egress"):
        for rule in stack.of_type(f"AWS::EC2::SecurityGroup{direction}"):
            if name := _group_of(rule):
                counts.setdefault((name, direction), []).append(rule)
    if not any(counts.values()):
        return
    quota = applied(account, quotas.RULES_PER_GROUP)
    limit = quota["Value"] if quota else quotas.RULES_PER_GROUP.default
    largest = 0.0
    for (name, direction), rules in counts.items():
        weight = sum(_weight(each, account) for each in rules)
        exist = _rules_in(name, direction, account) if name.startswith("sg-") else 0
        if weight + exist > limit:
            yield stops(f"{name} has {weight + exist:g} {direction.lower()} rules, the quota is {limit:g}.")
        largest = max(largest, weight + exist)
    if largest <= limit:
        yield fine(f"The largest security group has {largest:g} rules in one direction, the quota is {limit:g}.")


def _group_of(rule: Resource) -> str:
    group = rule["GroupId"].resource(GROUP)
    return group.id if group else rule["GroupId"].text or ""


def _weight(rule: Node, account: Account) -> int:
    """The number of rules that a rule counts as."""
    name = rule["SourcePrefixListId"].text or rule["DestinationPrefixListId"].text or ""
    if not name.startswith("pl-"):
        return 1
    found = account.all("ec2.describe_managed_prefix_lists", "PrefixLists", PrefixListIds=[name])
    return found[0].get("MaxEntries", 1) if found else 1


def _rules_in(group: str, direction: str, account: Account) -> int:
    groups = [{"Name": "group-id", "Values": [group]}]
    found = account.all("ec2.describe_security_group_rules", "SecurityGroupRules", Filters=groups)
    return sum(each["IsEgress"] == (direction == "Egress") for each in found)


@question("quota-target-groups", *QUOTA_PERMISSIONS, "elasticloadbalancing:DescribeTargetGroups")
def target_groups(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the target groups fit into the quota of the Region?

    Delete target groups without a load balancer, or request a higher quota.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
    """
    groups = added("AWS::ElasticLoadBalancingV2::TargetGroup")
    exist = listed(account, "elbv2.describe_target_groups", "TargetGroups")
    yield from compare(stack, account, quotas.TARGET_GROUPS, groups, exist)


@question("quota-load-balancers", *QUOTA_PERMISSIONS, "elasticloadbalancing:DescribeLoadBalancers")
def load_balancers(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the load balancers of each type fit into their quota of the Region?

    Delete load balancers that nothing uses, or request a higher quota.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
    """
    for kind, quota in (
        ("application", quotas.APPLICATION_LOAD_BALANCERS),
        ("network", quotas.NETWORK_LOAD_BALANCERS),
    ):
        yield from compare(stack, account, quota, partial(_balancers, kind=kind), partial(_existing, account, kind))


def _balancers(stack: Stack, *, kind: str) -> int:
    types = [each["Type"].text or "application" for each in stack.added(LOAD_BALANCER)]
    return types.count(kind)


def _existing(account: Account, kind: str) -> int:
    return sum(each["Type"] == kind for each in account.all("elbv2.describe_load_balancers", "LoadBalancers"))
