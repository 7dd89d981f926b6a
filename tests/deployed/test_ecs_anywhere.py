"""Checks of a deployed ``EcsAnywhereStack``."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.deployed.changes import (
    ALARMS,
    ATTACHED,
    EVERYTHING,
    SERVICES,
    STACK_RESOURCES,
    STATEMENTS,
    TRUST,
    allow,
    by,
    may,
    output,
)
from tests.deployed.events import matches
from tests.deployed.looking import (
    alarms_of,
    inline_statements,
    listed,
    metrics_of,
    policies_of,
    service_of,
    task_of,
)
from tests.deployed.proving import fails
from tests.deployed.service import EXEC_CHANNEL, AnyTasks, ExecInSandbox
from tests.deployed.stack import DeployedStack

STACK = "EcsAnywhereStack"
CLUSTER, SERVICE, RULE = "AWS::ECS::Cluster", "AWS::ECS::Service", "AWS::Events::Rule"

IN_THE_CLUSTER = {
    "ecs:RegisterContainerInstance",
    *(f"ecs:Submit{what}" for what in ("AttachmentStateChanges", "ContainerStateChange", "TaskStateChange")),
}
AS_AN_INSTANCE = {"ecs:Poll", "ecs:StartTelemetrySession"}
HEARTBEAT = {"ssm:UpdateInstanceInformation"}
WITHOUT_RESOURCE = {"ecs:DiscoverPollEndpoint", *EXEC_CHANNEL}
WRITE_LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
ARCHITECTURES = {f"attribute:ecs.cpu-architecture == {name}" for name in ("arm64", "x86_64")}

DEADLINE_SECONDS = 300.0

TASK = "ecs.describe_task_definition taskDefinition"
DEPLOYMENT = f"{SERVICES} 0 deploymentConfiguration"
CONDITIONS = f"{TRUST} Condition"
TARGET = "events.list_targets_by_rule Targets 0"
PATTERN = "events.describe_rule EventPattern"
EFS_VOLUME = {"name": "shared", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}
MACHINE = "ecs.describe_container_instances containerInstances 0"


# An emulated account has no machines and no tasks, and matches no events.
BY_HAND = {
    "ecs.list_container_instances": {"containerInstanceArns": ["arn:one"]},
    "ecs.describe_container_instances": {"containerInstances": [{"ec2InstanceId": "mi-1", "agentConnected": True}]},
    "events.test_event_pattern": matches,
}


class TestService(ExecInSandbox, AnyTasks):
    """The checks of any service."""

    def watched(self, stack: DeployedStack) -> set[str]:
        return {"DesiredTaskCount", "RunningTaskCount"} | ({"CPUUtilization"} if _wants_tasks(stack) else set())


@fails("EC2::NatGateway", f"{STACK_RESOURCES} 0 ResourceType", "AWS::EC2::NatGateway")
@fails("V2::LoadBalancer", f"{STACK_RESOURCES} 0 ResourceType", "AWS::ElasticLoadBalancingV2::LoadBalancer")
def test_nothing_of_a_network_is_there_to_be_paid_for(stack: DeployedStack) -> None:
    network = sorted(name for name in stack.resources if name.startswith(("AWS::EC2::", "AWS::ElasticLoadBalancing")))
    assert not network, f"the stack has a network, which no external instance uses: {network}"


@fails("is of launch type EC2, not EXTERNAL", f"{SERVICES} 0 launchType", "EC2")
@fails("what ECS Anywhere does not support: .'loadBalancers'", f"{SERVICES} 0 loadBalancers", [{"containerPort": 80}])
def test_the_service_runs_on_external_instances(stack: DeployedStack) -> None:
    service = service_of(stack)
    name, kind = service["serviceName"], service.get("launchType")
    assert kind == "EXTERNAL", f"the service {name} is of launch type {kind}, not EXTERNAL"
    beyond = [
        member for member in ("capacityProviderStrategy", "loadBalancers", "serviceRegistries") if service.get(member)
    ]
    assert not beyond, f"the service {name} has what ECS Anywhere does not support: {beyond}"


@fails(r"made for \['EC2'\], not for external", f"{TASK} requiresCompatibilities", ["EC2"])
@fails("mode .* is awsvpc, not", f"{TASK} networkMode", "awsvpc")
@fails("no EFS volume: .'shared'", f"{TASK} volumes", [EFS_VOLUME])
def test_tasks_are_such_as_external_instances_run(stack: DeployedStack) -> None:
    task = task_of(stack)
    compatible, mode = task.get("requiresCompatibilities", []), task.get("networkMode")
    assert compatible == ["EXTERNAL"], f"the tasks are made for {compatible}, not for external instances"
    assert mode == "bridge", f"the network mode of the tasks is {mode}, not bridge"
    remote = [volume["name"] for volume in task.get("volumes", []) if "efsVolumeConfiguration" in volume]
    assert not remote, f"ECS Anywhere mounts no EFS volume: {remote}"


@fails("may start on a machine that cannot run their image", f"{TASK} placementConstraints", [])
def test_tasks_run_on_machines_of_one_cpu_architecture(stack: DeployedStack) -> None:
    wanted = {constraint.get("expression") for constraint in task_of(stack).get("placementConstraints", [])}
    assert len(wanted & ARCHITECTURES) == 1, f"tasks may start on a machine that cannot run their image: {wanted}"


@fails("at most 100 % of 0 tasks may run", f"{DEPLOYMENT} maximumPercent", 100, only="sandbox")
@fails("at most 133 % of 3 tasks may run", f"{DEPLOYMENT} maximumPercent", 133, only="everything")
@fails("a failed deployment is not rolled back", f"{DEPLOYMENT} deploymentCircuitBreaker rollback", False)
def test_a_deployment_can_roll_and_is_rolled_back(stack: DeployedStack) -> None:
    service = service_of(stack)
    configuration, desired = service["deploymentConfiguration"], service["desiredCount"]
    breaker = configuration.get("deploymentCircuitBreaker", {})
    rolls_back = breaker.get("enable") and breaker.get("rollback")
    assert rolls_back, f"a failed deployment is not rolled back: {breaker}"
    most = configuration["maximumPercent"]
    assert desired * most // 100 > desired or (desired == 0 and most > 100), (
        f"no deployment can start a new task: at most {most} % of {desired} tasks may run"
    )


@fails("of machines trusts .*ec2", f"{TRUST} Principal", by("ec2.amazonaws.com"))
@fails("given to Systems Manager of account None", f"{CONDITIONS} StringEquals", {})
@fails("given for 'arn:aws:ssm:", f"{CONDITIONS} ArnEquals aws:SourceArn", "arn:aws:ssm:*:111122223333:*")
def test_systems_manager_of_this_account_and_region_gives_the_role(stack: DeployedStack) -> None:
    name = _machine_role(stack)
    role = stack.ask("iam.get_role", RoleName=name)["Role"]
    [statement] = listed(role["AssumeRolePolicyDocument"]["Statement"])
    trusted = statement["Principal"]
    assert trusted == {"Service": "ssm.amazonaws.com"}, f"the role {name} of machines trusts {trusted}"
    account, region = role["Arn"].split(":")[4], stack.region
    conditions = statement.get("Condition", {})
    given = conditions.get("StringEquals", {}).get("aws:SourceAccount")
    assert given == account, f"the role {name} of machines is given to Systems Manager of account {given}"
    source = conditions.get("ArnEquals", {}).get("aws:SourceArn", "")
    assert source.endswith(f":ssm:{region}:{account}:*"), f"the role {name} of machines is given for {source!r}"


@fails("has managed policies: .'Everything'", ATTACHED, EVERYTHING)
@fails("may do more than their agents call: .'ssm:GetParameter'", f"{STATEMENTS} +", allow("ssm:GetParameter"))
@fails("may register elsewhere", f"{STATEMENTS} +", allow("ecs:RegisterContainerInstance"))
@fails("may poll for others", f"{STATEMENTS} +", allow("ecs:Poll"))
@fails("may report others", f"{STATEMENTS} +", allow("ssm:UpdateInstanceInformation"))
@fails("agents may not .*'ssm:UpdateInstanceInformation'", may(allow(sorted(WITHOUT_RESOURCE))))
def test_machines_may_do_what_their_agents_call_and_no_more(stack: DeployedStack) -> None:
    role, granted = _machine_role(stack), set[str]()
    _no_managed_policy(stack, role)
    cluster_arn = service_of(stack)["clusterArn"]
    instances = cluster_arn.replace(":cluster/", ":container-instance/") + "/*"
    for statement in inline_statements(stack, role):
        actions, resources = set(listed(statement["Action"])), listed(statement["Resource"])
        known = IN_THE_CLUSTER | AS_AN_INSTANCE | HEARTBEAT | WITHOUT_RESOURCE
        assert actions <= known, f"machines may do more than their agents call: {sorted(actions - known)}"
        granted |= actions
        if actions & IN_THE_CLUSTER:
            assert resources == [cluster_arn], f"machines may register elsewhere: {resources}"
        if actions & AS_AN_INSTANCE:
            assert resources == [instances], f"machines may poll for others: {resources}"
        if actions & HEARTBEAT:
            own = all(resource.endswith(":managed-instance/*") for resource in resources)
            assert own, f"machines may report others than managed instances: {resources}"
    missing = (IN_THE_CLUSTER | AS_AN_INSTANCE | HEARTBEAT | WITHOUT_RESOURCE) - granted
    assert not missing, f"agents may not {sorted(missing)}: no machine stays connected"


@fails("no execution role, so no logs", f"{TASK} executionRoleArn")
@fails("has managed policies", ATTACHED, EVERYTHING)
@fails(r"the execution role may \['logs:\*'\]", f"{STATEMENTS} +", allow("logs:*"))
@fails(r"execution role writes to \*", f"{STATEMENTS} +", allow(sorted(WRITE_LOGS)))
@fails("it lacks .*'logs:PutLogEvents'", may())
def test_tasks_write_to_their_log_group_with_the_execution_role(stack: DeployedStack) -> None:
    """The execution role writes logs, because the role of the machine may not."""
    role = task_of(stack).get("executionRoleArn", "").rpartition("/")[2]
    assert role, "the tasks have no execution role, so no logs"
    _no_managed_policy(stack, role)
    group = stack.outputs["LogGroupName"]
    written: set[str] = set()
    for statement in inline_statements(stack, role):
        actions = set(listed(statement["Action"]))
        wide = [action for action in actions if "*" in action]
        assert not wide, f"the execution role may {wide}"
        if not actions & WRITE_LOGS:
            continue
        for resource in listed(statement["Resource"]):
            assert resource.split(":log-group:")[-1].rstrip(":*") == group, f"the execution role writes to {resource}"
        written |= actions
    assert written >= WRITE_LOGS, f"the execution role cannot write to {group}: it lacks {sorted(WRITE_LOGS - written)}"


@fails("has managed policies", ATTACHED, EVERYTHING)
@fails("the task role may .'s3:GetObject'", may(allow("s3:GetObject")))
@fails("the task role may .'ssmmessages:", may(allow(sorted(EXEC_CHANNEL))), only="production")
def test_the_task_role_may_nothing_of_its_own(stack: DeployedStack) -> None:
    role = task_of(stack)["taskRoleArn"].rpartition("/")[2]
    _no_managed_policy(stack, role)
    allowed = set() if stack.production else EXEC_CHANNEL
    more = {action for statement in inline_statements(stack, role) for action in listed(statement["Action"])} - allowed
    assert not more, f"the task role may {sorted(more)}"


@fails("cut off: missing data is notBreaching", f"{ALARMS} * TreatMissingData", "notBreaching")
def test_silence_rings(stack: DeployedStack) -> None:
    """A disconnected machine reports nothing, and its tasks count as running until it reconnects."""
    if not _wants_tasks(stack):
        pytest.skip("no task is asked for, so none can be silent")
    for alarm in alarms_of(stack):
        if "CPUUtilization" in metrics_of(alarm):
            silence = alarm.get("TreatMissingData")
            assert silence == "breaching", f"nobody hears of machines that are cut off: missing data is {silence}"


@fails("the rule .* is DISABLED", "events.describe_rule State", "DISABLED")
@fails("go to .'arn:other'., not to the topic", f"{TARGET} Arn", "arn:other")
@fails("has no role to publish them by", f"{TARGET} RoleArn")
@fails("the role .* lacks sns:Publish", f"{STATEMENTS} * Resource", "arn:other")
@fails("the role .* lacks kms:", f"{STATEMENTS} 1", only="production")
def test_placement_failures_go_to_the_topic(stack: DeployedStack) -> None:
    """EventBridge silently drops an event that it may not publish."""
    rule, topic = stack.only(RULE), stack.only("AWS::SNS::Topic")
    state = stack.ask("events.describe_rule", Name=rule)["State"]
    assert state == "ENABLED", f"nobody hears that no machine takes a task: the rule {rule} is {state}"
    targets = stack.ask("events.list_targets_by_rule", Rule=rule)["Targets"]
    goals = [target["Arn"] for target in targets]
    assert goals == [topic], f"placement failures go to {goals}, not to the topic {topic}"
    role = targets[0].get("RoleArn", "").rpartition("/")[2]
    assert role, f"placement failures are lost: the rule {rule} has no role to publish them by"
    needed = [("sns:Publish", topic)]
    if stack.production:
        key = stack.ask("kms.describe_key", KeyId=stack.only("AWS::KMS::Key"))["KeyMetadata"]["Arn"]
        needed += [(action, key) for action in ("kms:Decrypt", "kms:GenerateDataKey")]
    granted = list(inline_statements(stack, role))
    for action, resource in needed:
        allowed = any(
            resource in listed(statement["Resource"])
            and any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
            for statement in granted
        )
        assert allowed, f"placement failures are lost: the role {role} lacks {action} on {resource}"


@fails("does not hear of arn:aws:ecs", f"{PATTERN} detail-type", ["ECS Task State Change"])
@fails("also hears of other services", f"{PATTERN} resources")
@fails("also hears that all is well", f"{PATTERN} detail")
def test_placement_failures_are_of_this_service_only(stack: DeployedStack) -> None:
    rule, service = stack.only(RULE), stack.only(SERVICE)
    pattern = stack.ask("events.describe_rule", Name=rule)["EventPattern"]

    def heard(arn: str, name: str) -> bool:
        event = {
            "version": "0",
            "id": "0",
            "account": arn.split(":")[4],
            "region": arn.split(":")[3],
            "time": "2026-01-01T00:00:00Z",
            "source": "aws.ecs",
            "detail-type": "ECS Service Action",
            "resources": [arn],
            "detail": {"eventType": "ERROR", "eventName": name, "clusterArn": "-", "reason": "RESOURCE:MEMORY"},
        }
        return stack.ask("events.test_event_pattern", EventPattern=pattern, Event=json.dumps(event))["Result"]

    assert heard(service, "SERVICE_TASK_PLACEMENT_FAILURE"), f"the rule {rule} does not hear of {service}"
    assert not heard(f"{service}2", "SERVICE_TASK_PLACEMENT_FAILURE"), f"the rule {rule} also hears of other services"
    assert not heard(service, "SERVICE_STEADY_STATE"), f"the rule {rule} also hears that all is well"


@fails("ClusterName is other", output("ClusterName"), "other")
@fails("ActivateCommand names no role of the stack", output("ActivateCommand"), "aws ssm --region a --iam-role other")
@fails("names no role", output("ActivateCommand"), "aws ssm")
@fails("the output RegisterCommand does not name", output("RegisterCommand"), "sh")
@fails("the output RegisterScript does not name", output("RegisterScript"), "sh")
@fails("the output DeregisterCommand does not name", output("DeregisterCommand"), "sh")
@fails("the output DeregisterScript does not name", output("DeregisterScript"), "sh")
def test_the_commands_name_what_exists(stack: DeployedStack) -> None:
    cluster, region = stack.only(CLUSTER), stack.region
    given = stack.outputs.get("ClusterName")
    assert given == cluster, f"the output ClusterName is {given}, the cluster is {cluster}"
    roles = stack.all("AWS::IAM::Role")
    assert _machine_role(stack) in roles, f"the output ActivateCommand names no role of the stack: {roles}"
    parts = {
        "ActivateCommand": f" --region {region} ",
        "RegisterCommand": f" --region {region} --cluster {cluster} ",
        "RegisterScript": f" register {region} {cluster} ",
        "DeregisterCommand": f" --region {region} --cluster {cluster} ",
        "DeregisterScript": f" deregister {region} {cluster}",
    }
    for name, part in parts.items():
        assert part in stack.outputs.get(name, ""), f"the output {name} does not name {part.strip()}"


@fails("no machine has registered with", "ecs.list_container_instances containerInstanceArns", [])
@fails("no machine is connected: .'mi-1'", f"{MACHINE} agentConnected", False)
@fails("1 of 3 tasks run, after 300 seconds", f"{SERVICES} 0 runningCount", 1)
@pytest.mark.real_account
def test_machines_run_the_tasks(stack: DeployedStack) -> None:
    if not _wants_tasks(stack):
        pytest.skip("no task is asked for: register a machine, and set desired_count")
    cluster = stack.only(CLUSTER)
    arns = stack.ask("ecs.list_container_instances", cluster=cluster)["containerInstanceArns"]
    assert arns, f"no machine has registered with {cluster}"
    machines = stack.ask("ecs.describe_container_instances", cluster=cluster, containerInstances=arns)[
        "containerInstances"
    ]
    cut_off = [machine["ec2InstanceId"] for machine in machines if not machine["agentConnected"]]
    assert len(cut_off) < len(machines), f"no machine is connected: {cut_off}"
    service = stack.eventually(lambda: service_of(stack), _runs_all, seconds=DEADLINE_SECONDS)
    running, desired = service["runningCount"], service["desiredCount"]
    assert _runs_all(service), f"{running} of {desired} tasks run, after {DEADLINE_SECONDS:g} seconds"


def _runs_all(service: dict[str, Any]) -> bool:
    return service["runningCount"] >= service["desiredCount"]


def _wants_tasks(stack: DeployedStack) -> bool:
    return service_of(stack)["desiredCount"] > 0


def _machine_role(stack: DeployedStack) -> str:
    """The role that the command for an activation names."""
    words = stack.outputs.get("ActivateCommand", "").split()
    assert "--iam-role" in words, "the output ActivateCommand names no role"
    return words[words.index("--iam-role") + 1]


def _no_managed_policy(stack: DeployedStack, role: str) -> None:
    names = sorted(policies_of(stack, role))
    assert not names, f"the role {role} has managed policies: {names}"
