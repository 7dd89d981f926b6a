"""The checks that are the same for any service of ECS; a module of checks inherits them."""

import json
from typing import ClassVar

from tests.deployed.changes import (
    ADMITS,
    ALARMS,
    ANYWHERE,
    ATTACHED,
    CONTAINERS,
    EVERYTHING,
    LOG_GROUPS,
    OTHER_KEY,
    PUBLIC_WAY,
    REACHES,
    SERVICES,
    SUBNET_ZONES,
    WAYS_OUT,
    allow,
    by,
    made,
    may,
    opened,
)
from tests.deployed.looking import (
    Rule,
    alarm_topic,
    check_private_subnets,
    check_retention,
    containers_of,
    heard_by_the_topic,
    inline_statements,
    listed,
    load_balancer_of,
    policies_of,
    rules_of,
    service_of,
    services_of,
    shown,
    task_groups,
    task_of,
)
from tests.deployed.proving import fails, holds
from tests.deployed.stack import DeployedStack

EXEC_CHANNEL = {
    f"ssmmessages:{action}"
    for action in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
}
DEPLOYMENT = f"{SERVICES} -1 deploymentConfiguration"
NETWORK = f"{SERVICES} 0 networkConfiguration awsvpcConfiguration"
STRATEGY = f"{SERVICES} 0 capacityProviderStrategy"
TOPIC = "sns.get_topic_attributes Attributes"


class AlarmTopic:
    """Checks of any stack with alarms."""

    WATCHED: ClassVar[set[str]]
    """Metrics that must have an alarm."""

    def watched(self, stack: DeployedStack) -> set[str]:  # noqa: ARG002 - for those whose metrics depend on it
        return self.WATCHED

    @fails("does not hear of", f"{ALARMS} *")
    @fails("does not hear of", f"{ALARMS} * AlarmActions", [])
    @fails("does not hear of", f"{ALARMS} * OKActions", [])
    @fails("does not hear of", f"{ALARMS} * ActionsEnabled", False)
    def test_alarms_notify_the_topic(self, stack: DeployedStack) -> None:
        unheard = self.watched(stack) - heard_by_the_topic(stack)
        assert not unheard, f"the topic does not hear of {sorted(unheard)}"

    @fails("alarms may not publish", f"{TOPIC} Policy Statement * Principal", by("events.amazonaws.com"))
    @fails("encrypted with alias/aws/sns, not with", f"{TOPIC} KmsMasterKeyId", "alias/aws/sns", only="production")
    def test_the_topic_takes_messages_of_alarms(self, stack: DeployedStack) -> None:
        topic = alarm_topic(stack)
        attributes = stack.ask("sns.get_topic_attributes", TopicArn=topic)["Attributes"]
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


class AnyTasks(AlarmTopic):
    """Checks of services, wherever they run."""

    @holds(f"{SERVICES} 0 taskDefinition")  # ECS describes a service in Express Mode so
    @fails(r"the container \w+ runs as root", f"{CONTAINERS} 0 user")
    @fails(r"the container \w+ runs as root", f"{CONTAINERS} -1 user", "0:1000")
    @fails("can write to its root file", f"{CONTAINERS} -1 readonlyRootFilesystem", False)
    def test_containers_are_neither_root_nor_able_to_change_their_image(self, stack: DeployedStack) -> None:
        for container in containers_of(stack):
            name, user = container["name"], container.get("user", "")
            assert not {"", "0", "root"} & set(user.split(":")), f"the container {name} runs as root ({user!r})"
            assert container.get("readonlyRootFilesystem"), f"the container {name} can write to its root file system"

    @fails("keeps everything for ever", f"{LOG_GROUPS} * retentionInDays")
    @fails("logs to None", f"{CONTAINERS} -1 logConfiguration options awslogs-group")
    @fails("is not the stack's", made("AWS::Logs::LogGroup"))
    @fails("encrypted with .*other, not with the stack's key", f"{LOG_GROUPS} * kmsKeyId", OTHER_KEY, only="production")
    @fails("there is no log group", f"{LOG_GROUPS} *")
    def test_logs_are_kept_for_a_set_time(self, stack: DeployedStack) -> None:
        names = stack.all("AWS::Logs::LogGroup")
        for container in containers_of(stack):
            group = container.get("logConfiguration", {}).get("options", {}).get("awslogs-group")
            assert group == stack.outputs["LogGroupName"], f"the container {container['name']} logs to {group}"
            assert group in names, f"the log group {group} is not the stack's"
        for name in names:
            check_retention(stack, name, stack.all("AWS::KMS::Key"))


class ExecInSandbox:
    """Checks of services with ECS Exec."""

    @fails("ECS Exec is off in sandbox", f"{SERVICES} 0 enableExecuteCommand", False, only="sandbox")
    @fails("ECS Exec is on in production", f"{SERVICES} 0 enableExecuteCommand", True, only="production")
    def test_a_shell_opens_in_sandbox_only(self, stack: DeployedStack) -> None:
        enabled = service_of(stack).get("enableExecuteCommand", False)
        assert enabled != stack.production, f"ECS Exec is {'on' if enabled else 'off'} in {stack.posture}"


class TasksInAzs(AnyTasks):
    """Checks of services whose tasks ECS spreads over AZs."""

    @fails("rebalancing is DISABLED", f"{SERVICES} 0 availabilityZoneRebalancing", "DISABLED")
    def test_tasks_are_spread_again_over_the_azs(self, stack: DeployedStack) -> None:
        rebalancing = service_of(stack).get("availabilityZoneRebalancing")
        assert rebalancing == "ENABLED", f"AZ rebalancing is {rebalancing}"


class RoleForNothing:
    """Checks of tasks that call nothing of AWS."""

    @fails("has managed policies", ATTACHED, EVERYTHING)
    @fails("may s3:GetObject", may(allow("s3:GetObject")))
    @fails("may ssmmessages:CreateControlChannel", may(allow(sorted(EXEC_CHANNEL))), only="production")
    def test_the_task_role_may_do_nothing(self, stack: DeployedStack) -> None:
        """The role has no permissions. In sandbox it may open the channel of ECS Exec."""
        role = task_of(stack)["taskRoleArn"].rpartition("/")[2]
        attached = policies_of(stack, role)
        assert not attached, f"the task role has managed policies: {attached}"
        granted = {action for statement in inline_statements(stack, role) for action in listed(statement["Action"])}
        more = granted - (set() if stack.production else EXEC_CHANNEL)
        assert not more, f"the task role may {', '.join(sorted(more))}"


class HttpsOnly:
    """Checks of tasks that call nothing but HTTPS."""

    @fails(r"reach more than HTTPS: .*'tcp/80 0\.0\.0\.0/0'", REACHES, opened(80, ANYWHERE))
    def test_tasks_reach_https_only(self, stack: DeployedStack) -> None:
        reached = rules_of(stack, task_groups(stack), "IpPermissionsEgress")
        others = {rule for rule in reached if (rule.protocol, rule.first, rule.last) != ("tcp", 443, 443)}
        assert not others, f"the tasks reach more than HTTPS: {shown(others)}"


class RollingDeployments:
    """Checks of services that ECS deploys itself."""

    @fails("is not rolled back", f"{DEPLOYMENT} deploymentCircuitBreaker rollback", False)
    @fails("runs 50 to 200 % of the tasks", f"{DEPLOYMENT} minimumHealthyPercent", 50)
    def test_deployments_keep_tasks_running_and_roll_back(self, stack: DeployedStack) -> None:
        for service in services_of(stack):
            name, configuration = service["serviceName"], service["deploymentConfiguration"]
            breaker = configuration.get("deploymentCircuitBreaker", {})
            rolls_back = breaker.get("enable") and breaker.get("rollback")
            assert rolls_back, f"a failed deployment of {name} is not rolled back: {breaker}"
            least, most = configuration["minimumHealthyPercent"], configuration["maximumPercent"]
            assert (least, most) == (100, 200), f"a deployment of {name} runs {least} to {most} % of the tasks"

    @fails("no alarm rolls a deployment of .* back", f"{DEPLOYMENT} alarms rollback", False, only="production")
    @fails("no alarm rolls a deployment of .* back", f"{DEPLOYMENT} alarms enable", False, only="production")
    @fails("the alarms .'other'. do not exist", f"{DEPLOYMENT} alarms alarmNames", ["other"], only="production")
    def test_alarms_roll_deployments_back_in_production(self, stack: DeployedStack) -> None:
        """A name without an alarm would roll nothing back."""
        if not stack.production:
            return
        for service in services_of(stack):
            alarms = service["deploymentConfiguration"].get("alarms", {})
            rolls_back = alarms.get("enable") and alarms.get("rollback") and alarms.get("alarmNames")
            assert rolls_back, f"no alarm rolls a deployment of {service['serviceName']} back: {alarms}"
            unknown = sorted(set(alarms["alarmNames"]) - set(stack.all("AWS::CloudWatch::Alarm")))
            assert not unknown, f"the alarms {unknown} do not exist"


class BalancedService(ExecInSandbox, RollingDeployments, TasksInAzs):
    """Checks of a service behind a load balancer."""

    @fails("tasks have public addresses", f"{NETWORK} assignPublicIp", "ENABLED")
    @fails(r"\['a'\], not in 3 AZs", SUBNET_ZONES, "a")
    @fails("not every subnet .* through a NAT gateway: .*igw-", WAYS_OUT, PUBLIC_WAY)
    @fails(r"not every subnet .* through a NAT gateway: .*\[\]", WAYS_OUT)
    @fails("1 NAT gateways serve", f"{WAYS_OUT} NatGatewayId", "nat-1", only="production")
    def test_tasks_run_in_private_subnets_of_all_azs(self, stack: DeployedStack) -> None:
        network = service_of(stack)["networkConfiguration"]["awsvpcConfiguration"]
        assert network["assignPublicIp"] == "DISABLED", "tasks have public addresses"
        check_private_subnets(stack, "tasks", network["subnets"])

    @fails("tasks admit .*tcp/9000", ADMITS, opened(9000, "sg-1"))
    @fails("tasks admit .*, not ", ADMITS, opened(8080, "sg-1"))
    def test_tasks_admit_the_load_balancer_only(self, stack: DeployedStack) -> None:
        ports = {balancer["containerPort"] for balancer in service_of(stack)["loadBalancers"]}
        front = load_balancer_of(stack)["SecurityGroups"]
        expected = {Rule("tcp", port, port, group) for port in ports for group in front}
        admitted = rules_of(stack, task_groups(stack))
        assert admitted == expected, f"the tasks admit {shown(admitted)}, not {shown(expected)}"


class FargateCapacity:
    """Checks of services on Fargate."""

    @fails(r"service are \[\], not FARGATE and FARGATE_SPOT", STRATEGY, [])
    @fails("base of the tasks runs on Spot", f"{STRATEGY} capacityProvider=FARGATE_SPOT base", 2)
    def test_tasks_run_on_demand_first_and_on_spot_beyond(self, stack: DeployedStack) -> None:
        """The settings decide the shares, and ``on_demand_base`` may be 0. So the check looks at the order only."""
        strategy = {item["capacityProvider"]: item for item in service_of(stack).get("capacityProviderStrategy", [])}
        assert strategy.keys() == {"FARGATE", "FARGATE_SPOT"}, (
            f"the capacity providers of the service are {sorted(strategy)}, not FARGATE and FARGATE_SPOT"
        )
        assert not strategy["FARGATE_SPOT"].get("base"), "the base of the tasks runs on Spot"
