"""Functions that look at services, tasks, roles, security groups, routes and alarms."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from tests.deployed.stack import DeployedStack

LOAD_BALANCER, TARGET_GROUP = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup"
CERTIFICATE, RECORD = "AWS::CertificateManager::Certificate", "AWS::Route53::RecordSet"


class Rule(NamedTuple):
    """One rule of a security group. AWS reports one permission for many peers."""

    protocol: str
    """Protocol, or ``-1`` for all protocols, which have no ports."""
    first: int
    last: int
    peer: str
    """A block of addresses, a prefix list or a security group."""

    def __str__(self) -> str:
        ports = self.first if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.protocol}/{ports} {self.peer}"


def services_of(stack: DeployedStack) -> list[dict[str, Any]]:
    names = [*stack.all("AWS::ECS::Service"), *stack.all("AWS::ECS::ExpressGatewayService")]
    found = stack.ask("ecs.describe_services", cluster=stack.only("AWS::ECS::Cluster"), services=names)["services"]
    assert len(found) == len(names), f"there are {len(found)} services, not {names}"
    return found


def target_groups_of(stack: DeployedStack) -> list[str]:
    """The target groups of the service: one, or two if its deployments shift requests. The first comes first."""
    balancers = service_of(stack)["loadBalancers"]
    both = [
        (each["targetGroupArn"], each.get("advancedConfiguration", {}).get("alternateTargetGroupArn"))
        for each in balancers
    ]
    return [arn for pair in both for arn in pair if arn]


def service_of(stack: DeployedStack) -> dict[str, Any]:
    """The one service of a stack."""
    [service] = services_of(stack)
    return service


def task_groups(stack: DeployedStack) -> list[str]:
    return service_of(stack)["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]


def task_of(stack: DeployedStack, service: dict[str, Any] | None = None) -> dict[str, Any]:
    """The task definition that a service runs, or the one service of a stack."""
    service = service or service_of(stack)
    # A service in Express Mode has it in its deployments only: https://github.com/kayac/ecspresso/pull/902
    arn = service.get("taskDefinition") or service["deployments"][0]["taskDefinition"]
    return stack.ask("ecs.describe_task_definition", taskDefinition=arn)["taskDefinition"]


def containers_of(stack: DeployedStack) -> list[dict[str, Any]]:
    """The containers of all services."""
    return [each for service in services_of(stack) for each in task_of(stack, service)["containerDefinitions"]]


def inline_statements(stack: DeployedStack, role: str) -> Iterable[dict[str, Any]]:
    for name in stack.ask("iam.list_role_policies", RoleName=role)["PolicyNames"]:
        yield from listed(
            stack.ask("iam.get_role_policy", RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
        )


def policies_of(stack: DeployedStack, role: str) -> set[str]:
    """The names of managed policies."""
    attached = stack.ask("iam.list_attached_role_policies", RoleName=role)["AttachedPolicies"]
    return {policy["PolicyName"] for policy in attached}


def principals_of(stack: DeployedStack, role: str) -> list[tuple[str, str]]:
    """The principals that may act as a role: kind and name."""
    document = stack.ask("iam.get_role", RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    return [
        (kind, each)
        for statement in document["Statement"]
        for kind, who in (statement["Principal"] if isinstance(statement["Principal"], dict) else {"AWS": "*"}).items()
        for each in listed(who)
    ]


def scaled_resource(stack: DeployedStack) -> str:
    service = service_of(stack)
    return f"service/{service['clusterArn'].rpartition('/')[2]}/{service['serviceName']}"


def default_routes(stack: DeployedStack, subnet: str) -> list[str]:
    """The gateways that a subnet's routes to the internet lead to."""
    of_subnet = [{"Name": "association.subnet-id", "Values": [subnet]}]
    tables = stack.ask("ec2.describe_route_tables", Filters=of_subnet)["RouteTables"]
    assert tables, f"the subnet {subnet} has no route table of its own"
    return [
        route.get("NatGatewayId") or route.get("GatewayId") or "something else"
        for route in tables[0]["Routes"]
        if route.get("DestinationCidrBlock") == "0.0.0.0/0" or route.get("DestinationIpv6CidrBlock") == "::/0"
    ]


def zones_of_own_vpc(stack: DeployedStack) -> int:
    """The number of AZs of the VPC that the stack made. It is 0 if the VPC existed before.

    Each AZ has one isolated subnet, and only isolated subnets have no route in the template.
    """
    vpcs = len(stack.all("AWS::EC2::VPC"))
    return vpcs and (len(stack.all("AWS::EC2::Subnet")) - len(stack.all("AWS::EC2::Route"))) // vpcs


def check_zones(stack: DeployedStack, what: str, zones: Collection[str]) -> None:
    """Checks that something is in each AZ of the stack's own VPC, or in at least two of a VPC that existed before."""
    expected = zones_of_own_vpc(stack) or max(2, len(zones))
    assert len(zones) == expected, f"{what} in {sorted(zones)}, not in {expected} AZs"


def check_private_subnets(stack: DeployedStack, what: str, subnets: Iterable[str]) -> set[str]:
    """Checks that subnets are in each AZ, and that each of the stack's own has its one way out through a NAT gateway.

    :returns: the gateways; none in a VPC that existed before, whose routes are not the stack's.
    """
    wanted = list(subnets)
    check_zones(stack, f"{what} run", zones_of(stack, wanted))
    if not zones_of_own_vpc(stack):
        return set()
    ways = {subnet: default_routes(stack, subnet) for subnet in wanted}
    assert all(len(out) == 1 and out[0].startswith("nat-") for out in ways.values()), (
        f"not every subnet of {what} has its one way out through a NAT gateway: {ways}"
    )
    gateways = {out[0] for out in ways.values()}
    expected = zones_of_own_vpc(stack) if stack.production else 1
    assert len(gateways) == expected, f"{len(gateways)} NAT gateways serve {what}, not {expected}"
    return gateways


def check_no_way_out(stack: DeployedStack, what: str, subnet: str) -> None:
    """Checks that a subnet of the stack's own VPC has no route to the internet."""
    if zones_of_own_vpc(stack):
        ways = default_routes(stack, subnet)
        assert not ways, f"the subnet {subnet} of {what} has a way out: {ways}"


def zones_of(stack: DeployedStack, subnets: list[str]) -> list[str]:
    found = stack.ask("ec2.describe_subnets", SubnetIds=subnets)["Subnets"]
    return sorted({subnet["AvailabilityZone"] for subnet in found})


def rules_of(stack: DeployedStack, groups: Iterable[str], direction: str = "IpPermissions") -> set[Rule]:
    found = stack.ask("ec2.describe_security_groups", GroupIds=sorted(groups))["SecurityGroups"]
    return {
        Rule(permission["IpProtocol"], permission.get("FromPort", -1), permission.get("ToPort", -1), peer)
        for group in found
        for permission in group[direction]
        for peer in _peers(permission)
    }


def _peers(permission: dict[str, Any]) -> Iterable[str]:
    kinds = {
        "IpRanges": "CidrIp",
        "Ipv6Ranges": "CidrIpv6",
        "PrefixListIds": "PrefixListId",
        "UserIdGroupPairs": "GroupId",
    }
    return [peer[name] for kind, name in kinds.items() for peer in permission.get(kind, [])]


def shown(rules: Iterable[Rule]) -> list[str]:
    return sorted(map(str, rules))


def page_with(stack: DeployedStack, there: Callable[[str], object], *, seconds: float) -> str:
    """The page at the stack's URL as soon as ``there`` accepts it, or as it is when the time is over."""
    # The load balancer's own name is on no certificate.
    return stack.eventually(lambda: stack.page(stack.outputs["Url"], named=False)["body"], there, seconds=seconds)


def load_balancer_of(stack: DeployedStack) -> dict[str, Any]:
    return stack.ask("elbv2.describe_load_balancers", LoadBalancerArns=[stack.only(LOAD_BALANCER)])["LoadBalancers"][0]


def load_balancer_attributes(stack: DeployedStack) -> dict[str, str]:
    return by_key(
        stack.ask("elbv2.describe_load_balancer_attributes", LoadBalancerArn=stack.only(LOAD_BALANCER))["Attributes"]
    )


def by_key(attributes: Iterable[dict[str, str]]) -> dict[str, str]:
    return {attribute["Key"]: attribute["Value"] for attribute in attributes}


def listeners_of(stack: DeployedStack) -> dict[int, dict[str, Any]]:
    found = stack.ask("elbv2.describe_listeners", LoadBalancerArn=stack.only(LOAD_BALANCER))["Listeners"]
    return {listener["Port"]: listener for listener in found}


def check_retention(stack: DeployedStack, name: str, keys: Iterable[str]) -> None:
    """Checks that a log group has a retention time, and in production one of these keys."""
    groups = stack.ask("logs.describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    found = [group for group in groups if group["logGroupName"] == name]
    assert found, f"there is no log group {name}"
    assert found[0].get("retentionInDays"), f"the log group {name} keeps everything for ever"
    used, own = found[0].get("kmsKeyId", "no key"), tuple(keys)
    assert used.endswith(own) or not stack.production, (
        f"the log group {name} is encrypted with {used}, not with the stack's key {', '.join(own)}"
    )


def alarm_topic(stack: DeployedStack) -> str:
    """The topic that alarms notify. A stack may have another one, for events."""
    topics = stack.all("AWS::SNS::Topic")
    named = [each for each in topics if "MonitoringAlarms" in each]
    return named[0] if len(topics) > 1 and len(named) == 1 else stack.only("AWS::SNS::Topic")


def heard_by_the_topic(stack: DeployedStack) -> set[str]:
    """Metrics with an alarm that notifies the topic; with step scaling there are alarms that add tasks instead."""
    topic, heard = alarm_topic(stack), set[str]()
    for alarm in alarms_of(stack):
        if alarm["ActionsEnabled"] and topic in alarm["AlarmActions"] and topic in alarm["OKActions"]:
            heard |= metrics_of(alarm)
    return heard


def alarms_of(stack: DeployedStack) -> list[dict[str, Any]]:
    names = list(stack.all("AWS::CloudWatch::Alarm"))
    return stack.ask("cloudwatch.describe_alarms", AlarmNames=names)["MetricAlarms"]


def metrics_of(alarm: dict[str, Any]) -> set[str]:
    """The metrics that an alarm watches, by itself or in an expression."""
    return {metric["MetricName"] for metric in _metrics(alarm)}


def metrics_with(alarm: dict[str, Any], *dimensions: str) -> set[str]:
    """Those metrics of an alarm that have one of the dimensions."""
    return {
        metric["MetricName"]
        for metric in _metrics(alarm)
        if any(each["Name"] in dimensions for each in metric.get("Dimensions", []))
    }


def _metrics(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    inside = [item["MetricStat"]["Metric"] for item in alarm.get("Metrics", []) if "MetricStat" in item]
    return [metric for metric in [alarm, *inside] if "MetricName" in metric]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def check_names(stack: DeployedStack, names: Iterable[str], target: str, kinds: Iterable[str] = ("A", "AAAA")) -> None:
    """Fails unless alias records of all types lead from each name to the target."""
    zones = stack.ask("route53.list_hosted_zones")["HostedZones"]
    for name in names:
        holding = [zone["Id"] for zone in zones if f".{name}.".endswith(f".{zone['Name']}")]
        records = [
            record
            for zone in holding
            for record in stack.ask("route53.list_resource_record_sets", HostedZoneId=zone)["ResourceRecordSets"]
            if record["Name"] == f"{name}."
        ]
        aliases = {
            each["Type"]: each["AliasTarget"]["DNSName"].rstrip(".") for each in records if "AliasTarget" in each
        }
        for kind in kinds:
            leads_to = aliases.get(kind, "nothing")
            # Route 53 stores names in lower case.
            assert leads_to.removeprefix("dualstack.") == target.lower(), (
                f"{name} leads to {leads_to} by its {kind} record, not to {target}"
            )


def check_certificate(stack: DeployedStack, names: Iterable[str], used: str) -> None:
    """Fails unless the certificate of the stack is issued, covers the names, and is the one in use."""
    arn = stack.only(CERTIFICATE)
    found = stack.ask("acm.describe_certificate", CertificateArn=arn)["Certificate"]
    assert found["Status"] == "ISSUED", f"the certificate is {found['Status']}"
    missing = set(names) - set(found["SubjectAlternativeNames"])
    assert not missing, f"the certificate does not cover {sorted(missing)}"
    assert used == arn, f"the certificate in use is {used}, not {arn}"
