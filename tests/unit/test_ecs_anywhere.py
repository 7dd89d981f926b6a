"""The promises of stacks/ecs_anywhere."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs

from patternbook import SANDBOX, AnywhereService, LogGroup, SettingsError, Task, external_cluster
from patternbook.limits.ecs_tasks import check_host_port
from patternbook.settings.loading import load_settings
from patternbook.testing.alarms import alarms_of, expression_of, metrics_of, rings, roll_back_on
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import variant
from stacks.ecs_anywhere import EcsAnywhereSettings, EcsAnywhereStack
from stacks.ecs_anywhere.demonstration import SERVE_SCRIPT

SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db/password-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/app/greeting"
SECRET_KEY = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"

EVERY_OPTION: Mapping[str, Any] = {
    "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.2",
    "container_port": 9000,
    "entry_point": ["/entry"],
    "command": ["serve", "--quiet"],
    "environment": {"LOG_LEVEL": "info"},
    "health_check": {"command": ["CMD", "/ok"], "start_period_seconds": 120, "stop_timeout_seconds": 600},
    "writable_paths": ["/tmp", {"path": "/run", "size_mib": 128}],
    "secrets": {"DB_PASSWORD": SECRET},
    "parameters": {"GREETING": PARAMETER},
    "secret_key_arns": [SECRET_KEY],
    "architecture": "arm64",
    "desired_count": 3,
    "min_healthy_percent": 50,
    "host_port": 8080,
    "cpu": 512,
    "memory_mib": 1024,
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
PATTERN = EcsAnywhereStack
VARIANTS = {"full": FULL}

ACCOUNT_ARN = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:"
CHANNELS = [f"ssmmessages:{verb}{of}Channel" for verb in ("Create", "Open") for of in ("Control", "Data")]
EXEC_CHANNEL = {"Action": sorted(CHANNELS), "Effect": "Allow", "Resource": "*"}


def task(stack: Reading) -> Resource:
    return stack.one("AWS::ECS::TaskDefinition")


def container(stack: Reading) -> dict[str, Any]:
    [only] = task(stack)["ContainerDefinitions"]
    return only


def service(stack: Reading) -> Resource:
    return stack.one("AWS::ECS::Service")


def machine_role(stack: Reading) -> Resource:
    [role] = [role for role in stack.all("AWS::IAM::Role") if "ssm.amazonaws.com" in json.dumps(role.body)]
    return role


# Cluster


def test_nothing_of_a_network_is_in_the_stack(any_stack: Reading) -> None:
    types = {resource.type for resource in any_stack.resources.values()}
    assert not {name for name in types if name.startswith(("AWS::EC2::", "AWS::ElasticLoadBalancing"))}


def test_nothing_refers_to_a_network(any_stack: Reading) -> None:
    text = json.dumps(any_stack.document)
    assert "vpc" not in text.lower()
    assert "NetworkConfiguration" not in text


def test_the_template_has_no_custom_resource(any_stack: Reading) -> None:
    types = {resource.type for resource in any_stack.resources.values()}
    assert not {name for name in types if name.startswith(("Custom::", "AWS::Lambda"))}


@pytest.mark.parametrize(("name", "insights"), [("sandbox", "enabled"), ("production", "enhanced")])
def test_container_insights_by_posture(read: Callable[[str], Reading], name: str, insights: str) -> None:
    cluster = read(name).one("AWS::ECS::Cluster")
    assert cluster["ClusterSettings"] == [{"Name": "containerInsights", "Value": insights}]


# Machine role


def test_systems_manager_gives_the_role_in_this_account_and_region_only(any_stack: Reading) -> None:
    [statement] = any_stack.shown(machine_role(any_stack)["AssumeRolePolicyDocument"]["Statement"])
    assert statement == {
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnEquals": {"aws:SourceArn": ACCOUNT_ARN % "ssm" + "*"},
            "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
        },
        "Effect": "Allow",
        "Principal": {"Service": "ssm.amazonaws.com"},
    }


def test_machines_may_do_exactly_what_their_agents_call(any_stack: Reading) -> None:
    cluster = "${AWS::ECS::Cluster.Arn}"
    assert any_stack.statements(machine_role(any_stack)) == [
        {
            "Action": [
                "ecs:RegisterContainerInstance",
                *(f"ecs:Submit{of}" for of in ("AttachmentStateChanges", "ContainerStateChange", "TaskStateChange")),
            ],
            "Effect": "Allow",
            "Resource": cluster,
        },
        {
            "Action": ["ecs:Poll", "ecs:StartTelemetrySession"],
            "Condition": {"ArnEquals": {"ecs:cluster": cluster}},
            "Effect": "Allow",
            "Resource": ACCOUNT_ARN % "ecs" + "container-instance/${AWS::ECS::Cluster}/*",
        },
        {
            "Action": "ssm:UpdateInstanceInformation",
            "Effect": "Allow",
            "Resource": ACCOUNT_ARN % "ssm" + "managed-instance/*",
        },
        {"Action": ["ecs:DiscoverPollEndpoint", *sorted(CHANNELS)], "Effect": "Allow", "Resource": "*"},
    ]


def test_no_role_has_a_managed_policy(any_stack: Reading) -> None:
    assert [role.id for role in any_stack.all("AWS::IAM::Role") if role.get("ManagedPolicyArns")] == []


# Commands


def test_an_activation_is_for_one_machine_and_this_role(any_stack: Reading) -> None:
    command = any_stack.output("ActivateCommand")
    assert command == (
        "aws ssm create-activation --region ${AWS::Region} --iam-role ${AWS::IAM::Role} --registration-limit 1"
        " --query '[ActivationId,ActivationCode]' --output text"
    )
    assert any_stack.to(any_stack.document["Outputs"]["ActivateCommand"]["Value"]["Fn::Join"][1][3]) == machine_role(
        any_stack
    )


def test_the_installer_is_run_once_its_signer_is_verified(any_stack: Reading) -> None:
    steps = any_stack.output("RegisterCommand").split(" && ")
    script = "https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh"
    assert steps[0] == f"curl --proto =https -fsS -o ecs-anywhere-install.sh {script}"
    assert steps[1] == f"curl --proto =https -fsS -o ecs-anywhere-install.sh.asc {script}.asc"
    assert steps[2].endswith("| gpg --import")
    assert steps[3] == (
        "gpg --status-fd 1 --verify ecs-anywhere-install.sh.asc ecs-anywhere-install.sh"
        " | grep -q '^.GNUPG:. VALIDSIG .*F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F$'"
    )
    assert steps[5] == ("echo ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true | sudo tee -a /etc/ecs/ecs.config")
    assert steps[-1] == (
        "sudo bash ecs-anywhere-install.sh --region ${AWS::Region} --cluster ${AWS::ECS::Cluster}"
        " --activation-id ACTIVATION_ID --activation-code ACTIVATION_CODE"
    )


def test_the_script_and_the_output_trust_the_same_key(any_stack: Reading) -> None:
    script = SERVE_SCRIPT.with_name("machine.sh").read_text(encoding="utf-8")
    for line in ("fingerprint=", "installer=", "signing_key="):
        value = script.partition(f"\n{line}")[2].partition("\n")[0]
        assert value, line
        assert value in any_stack.output("RegisterCommand")


def test_a_machine_is_deregistered_from_both_services_and_purged(any_stack: Reading) -> None:
    assert any_stack.output("DeregisterCommand") == (
        "aws ecs deregister-container-instance --region ${AWS::Region} --cluster ${AWS::ECS::Cluster}"
        " --container-instance INSTANCE_ID --force"
        " && aws ssm deregister-managed-instance --region ${AWS::Region} --instance-id MI_ID"
    )
    purge = any_stack.output("PurgeCommand")
    assert purge.startswith("sudo systemctl stop ecs amazon-ssm-agent && sudo apt-get purge -y ")
    assert purge.endswith("/var/lib/ecs /etc/ecs /var/lib/amazon/ssm /var/log/ecs /var/log/amazon/ssm")


def test_the_script_s_own_commands(any_stack: Reading) -> None:
    script = "stacks/ecs_anywhere/runtime/machine.sh"
    assert (SERVE_SCRIPT.parents[3] / script).exists()
    cluster = "${AWS::Region} ${AWS::ECS::Cluster}"
    assert any_stack.output("RegisterScript") == f"sudo sh {script} register {cluster} ACTIVATION_ID ACTIVATION_CODE"
    assert any_stack.output("DeregisterScript") == f"sudo -E sh {script} deregister {cluster}"


# Tasks


def test_tasks_are_for_external_instances_in_bridge_mode(any_stack: Reading) -> None:
    assert task(any_stack)["RequiresCompatibilities"] == ["EXTERNAL"]
    assert task(any_stack)["NetworkMode"] == "bridge"
    assert [volume for volume in task(any_stack).get("Volumes", []) if "EFSVolumeConfiguration" in volume] == []


@pytest.mark.parametrize(("name", "port", "host_port"), [("sandbox", 8080, 0), ("full", 9000, 8080)])
def test_a_port_of_the_machine_leads_to_the_task(
    read: Callable[[str], Reading], name: str, port: int, host_port: int
) -> None:
    mapping = {"ContainerPort": port, "HostPort": host_port, "Protocol": "tcp"}
    assert container(read(name))["PortMappings"] == [mapping]


def test_tasks_are_neither_root_nor_able_to_change_their_image(any_stack: Reading) -> None:
    assert container(any_stack)["User"] == "1000:1000"
    assert container(any_stack)["ReadonlyRootFilesystem"] is True


def test_what_tasks_write_to_is_declared(full: Reading, sandbox: Reading) -> None:
    def folders(stack: Reading) -> list[str]:
        return [item["ContainerPath"] for item in container(stack)["LinuxParameters"]["Tmpfs"]]

    assert folders(full) == ["/tmp", "/run"]
    assert folders(sandbox) == ["/srv/www"]


@pytest.mark.parametrize(("name", "architecture"), [("sandbox", "x86_64"), ("full", "arm64")])
def test_tasks_are_placed_on_machines_of_their_architecture(
    read: Callable[[str], Reading], name: str, architecture: str
) -> None:
    constraint = {"Expression": f"attribute:ecs.cpu-architecture == {architecture}", "Type": "memberOf"}
    assert task(read(name))["PlacementConstraints"] == [constraint]


@pytest.mark.parametrize(("name", "size"), [("sandbox", ("256", "256")), ("full", ("512", "1024"))])
def test_the_size_of_a_task(read: Callable[[str], Reading], name: str, size: tuple[str, str]) -> None:
    assert (task(read(name))["Cpu"], task(read(name))["Memory"]) == size


def test_a_shell_opens_in_sandbox_only(sandbox: Reading, production: Reading) -> None:
    assert service(sandbox)["EnableExecuteCommand"] is True
    assert service(production)["EnableExecuteCommand"] is False
    assert "execute-command" in sandbox.output("ShellCommand")
    assert "ShellCommand" not in production.document["Outputs"]


def test_the_task_role_may_nothing_but_the_channel_of_ecs_exec(sandbox: Reading, full: Reading) -> None:
    assert sandbox.statements(sandbox.to(task(sandbox)["TaskRoleArn"])) == [EXEC_CHANNEL]
    assert full.statements(full.to(task(full)["TaskRoleArn"])) == []


def test_the_execution_role_writes_to_one_log_group(stack: Reading) -> None:
    """The execution role needs this permission, because the role of the machine lacks it."""
    assert stack.statements(stack.to(task(stack)["ExecutionRoleArn"])) == [
        {
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Effect": "Allow",
            "Resource": "${AWS::Logs::LogGroup.Arn}",
        }
    ]
    options = container(stack)["LogConfiguration"]
    assert options["LogDriver"] == "awslogs"
    assert stack.to(options["Options"]["awslogs-group"]).type == "AWS::Logs::LogGroup"


def test_the_execution_role_pulls_and_reads_what_is_named(full: Reading) -> None:
    statements = full.statements(full.to(task(full)["ExecutionRoleArn"]))
    by_action = {action: item for item in statements for action in listed(item["Action"])}
    assert by_action["secretsmanager:GetSecretValue"]["Resource"] == SECRET
    assert by_action["ssm:GetParameters"]["Resource"] == PARAMETER
    assert by_action["kms:Decrypt"]["Resource"] == SECRET_KEY
    assert by_action["ecr:BatchGetImage"]["Resource"].endswith(":111122223333:repository/team/app")
    boundless = {action for action, item in by_action.items() if item["Resource"] == "*"}
    assert boundless == {"ecr:GetAuthorizationToken"}
    secrets = {item["Name"]: item["ValueFrom"] for item in container(full)["Secrets"]}
    assert secrets == {"DB_PASSWORD": SECRET, "GREETING": PARAMETER}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_the_demonstration_serves_a_page(stack: Reading) -> None:
    only = container(stack)
    assert only["Image"] == "public.ecr.aws/docker/library/busybox:1.37"
    assert only["Command"] == ["sh", "-c", SERVE_SCRIPT.read_text(encoding="utf-8"), "serve.sh", "8080", "/srv/www"]
    assert only["HealthCheck"]["Command"] == ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"]


def test_a_user_image_runs_as_set(full: Reading) -> None:
    assert (container(full)["EntryPoint"], container(full)["Command"]) == (["/entry"], ["serve", "--quiet"])
    assert container(full)["Environment"] == [{"Name": "LOG_LEVEL", "Value": "info"}]
    check = container(full)["HealthCheck"]
    assert (check["Command"], check["StartPeriod"]) == (["CMD", "/ok"], 120)
    assert container(full)["StopTimeout"] == 600


# Service


def test_the_service_is_external_and_has_nothing_that_ecs_anywhere_lacks(any_stack: Reading) -> None:
    assert service(any_stack)["LaunchType"] == "EXTERNAL"
    assert service(any_stack).get("LoadBalancers", []) == []
    lacking = ("CapacityProviderStrategy", "NetworkConfiguration", "ServiceRegistries", "ServiceConnectConfiguration")
    assert [name for name in lacking if service(any_stack).get(name)] == []
    types = {resource.type for resource in any_stack.resources.values()}
    assert not {name for name in types if name.startswith("AWS::ApplicationAutoScaling")}


@pytest.mark.parametrize(("name", "count"), [("sandbox", 0), ("production", 0), ("full", 3)])
def test_no_task_until_a_machine_is_there(read: Callable[[str], Reading], name: str, count: int) -> None:
    assert service(read(name))["DesiredCount"] == count


@pytest.mark.parametrize(("name", "least"), [("sandbox", 100), ("production", 100), ("full", 50)])
def test_deployments_roll_and_are_rolled_back(read: Callable[[str], Reading], name: str, least: int) -> None:
    configuration = dict(service(read(name))["DeploymentConfiguration"])
    alarms = configuration.pop("Alarms", None)
    assert configuration.pop("BakeTimeInMinutes", None) == (20 if alarms else None)
    assert configuration == {
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
        "MaximumPercent": 200,
        "MinimumHealthyPercent": least,
    }


@pytest.mark.parametrize(
    ("name", "alarms"),
    [("sandbox", set()), ("production", {"CrashingTasks"}), ("full", {"CrashingTasks", "MissingTasks"})],
)
def test_alarms_roll_back_in_production(read: Callable[[str], Reading], name: str, alarms: set[str]) -> None:
    assert roll_back_on(read(name), service(read(name))) == alarms


def test_tasks_start_once_they_may_pull_and_log(any_stack: Reading) -> None:
    role = any_stack.to(task(any_stack)["ExecutionRoleArn"])
    [policy] = [one for one in any_stack.all("AWS::IAM::Policy") if any_stack.refers(one, role)]
    assert {role.id, policy.id} <= set(service(any_stack).depends_on)


# Operation


@pytest.mark.parametrize(
    ("settings", "expression"),
    [
        ({"desired_count": 3}, "3 - FILL(running, 0)"),
        # A deployment may stop half of the tasks first, which is no outage.
        ({"desired_count": 3, "min_healthy_percent": 50}, "2 - FILL(running, 0)"),
        ({"desired_count": 1, "min_healthy_percent": 0}, "1 - FILL(running, 0)"),
    ],
)
def test_missing_tasks_ring_an_alarm(settings: dict[str, Any], expression: str, tmp_path: Path) -> None:
    alarm = alarms_of(Reading(variant(EcsAnywhereStack, tmp_path, **settings)))["MissingTasks"]
    assert (expression_of(alarm), alarm["Threshold"]) == (expression, 0)
    assert metrics_of(alarm) == {"running": ("ECS/ContainerInsights/RunningTaskCount", "Minimum", 60)}
    # Without machines there is no data.
    assert rings(alarm) == (6, 20, "breaching")


@pytest.mark.parametrize(
    ("name", "expression", "ringing"),
    [
        ("CrashingTasks", "(running < desired) * (DIFF(running) < 0)", (4, 20, "notBreaching")),
        ("WaitingTasks", "desired - running", (12, 15, "notBreaching")),
    ],
)
def test_crashing_and_waiting_tasks_ring_an_alarm(
    any_stack: Reading, name: str, expression: str, ringing: tuple[int, int, str]
) -> None:
    alarm = alarms_of(any_stack)[name]
    assert (expression_of(alarm), alarm["Threshold"]) == (expression, 0)
    assert rings(alarm) == ringing


def test_no_task_is_missed_until_one_is_asked_for(stack: Reading) -> None:
    assert {rings(alarm)[2] for alarm in alarms_of(stack).values()} == {"notBreaching"}, (
        "without a task nothing reports, and others would always ring"
    )


def test_unreachable_machines_ring_an_alarm(full: Reading) -> None:
    alarm = alarms_of(full)["SilentTasks"]
    assert (expression_of(alarm), alarm["Threshold"]) == ("3 - reporting", 0)
    assert metrics_of(alarm) == {"reporting": ("AWS/ECS/CPUUtilization", "SampleCount", 60)}
    assert rings(alarm) == (12, 15, "breaching")


def test_a_description_ends_with_the_page(full: Reading) -> None:
    for alarm in alarms_of(full).values():
        assert alarm["AlarmDescription"].endswith(". docs/ecs-anywhere.md#what-rings-and-when")


def test_every_alarm_notifies_the_topic(any_stack: Reading) -> None:
    topic = any_stack.one("AWS::SNS::Topic")
    for alarm in any_stack.all("AWS::CloudWatch::Alarm"):
        for actions in ("AlarmActions", "OKActions"):
            assert [any_stack.to(action) for action in alarm[actions]] == [topic]


@pytest.mark.parametrize(
    ("detail_type", "event"),
    [
        ("ECS Service Action", "SERVICE_TASK_PLACEMENT_FAILURE"),
        ("ECS Deployment State Change", "SERVICE_DEPLOYMENT_FAILED"),
    ],
    ids=["no machine can run a task", "a deployment failed"],
)
def test_a_message_with_the_reason(any_stack: Reading, detail_type: str, event: str) -> None:
    [rule] = [
        each for each in any_stack.all("AWS::Events::Rule") if each["EventPattern"]["detail-type"] == [detail_type]
    ]
    assert any_stack.shown(rule["EventPattern"]) == {
        "detail": {"eventName": [event]},
        "detail-type": [detail_type],
        "resources": ["${AWS::ECS::Service}"],
        "source": ["aws.ecs"],
    }
    assert rule["State"] == "ENABLED"
    [target] = rule["Targets"]
    assert any_stack.to(target["Arn"]) == any_stack.one("AWS::SNS::Topic")
    assert "$.detail.reason" in target["InputTransformer"]["InputPathsMap"].values()
    statements = any_stack.statements(any_stack.to(target["RoleArn"]))
    assert {"Action": "sns:Publish", "Effect": "Allow", "Resource": "${AWS::SNS::Topic}"} in statements


def test_no_message_when_an_agent_reconnects(any_stack: Reading) -> None:
    assert "ECS Container Instance State Change" not in json.dumps(any_stack.document)


def test_alarm_email_subscribes_an_address(full: Reading, stack: Reading) -> None:
    assert full.one("AWS::SNS::Subscription")["Endpoint"] == "ops@example.com"
    assert stack.all("AWS::SNS::Subscription") == []


def test_production_encrypts_and_keeps(production: Reading, sandbox: Reading) -> None:
    logs, topic, key = (production.one(name) for name in ("AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::KMS::Key"))
    assert production.to(logs["KmsKeyId"]) == key
    assert production.to(topic["KmsMasterKeyId"]) == key
    assert logs.kept == key.kept == ("RetainExceptOnCreate", "Retain")
    assert logs["RetentionInDays"] == 365
    assert sandbox.all("AWS::KMS::Key") == []
    assert sandbox.one("AWS::Logs::LogGroup").kept == ("Delete", "Delete")
    assert sandbox.one("AWS::Logs::LogGroup")["RetentionInDays"] == 7


def test_how_long_logs_are_kept_can_be_set(full: Reading) -> None:
    assert full.one("AWS::Logs::LogGroup")["RetentionInDays"] == 30


# Settings


def mistakes(settings: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(EcsAnywhereSettings, settings, stack="EcsAnywhereStack")
    return {mistake.path: mistake.remedy for mistake in caught.value.mistakes}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "network_mode",
            "awsvpc",
            "ECS Anywhere supports no awsvpc, so tasks run in bridge network mode. Set host_port",
        ),
        ("network_mode", "bridge", "bridge network mode"),
        ("vpc_cidr", "10.0.0.0/16", "supports no awsvpc"),
        ("load_balancer", True, "supports no load balancer. Set host_port"),
        ("certificate_arn", "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b", "supports no load balancer"),
        ("health_check_path", "/", "supports no load balancer"),
        ("service_discovery", {}, "supports neither service discovery nor Service Connect"),
        ("service_connect", {}, "supports neither service discovery nor Service Connect"),
        ("max_tasks", 4, "external services have no auto scaling. Set desired_count"),
        ("scheduled_tasks", [], "external services have no auto scaling. Set desired_count"),
        ("capacity_providers", [], "supports no capacity providers. Machines register"),
        ("spot_percent", 50, "supports no capacity providers"),
        ("file_system_id", "fs-1", "supports no EFS volumes"),
        ("mount_path", "/shared", "supports no EFS volumes"),
    ],
)
def test_what_ecs_anywhere_lacks_is_refused_with_the_reason(name: str, value: Any, said: str) -> None:
    found = mistakes({name: value})
    assert found.keys() == {f"EcsAnywhereStack.{name}"}
    [remedy] = found.values()
    assert remedy.startswith("Not supported: ")
    assert said in remedy


def test_no_setting_is_refused_and_taken() -> None:
    assert not EcsAnywhereSettings.refused.keys() & EcsAnywhereSettings.model_fields.keys()


def test_a_name_that_pydantic_uses_itself_is_one_mistake() -> None:
    assert "Unknown setting" in mistakes({"[key]": 1})["EcsAnywhereStack.[key]"]


def test_a_misspelt_setting_is_still_guessed() -> None:
    assert 'Did you mean "host_port"?' in mistakes({"hostport": 1})["EcsAnywhereStack.hostport"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("host_port", 22, "1 to 32767 except 22, 2375, 2376"),
        ("host_port", 2376, "1 to 32767 except 22, 2375, 2376"),
        ("host_port", 32768, "0, or a port from 1 to 32767"),
        ("host_port", -1, "0, or a port from 1 to 32767"),
        ("architecture", "ARM64", "one of arm64, x86_64"),
        ("desired_count", -1, "a whole number from 0 to 1,000"),
        ("desired_count", 1001, "a whole number from 0 to 1,000"),
        ("min_healthy_percent", 101, "a whole number from 0 to 100"),
        ("cpu", 64, "a whole number from 128 to 10,240"),
        ("memory_mib", 64, "a whole number from 128 to 1,048,576"),
        ("container_port", 80, "a whole number from 1,024 to 65,535"),
    ],
)
def test_other_mistakes(name: str, value: Any, said: str) -> None:
    found = mistakes({name: value})
    assert found.keys() == {f"EcsAnywhereStack.{name}"}
    assert said in found[f"EcsAnywhereStack.{name}"]


def test_all_mistakes_come_at_once() -> None:
    assert len(mistakes({"host_port": 22, "network_mode": "awsvpc", "cpu": 1, "architecture": "x86"})) == 4


@pytest.mark.parametrize("path", ["/srv/www", "/srv", "/srv/www/cache"])
def test_the_demonstration_has_its_folder_for_itself(path: str) -> None:
    """The settings find the mistake, so that there is no traceback of the construct."""
    assert (
        "Paths must not contain each other" in mistakes({"writable_paths": [path]})["EcsAnywhereStack.writable_paths"]
    )


def test_a_user_image_may_use_the_folder_of_the_demonstration() -> None:
    given = {"image": "public.ecr.aws/a/b:1", "writable_paths": ["/srv/www"]}
    load_settings(EcsAnywhereSettings, given)


# The constructs refuse mistakes before they create anything.


@pytest.mark.parametrize("port", [0, 22, 2375, 2376, 32768])
def test_a_port_that_the_machine_itself_uses_is_refused(port: int) -> None:
    with pytest.raises(
        ValueError, match=f"1 to 32767 except 22, 2375, 2376, which the machine itself uses, got {port}"
    ):
        check_host_port(port)


@pytest.mark.parametrize(
    ("of_task", "of_service", "said"),
    [
        ({"compatibility": ecs.Compatibility.EC2}, {}, "task must have compatibility EXTERNAL and no files"),
        ({"files": True}, {}, "task must have compatibility EXTERNAL and no files"),
        ({}, {"desired_count": -1}, r"desired_count must be at least 0, got -1\."),
        ({}, {"min_healthy_percent": 101}, r"min_healthy_percent must be 0 to 100, got 101\."),
    ],
)
def test_an_impossible_service_is_refused(of_task: dict[str, Any], of_service: dict[str, Any], said: str) -> None:
    stack = cdk.Stack()
    definition = Task(
        stack,
        "Task",
        posture=SANDBOX,
        image="public.ecr.aws/a/b:1",
        log_group=LogGroup(stack, "Logs", posture=SANDBOX, retention_days=None, key=None),
        compatibility=of_task.get("compatibility", ecs.Compatibility.EXTERNAL),
        network_mode=ecs.NetworkMode.BRIDGE,
    )
    definition.files = of_task.get("files")
    cluster = external_cluster(stack, "Cluster", posture=SANDBOX)
    before = [child.node.path for child in stack.node.find_all()]
    with pytest.raises(ValueError, match=said):
        AnywhereService(stack, "It", cluster=cluster, task=definition, architecture="arm64", **of_service)
    assert [child.node.path for child in stack.node.find_all()] == before


def test_the_stack_gives_what_it_made(sandbox: Reading) -> None:
    made = sandbox.stack
    assert isinstance(made, EcsAnywhereStack)
    types = {
        made.cluster.cluster_name: "AWS::ECS::Cluster",
        made.machines.role.role_arn: "AWS::IAM::Role",
        made.task.definition.task_definition_arn: "AWS::ECS::TaskDefinition",
        made.service.service.service_arn: "AWS::ECS::Service",
        made.logs.log_group_name: "AWS::Logs::LogGroup",
        made.monitoring.topic.topic_arn: "AWS::SNS::Topic",
    }
    assert sandbox.types_of(types) == types


class TestDrawing(DrawingPromises):
    """What docs/ecs-anywhere.d2 shows."""
