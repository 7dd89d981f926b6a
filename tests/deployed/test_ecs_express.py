"""Checks of a deployed ``EcsExpressStack``, most of which ECS makes."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from tests.deployed.answers import Answer
from tests.deployed.changes import (
    ADMITS,
    ALARMS,
    ANYWHERE,
    ATTACHED,
    BODY,
    CONTAINERS,
    EVERYTHING,
    REACHES,
    SECURITY_GROUPS,
    SERVICES,
    SUBNET_ZONES,
    WAYS_OUT,
    allow,
    may,
    opened,
)
from tests.deployed.looking import (
    alarms_of,
    check_zones,
    default_routes,
    inline_statements,
    page_with,
    rules_of,
    scaled_resource,
    service_of,
    shown,
    task_of,
    zones_of_own_vpc,
)
from tests.deployed.proving import fails, skips
from tests.deployed.public_service import DEMONSTRATION
from tests.deployed.service import RoleForNothing, TasksInAzs
from tests.deployed.stack import DeployedStack

STACK = "EcsExpressStack"

SERVICE = "AWS::ECS::ExpressGatewayService"
INFRASTRUCTURE_POLICY = "AmazonECSInfrastructureRoleforExpressGatewayServices"
METRICS = {
    "AVERAGE_CPU": "ECSServiceAverageCPUUtilization",
    "AVERAGE_MEMORY": "ECSServiceAverageMemoryUtilization",
    "REQUEST_COUNT_PER_TARGET": "ALBRequestCountPerTarget",
}
OF_THE_LOAD_BALANCER = {"HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "TargetResponseTime"}

DEADLINE_SECONDS = 600.0
PAGE = re.compile(r"<h1>Task \w+ in ([\w-]+)</h1>")

EXPRESS = "ecs.describe_express_gateway_service service"
CONFIGURATION = f"{EXPRESS} activeConfigurations 0"
PATH = f"{CONFIGURATION} ingressPaths 0"
MANAGED = "ecs.describe_service_revisions serviceRevisions 0 ecsManagedResources"
BALANCER = "elbv2.describe_load_balancers LoadBalancers 0"
LISTENERS = "elbv2.describe_listeners Listeners"
TARGETS = "elbv2.describe_target_groups TargetGroups -1"
POLICY = "application-autoscaling.describe_scaling_policies ScalingPolicies 0 TargetTrackingScalingPolicyConfiguration"
BOUNDS = "application-autoscaling.describe_scalable_targets ScalableTargets"
DEPLOYMENT = f"{SERVICES} 0 deploymentConfiguration"

ADDED = [{"arn": "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1", "status": "ACTIVE", "updatedAt": 0}]


def rules_by_group(asked: Mapping[str, Any]) -> Answer:
    """Security groups of which only the one that ECS has added admits somebody."""
    rules = {"sg-1": [opened(8080, "203.0.113.0/24")]}
    return {"SecurityGroups": [{"GroupId": each, "IpPermissions": rules.get(each, [])} for each in asked["GroupIds"]]}


# An emulated account runs no tasks.
BY_HAND = {"http.get": {"status": 200, "headers": {}, "body": "<h1>Task 0a1b in eu-west-1a</h1>"}}


class TestService(RoleForNothing, TasksInAzs):
    """The checks of any service that calls nothing."""

    WATCHED: ClassVar = OF_THE_LOAD_BALANCER | {"RunningTaskCount"}


@fails("the service is DRAINING", f"{EXPRESS} status statusCode", "DRAINING")
@fails(r"says https://.*, and ECS https://xx\.on\.aws", f"{PATH} endpoint", "xx.on.aws")
def test_the_url_is_where_ecs_serves_the_service(stack: DeployedStack) -> None:
    status = _express(stack)["status"]["statusCode"]
    assert status == "ACTIVE", f"the service is {status}"
    [path] = _configuration(stack)["ingressPaths"]
    expected, url = f"https://{path['endpoint'].removeprefix('https://')}", stack.outputs["Url"]
    assert url == expected, f"the stack says {url}, and ECS {expected}"


@fails("not in 3 AZs", SUBNET_ZONES, "a")
@fails("the load balancer is in .*, the tasks in", f"{BALANCER} AvailabilityZones 0")
@fails("not every subnet has its one way out through igw-", WAYS_OUT, only="default")
@fails("its one way out through nat-", f"{PATH} accessType", "PRIVATE", only="default")
@fails("the load balancer is internal, and the service public", f"{BALANCER} Scheme", "internal", only="default")
@fails("is internet-facing, and the service private", f"{BALANCER} Scheme", "internet-facing", only="everything")
def test_tasks_and_load_balancer_stand_in_the_same_subnets_of_all_azs(stack: DeployedStack) -> None:
    subnets = _configuration(stack)["networkConfiguration"]["subnets"]
    found = stack.ask("ec2.describe_subnets", SubnetIds=subnets)["Subnets"]
    zones = sorted({subnet["AvailabilityZone"] for subnet in found})
    check_zones(stack, "tasks run", zones)
    balancer = _load_balancer(stack)
    of_balancer = {zone["SubnetId"] for zone in balancer["AvailabilityZones"]}
    assert of_balancer == set(subnets), f"the load balancer is in {sorted(of_balancer)}, the tasks in {sorted(subnets)}"
    public = _public(stack)
    # The routes of a VPC that existed before are not the stack's.
    ways = {subnet: default_routes(stack, subnet) for subnet in subnets if zones_of_own_vpc(stack)}
    gateway = "igw-" if public else "nat-"
    assert all(len(out) == 1 and out[0].startswith(gateway) for out in ways.values()), (
        f"not every subnet has its one way out through {gateway}: {ways}"
    )
    scheme = balancer["Scheme"]
    assert scheme == ("internet-facing" if public else "internal"), (
        f"the load balancer is {scheme}, and the service {'public' if public else 'private'}"
    )


@fails(r"listens on \[\(80, 'HTTP'\), \(443", f"{LISTENERS} +", {"Port": 80, "Protocol": "HTTP"})
@fails(r"listens on \[\]", LISTENERS, [])
@fails("there is no revision", "ecs.describe_service_revisions serviceRevisions", [])
def test_the_load_balancer_serves_https_and_nothing_else(stack: DeployedStack) -> None:
    arn = _path(stack)["loadBalancer"]["arn"]
    found = stack.ask("elbv2.describe_listeners", LoadBalancerArn=arn)["Listeners"]
    listens = sorted((listener["Port"], listener["Protocol"]) for listener in found)
    assert listens == [(443, "HTTPS")], f"the load balancer listens on {listens}"


@fails(r"admit more .*tcp/8080 0\.0\.0\.0/0", ADMITS, opened(8080, ANYWHERE))
@fails("admit more .*tcp/22 10", ADMITS, opened(22, "10.0.0.0/24"))
@fails(r"admit more .*10\.0\.99", ADMITS, opened(8080, "10.0.99.0/24"))
@fails("admit more .*203", {f"{MANAGED} serviceSecurityGroups": ADDED, "ec2.describe_security_groups": rules_by_group})
@fails(r"admit more .*tcp/443 0\.0\.0\.0/0", ADMITS, opened(443, ANYWHERE))
@fails(r"gets through from \['10.*, and stands in", f"{SECURITY_GROUPS} IpPermissions 0 IpRanges 0")
def test_nobody_outside_reaches_a_task(stack: DeployedStack) -> None:
    """The check reads the stack's own security group, and any that ECS has added."""
    network = _configuration(stack)["networkConfiguration"]
    added = [group["arn"].rpartition("/")[2] for group in _managed(stack).get("serviceSecurityGroups", [])]
    groups = {*network["securityGroups"], *added}
    within = {
        subnet["CidrBlock"] for subnet in stack.ask("ec2.describe_subnets", SubnetIds=network["subnets"])["Subnets"]
    }
    peers = within | set(_load_balancer(stack)["SecurityGroups"])
    ports = {mapping["containerPort"] for each in task_of(stack)["containerDefinitions"] for mapping in _ports(each)}
    wrong = {
        rule
        for rule in rules_of(stack, groups)
        if rule.peer not in peers or rule.first != rule.last or rule.first not in ports
    }
    assert not wrong, f"the tasks admit more than the load balancer to their port: {shown(wrong)}"
    admitted = {rule.peer for rule in rules_of(stack, network["securityGroups"])}
    assert admitted == within, f"the load balancer gets through from {sorted(admitted)}, and stands in {sorted(within)}"


@fails("reach more than HTTPS: .*tcp/80", REACHES, opened(80, ANYWHERE))
def test_the_group_of_the_stack_lets_tasks_reach_https_only(stack: DeployedStack) -> None:
    reached = rules_of(stack, _configuration(stack)["networkConfiguration"]["securityGroups"], "IpPermissionsEgress")
    others = {rule for rule in reached if (rule.protocol, rule.first, rule.last) != ("tcp", 443, 443)}
    assert not others, f"the tasks reach more than HTTPS: {shown(others)}"


@fails("asks for /ping, which the demon", f"{CONFIGURATION} healthCheckPath", "/ping", only="default")
@fails("asks for /other, not /", f"{TARGETS} HealthCheckPath", "/other")
@fails("no targets", f"{MANAGED} ingressPaths 0 targetGroups", [])
def test_the_load_balancer_asks_tasks_how_they_are(stack: DeployedStack) -> None:
    path = _configuration(stack)["healthCheckPath"]
    if any(container["image"].startswith(DEMONSTRATION) for container in task_of(stack)["containerDefinitions"]):
        assert path == "/", f"the health check asks for {path}, which the demonstration does not have"
    arns = [group["arn"] for group in _path(stack)["targetGroups"]]
    assert arns, "the load balancer has no targets"
    for group in stack.ask("elbv2.describe_target_groups", TargetGroupArns=arns)["TargetGroups"]:
        asked = group["HealthCheckPath"]
        assert asked == path, f"{group['TargetGroupName']} asks for {asked}, not {path}"


@fails("nothing scales service/", BOUNDS, [])
@fails(r"\(1, \d+\) tasks, not as asked", f"{BOUNDS} 0 MinCapacity", 1)
@fails(r"\d+\) tasks, not as asked: .*77", f"{CONFIGURATION} scalingTarget maxTaskCount", 77)
@fails("scales by .*Other.*, not by", f"{POLICY} PredefinedMetricSpecification PredefinedMetricType", "Other")
@fails("not by .*MemoryUtilization", f"{CONFIGURATION} scalingTarget autoScalingMetric", "AVERAGE_MEMORY")
@fails(r"scales by .*, not by .*\b71\b", f"{CONFIGURATION} scalingTarget autoScalingTargetValue", 71)
def test_the_service_scales_by_the_metric_that_was_asked_for(stack: DeployedStack) -> None:
    asked, resource = _configuration(stack)["scalingTarget"], scaled_resource(stack)
    targets = stack.ask(
        "application-autoscaling.describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=[resource]
    )["ScalableTargets"]
    assert targets, f"nothing scales {resource}"
    bounds = (targets[0]["MinCapacity"], targets[0]["MaxCapacity"])
    assert bounds == (asked["minTaskCount"], asked["maxTaskCount"]), f"{bounds} tasks, not as asked: {asked}"
    policies = stack.ask(
        "application-autoscaling.describe_scaling_policies", ServiceNamespace="ecs", ResourceId=resource
    )["ScalingPolicies"]
    tracked = [policy["TargetTrackingScalingPolicyConfiguration"] for policy in policies]
    kept = [(each["PredefinedMetricSpecification"]["PredefinedMetricType"], each["TargetValue"]) for each in tracked]
    expected = [(METRICS[asked["autoScalingMetric"]], asked["autoScalingTargetValue"])]
    assert kept == expected, f"the service scales by {kept}, not by {expected}"


@fails("the strategy of deployments is ROLLING", f"{DEPLOYMENT} strategy", "ROLLING")
@fails("no alarm rolls a deployment back", f"{DEPLOYMENT} alarms rollback", False)
@fails("no alarm rolls a deployment back", f"{DEPLOYMENT} alarms alarmNames", [])
def test_a_deployment_shifts_few_requests_first_and_rolls_back(stack: DeployedStack) -> None:
    configuration = service_of(stack)["deploymentConfiguration"]
    strategy = configuration.get("strategy")
    assert strategy == "CANARY", f"the strategy of deployments is {strategy}"
    alarms = configuration.get("alarms", {})
    rolls_back = alarms.get("enable") and alarms.get("rollback") and alarms.get("alarmNames")
    assert rolls_back, f"no alarm rolls a deployment back: {alarms}"


@fails("ECS Exec is on", f"{SERVICES} 0 enableExecuteCommand", True)
def test_no_shell_opens(stack: DeployedStack) -> None:
    assert not service_of(stack).get("enableExecuteCommand", False), "ECS Exec is on"


@fails("managed policies .*Everything", ATTACHED, EVERYTHING)
@fails("may .*iam:PassRole.* besides", may(allow("iam:PassRole")))
def test_the_infrastructure_role_has_the_policy_of_aws_and_no_other(stack: DeployedStack) -> None:
    role = _express(stack)["infrastructureRoleArn"].rpartition("/")[2]
    attached = [
        policy["PolicyName"]
        for policy in stack.ask("iam.list_attached_role_policies", RoleName=role)["AttachedPolicies"]
    ]
    assert attached == [INFRASTRUCTURE_POLICY], f"the infrastructure role has the managed policies {attached}"
    more = [statement["Action"] for statement in inline_statements(stack, role)]
    assert not more, f"the infrastructure role may {more} besides"


@fails("watches .*app/other.*, not app/", f"{ALARMS} MetricName=TargetResponseTime Dimensions 0 Value", "app/other")
def test_alarms_are_on_the_load_balancer_that_ecs_made(stack: DeployedStack) -> None:
    front = _path(stack)["loadBalancer"]["arn"].partition(":loadbalancer/")[2]
    for alarm in alarms_of(stack):
        if alarm.get("MetricName") in OF_THE_LOAD_BALANCER:
            watched = {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}
            assert watched == {"LoadBalancer": front}, f"{alarm['AlarmName']} watches {watched}, not {front}"


@fails("shows no task, after .*It works", BODY, "<h1>It works!</h1>")
@skips("an image of its own", f"{CONTAINERS} 0 image", "example.com/own:1")
@skips("from within the VPC only", f"{PATH} accessType", "PRIVATE")
@pytest.mark.real_account
def test_the_page_comes_from_tasks_behind_the_load_balancer(stack: DeployedStack) -> None:
    if not task_of(stack)["containerDefinitions"][0]["image"].startswith(DEMONSTRATION):
        pytest.skip("the page is the demonstration's; this stack runs an image of its own")
    if not _public(stack):
        pytest.skip("the page is reached from within the VPC only")
    page = page_with(stack, PAGE.search, seconds=DEADLINE_SECONDS)
    assert PAGE.search(page), f"{stack.outputs['Url']} shows no task, after {DEADLINE_SECONDS:g} seconds: {page[:300]}"


def _express(stack: DeployedStack) -> dict[str, Any]:
    return stack.ask("ecs.describe_express_gateway_service", serviceArn=stack.only(SERVICE))["service"]


def _configuration(stack: DeployedStack) -> dict[str, Any]:
    """The active configuration of the service. There are two while one revision replaces the other."""
    return _express(stack)["activeConfigurations"][0]


def _public(stack: DeployedStack) -> bool:
    [path] = _configuration(stack)["ingressPaths"]
    return path["accessType"] == "PUBLIC"


def _managed(stack: DeployedStack) -> dict[str, Any]:
    """The resources that ECS manages for the service."""
    revision = _configuration(stack)["serviceRevisionArn"]
    found = stack.ask("ecs.describe_service_revisions", serviceRevisionArns=[revision])["serviceRevisions"]
    assert found, f"there is no revision {revision}"
    return found[0]["ecsManagedResources"]


def _path(stack: DeployedStack) -> dict[str, Any]:
    [path] = _managed(stack)["ingressPaths"]
    return path


def _load_balancer(stack: DeployedStack) -> dict[str, Any]:
    arn = _path(stack)["loadBalancer"]["arn"]
    return stack.ask("elbv2.describe_load_balancers", LoadBalancerArns=[arn])["LoadBalancers"][0]


def _ports(container: dict[str, Any]) -> list[dict[str, Any]]:
    return container.get("portMappings", [])
