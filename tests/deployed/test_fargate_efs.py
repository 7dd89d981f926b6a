"""Checks of a deployed ``FargateEfsStack``."""

import json
import re
import textwrap
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.deployed.changes import (
    ADMITS,
    ANYWHERE,
    ATTACHED,
    BODY,
    CONTAINERS,
    EVERYTHING,
    OTHER_KEY,
    PUBLIC_WAY,
    REACHES,
    SECURITY_GROUPS,
    SERVICES,
    STATEMENTS,
    WAY_OUT,
    allow,
    may,
    opened,
)
from tests.deployed.looking import (
    Rule,
    check_no_way_out,
    check_zones,
    inline_statements,
    listed,
    page_with,
    policies_of,
    rules_of,
    scaled_resource,
    service_of,
    shown,
    target_groups_of,
    task_groups,
    task_of,
)
from tests.deployed.proving import fails, skips
from tests.deployed.public_service import POLICIES, PublicService
from tests.deployed.service import EXEC_CHANNEL, FargateCapacity
from tests.deployed.stack import DeployedStack

STACK = "FargateEfsStack"

FILE_SYSTEM, ACCESS_POINT = "AWS::EFS::FileSystem", "AWS::EFS::AccessPoint"

MOUNT_AND_WRITE = {"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}
CLIENT_ACTIONS = MOUNT_AND_WRITE | {"elasticfilesystem:ClientRootAccess"}

DEADLINE_SECONDS = 300.0
"""Time that the first tasks have to start."""
TASK_LINE = re.compile(r"<li>\S+ task \w+ in ([\w-]+)</li>")
JOIN_SCRIPT = Path(__file__).parents[2] / "stacks/fargate_efs/runtime/join.sh"

FILES = "efs.describe_file_systems FileSystems 0"
FILE_POLICY = "efs.describe_file_system_policy Policy Statement"
BACKUPS = "efs.describe_backup_policy BackupPolicy Status"
POINT = "efs.describe_access_points AccessPoints 0"
VOLUMES = "ecs.describe_task_definition taskDefinition volumes"
SHARED = f"{VOLUMES} 0 efsVolumeConfiguration"


def line(zone: str) -> str:
    """The line that the script of the demonstration writes for a task in an AZ."""
    [written] = re.findall(r'echo "(<li>.*</li>)"', JOIN_SCRIPT.read_text(encoding="utf-8"))
    written = re.sub(r"\$\(date [^)]*\)", "2026-01-31T12:00:00Z", written)
    return written.replace("${task##*/}", "0a1b2c").replace("$zone", zone)


# An emulated account runs no tasks, and scales no service to its minimum.
BY_HAND = {
    "http.get": {"status": 200, "headers": {}, "body": f"<ol>{line('eu-west-1a')}{line('eu-west-1b')}"},
    "ecs.describe_services services 0 desiredCount": 2,
}


BOTH_GROUPS = f"{POLICIES} * TargetTrackingScalingPolicyConfiguration CustomizedMetricSpecification"


class TestService(FargateCapacity, PublicService):
    """The checks of any public service on Fargate."""

    WATCHED: ClassVar = {
        *("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "UnHealthyHostCount", "TargetResponseTime"),
        *("RunningTaskCount", "MeteredIOBytes"),
    }


@fails("counts no requests of targetgroup/", BOTH_GROUPS, {}, only="otherwise")
def test_scaling_counts_the_requests_of_every_target_group(stack: DeployedStack) -> None:
    policies = stack.ask(
        "application-autoscaling.describe_scaling_policies", ServiceNamespace="ecs", ResourceId=scaled_resource(stack)
    )["ScalingPolicies"]
    counted, groups = json.dumps(policies, default=str), [arn.rpartition(":")[2] for arn in target_groups_of(stack)]
    missing = [group for group in groups if group not in counted]
    assert not missing, f"scaling counts no requests of {', '.join(missing)}"


@fails(r"fs-\w+ is not encrypted", f"{FILES} Encrypted", False)
@fails("not with the stack's key", f"{FILES} KmsKeyId", OTHER_KEY, only="production")
def test_the_file_system_is_encrypted(stack: DeployedStack) -> None:
    file_system = _file_system(stack)
    name = file_system["FileSystemId"]
    assert file_system["Encrypted"], f"the file system {name} is not encrypted"
    if stack.production:
        key = stack.only("AWS::KMS::Key")
        used = file_system["KmsKeyId"]
        assert used.endswith(key), f"the file system {name} is encrypted with {used}, not with the stack's key {key}"


@fails("does not refuse plain transport", f"{FILE_POLICY} *")
@fails("lets clients in without a permission in IAM", f"{FILE_POLICY} +", allow("elasticfilesystem:ClientMount"))
@fails("refuse plain transport for .*RootAccess", f"{FILE_POLICY} * Action", ["elasticfilesystem:ClientMount"])
@fails("refuse plain transport for .*Mount", f"{FILE_POLICY} * Condition Bool aws:SecureTransport", "true")
def test_the_file_system_refuses_plain_transport_and_lets_nobody_in_by_itself(stack: DeployedStack) -> None:
    """A file system without a policy admits every client. If its policy allows nobody, IAM decides."""
    statements = _file_system_policy(stack)
    allowing = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert not allowing, f"the file system policy lets clients in without a permission in IAM: {allowing}"
    refusals = [statement for statement in statements if _refuses_plain_transport(statement)]
    missing = CLIENT_ACTIONS - {action for statement in refusals for action in listed(statement["Action"])}
    assert not missing, f"the file system policy does not refuse plain transport for {sorted(missing)}"


@fails("is bursting, not elastic", f"{FILES} ThroughputMode", "bursting")
def test_throughput_is_elastic(stack: DeployedStack) -> None:
    mode = _file_system(stack)["ThroughputMode"]
    assert mode == "elastic", f"the throughput of the file system is {mode}, not elastic"


@fails("backups are ENABLED in sandbox", BACKUPS, "ENABLED", only="sandbox")
@fails("backups are DISABLED in production", BACKUPS, "DISABLED", only="production")
def test_files_are_backed_up_in_production_only(stack: DeployedStack) -> None:
    status = _backup_status(stack)
    expected = ("ENABLED", "ENABLING") if stack.production else ("DISABLED", "DISABLING")
    assert status in expected, f"automatic backups are {status} in {stack.posture}"


@fails(r"available in \[.*-1b', '.*-1c'\], not in 3 AZs", "efs.describe_mount_targets MountTargets 0")
@fails(r"available in \[.*-1b', '.*-1c'\], not", "efs.describe_mount_targets MountTargets 0 LifeCycleState", "creating")
def test_a_mount_target_is_available_in_each_az(stack: DeployedStack) -> None:
    targets = _mount_targets(stack)
    zones = {target["AvailabilityZoneName"] for target in targets if target["LifeCycleState"] == "available"}
    check_zones(stack, "mount targets are available", zones)


@fails(r"mount target fsmt-\w+ has a way out: \['igw-", WAY_OUT, PUBLIC_WAY)
@fails(r"has a way out: \['nat-", WAY_OUT, {"DestinationCidrBlock": ANYWHERE, "NatGatewayId": "nat-1"})
def test_mount_targets_have_no_route_to_the_internet(stack: DeployedStack) -> None:
    for target in _mount_targets(stack):
        check_no_way_out(stack, f"mount target {target['MountTargetId']}", target["SubnetId"])


@fails("acts as root", f"{POINT} PosixUser Uid", 0)
@fails("lets each client be the user that it says it is", f"{POINT} PosixUser")
@fails("shows the root of the file system", f"{POINT} RootDirectory Path", "/")
def test_the_access_point_acts_as_one_user_in_a_directory_of_its_own(stack: DeployedStack) -> None:
    point = _access_point(stack)
    name, user = point["AccessPointId"], point.get("PosixUser") or {}
    assert user, f"the access point {name} lets each client be the user that it says it is"
    assert 0 not in (user["Uid"], user["Gid"]), f"the access point {name} acts as root: {user}"
    assert point["RootDirectory"]["Path"] != "/", f"the access point {name} shows the root of the file system"


@fails(r"the tasks mount \[\]", f"{VOLUMES} 0")
@fails("without TLS", f"{SHARED} transitEncryption", "DISABLED")
@fails("without their role", f"{SHARED} authorizationConfig iam")
@fails("access point None, not the stack's", f"{SHARED} authorizationConfig accessPointId")
def test_tasks_mount_the_access_point_with_tls_and_iam(stack: DeployedStack) -> None:
    mounted = [volume["efsVolumeConfiguration"] for volume in task_of(stack)["volumes"] if _is_shared(volume)]
    assert [item["fileSystemId"] for item in mounted] == [stack.only(FILE_SYSTEM)], f"the tasks mount {mounted}"
    [shared] = mounted
    authorization = shared.get("authorizationConfig", {})
    assert shared.get("transitEncryption") == "ENABLED", "the tasks mount the file system without TLS"
    assert authorization.get("iam") == "ENABLED", "the tasks mount the file system without their role"
    point = authorization.get("accessPointId")
    assert point == stack.only(ACCESS_POINT), f"the tasks mount by the access point {point}, not the stack's"


@fails("may pass the access point", f"{STATEMENTS} * Condition")
@fails(r"may more than mount and write: \['elasticfilesystem:\*'\]", f"{STATEMENTS} +", allow("elasticfilesystem:*"))
@fails(r"reaches \['\*'\]", f"{STATEMENTS} * Resource", "*")
@fails(r"may only \[\] on the file system", may())
@fails("has managed policies", ATTACHED, EVERYTHING)
@fails("may more .*CreateControlChannel", f"{STATEMENTS} +", allow(sorted(EXEC_CHANNEL)), only="production")
def test_the_task_role_reaches_the_file_system_through_the_access_point_only(stack: DeployedStack) -> None:
    role = task_of(stack)["taskRoleArn"].rpartition("/")[2]
    attached = policies_of(stack, role)
    assert not attached, f"the task role has managed policies: {attached}"
    through_access_point = {
        "StringEquals": {"elasticfilesystem:AccessPointArn": _access_point(stack)["AccessPointArn"]}
    }
    granted: set[str] = set()
    for statement in inline_statements(stack, role):
        actions = set(listed(statement["Action"]))
        if actions == EXEC_CHANNEL and not stack.production:
            continue
        assert actions <= MOUNT_AND_WRITE, f"the task role may more than mount and write: {sorted(actions)}"
        assert statement.get("Condition") == through_access_point, (
            f"the task role may pass the access point: {statement}"
        )
        resources = listed(statement["Resource"])
        assert resources == [_file_system(stack)["FileSystemArn"]], f"the task role reaches {resources}"
        granted |= actions
    assert granted == MOUNT_AND_WRITE, f"the task role may only {sorted(granted)} on the file system"


@fails(r"targets admit \['tcp/2049 .*', 'tcp/2049 .*'\], not \['tcp/2049 .*'\]", ADMITS, opened(2049, "sg-1"))
@fails("mount targets admit .*tcp/22", ADMITS, opened(22, "sg-1"))
def test_nfs_is_open_to_tasks_only(stack: DeployedStack) -> None:
    expected = {Rule("tcp", 2049, 2049, group) for group in task_groups(stack)}
    admitted = rules_of(stack, _mount_groups(stack))
    assert admitted == expected, f"the mount targets admit {shown(admitted)}, not {shown(expected)}"


@fails(r"more than HTTPS and the file system: \['tcp/80 0\.0\.0\.0/0'\]", REACHES, opened(80, ANYWHERE))
@fails("reach more .*tcp/2049 0", REACHES, opened(2049, ANYWHERE))
@fails("do not reach the file system", f"{SECURITY_GROUPS} IpPermissionsEgress FromPort=2049")
def test_tasks_reach_https_and_the_file_system_only(stack: DeployedStack) -> None:
    reached = rules_of(stack, task_groups(stack), "IpPermissionsEgress")
    nfs = {Rule("tcp", 2049, 2049, group) for group in _mount_groups(stack)}
    assert nfs <= reached, f"the tasks do not reach the file system: {shown(reached)}"
    others = {rule for rule in reached - nfs if (rule.protocol, rule.first, rule.last) != ("tcp", 443, 443)}
    assert not others, f"the tasks reach more than HTTPS and the file system: {shown(others)}"


@fails("no tasks of two AZs, after 300 seconds: .*-1a", BODY, f"<ol>{line('eu-west-1a')}{line('eu-west-1a')}")
@fails("shows no tasks of two AZs.*It works!", BODY, "It works!")
@fails("has a certificate not trusted here", "http.get untrusted", True)
@skips("an image of its own", f"{CONTAINERS} -1")
@skips("one task alone shares nothing", f"{SERVICES} 0 desiredCount", 1)
@pytest.mark.real_account
def test_the_page_shows_tasks_of_two_azs(stack: DeployedStack) -> None:
    """Each task writes its line to the shared file system, and every task serves all lines."""
    if not _is_demonstration(task_of(stack)):
        pytest.skip("the page is the demonstration's; this stack runs an image of its own")
    if service_of(stack)["desiredCount"] < 2:
        pytest.skip("one task alone shares nothing")
    page = page_with(stack, lambda page: len(set(TASK_LINE.findall(page))) >= 2, seconds=DEADLINE_SECONDS)
    url = stack.outputs["Url"]
    assert len(set(TASK_LINE.findall(page))) >= 2, (
        f"{url} shows no tasks of two AZs, after {DEADLINE_SECONDS:g} seconds: {textwrap.shorten(page, 500)}"
    )


def _file_system(stack: DeployedStack) -> dict[str, Any]:
    found = stack.ask("efs.describe_file_systems", FileSystemId=stack.only(FILE_SYSTEM))
    return found["FileSystems"][0]


def _file_system_policy(stack: DeployedStack) -> list[dict[str, Any]]:
    name = stack.only(FILE_SYSTEM)
    policy = stack.ask("efs.describe_file_system_policy", absent="PolicyNotFound", FileSystemId=name).get("Policy")
    return listed(json.loads(policy)["Statement"]) if policy else []


def _refuses_plain_transport(statement: dict[str, Any]) -> bool:
    everybody = statement["Principal"] in ("*", {"AWS": "*"})
    condition = statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    return statement["Effect"] == "Deny" and everybody and condition


def _backup_status(stack: DeployedStack) -> str:
    """A file system that never had backups may have no policy for them."""
    name = stack.only(FILE_SYSTEM)
    found = stack.ask("efs.describe_backup_policy", absent="PolicyNotFound", FileSystemId=name)
    return found.get("BackupPolicy", {}).get("Status", "DISABLED")


def _mount_targets(stack: DeployedStack) -> list[dict[str, Any]]:
    return stack.ask("efs.describe_mount_targets", FileSystemId=stack.only(FILE_SYSTEM))["MountTargets"]


def _mount_groups(stack: DeployedStack) -> set[str]:
    return {
        group
        for target in _mount_targets(stack)
        for group in stack.ask("efs.describe_mount_target_security_groups", MountTargetId=target["MountTargetId"])[
            "SecurityGroups"
        ]
    }


def _access_point(stack: DeployedStack) -> dict[str, Any]:
    return stack.ask("efs.describe_access_points", AccessPointId=stack.only(ACCESS_POINT))["AccessPoints"][0]


def _is_shared(volume: dict[str, Any]) -> bool:
    return bool(volume.get("efsVolumeConfiguration"))


def _is_demonstration(task: dict[str, Any]) -> bool:
    """The init container of the demonstration adds a line to the page. An image of the user has no such container."""
    return "join" in [container["name"] for container in task["containerDefinitions"]]
