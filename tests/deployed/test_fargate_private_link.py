"""What a person would look at once ``FargatePrivateLinkStack`` is deployed.

Each check asks AWS, not the template, and holds in both postures and with any settings. That each can fail is shown
in tests/proof/test_fargate_private_link.py.
"""

import ipaddress
import re
import time
from typing import Any

import pytest

from tests.deployed import service as any_service
from tests.deployed.service import (
    LOAD_BALANCER,
    TARGET_GROUP,
    Rule,
    by_key,
    default_routes,
    heard_by_the_topic,
    listeners_of,
    load_balancer_attributes,
    load_balancer_of,
    rules_of,
    scaled_resource,
    service_of,
    shown,
    task_groups,
    task_of,
)
from tests.deployed.stack import DeployedStack

STACK = "FargatePrivateLinkStack"

ENDPOINT_SERVICE, ENDPOINT = "AWS::EC2::VPCEndpointService", "AWS::EC2::VPCEndpoint"
DEMONSTRATION = "public.ecr.aws/docker/library/busybox:"
ENFORCED = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
METRICS = {"ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"}
WATCHED = {
    *("UnHealthyHostCount", "TCP_Target_Reset_Count", "TCP_ELB_Reset_Count"),
    *("SecurityGroupBlockedFlowCount_Inbound_TCP", "PortAllocationErrorCount", "RunningTaskCount"),
}
PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(root|(role|user)/[^*?]+)")

# How long the first tasks may take to be there, and the pause between two looks.
DEADLINE_SECONDS = 300.0
PAUSE_SECONDS = 5.0

# The same of any service.
test_a_shell_opens_in_sandbox_only = any_service.test_a_shell_opens_in_sandbox_only
test_containers_are_neither_root_nor_able_to_change_their_image = (
    any_service.test_containers_are_neither_root_nor_able_to_change_their_image
)
test_deployments_keep_tasks_running_and_roll_back = any_service.test_deployments_keep_tasks_running_and_roll_back
test_logs_are_kept_for_a_set_time = any_service.test_logs_are_kept_for_a_set_time
test_tasks_admit_the_load_balancer_only = any_service.test_tasks_admit_the_load_balancer_only
test_tasks_are_spread_again_over_the_azs = any_service.test_tasks_are_spread_again_over_the_azs
test_tasks_run_in_private_subnets_of_three_azs = any_service.test_tasks_run_in_private_subnets_of_three_azs
test_tasks_run_on_demand_first_and_on_spot_beyond = any_service.test_tasks_run_on_demand_first_and_on_spot_beyond
test_tasks_reach_https_only = any_service.test_tasks_reach_https_only
test_the_task_role_may_do_nothing = any_service.test_the_task_role_may_do_nothing
test_the_topic_takes_messages_of_alarms = any_service.test_the_topic_takes_messages_of_alarms


def test_the_load_balancer_is_internal_and_in_private_subnets_of_three_azs(stack: DeployedStack) -> None:
    balancer = load_balancer_of(stack)
    kind, scheme = balancer["Type"], balancer["Scheme"]
    assert (kind, scheme) == ("network", "internal"), f"the load balancer is a {kind} one, and {scheme}"
    zones = {zone["ZoneName"]: default_routes(stack, zone["SubnetId"]) for zone in balancer["AvailabilityZones"]}
    assert len(zones) == 3, f"the load balancer is in {sorted(zones)}, not in three AZs"
    public = {zone: ways for zone, ways in zones.items() if any(way.startswith("igw-") for way in ways)}
    assert not public, f"the load balancer is in public subnets: {public}"


def test_connections_go_to_tasks_of_all_azs(stack: DeployedStack) -> None:
    cross_zone = load_balancer_attributes(stack)["load_balancing.cross_zone.enabled"]
    assert cross_zone == "true", "cross-zone load balancing is off: an AZ without a healthy task has no service"


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
    address, given = f"{load_balancer_of(stack)['DNSName']}:{port}", stack.outputs.get("Address")
    assert given == address, f"the output Address is {given}, the load balancer is {address}"


def test_the_load_balancer_is_logged_and_protected_in_production_only(stack: DeployedStack) -> None:
    """There are access logs of TLS listeners only."""
    attributes = load_balancer_attributes(stack)
    protected, expected = attributes["deletion_protection.enabled"], "true" if stack.production else "false"
    assert protected == expected, f"deletion protection is {'on' if protected == 'true' else 'off'} in {stack.posture}"
    with_tls = any(listener["Protocol"] == "TLS" for listener in listeners_of(stack).values())
    logs, expected = attributes["access_logs.s3.enabled"], "true" if stack.production and with_tls else "false"
    assert logs == expected, f"access logs are {'on' if logs == 'true' else 'off'} in {stack.posture}"
    if logs == "true":
        bucket = attributes["access_logs.s3.bucket"]
        assert bucket == stack.only("AWS::S3::Bucket"), f"access logs go to {bucket}, which is not the stack's"


def test_the_load_balancer_admits_its_port_from_private_addresses_only(stack: DeployedStack) -> None:
    groups, ports = load_balancer_of(stack).get("SecurityGroups", []), listeners_of(stack).keys()
    assert groups, "the load balancer has no security group, and can get none any more: everybody can connect"
    for rule in rules_of(stack, groups):
        of_the_listener = rule.protocol == "tcp" and rule.first == rule.last and rule.first in ports
        assert of_the_listener, f"the load balancer admits more than its port: {rule}"
        private = re.fullmatch(r"[\d./]+", rule.peer) and ipaddress.ip_network(rule.peer).prefixlen >= 8
        assert private, f"the load balancer admits more than blocks of private addresses: {rule}"


def test_the_load_balancer_reaches_tasks_on_their_port_only(stack: DeployedStack) -> None:
    reached = rules_of(stack, load_balancer_of(stack).get("SecurityGroups", []), "IpPermissionsEgress")
    ports = {balancer["containerPort"] for balancer in service_of(stack)["loadBalancers"]}
    expected = {Rule("tcp", port, port, group) for port in ports for group in task_groups(stack)}
    others = {rule for rule in reached - expected if not _leads_nowhere(rule)}
    assert reached >= expected, f"the load balancer does not reach the tasks: {shown(reached)}"
    assert not others, f"the load balancer reaches more than the tasks: {shown(others)}"


def test_nothing_else_is_open(stack: DeployedStack) -> None:
    """But for the load balancer, and the consumer's endpoint, only groups of the stack admit one another."""
    groups = stack.all("AWS::EC2::SecurityGroup")
    others = set(groups) - set(load_balancer_of(stack).get("SecurityGroups", [])) - _consumer_groups(stack)
    for group in sorted(others):
        for rule in rules_of(stack, [group]):
            assert rule.peer in groups, f"{group} is open to the outside: {rule}"


def test_connections_go_to_tasks_that_pass_the_health_check(stack: DeployedStack) -> None:
    arn = stack.only(TARGET_GROUP)
    assert [balancer["targetGroupArn"] for balancer in service_of(stack)["loadBalancers"]] == [arn], (
        f"the tasks do not register with {arn}"
    )
    [targets] = stack.client("elbv2").describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    protocol, path = targets["HealthCheckProtocol"], targets.get("HealthCheckPath")
    assert protocol in ("TCP", "HTTP", "HTTPS"), f"health is checked by {protocol}"
    if _is_demonstration(stack):
        understood = (protocol, path) in (("TCP", None), ("HTTP", "/"))
        assert understood, f"the health check by {protocol} asks for {path}, which the demonstration does not have"
    thresholds = targets["HealthyThresholdCount"], targets["UnhealthyThresholdCount"]
    assert thresholds == (2, 2), f"health turns after {thresholds} checks, not after two"


def test_tasks_see_addresses_as_promised_and_let_connections_go(stack: DeployedStack) -> None:
    arn = stack.only(TARGET_GROUP)
    attributes = by_key(stack.client("elbv2").describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])
    assert attributes["preserve_client_ip.enabled"] == "true", "tasks do not see the addresses of clients in the VPC"
    with_header = attributes["proxy_protocol_v2.enabled"] == "true"
    assert not (with_header and _is_demonstration(stack)), "the demonstration does not understand the proxy protocol"
    delay = attributes["deregistration_delay.timeout_seconds"]
    assert delay == "30", f"connections are drained for {delay} seconds, not for 30"
    closed = attributes["deregistration_delay.connection_termination.enabled"]
    assert closed == "true", "connections to a task that stops are left open"


def test_the_endpoint_service_publishes_the_load_balancer(stack: DeployedStack) -> None:
    service, front = _endpoint_service(stack), stack.only(LOAD_BALANCER)
    published = service["NetworkLoadBalancerArns"]
    assert published == [front], f"the endpoint service publishes {published}, not {front}"
    name, given = service["ServiceName"], stack.outputs.get("ServiceName")
    assert given == name, f"the output ServiceName is {given}, the service is {name}"


def test_connections_wait_for_acceptance_where_that_is_set(stack: DeployedStack) -> None:
    """The stack has the command that accepts one exactly where acceptance is required."""
    required, command = _endpoint_service(stack)["AcceptanceRequired"], stack.outputs.get("AcceptCommand")
    assert required == (command is not None), f"connections {'' if required else 'do not '}wait for acceptance"
    if command is not None:
        named = f"--service-id {stack.only(ENDPOINT_SERVICE)} "
        assert named in command, f"the output AcceptCommand accepts connections to another service: {command}"


def test_only_named_principals_may_connect(stack: DeployedStack) -> None:
    service = stack.only(ENDPOINT_SERVICE)
    pages = stack.client("ec2").get_paginator("describe_vpc_endpoint_service_permissions").paginate(ServiceId=service)
    allowed = [item["Principal"] for page in pages for item in page["AllowedPrincipals"]]
    unnamed = [principal for principal in allowed if not PRINCIPAL.fullmatch(principal)]
    assert not unnamed, f"the endpoint service is open to {', '.join(unnamed)}"


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
    zones = stack.client("ec2").describe_subnets(SubnetIds=endpoint["SubnetIds"])["Subnets"]
    assert len({zone["AvailabilityZone"] for zone in zones}) == 3, f"the endpoint {name} is not in three AZs"


def test_the_consumer_is_let_in_and_nobody_else(stack: DeployedStack) -> None:
    endpoint, [port] = _consumer(stack), listeners_of(stack)
    vpc = stack.client("ec2").describe_vpcs(VpcIds=[endpoint["VpcId"]])["Vpcs"][0]["CidrBlock"]
    admitted = rules_of(stack, _consumer_groups(stack))
    expected = {Rule("tcp", port, port, vpc)}
    assert admitted == expected, f"the endpoint admits {shown(admitted)}, not {shown(expected)}"
    front = load_balancer_of(stack)
    if front.get(ENFORCED) != "off":
        blocks = [ipaddress.IPv4Network(rule.peer) for rule in rules_of(stack, front["SecurityGroups"])]
        within = any(ipaddress.IPv4Network(vpc).subnet_of(block) for block in blocks)
        assert within, f"the load balancer refuses the addresses of the consumer, {vpc}"


def test_the_consumer_has_no_way_out(stack: DeployedStack) -> None:
    ways = {subnet: default_routes(stack, subnet) for subnet in _consumer(stack)["SubnetIds"]}
    assert not any(ways.values()), f"the consumer's subnets have a route to the internet: {ways}"


def test_the_service_scales_by_cpu_and_memory(stack: DeployedStack) -> None:
    scaling, resource = stack.client("application-autoscaling"), scaled_resource(stack)
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])["ScalableTargets"]
    assert targets, f"nothing scales {resource}"
    pages = scaling.get_paginator("describe_scaling_policies").paginate(ServiceNamespace="ecs", ResourceId=resource)
    tracked = {
        policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"]
        for page in pages
        for policy in page["ScalingPolicies"]
    }
    assert tracked == METRICS, f"the service scales by {sorted(tracked)}, not by {sorted(METRICS)}"


def test_alarms_notify_the_topic(stack: DeployedStack) -> None:
    heard = heard_by_the_topic(stack)
    assert heard >= WATCHED, f"the topic does not hear of {sorted(WATCHED - heard)}"


@pytest.mark.real_account
def test_tasks_become_healthy(stack: DeployedStack) -> None:
    """Nobody outside can call the service; that the load balancer reaches it shows groups, port and health check."""
    elbv2, deadline = stack.client("elbv2"), time.monotonic() + DEADLINE_SECONDS

    def states() -> list[str]:
        found = elbv2.describe_target_health(TargetGroupArn=stack.only(TARGET_GROUP))["TargetHealthDescriptions"]
        return [target["TargetHealth"]["State"] for target in found]

    while "healthy" not in (found := states()) and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
    assert "healthy" in found, f"no task is healthy after {DEADLINE_SECONDS:g} seconds: {found}"


def _endpoint_service(stack: DeployedStack) -> dict[str, Any]:
    found = stack.client("ec2").describe_vpc_endpoint_service_configurations(ServiceIds=[stack.only(ENDPOINT_SERVICE)])
    return found["ServiceConfigurations"][0]


def _consumer(stack: DeployedStack) -> dict[str, Any]:
    """The endpoint in the consumer's VPC."""
    vpc = stack.outputs.get("ConsumerVpcId")
    if vpc is None:
        pytest.skip("the stack has no consumer")
    found = stack.client("ec2").describe_vpc_endpoints(VpcEndpointIds=list(stack.all(ENDPOINT)))["VpcEndpoints"]
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
    """How CDK writes "nothing", which a security group cannot say of what goes out."""
    return rule.peer == "255.255.255.255/32"
