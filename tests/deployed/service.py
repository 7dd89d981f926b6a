"""What checks of any service on Fargate have in common: how to look at it, and the checks that are the same for all.

A module of checks imports these checks, and they are its own then.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.deployed.stack import DeployedStack

LOAD_BALANCER, TARGET_GROUP = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup"
EXEC_CHANNEL = {
    f"ssmmessages:{action}"
    for action in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
}


def test_containers_are_neither_root_nor_able_to_change_their_image(stack: DeployedStack) -> None:
    for container in task_of(stack)["containerDefinitions"]:
        name, user = container["name"], container.get("user", "")
        assert not {"", "0", "root"} & set(user.split(":")), f"the container {name} runs as root ({user!r})"
        assert container.get("readonlyRootFilesystem"), f"the container {name} can write to its root file system"


def test_tasks_run_on_demand_first_and_on_spot_beyond(stack: DeployedStack) -> None:
    """Which share of each is for the settings to say; ``on_demand_base`` may be 0."""
    strategy = {item["capacityProvider"]: item for item in service_of(stack).get("capacityProviderStrategy", [])}
    assert strategy.keys() == {"FARGATE", "FARGATE_SPOT"}, (
        f"the capacity providers of the service are {sorted(strategy)}, not FARGATE and FARGATE_SPOT"
    )
    assert not strategy["FARGATE_SPOT"].get("base"), "the base of the tasks runs on Spot"


def test_deployments_keep_tasks_running_and_roll_back(stack: DeployedStack) -> None:
    configuration = service_of(stack)["deploymentConfiguration"]
    breaker = configuration.get("deploymentCircuitBreaker", {})
    rolls_back = breaker.get("enable") and breaker.get("rollback")
    assert rolls_back, f"a failed deployment is not rolled back: {breaker}"
    least, most = configuration["minimumHealthyPercent"], configuration["maximumPercent"]
    assert (least, most) == (100, 200), f"a deployment runs {least} to {most} % of the tasks, not 100 to 200 %"


def test_tasks_run_in_private_subnets_of_three_azs(stack: DeployedStack) -> None:
    network = service_of(stack)["networkConfiguration"]["awsvpcConfiguration"]
    assert network["assignPublicIp"] == "DISABLED", "tasks have public addresses"
    subnets = stack.client("ec2").describe_subnets(SubnetIds=network["subnets"])["Subnets"]
    zones = sorted({subnet["AvailabilityZone"] for subnet in subnets})
    assert len(zones) == 3, f"tasks run in {zones}, not in three AZs"
    ways = {subnet: default_routes(stack, subnet) for subnet in network["subnets"]}
    assert all(len(out) == 1 and out[0].startswith("nat-") for out in ways.values()), (
        f"not every subnet of the tasks has its one way out through a NAT gateway: {ways}"
    )
    gateways = {out[0] for out in ways.values()}
    assert len(gateways) == (3 if stack.production else 1), f"{len(gateways)} NAT gateways serve the tasks"


def test_tasks_are_spread_again_over_the_azs(stack: DeployedStack) -> None:
    rebalancing = service_of(stack).get("availabilityZoneRebalancing")
    assert rebalancing == "ENABLED", f"AZ rebalancing is {rebalancing}"


def test_a_shell_opens_in_sandbox_only(stack: DeployedStack) -> None:
    enabled = service_of(stack).get("enableExecuteCommand", False)
    assert enabled != stack.production, f"ECS Exec is {'on' if enabled else 'off'} in {stack.posture}"


def test_tasks_admit_the_load_balancer_only(stack: DeployedStack) -> None:
    ports = {balancer["containerPort"] for balancer in service_of(stack)["loadBalancers"]}
    expected = {Rule("tcp", port, port, group) for port in ports for group in load_balancer_of(stack)["SecurityGroups"]}
    admitted = rules_of(stack, task_groups(stack))
    assert admitted == expected, f"the tasks admit {shown(admitted)}, not {shown(expected)}"


def test_logs_are_kept_for_a_set_time(stack: DeployedStack) -> None:
    names = stack.all("AWS::Logs::LogGroup")
    for container in task_of(stack)["containerDefinitions"]:
        options = container.get("logConfiguration", {}).get("options", {})
        group = options.get("awslogs-group")
        assert group == stack.outputs["LogGroupName"], f"the container {container['name']} logs to {group}"
        assert group in names, f"the log group {group} is not the stack's"
    for name in names:
        described = _log_group(stack, name)
        assert described.get("retentionInDays"), f"the log group {name} keeps everything for ever"
        if stack.production:
            used, key = described.get("kmsKeyId", "no key"), stack.only("AWS::KMS::Key")
            assert used.endswith(key), f"the log group {name} is encrypted with {used}, not with the stack's key {key}"


def test_the_topic_takes_messages_of_alarms(stack: DeployedStack) -> None:
    topic = stack.only("AWS::SNS::Topic")
    attributes = stack.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    publishers = [
        service
        for statement in json.loads(attributes["Policy"])["Statement"]
        if statement["Effect"] == "Allow" and isinstance(statement["Principal"], dict)
        for service in listed(statement["Principal"].get("Service", []))
    ]
    assert "cloudwatch.amazonaws.com" in publishers, f"alarms may not publish to {topic}; may: {publishers}"
    if stack.production:
        used, keys = attributes.get("KmsMasterKeyId", "no key"), stack.all("AWS::KMS::Key")
        assert used.endswith(tuple(keys)), (
            f"the topic is encrypted with {used}, not with the stack's key {', '.join(keys)}, so loses alarms"
        )


def test_tasks_reach_https_only(stack: DeployedStack) -> None:
    reached = rules_of(stack, task_groups(stack), "IpPermissionsEgress")
    others = {rule for rule in reached if (rule.protocol, rule.first, rule.last) != ("tcp", 443, 443)}
    assert not others, f"the tasks reach more than HTTPS: {shown(others)}"


def test_the_task_role_may_do_nothing(stack: DeployedStack) -> None:
    """In sandbox it has the channel of ECS Exec."""
    role = task_of(stack)["taskRoleArn"].rpartition("/")[2]
    attached = stack.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert not attached, f"the task role has managed policies: {attached}"
    granted = {action for statement in inline_statements(stack, role) for action in listed(statement["Action"])}
    more = granted - (set() if stack.production else EXEC_CHANNEL)
    assert not more, f"the task role may {', '.join(sorted(more))}"


class Rule(NamedTuple):
    """Of a security group: one peer of what AWS reports as one permission for many."""

    protocol: str
    """``-1`` for all, which then has no ports."""
    first: int
    last: int
    peer: str
    """A block of addresses, a prefix list or a security group."""

    def __str__(self) -> str:
        ports = self.first if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.protocol}/{ports} {self.peer}"


def service_of(stack: DeployedStack) -> dict[str, Any]:
    cluster, in_express_mode = stack.only("AWS::ECS::Cluster"), stack.all("AWS::ECS::ExpressGatewayService")
    service = in_express_mode[0] if in_express_mode else stack.only("AWS::ECS::Service")
    found = stack.client("ecs").describe_services(cluster=cluster, services=[service])["services"]
    assert found, f"there is no service {service}"
    return found[0]


def task_groups(stack: DeployedStack) -> list[str]:
    return service_of(stack)["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]


def task_of(stack: DeployedStack) -> dict[str, Any]:
    """The definition that the service runs."""
    service = service_of(stack)
    # Of one in Express Mode the deployments alone say it: https://github.com/kayac/ecspresso/pull/902
    arn = service.get("taskDefinition") or service["deployments"][0]["taskDefinition"]
    return stack.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]


def inline_statements(stack: DeployedStack, role: str) -> Iterable[dict[str, Any]]:
    iam = stack.client("iam")
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            yield from listed(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"])


def scaled_resource(stack: DeployedStack) -> str:
    service = service_of(stack)
    return f"service/{service['clusterArn'].rpartition('/')[2]}/{service['serviceName']}"


def default_routes(stack: DeployedStack, subnet: str) -> list[str]:
    """What the routes to the internet of a subnet lead to; none where there is no way out of the VPC."""
    of_subnet = [{"Name": "association.subnet-id", "Values": [subnet]}]
    tables = stack.client("ec2").describe_route_tables(Filters=of_subnet)["RouteTables"]
    assert tables, f"the subnet {subnet} has no route table of its own"
    return [
        route.get("NatGatewayId") or route.get("GatewayId") or "something else"
        for route in tables[0]["Routes"]
        if route.get("DestinationCidrBlock") == "0.0.0.0/0" or route.get("DestinationIpv6CidrBlock") == "::/0"
    ]


def rules_of(stack: DeployedStack, groups: Iterable[str], direction: str = "IpPermissions") -> set[Rule]:
    found = stack.client("ec2").describe_security_groups(GroupIds=list(groups))["SecurityGroups"]
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


def load_balancer_of(stack: DeployedStack) -> dict[str, Any]:
    return stack.client("elbv2").describe_load_balancers(LoadBalancerArns=[stack.only(LOAD_BALANCER)])["LoadBalancers"][
        0
    ]


def load_balancer_attributes(stack: DeployedStack) -> dict[str, str]:
    elbv2 = stack.client("elbv2")
    return by_key(elbv2.describe_load_balancer_attributes(LoadBalancerArn=stack.only(LOAD_BALANCER))["Attributes"])


def by_key(attributes: Iterable[dict[str, str]]) -> dict[str, str]:
    return {attribute["Key"]: attribute["Value"] for attribute in attributes}


def listeners_of(stack: DeployedStack) -> dict[int, dict[str, Any]]:
    found = stack.client("elbv2").describe_listeners(LoadBalancerArn=stack.only(LOAD_BALANCER))["Listeners"]
    return {listener["Port"]: listener for listener in found}


def _log_group(stack: DeployedStack, name: str) -> dict[str, Any]:
    pages = stack.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    found = [group for page in pages for group in page["logGroups"] if group["logGroupName"] == name]
    assert found, f"there is no log group {name}"
    return found[0]


def heard_by_the_topic(stack: DeployedStack) -> set[str]:
    """Metrics with an alarm that notifies the topic; with step scaling there are alarms that add tasks instead."""
    topic, heard = stack.only("AWS::SNS::Topic"), set[str]()
    pages = stack.client("cloudwatch").get_paginator("describe_alarms")
    for page in pages.paginate(AlarmNames=list(stack.all("AWS::CloudWatch::Alarm"))):
        for alarm in page["MetricAlarms"]:
            if alarm["ActionsEnabled"] and topic in alarm["AlarmActions"] and topic in alarm["OKActions"]:
                heard |= metrics_of(alarm)
    return heard


def metrics_of(alarm: dict[str, Any]) -> set[str]:
    """What an alarm watches, by itself or in an expression."""
    inside = [item["MetricStat"]["Metric"] for item in alarm.get("Metrics", []) if "MetricStat" in item]
    return {metric["MetricName"] for metric in [alarm, *inside] if "MetricName" in metric}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
