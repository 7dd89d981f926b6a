"""What a person would look at once ``FargateEfsStack`` is deployed.

Each check asks AWS, not the template, and holds in both postures and with any settings. That each can fail is shown
in tests/proof/test_fargate_efs.py.
"""

import json
import re
import textwrap
from typing import Any

import pytest

from tests.deployed import public_service
from tests.deployed import service as any_service
from tests.deployed.public_service import page_once
from tests.deployed.service import (
    EXEC_CHANNEL,
    Rule,
    default_routes,
    heard_by_the_topic,
    inline_statements,
    listed,
    rules_of,
    service_of,
    shown,
    task_groups,
    task_of,
)
from tests.deployed.stack import DeployedStack

STACK = "FargateEfsStack"

FILE_SYSTEM, ACCESS_POINT = "AWS::EFS::FileSystem", "AWS::EFS::AccessPoint"

MOUNT_AND_WRITE = {"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}
CLIENT_ACTIONS = MOUNT_AND_WRITE | {"elasticfilesystem:ClientRootAccess"}
WATCHED = {
    *("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "UnHealthyHostCount", "TargetResponseTime"),
    *("RunningTaskCount", "MeteredIOBytes"),
}

# How long the first tasks may take to be there, and the pause between two looks.
DEADLINE_SECONDS = 300.0
PAUSE_SECONDS = 5.0
TASK_LINE = re.compile(r"<li>\S+ task \w+ in ([\w-]+)</li>")

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
test_the_topic_takes_messages_of_alarms = any_service.test_the_topic_takes_messages_of_alarms

# The same of any service behind a public load balancer.
test_only_the_listeners_are_open_to_the_outside = public_service.test_only_the_listeners_are_open_to_the_outside
test_requests_go_to_tasks_that_answer_the_health_check = (
    public_service.test_requests_go_to_tasks_that_answer_the_health_check
)
test_the_load_balancer_drops_invalid_headers = public_service.test_the_load_balancer_drops_invalid_headers
test_the_load_balancer_is_logged_and_protected_in_production_only = (
    public_service.test_the_load_balancer_is_logged_and_protected_in_production_only
)
test_the_load_balancer_serves_https_where_it_has_a_certificate = (
    public_service.test_the_load_balancer_serves_https_where_it_has_a_certificate
)
test_the_service_scales_by_cpu_memory_and_requests = public_service.test_the_service_scales_by_cpu_memory_and_requests


def test_the_file_system_is_encrypted(stack: DeployedStack) -> None:
    file_system = _file_system(stack)
    name = file_system["FileSystemId"]
    assert file_system["Encrypted"], f"the file system {name} is not encrypted"
    if stack.production:
        key = stack.only("AWS::KMS::Key")
        used = file_system["KmsKeyId"]
        assert used.endswith(key), f"the file system {name} is encrypted with {used}, not with the stack's key {key}"


def test_the_file_system_refuses_plain_transport_and_lets_nobody_in_by_itself(stack: DeployedStack) -> None:
    """Without a policy of its own a file system lets every client in; where one allows nobody, IAM decides."""
    statements = _file_system_policy(stack)
    allowing = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert not allowing, f"the file system policy lets clients in without a permission in IAM: {allowing}"
    refusals = [statement for statement in statements if _refuses_plain_transport(statement)]
    missing = CLIENT_ACTIONS - {action for statement in refusals for action in listed(statement["Action"])}
    assert not missing, f"the file system policy does not refuse plain transport for {sorted(missing)}"


def test_throughput_is_elastic(stack: DeployedStack) -> None:
    mode = _file_system(stack)["ThroughputMode"]
    assert mode == "elastic", f"the throughput of the file system is {mode}, not elastic"


def test_files_are_backed_up_in_production_only(stack: DeployedStack) -> None:
    status = _backup_status(stack)
    expected = ("ENABLED", "ENABLING") if stack.production else ("DISABLED", "DISABLING")
    assert status in expected, f"automatic backups are {status} in {stack.posture}"


def test_a_mount_target_is_available_in_each_of_three_azs(stack: DeployedStack) -> None:
    targets = _mount_targets(stack)
    zones = {target["AvailabilityZoneName"] for target in targets if target["LifeCycleState"] == "available"}
    assert len(zones) == 3, f"mount targets are available in {sorted(zones)}, not in three AZs"


def test_mount_targets_have_no_route_to_the_internet(stack: DeployedStack) -> None:
    for target in _mount_targets(stack):
        ways = default_routes(stack, target["SubnetId"])
        assert not ways, f"the subnet of mount target {target['MountTargetId']} has a route to the internet: {ways}"


def test_the_access_point_acts_as_one_user_in_a_directory_of_its_own(stack: DeployedStack) -> None:
    point = _access_point(stack)
    name, user = point["AccessPointId"], point.get("PosixUser") or {}
    assert user, f"the access point {name} lets each client be the user that it says it is"
    assert 0 not in (user["Uid"], user["Gid"]), f"the access point {name} acts as root: {user}"
    assert point["RootDirectory"]["Path"] != "/", f"the access point {name} shows the root of the file system"


def test_tasks_mount_the_access_point_with_tls_and_iam(stack: DeployedStack) -> None:
    mounted = [volume["efsVolumeConfiguration"] for volume in task_of(stack)["volumes"] if _is_shared(volume)]
    assert [item["fileSystemId"] for item in mounted] == [stack.only(FILE_SYSTEM)], f"the tasks mount {mounted}"
    [shared] = mounted
    authorization = shared.get("authorizationConfig", {})
    assert shared.get("transitEncryption") == "ENABLED", "the tasks mount the file system without TLS"
    assert authorization.get("iam") == "ENABLED", "the tasks mount the file system without their role"
    point = authorization.get("accessPointId")
    assert point == stack.only(ACCESS_POINT), f"the tasks mount by the access point {point}, not the stack's"


def test_the_task_role_reaches_the_file_system_through_the_access_point_only(stack: DeployedStack) -> None:
    role = task_of(stack)["taskRoleArn"].rpartition("/")[2]
    attached = stack.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
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


def test_nfs_is_open_to_tasks_only(stack: DeployedStack) -> None:
    expected = {Rule("tcp", 2049, 2049, group) for group in task_groups(stack)}
    admitted = rules_of(stack, _mount_groups(stack))
    assert admitted == expected, f"the mount targets admit {shown(admitted)}, not {shown(expected)}"


def test_tasks_reach_https_and_the_file_system_only(stack: DeployedStack) -> None:
    reached = rules_of(stack, task_groups(stack), "IpPermissionsEgress")
    nfs = {Rule("tcp", 2049, 2049, group) for group in _mount_groups(stack)}
    assert nfs <= reached, f"the tasks do not reach the file system: {shown(reached)}"
    others = {rule for rule in reached - nfs if (rule.protocol, rule.first, rule.last) != ("tcp", 443, 443)}
    assert not others, f"the tasks reach more than HTTPS and the file system: {shown(others)}"


def test_alarms_notify_the_topic(stack: DeployedStack) -> None:
    heard = heard_by_the_topic(stack)
    assert heard >= WATCHED, f"the topic does not hear of {sorted(WATCHED - heard)}"


@pytest.mark.real_account
def test_the_page_shows_tasks_of_two_azs(stack: DeployedStack) -> None:
    """Each task wrote its line to the file system that all share, and any of them serves all lines."""
    if not _is_demonstration(task_of(stack)):
        pytest.skip("the page is the demonstration's; this stack runs an image of its own")
    if service_of(stack)["desiredCount"] < 2:
        pytest.skip("one task alone shares nothing")
    url = stack.outputs["Url"]
    page = page_once(
        url,
        lambda page: len(set(TASK_LINE.findall(page))) >= 2,
        deadline_seconds=DEADLINE_SECONDS,
        pause_seconds=PAUSE_SECONDS,
    )
    assert len(set(TASK_LINE.findall(page))) >= 2, (
        f"{url} shows no tasks of two AZs, after {DEADLINE_SECONDS:g} seconds: {textwrap.shorten(page, 500)}"
    )


def _file_system(stack: DeployedStack) -> dict[str, Any]:
    found = stack.client("efs").describe_file_systems(FileSystemId=stack.only(FILE_SYSTEM))
    return found["FileSystems"][0]


def _file_system_policy(stack: DeployedStack) -> list[dict[str, Any]]:
    efs = stack.client("efs")
    try:
        policy = efs.describe_file_system_policy(FileSystemId=stack.only(FILE_SYSTEM))["Policy"]
    except efs.exceptions.PolicyNotFound:
        return []
    return listed(json.loads(policy)["Statement"])


def _refuses_plain_transport(statement: dict[str, Any]) -> bool:
    everybody = statement["Principal"] in ("*", {"AWS": "*"})
    condition = statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    return statement["Effect"] == "Deny" and everybody and condition


def _backup_status(stack: DeployedStack) -> str:
    efs = stack.client("efs")
    try:
        return efs.describe_backup_policy(FileSystemId=stack.only(FILE_SYSTEM))["BackupPolicy"]["Status"]
    except efs.exceptions.PolicyNotFound:  # which a file system that never had backups may answer
        return "DISABLED"


def _mount_targets(stack: DeployedStack) -> list[dict[str, Any]]:
    return stack.client("efs").describe_mount_targets(FileSystemId=stack.only(FILE_SYSTEM))["MountTargets"]


def _mount_groups(stack: DeployedStack) -> set[str]:
    efs = stack.client("efs")
    return {
        group
        for target in _mount_targets(stack)
        for group in efs.describe_mount_target_security_groups(MountTargetId=target["MountTargetId"])["SecurityGroups"]
    }


def _access_point(stack: DeployedStack) -> dict[str, Any]:
    return stack.client("efs").describe_access_points(AccessPointId=stack.only(ACCESS_POINT))["AccessPoints"][0]


def _is_shared(volume: dict[str, Any]) -> bool:
    return bool(volume.get("efsVolumeConfiguration"))


def _is_demonstration(task: dict[str, Any]) -> bool:
    """Its init container adds a line to the page; with an image of one's own there is none."""
    return "join" in [container["name"] for container in task["containerDefinitions"]]
