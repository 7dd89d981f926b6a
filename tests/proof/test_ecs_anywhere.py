"""That every check of tests/deployed/test_ecs_anywhere.py passes on a sound account, and fails on a spoilt one."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from tests.deployed import test_ecs_anywhere as checks
from tests.deployed.stack import DeployedStack
from tests.proof.proving import Proof, account_in_memory, checks_of, passes, tells_which_events_match, unproven

ACCOUNT, REGION = "123456789012", "eu-west-1"
CLUSTER_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop"
SERVICE_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/shop/web"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
LOG_GROUP = "tasks"
LOG_GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUP}:*"

# As it comes in both postures, and with tasks asked for.
SANDBOX, PRODUCTION, WITH_TASKS = ACCOUNTS = ("sandbox", "production", "sandbox with tasks")
Spoil = Callable[[DeployedStack], DeployedStack | None]


# What the stack leaves in an account.


@contextmanager
def sound(account: str) -> Generator[DeployedStack, None, None]:
    """One of ACCOUNTS, as the stack leaves it; with tasks, also a machine that runs them."""
    with (
        account_in_memory(REGION) as session,
        patch.object(checks, "DEADLINE_SECONDS", 0.0),
        patch.object(checks, "PAUSE_SECONDS", 0.0),
    ):
        roles = ("machines", "task", "execution", "publish")
        stack = DeployedStack(
            name="EcsAnywhereStack",
            posture=account.partition(" ")[0],
            outputs=OUTPUTS,
            resources={
                "AWS::ECS::Cluster": ["shop"],
                "AWS::ECS::Service": [SERVICE_ARN],
                "AWS::IAM::Role": list(roles),
                "AWS::Logs::LogGroup": [LOG_GROUP],
                "AWS::SNS::Topic": [TOPIC],
                "AWS::Events::Rule": ["rule"],
                "AWS::CloudWatch::Alarm": ["missing"],
            },
            session=session,
        )
        deploy(stack, desired=2 if account == WITH_TASKS else 0)
        yield stack


OUTPUTS = {
    "ClusterName": "shop",
    "LogGroupName": LOG_GROUP,
    "ActivateCommand": f"aws ssm create-activation --region {REGION} --iam-role machines --registration-limit 1",
    "RegisterCommand": f"sudo bash i.sh --region {REGION} --cluster shop --activation-id ID --activation-code CODE",
    "RegisterScript": f"sudo sh machine.sh register {REGION} shop ID CODE",
    "DeregisterCommand": f"aws ecs deregister-container-instance --region {REGION} --cluster shop --force",
    "DeregisterScript": f"sudo -E sh machine.sh deregister {REGION} shop",
}


def deploy(stack: DeployedStack, *, desired: int) -> None:
    key = {}
    if stack.production:
        created = stack.client("kms").create_key()["KeyMetadata"]
        stack.resources["AWS::KMS::Key"] = [created["KeyId"]]  # ty: ignore[invalid-assignment]
        key = {"kmsKeyId": created["Arn"]}
    logs = stack.client("logs")
    logs.create_log_group(logGroupName=LOG_GROUP, **key)
    logs.put_retention_policy(logGroupName=LOG_GROUP, retentionInDays=7)
    roles(stack)
    stack.client("ecs").create_cluster(clusterName="shop")
    definition = register_task(stack)
    create_service(stack, definition, desired)
    watch(stack, desired)
    if desired:
        register_machine(stack)


def roles(stack: DeployedStack) -> None:
    iam = stack.client("iam")
    for name in stack.all("AWS::IAM::Role"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUST if name == "machines" else {}))
    machines_may(IN_THE_CLUSTER, AS_AN_INSTANCE, HEARTBEAT, WITHOUT_RESOURCE)(stack)
    may("execution", allow(sorted(checks.WRITE_LOGS), LOG_GROUP_ARN))(stack)
    if not stack.production:
        may("task", allow(sorted(checks.EXEC_CHANNEL), "*"))(stack)
    may("publish", allow("sns:Publish", TOPIC), *on_key(stack, "kms:Decrypt", "kms:GenerateDataKey*"))(stack)


def on_key(stack: DeployedStack, *actions: str) -> list[dict[str, Any]]:
    return [allow(list(actions), key_arn(stack))] if stack.production else []


def key_arn(stack: DeployedStack) -> str:
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{stack.only('AWS::KMS::Key')}"


def register_task(stack: DeployedStack, **wrong: Any) -> str:
    container = {
        "name": "web",
        "image": "public.ecr.aws/docker/library/busybox:1.37",
        "memory": 256,
        "user": "1000:1000",
        "readonlyRootFilesystem": True,
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": LOG_GROUP}},
        **wrong.pop("container", {}),
    }
    task = {
        "family": "web",
        "requiresCompatibilities": ["EC2"],
        "networkMode": "bridge",
        "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/task",
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/execution",
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:ecs.cpu-architecture == x86_64"}],
        "containerDefinitions": [container],
        **wrong,
    }
    given = {name: value for name, value in task.items() if value is not None}
    return stack.client("ecs").register_task_definition(**given)["taskDefinition"]["taskDefinitionArn"]


def task_reads(**members: Any) -> Spoil:
    """What moto answers about the definition, with these members."""

    def amend(parsed: dict[str, Any], **_: Any) -> None:
        parsed["taskDefinition"].update(members)

    return lambda stack: stack.session.events.register("after-call.ecs.DescribeTaskDefinition", amend)


def create_service(stack: DeployedStack, definition: str, desired: int) -> None:
    """Moto knows no external instances, and forgets most of a service when it is created."""
    stack.client("ecs").create_service(
        cluster="shop", serviceName="web", taskDefinition=definition, desiredCount=desired, launchType="EC2"
    )
    update_service(stack, deploymentConfiguration=rolling(), enableExecuteCommand=not stack.production)
    service_is(launchType="EXTERNAL", runningCount=desired)(stack)
    task_reads(requiresCompatibilities=["EXTERNAL"])(stack)


def update_service(stack: DeployedStack, **changes: Any) -> None:
    stack.client("ecs").update_service(cluster="shop", service="web", **changes)


def rolling(**wrong: Any) -> dict[str, Any]:
    breaker = {"enable": True, "rollback": True}
    return {"deploymentCircuitBreaker": breaker, "minimumHealthyPercent": 100, "maximumPercent": 200, **wrong}


def watch(stack: DeployedStack, desired: int) -> None:
    sns, key = stack.client("sns"), {"KmsMasterKeyId": key_arn(stack)} if stack.production else {}
    sns.create_topic(Name="alarms", Attributes=key)
    let_publish("cloudwatch.amazonaws.com")(stack)
    put_alarm(stack, "missing")
    if desired:
        stack.resources["AWS::CloudWatch::Alarm"].append("silent")  # ty: ignore[missing-attribute]
        put_alarm(stack, "silent")
    events = stack.client("events")
    events.put_rule(**rule())
    events.put_targets(Rule="rule", Targets=[target()])
    tells_which_events_match(stack)


def put_alarm(stack: DeployedStack, name: str, **wrong: Any) -> None:
    watched = {"missing": ["DesiredTaskCount", "RunningTaskCount"], "silent": ["CPUUtilization"]}[name]
    metrics = [
        {
            "Id": f"m{number}",
            "MetricStat": {"Metric": {"Namespace": "ECS", "MetricName": metric}, "Period": 60, "Stat": "Minimum"},
            "ReturnData": False,
        }
        for number, metric in enumerate(watched)
    ]
    sound_alarm = {
        "AlarmActions": [TOPIC],
        "OKActions": [TOPIC],
        "TreatMissingData": "breaching" if name == "silent" else "notBreaching",
    }
    stack.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=10,
        Threshold=0,
        Metrics=[*metrics, {"Id": "e", "Expression": "m0", "ReturnData": True}],
        **{**sound_alarm, **wrong},
    )


def rule(**wrong: Any) -> dict[str, Any]:
    pattern = {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Service Action"],
        "resources": [SERVICE_ARN],
        "detail": {"eventName": ["SERVICE_TASK_PLACEMENT_FAILURE"]},
        **wrong.pop("pattern", {}),
    }
    given = {name: value for name, value in pattern.items() if value is not None}
    return {"Name": "rule", "EventPattern": json.dumps(given), "State": "ENABLED", **wrong}


def target(**wrong: Any) -> dict[str, Any]:
    sound_target = {"Id": "Target0", "Arn": TOPIC, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/publish", **wrong}
    return {name: value for name, value in sound_target.items() if value is not None}


def register_machine(stack: DeployedStack) -> None:
    machine_is(agentConnected=True)(stack)


def answer(operation: str, respond: Callable[[], dict[str, Any]]) -> Spoil:
    """From now on a call of ECS gets this instead of moto's answer."""

    def instead(**_: Any) -> tuple[SimpleNamespace, dict[str, Any]]:
        return SimpleNamespace(status_code=200), respond()

    def spoil(stack: DeployedStack) -> None:
        event = f"before-call.ecs.{operation}"
        stack.session.events.unregister(event, unique_id=event)  # an answer given before
        stack.session.events.register(event, instead, unique_id=event)

    return spoil


def machine_is(**members: Any) -> Spoil:
    """The one that is registered; none without members."""
    arns = [CLUSTER_ARN.replace(":cluster/", ":container-instance/") + "/1"] if members else []
    machines = [{"ec2InstanceId": "mi-1", **members}]

    def spoil(stack: DeployedStack) -> None:
        answer("ListContainerInstances", lambda: {"containerInstanceArns": arns})(stack)
        answer("DescribeContainerInstances", lambda: {"containerInstances": machines})(stack)

    return spoil


def service_is(**members: Any) -> Spoil:
    """What moto answers about the service, with these members."""

    def amend(parsed: dict[str, Any], **_: Any) -> None:
        for service in parsed["services"]:
            service.update(members)

    return lambda stack: stack.session.events.register("after-call.ecs.DescribeServices", amend)


# What goes into the calls, sound by default.


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [item for item in statements if item]})


def allow(actions: str | list[str], resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def trust(**wrong: Any) -> dict[str, Any]:
    conditions = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:ssm:{REGION}:{ACCOUNT}:*"},
    }
    return {
        "Effect": "Allow",
        "Principal": {"Service": wrong.pop("service", "ssm.amazonaws.com")},
        "Action": "sts:AssumeRole",
        "Condition": {**conditions, **wrong},
    }


TRUST = trust()
IN_THE_CLUSTER = allow(sorted(checks.IN_THE_CLUSTER), CLUSTER_ARN)
AS_AN_INSTANCE = allow(sorted(checks.AS_AN_INSTANCE), f"{CLUSTER_ARN.replace(':cluster/', ':container-instance/')}/*")
HEARTBEAT = allow(sorted(checks.HEARTBEAT), f"arn:aws:ssm:{REGION}:{ACCOUNT}:managed-instance/*")
WITHOUT_RESOURCE = allow(sorted(checks.WITHOUT_RESOURCE), "*")


# What can be wrong.


def call(service: str, operation: str, **arguments: Any) -> Spoil:
    def spoil(stack: DeployedStack) -> None:
        getattr(stack.client(service), operation)(**arguments)

    return spoil


def may(role: str, *statements: dict[str, Any]) -> Spoil:
    return call("iam", "put_role_policy", RoleName=role, PolicyName="p", PolicyDocument=document(*statements))


def machines_may(*statements: dict[str, Any]) -> Spoil:
    return may("machines", *statements)


def attach(role: str) -> Spoil:
    def spoil(stack: DeployedStack) -> None:
        iam = stack.client("iam")
        policy = iam.create_policy(PolicyName="AmazonSSMManagedInstanceCore", PolicyDocument=document(HEARTBEAT))
        iam.attach_role_policy(RoleName=role, PolicyArn=policy["Policy"]["Arn"])

    return spoil


def trusts(statement: dict[str, Any]) -> Spoil:
    return call("iam", "update_assume_role_policy", RoleName="machines", PolicyDocument=document(statement))


def let_publish(service: str) -> Spoil:
    policy = document(
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sns:Publish", "Resource": TOPIC}
    )
    return call("sns", "set_topic_attributes", TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)


def task_is(**wrong: Any) -> Spoil:
    return lambda stack: update_service(stack, taskDefinition=register_task(stack, **wrong))


def service_with(**changes: Any) -> Spoil:
    return lambda stack: update_service(stack, **changes)


def alarm_is(name: str, **wrong: Any) -> Spoil:
    return lambda stack: put_alarm(stack, name, **wrong)


def rule_is(**wrong: Any) -> Spoil:
    return call("events", "put_rule", **rule(**wrong))


def target_is(**wrong: Any) -> Spoil:
    return call("events", "put_targets", Rule="rule", Targets=[target(**wrong)])


def output(name: str, value: str) -> Spoil:
    return lambda stack: replace(stack, outputs={**stack.outputs, name: value})


def has(resource_type: str) -> Spoil:
    return lambda stack: replace(stack, resources={**stack.resources, resource_type: ["id"]})


def no_alarm(name: str) -> Spoil:
    def spoil(stack: DeployedStack) -> None:
        stack.client("cloudwatch").delete_alarms(AlarmNames=[name])

    return spoil


def may_publish_but_not_use_the_key(stack: DeployedStack) -> None:
    may("publish", allow("sns:Publish", TOPIC), *on_key(stack, "kms:Decrypt"))(stack)


without_retention = call("logs", "delete_retention_policy", logGroupName=LOG_GROUP)
EFS = {"name": "shared", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}
BALANCER = {"targetGroupArn": "arn:aws:elasticloadbalancing:x", "containerName": "web", "containerPort": 80}

# Each line is an account in which one thing is wrong, and what the check says of it.

PROOFS = [
    Proof(checks.test_nothing_of_a_network_is_there_to_be_paid_for, has("AWS::EC2::NatGateway"), "EC2::NatGateway"),
    Proof(
        checks.test_nothing_of_a_network_is_there_to_be_paid_for,
        has("AWS::ElasticLoadBalancingV2::LoadBalancer"),
        "ElasticLoadBalancingV2::LoadBalancer",
    ),
    Proof(
        checks.test_the_service_runs_on_external_instances,
        service_is(launchType="EC2"),
        "web is of launch type EC2, not EXTERNAL",
    ),
    Proof(
        checks.test_the_service_runs_on_external_instances,
        service_is(loadBalancers=[BALANCER]),
        "what ECS Anywhere does not support: .'loadBalancers'",
    ),
    Proof(
        checks.test_tasks_are_such_as_external_instances_run,
        task_reads(requiresCompatibilities=["EC2"]),
        r"made for \['EC2'\], not for external",
    ),
    Proof(
        checks.test_tasks_are_such_as_external_instances_run, task_reads(networkMode="awsvpc"), "mode .* is awsvpc, not"
    ),
    Proof(checks.test_tasks_are_such_as_external_instances_run, task_is(volumes=[EFS]), "no EFS volume: .'shared'"),
    Proof(
        checks.test_tasks_run_on_machines_of_one_cpu_architecture,
        task_is(placementConstraints=[]),
        "may start on a machine that cannot run their image",
    ),
    Proof(
        checks.test_a_deployment_can_roll_and_is_rolled_back,
        service_with(deploymentConfiguration=rolling(maximumPercent=100)),
        "at most 100 % of 0 tasks may run",
    ),
    Proof(
        checks.test_a_deployment_can_roll_and_is_rolled_back,
        service_with(deploymentConfiguration=rolling(maximumPercent=149)),
        "at most 149 % of 2 tasks may run",
        WITH_TASKS,
    ),
    Proof(
        checks.test_a_deployment_can_roll_and_is_rolled_back,
        service_with(deploymentConfiguration=rolling(deploymentCircuitBreaker={"enable": True, "rollback": False})),
        "a failed deployment is not rolled back",
    ),
    Proof(
        checks.test_systems_manager_of_this_account_and_region_gives_the_role,
        trusts(trust(service="ec2.amazonaws.com")),
        "role machines of machines trusts .*ec2",
    ),
    Proof(
        checks.test_systems_manager_of_this_account_and_region_gives_the_role,
        trusts(trust(StringEquals={})),
        "given to Systems Manager of account None",
    ),
    Proof(
        checks.test_systems_manager_of_this_account_and_region_gives_the_role,
        trusts(trust(ArnEquals={"aws:SourceArn": f"arn:aws:ssm:*:{ACCOUNT}:*"})),
        "given for 'arn:aws:ssm:",
    ),
    Proof(
        checks.test_machines_may_do_what_their_agents_call_and_no_more,
        attach("machines"),
        "machines has managed policies: .'AmazonSSMManagedInstanceCore'",
    ),
    Proof(
        checks.test_machines_may_do_what_their_agents_call_and_no_more,
        machines_may(IN_THE_CLUSTER, AS_AN_INSTANCE, HEARTBEAT, WITHOUT_RESOURCE, allow("ssm:GetParameter", "*")),
        "may do more than their agents call: .'ssm:GetParameter'",
    ),
    Proof(
        checks.test_machines_may_do_what_their_agents_call_and_no_more,
        machines_may({**IN_THE_CLUSTER, "Resource": "*"}, AS_AN_INSTANCE, HEARTBEAT, WITHOUT_RESOURCE),
        "may register elsewhere",
    ),
    Proof(
        checks.test_machines_may_do_what_their_agents_call_and_no_more,
        machines_may(IN_THE_CLUSTER, {**AS_AN_INSTANCE, "Resource": "*"}, HEARTBEAT, WITHOUT_RESOURCE),
        "may poll for others",
    ),
    Proof(
        checks.test_machines_may_do_what_their_agents_call_and_no_more,
        machines_may(IN_THE_CLUSTER, AS_AN_INSTANCE, {**HEARTBEAT, "Resource": "*"}, WITHOUT_RESOURCE),
        "may report others",
    ),
    Proof(
        checks.test_machines_may_do_what_their_agents_call_and_no_more,
        machines_may(IN_THE_CLUSTER, AS_AN_INSTANCE, WITHOUT_RESOURCE),
        "agents may not .'ssm:UpdateInstanceInformation'",
    ),
    Proof(
        checks.test_tasks_write_to_their_log_group_with_the_execution_role,
        task_is(executionRoleArn=None),
        "no execution role, so no logs",
    ),
    Proof(
        checks.test_tasks_write_to_their_log_group_with_the_execution_role,
        attach("execution"),
        "execution has managed policies",
    ),
    Proof(
        checks.test_tasks_write_to_their_log_group_with_the_execution_role,
        may("execution", allow(["logs:*"], LOG_GROUP_ARN)),
        r"the execution role may \['logs:\*'\]",
    ),
    Proof(
        checks.test_tasks_write_to_their_log_group_with_the_execution_role,
        may("execution", allow(sorted(checks.WRITE_LOGS), "*")),
        r"execution role writes to \*",
    ),
    Proof(
        checks.test_tasks_write_to_their_log_group_with_the_execution_role,
        may("execution", allow("logs:CreateLogStream", LOG_GROUP_ARN)),
        "cannot write to tasks: it lacks .'logs:PutLogEvents'",
    ),
    Proof(checks.test_the_task_role_may_nothing_of_its_own, attach("task"), "role task has managed policies"),
    Proof(
        checks.test_the_task_role_may_nothing_of_its_own,
        may("task", allow("s3:GetObject", "*")),
        "the task role may .'s3:GetObject'",
    ),
    Proof(
        checks.test_the_task_role_may_nothing_of_its_own,
        may("task", allow(sorted(checks.EXEC_CHANNEL), "*")),
        "the task role may .'ssmmessages:",
        PRODUCTION,
    ),
    Proof(
        checks.test_alarms_notify_the_topic,
        alarm_is("missing", AlarmActions=[]),
        "does not hear of .'DesiredTaskCount', 'RunningTaskCount'",
    ),
    Proof(checks.test_alarms_notify_the_topic, alarm_is("missing", OKActions=[]), "does not hear of"),
    Proof(checks.test_alarms_notify_the_topic, alarm_is("missing", ActionsEnabled=False), "does not hear of"),
    Proof(checks.test_alarms_notify_the_topic, no_alarm("silent"), "does not hear of .'CPUUtilization'", WITH_TASKS),
    Proof(
        checks.test_silence_rings,
        alarm_is("silent", TreatMissingData="notBreaching"),
        "cut off: missing data is notBreaching",
        WITH_TASKS,
    ),
    Proof(checks.test_placement_failures_go_to_the_topic, rule_is(State="DISABLED"), "the rule rule is DISABLED"),
    Proof(
        checks.test_placement_failures_go_to_the_topic,
        target_is(Arn=f"{TOPIC}2"),
        "go to .*alarms2'., not to the topic",
    ),
    Proof(checks.test_placement_failures_go_to_the_topic, target_is(RoleArn=None), "has no role to publish them by"),
    Proof(
        checks.test_placement_failures_go_to_the_topic,
        may("publish", allow("sns:Publish", f"{TOPIC}2")),
        "the role publish lacks sns:Publish",
    ),
    Proof(
        checks.test_placement_failures_go_to_the_topic,
        may_publish_but_not_use_the_key,
        "the role publish lacks kms:GenerateDataKey",
        PRODUCTION,
    ),
    Proof(
        checks.test_placement_failures_are_of_this_service_only,
        rule_is(pattern={"detail-type": ["ECS Task State Change"]}),
        "does not hear of arn:aws:ecs",
    ),
    Proof(
        checks.test_placement_failures_are_of_this_service_only,
        rule_is(pattern={"resources": None}),
        "also hears of other services",
    ),
    Proof(
        checks.test_placement_failures_are_of_this_service_only,
        rule_is(pattern={"detail": None}),
        "also hears that all is well",
    ),
    Proof(checks.test_the_commands_name_what_exists, output("ClusterName", "other"), "ClusterName is other"),
    Proof(
        checks.test_the_commands_name_what_exists,
        output("ActivateCommand", f"aws ssm create-activation --region {REGION} --iam-role other --limit 1"),
        "ActivateCommand names no role of the stack",
    ),
    Proof(checks.test_the_commands_name_what_exists, output("ActivateCommand", "aws ssm"), "names no role"),
    *(
        Proof(checks.test_the_commands_name_what_exists, output(name, "sh"), f"the output {name} does not name")
        for name in ("RegisterCommand", "RegisterScript", "DeregisterCommand", "DeregisterScript")
    ),
    Proof(checks.test_machines_run_the_tasks, machine_is(), "no machine has registered with shop", WITH_TASKS),
    Proof(
        checks.test_machines_run_the_tasks,
        machine_is(agentConnected=False),
        "no machine is connected: .'mi-1'",
        WITH_TASKS,
    ),
    Proof(
        checks.test_machines_run_the_tasks, service_is(runningCount=1), "1 of 2 tasks run, after 0 seconds", WITH_TASKS
    ),
    # Those that all services have in common.
    Proof(
        checks.test_containers_are_neither_root_nor_able_to_change_their_image,
        task_is(container={"user": "0:1000"}),
        "container web runs as root",
    ),
    Proof(
        checks.test_containers_are_neither_root_nor_able_to_change_their_image,
        task_is(container={"readonlyRootFilesystem": False}),
        "web can write to its root file system",
    ),
    Proof(checks.test_a_shell_opens_in_sandbox_only, service_with(enableExecuteCommand=False), "is off in sandbox"),
    Proof(
        checks.test_a_shell_opens_in_sandbox_only,
        service_with(enableExecuteCommand=True),
        "is on in production",
        PRODUCTION,
    ),
    Proof(checks.test_logs_are_kept_for_a_set_time, without_retention, "keeps everything for ever"),
    Proof(checks.test_the_topic_takes_messages_of_alarms, let_publish("s3.amazonaws.com"), "alarms may not publish"),
]

SKIPPED = {
    SANDBOX: {checks.test_silence_rings, checks.test_machines_run_the_tasks},
    PRODUCTION: {checks.test_silence_rings, checks.test_machines_run_the_tasks},
    WITH_TASKS: set(),
}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_every_check_passes_on_a_sound_account(account: str) -> None:
    with sound(account) as stack:
        skipped = {check for check in checks_of(checks) if not passes(check, stack)}
    assert skipped == SKIPPED[account]


@pytest.mark.parametrize("proof", PROOFS, ids=str)
def test_a_check_fails_on_a_spoilt_account(proof: Proof) -> None:
    with sound(proof.account) as stack:
        proof.run(stack)


def test_every_check_was_seen_to_fail() -> None:
    assert unproven(checks, PROOFS) == []
