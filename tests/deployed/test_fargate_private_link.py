"""Checks of a deployed ``FargatePrivateLinkStack``."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from tests.deployed.changes import (
    ADMITS,
    ANYWHERE,
    PUBLIC_WAY,
    REACHES,
    SECURITY_GROUPS,
    SERVICES,
    SUBNET_ZONES,
    WAY_OUT,
    WAYS_OUT,
    no_output,
    opened,
    output,
)
from tests.deployed.looking import (
    CERTIFICATE,
    LOAD_BALANCER,
    RECORD,
    TARGET_GROUP,
    Rule,
    by_key,
    check_certificate,
    check_names,
    check_zones,
    default_routes,
    listeners_of,
    load_balancer_attributes,
    load_balancer_of,
    rules_of,
    scaled_resource,
    service_of,
    shown,
    task_groups,
    task_of,
    zones_of,
    zones_of_own_vpc,
)
from tests.deployed.proving import fails
from tests.deployed.service import BalancedService, FargateCapacity, HttpsOnly, RoleForNothing
from tests.deployed.stack import DeployedStack

STACK = "FargatePrivateLinkStack"

ENDPOINT_SERVICE, ENDPOINT = "AWS::EC2::VPCEndpointService", "AWS::EC2::VPCEndpoint"
DEMONSTRATION = "public.ecr.aws/docker/library/busybox:"
ENFORCED = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
METRICS = {"ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"}
PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(root|(role|user)/[^*?]+)")

DEADLINE_SECONDS = 300.0

BALANCER = "elbv2.describe_load_balancers LoadBalancers 0"
LISTENERS = "elbv2.describe_listeners Listeners"
RECORDS = "route53.list_resource_record_sets ResourceRecordSets"
ISSUED = "acm.describe_certificate Certificate"
LISTENER = f"{LISTENERS} 0"
TARGETS = "elbv2.describe_target_groups TargetGroups 0"
SERVICE = "ec2.describe_vpc_endpoint_service_configurations ServiceConfigurations 0"
PRINCIPALS = "ec2.describe_vpc_endpoint_service_permissions AllowedPrincipals"
ENDPOINTS = "ec2.describe_vpc_endpoints VpcEndpoints"
POLICIES = "application-autoscaling.describe_scaling_policies ScalingPolicies"
FRONT_RULES = "ec2.describe_security_groups#2 SecurityGroups * IpPermissions"
HEALTH = "elbv2.describe_target_health TargetHealthDescriptions"

# An emulated account runs no tasks.
BY_HAND = {"elbv2.describe_target_health": {"TargetHealthDescriptions": [{"TargetHealth": {"State": "healthy"}}]}}


def asked_for(path: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda targets: {**targets, "HealthCheckProtocol": "HTTP", "HealthCheckPath": path}


def balancer_attribute(key: str) -> str:
    return f"elbv2.describe_load_balancer_attributes Attributes Key={key} Value"


def target_attribute(key: str) -> str:
    return f"elbv2.describe_target_group_attributes Attributes Key={key} Value"


class TestService(FargateCapacity, HttpsOnly, RoleForNothing, BalancedService):
    """The checks of any balanced service on Fargate that calls nothing."""

    WATCHED: ClassVar = {
        *("UnHealthyHostCount", "TCP_Target_Reset_Count", "TCP_ELB_Reset_Count"),
        *("SecurityGroupBlockedFlowCount_Inbound_TCP", "PortAllocationErrorCount", "RunningTaskCount"),
    }


@fails("is a network one, and internet-facing", f"{BALANCER} Scheme", "internet-facing")
@fails("is a application one, and internal", f"{BALANCER} Type", "application")
@fails("not in 3 AZs", f"{BALANCER} AvailabilityZones 0")
@fails("public subnets: .*igw-", WAYS_OUT, PUBLIC_WAY)
def test_the_load_balancer_is_internal_and_in_private_subnets_of_all_azs(stack: DeployedStack) -> None:
    balancer = load_balancer_of(stack)
    kind, scheme = balancer["Type"], balancer["Scheme"]
    assert (kind, scheme) == ("network", "internal"), f"the load balancer is a {kind} one, and {scheme}"
    subnets = {zone["ZoneName"]: zone["SubnetId"] for zone in balancer["AvailabilityZones"]}
    check_zones(stack, "the load balancer is", subnets)
    zones = {zone: default_routes(stack, subnet) for zone, subnet in subnets.items() if zones_of_own_vpc(stack)}
    public = {zone: ways for zone, ways in zones.items() if any(way.startswith("igw-") for way in ways)}
    assert not public, f"the load balancer is in public subnets: {public}"


@fails("cross-zone .* is off", balancer_attribute("load_balancing.cross_zone.enabled"), "false")
def test_connections_go_to_tasks_of_all_azs(stack: DeployedStack) -> None:
    cross_zone = load_balancer_attributes(stack)["load_balancing.cross_zone.enabled"]
    assert cross_zone == "true", "cross-zone load balancing is off: an AZ without a healthy task has no service"


@fails(r"listens on \[80, 8443\], not on one port", f"{LISTENERS} +", {"Port": 8443}, only="sandbox")
@fails("protocol is HTTP", f"{LISTENER} Protocol", "HTTP")
@fails("more than versions", f"{LISTENER} SslPolicy", "ELBSecurityPolicy-2016-08", only="everything")
@fails("connections go to arn:other, not to the tasks", f"{LISTENER} DefaultActions 0 TargetGroupArn", "arn:other")
@fails("the output Address is elsewhere:80, the load", output("Address"), "elsewhere:80", only="default")
def test_the_load_balancer_listens_on_one_port(stack: DeployedStack) -> None:
    listeners = listeners_of(stack)
    assert len(listeners) == 1, f"the load balancer listens on {sorted(listeners)}, not on one port"
    [(port, listener)] = listeners.items()
    protocol = listener["Protocol"]
    assert protocol in ("TCP", "TLS"), f"the listener's protocol is {protocol}"
    [action] = listener["DefaultActions"]
    forwarded = action.get("TargetGroupArn")
    assert forwarded == stack.only(TARGET_GROUP), f"connections go to {forwarded}, not to the tasks"
    if protocol == "TLS":
        policy = listener.get("SslPolicy", "")
        assert policy.startswith("ELBSecurityPolicy-TLS13-1-2"), f"TLS allows more than versions 1.2 and 1.3: {policy}"
    given, own = stack.outputs["Address"], load_balancer_of(stack)["DNSName"]
    if stack.outputs.get("LoadBalancerDnsName") != own:
        assert given == f"{own}:{port}", f"the output Address is {given}, the load balancer is {own}:{port}"


@fails("leads to nothing by its AAAA record", f"{RECORDS} Type=AAAA", only="everything")
@fails("leads to other by its A record", f"{RECORDS} Type=A AliasTarget DNSName", "other", only="everything")
@fails("certificate is PENDING_VALIDATION", f"{ISSUED} Status", "PENDING_VALIDATION", only="everything")
@fails("does not cover", f"{ISSUED} SubjectAlternativeNames", ["other.example.com"], only="everything")
@fails("in use is arn:other", f"{LISTENER} Certificates 0 CertificateArn", "arn:other", only="everything")
def test_the_domain_name_leads_to_the_load_balancer(stack: DeployedStack) -> None:
    names = [stack.outputs["Address"].rpartition(":")[0]]
    if stack.all(RECORD):
        check_names(stack, names, load_balancer_of(stack)["DNSName"])
    if stack.all(CERTIFICATE):
        [listener] = listeners_of(stack).values()
        check_certificate(stack, names, listener["Certificates"][0]["CertificateArn"])


@fails("logs are off in production", balancer_attribute("access_logs.s3.enabled"), "false", only="everything")
@fails("logs are on in production", f"{LISTENER} Protocol", "TCP", only="everything")
@fails("access logs go to other", balancer_attribute("access_logs.s3.bucket"), "other", only="everything")
@fails("off in production", balancer_attribute("deletion_protection.enabled"), "false", only="production")
@fails("on in sandbox", balancer_attribute("deletion_protection.enabled"), "true", only="sandbox")
def test_the_load_balancer_is_logged_and_protected_in_production_only(stack: DeployedStack) -> None:
    """A Network Load Balancer writes access logs of its TLS listeners only."""
    attributes = load_balancer_attributes(stack)
    protected, expected = attributes["deletion_protection.enabled"], "true" if stack.production else "false"
    assert protected == expected, f"deletion protection is {'on' if protected == 'true' else 'off'} in {stack.posture}"
    with_tls = any(listener["Protocol"] == "TLS" for listener in listeners_of(stack).values())
    logs, expected = attributes["access_logs.s3.enabled"], "true" if stack.production and with_tls else "false"
    assert logs == expected, f"access logs are {'on' if logs == 'true' else 'off'} in {stack.posture}"
    if logs == "true":
        bucket = attributes["access_logs.s3.bucket"]
        assert bucket == stack.only("AWS::S3::Bucket"), f"access logs go to {bucket}, which is not the stack's"


@fails("more than its port: tcp/22 10.0.0.0/8", ADMITS, opened(22, "10.0.0.0/8"))
@fails("more than blocks of private .*: tcp/80 0.0.0.0/0", ADMITS, opened(80, ANYWHERE), only="sandbox")
@fails("more than blocks of private .*: tcp/80 ::/0", ADMITS, opened(80, "::/0"), only="sandbox")
@fails("has no security group", f"{BALANCER} SecurityGroups", [])
def test_the_load_balancer_admits_its_port_from_private_addresses_only(stack: DeployedStack) -> None:
    groups, ports = load_balancer_of(stack).get("SecurityGroups", []), listeners_of(stack).keys()
    assert groups, "the load balancer has no security group, and can get none any more: everybody can connect"
    for rule in rules_of(stack, groups):
        of_the_listener = rule.protocol == "tcp" and rule.first == rule.last and rule.first in ports
        assert of_the_listener, f"the load balancer admits more than its port: {rule}"
        private = re.fullmatch(r"[\d./]+", rule.peer) and ipaddress.ip_network(rule.peer).prefixlen >= 8
        assert private, f"the load balancer admits more than blocks of private addresses: {rule}"


@fails(r"does not reach the tasks: \[\]", f"{SECURITY_GROUPS} IpPermissionsEgress", [])
@fails(r"reaches more than the tasks: \['tcp/443 0\.0\.0\.0/0'\]", REACHES, opened(443, ANYWHERE))
def test_the_load_balancer_reaches_tasks_on_their_port_only(stack: DeployedStack) -> None:
    reached = rules_of(stack, load_balancer_of(stack).get("SecurityGroups", []), "IpPermissionsEgress")
    ports = {balancer["containerPort"] for balancer in service_of(stack)["loadBalancers"]}
    expected = {Rule("tcp", port, port, group) for port in ports for group in task_groups(stack)}
    others = {rule for rule in reached - expected if not _leads_nowhere(rule)}
    assert reached >= expected, f"the load balancer does not reach the tasks: {shown(reached)}"
    assert not others, f"the load balancer reaches more than the tasks: {shown(others)}"


@fails(r"open to the outside: tcp/8080 10\.0", ADMITS, opened(8080, "10.0.0.0/8"))
@fails(r"open to the outside: tcp/8080 0\.0", ADMITS, opened(8080, ANYWHERE))
def test_nothing_else_is_open(stack: DeployedStack) -> None:
    """Only security groups of the stack are admitted, except to the load balancer and the consumer's endpoint."""
    groups = stack.all("AWS::EC2::SecurityGroup")
    others = set(groups) - set(load_balancer_of(stack).get("SecurityGroups", [])) - _consumer_groups(stack)
    for group in sorted(others):
        for rule in rules_of(stack, [group]):
            assert rule.peer in groups, f"{group} is open to the outside: {rule}"


@fails("do not register with", f"{SERVICES} 0 loadBalancers", [])
@fails("by HTTP asks for /up, which", TARGETS, asked_for("/up"), only="sandbox")
@fails("by HTTPS asks for None, which", f"{TARGETS} HealthCheckProtocol", "HTTPS", only="sandbox")
@fails("health is checked by UDP", f"{TARGETS} HealthCheckProtocol", "UDP")
def test_connections_go_to_tasks_that_pass_the_health_check(stack: DeployedStack) -> None:
    arn = stack.only(TARGET_GROUP)
    assert [balancer["targetGroupArn"] for balancer in service_of(stack)["loadBalancers"]] == [arn], (
        f"the tasks do not register with {arn}"
    )
    [targets] = stack.ask("elbv2.describe_target_groups", TargetGroupArns=[arn])["TargetGroups"]
    protocol, path = targets["HealthCheckProtocol"], targets.get("HealthCheckPath")
    assert protocol in ("TCP", "HTTP", "HTTPS"), f"health is checked by {protocol}"
    if _is_demonstration(stack):
        understood = (protocol, path) in (("TCP", None), ("HTTP", "/"))
        assert understood, f"the health check by {protocol} asks for {path}, which the demonstration does not have"


@fails("do not see the addresses of clients", target_attribute("preserve_client_ip.enabled"), "false")
@fails("not understand the proxy", target_attribute("proxy_protocol_v2.enabled"), "true", only="default")
@fails("drained for 300 seconds", target_attribute("deregistration_delay.timeout_seconds"), "300")
@fails("are left open", target_attribute("deregistration_delay.connection_termination.enabled"), "false")
def test_tasks_see_addresses_as_promised_and_let_connections_go(stack: DeployedStack) -> None:
    arn = stack.only(TARGET_GROUP)
    attributes = by_key(stack.ask("elbv2.describe_target_group_attributes", TargetGroupArn=arn)["Attributes"])
    assert attributes["preserve_client_ip.enabled"] == "true", "tasks do not see the addresses of clients in the VPC"
    with_header = attributes["proxy_protocol_v2.enabled"] == "true"
    assert not (with_header and _is_demonstration(stack)), "the demonstration does not understand the proxy protocol"
    delay = attributes["deregistration_delay.timeout_seconds"]
    assert delay == "30", f"connections are drained for {delay} seconds, not for 30"
    closed = attributes["deregistration_delay.connection_termination.enabled"]
    assert closed == "true", "connections to a task that stops are left open"


@fails(r"publishes \['arn:other'\], not arn", f"{SERVICE} NetworkLoadBalancerArns", ["arn:other"])
@fails("output ServiceName is other, the service is com", output("ServiceName"), "other")
def test_the_endpoint_service_publishes_the_load_balancer(stack: DeployedStack) -> None:
    service, front = _endpoint_service(stack), stack.only(LOAD_BALANCER)
    published = service["NetworkLoadBalancerArns"]
    assert published == [front], f"the endpoint service publishes {published}, not {front}"
    name, given = service["ServiceName"], stack.outputs.get("ServiceName")
    assert given == name, f"the output ServiceName is {given}, the service is {name}"


@fails("do not wait for acceptance", f"{SERVICE} AcceptanceRequired", False, only="default")
@fails("connections wait for acceptance", f"{SERVICE} AcceptanceRequired", True, only="everything")
@fails("accepts .* to another service", output("AcceptCommand"), "aws --service-id vpce-svc-0", only="default")
def test_connections_wait_for_acceptance_where_that_is_set(stack: DeployedStack) -> None:
    """The stack has a command that accepts a connection if and only if acceptance is required."""
    required, command = _endpoint_service(stack)["AcceptanceRequired"], stack.outputs.get("AcceptCommand")
    assert required == (command is not None), f"connections {'' if required else 'do not '}wait for acceptance"
    if command is not None:
        named = f"--service-id {stack.only(ENDPOINT_SERVICE)} "
        assert named in command, f"the output AcceptCommand accepts connections to another service: {command}"


@fails(r"is open to \*", f"{PRINCIPALS} +", {"Principal": "*"})
@fails(r"is open to arn:.*role/\*", f"{PRINCIPALS} +", {"Principal": "arn:aws:iam::444455556666:role/*"})
def test_only_named_principals_may_connect(stack: DeployedStack) -> None:
    service = stack.only(ENDPOINT_SERVICE)
    found = stack.ask("ec2.describe_vpc_endpoint_service_permissions", ServiceId=service)["AllowedPrincipals"]
    allowed = [item["Principal"] for item in found]
    unnamed = [principal for principal in allowed if not PRINCIPAL.fullmatch(principal)]
    assert not unnamed, f"the endpoint service is open to {', '.join(unnamed)}"


@fails("no private DNS name for the record", f"{SERVICE} PrivateDnsName", "")
@fails("VerificationRecord is None, AWS looks for .* TXT", no_output("VerificationRecord"))
@fails("VerificationRecord is n TXT old, AWS looks for .* TXT", output("VerificationRecord"), "n TXT old")
@fails("is not verified: .* was not there", f"{SERVICE} PrivateDnsNameConfiguration State", "failed")
def test_the_private_dns_name_can_be_verified(stack: DeployedStack) -> None:
    service, record = _endpoint_service(stack), stack.outputs.get("VerificationRecord")
    name = service.get("PrivateDnsName")
    if not name and record is None:
        pytest.skip("the service has no private DNS name: private_dns_name is not set")
    assert name, f"the endpoint service has no private DNS name for the record {record}"
    found = service["PrivateDnsNameConfiguration"]
    expected = f"{found['Name']} TXT {found['Value']}"
    assert record == expected, f"the output VerificationRecord is {record}, AWS looks for {expected}"
    assert found["State"] != "failed", f"the domain of {name} is not verified: {expected} was not there"


@fails(r"vpce-\w+ is pendingAcceptance", f"{ENDPOINTS} * State", "pendingAcceptance")
@fails("is for com.amazonaws.logs, not com.amazonaws.vpce", f"{ENDPOINTS} * ServiceName", "com.amazonaws.logs")
@fails("output ConsumerAddress is other:80, the", output("ConsumerAddress"), "other:80")
@fails("has 0 endpoints", f"{ENDPOINTS} * VpcId", "vpc-1")
@fails("not in 3 AZs", SUBNET_ZONES, "a")
def test_the_consumer_is_connected(stack: DeployedStack) -> None:
    endpoint = _consumer(stack)
    name, state = endpoint["VpcEndpointId"], endpoint["State"]
    service = _endpoint_service(stack)["ServiceName"]
    assert endpoint["ServiceName"] == service, f"the endpoint {name} is for {endpoint['ServiceName']}, not {service}"
    assert state == "available", f"the endpoint {name} is {state}"
    [port] = listeners_of(stack)
    addresses = [f"{entry['DnsName']}:{port}" for entry in endpoint["DnsEntries"]]
    given = stack.outputs.get("ConsumerAddress")
    assert addresses[:1] == [given], f"the output ConsumerAddress is {given}, the endpoint is {addresses}"
    check_zones(stack, f"the endpoint {name} is", zones_of(stack, endpoint["SubnetIds"]))


@fails(r"admits \[.*tcp/80 0\.0\.0\.0/0.*, not", ADMITS, opened(80, ANYWHERE))
@fails("endpoint admits .*tcp/22", ADMITS, opened(22, "10.1.0.0/24"))
@fails("refuses the addresses of the consumer", FRONT_RULES, [opened(80, "10.200.0.0/16")])
def test_the_consumer_is_let_in_and_nobody_else(stack: DeployedStack) -> None:
    endpoint, [port] = _consumer(stack), listeners_of(stack)
    vpc = stack.ask("ec2.describe_vpcs", VpcIds=[endpoint["VpcId"]])["Vpcs"][0]["CidrBlock"]
    admitted = rules_of(stack, _consumer_groups(stack))
    expected = {Rule("tcp", port, port, vpc)}
    assert admitted == expected, f"the endpoint admits {shown(admitted)}, not {shown(expected)}"
    front = load_balancer_of(stack)
    if front.get(ENFORCED) != "off":
        blocks = [ipaddress.IPv4Network(rule.peer) for rule in rules_of(stack, front["SecurityGroups"])]
        within = any(ipaddress.IPv4Network(vpc).subnet_of(block) for block in blocks)
        assert within, f"the load balancer refuses the addresses of the consumer, {vpc}"


@fails("have a route to the internet: .*igw-", WAY_OUT, PUBLIC_WAY)
def test_the_consumer_has_no_way_out(stack: DeployedStack) -> None:
    ways = {subnet: default_routes(stack, subnet) for subnet in _consumer(stack)["SubnetIds"]}
    assert not any(ways.values()), f"the consumer's subnets have a route to the internet: {ways}"


@fails("nothing scales service/", "application-autoscaling.describe_scalable_targets ScalableTargets", [])
@fails(r"scales by \['ECSService.*'\], not by", f"{POLICIES} -1")
def test_the_service_scales_by_cpu_and_memory(stack: DeployedStack) -> None:
    resource = scaled_resource(stack)
    targets = stack.ask(
        "application-autoscaling.describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=[resource]
    )["ScalableTargets"]
    assert targets, f"nothing scales {resource}"
    policies = stack.ask(
        "application-autoscaling.describe_scaling_policies", ServiceNamespace="ecs", ResourceId=resource
    )["ScalingPolicies"]
    tracked = {
        policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"]
        for policy in policies
    }
    assert tracked == METRICS, f"the service scales by {sorted(tracked)}, not by {sorted(METRICS)}"


@fails("no task is healthy after 300 seconds: .*draining", f"{HEALTH} 0 TargetHealth State", "draining")
@pytest.mark.real_account
def test_tasks_become_healthy(stack: DeployedStack) -> None:
    """The service cannot be called from here. Healthy targets show that security groups and the health check fit."""

    def states() -> list[str]:
        found = stack.ask("elbv2.describe_target_health", TargetGroupArn=stack.only(TARGET_GROUP))[
            "TargetHealthDescriptions"
        ]
        return [target["TargetHealth"]["State"] for target in found]

    found = stack.eventually(states, lambda found: "healthy" in found, seconds=DEADLINE_SECONDS)
    assert "healthy" in found, f"no task is healthy after {DEADLINE_SECONDS:g} seconds: {found}"


def _endpoint_service(stack: DeployedStack) -> dict[str, Any]:
    found = stack.ask("ec2.describe_vpc_endpoint_service_configurations", ServiceIds=[stack.only(ENDPOINT_SERVICE)])
    return found["ServiceConfigurations"][0]


def _consumer(stack: DeployedStack) -> dict[str, Any]:
    """The endpoint in the consumer's VPC."""
    vpc = stack.outputs.get("ConsumerVpcId")
    if vpc is None:
        pytest.skip("the stack has no consumer")
    found = stack.ask("ec2.describe_vpc_endpoints", VpcEndpointIds=list(stack.all(ENDPOINT)))["VpcEndpoints"]
    endpoints = [endpoint for endpoint in found if endpoint["VpcId"] == vpc]
    assert len(endpoints) == 1, f"the consumer's VPC {vpc} has {len(endpoints)} endpoints"
    return endpoints[0]


def _consumer_groups(stack: DeployedStack) -> set[str]:
    if "ConsumerVpcId" not in stack.outputs:
        return set()
    return {group["GroupId"] for group in _consumer(stack)["Groups"]}


def _is_demonstration(stack: DeployedStack) -> bool:
    [container] = task_of(stack)["containerDefinitions"]
    return container["image"].startswith(DEMONSTRATION)


def _leads_nowhere(rule: Rule) -> bool:
    """CDK's outbound rule for a group that lets out nothing, because a group without rules lets out everything."""
    return rule.peer == "255.255.255.255/32"
