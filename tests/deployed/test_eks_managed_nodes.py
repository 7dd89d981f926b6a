"""What a person would look at once ``EksManagedNodesStack`` is deployed.

Each check asks AWS, not the template, and holds in both postures and with any settings. That each can fail is shown
in tests/proof/test_eks_managed_nodes.py.
"""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.deployed import cluster as any_cluster
from tests.deployed import service as any_service
from tests.deployed.cluster import check_subnets
from tests.deployed.service import default_routes, inline_statements, listed, rules_of, shown
from tests.deployed.stack import DeployedStack

STACK = "EksManagedNodesStack"
FSX = "AWS::FSx::FileSystem"

# The same of any cluster.
test_add_ons_run = any_cluster.test_add_ons_run
test_alarms_notify_the_topic = any_cluster.test_alarms_notify_the_topic
test_container_insights_writes_to_log_groups_of_the_stack = (
    any_cluster.test_container_insights_writes_to_log_groups_of_the_stack
)
test_logs_are_kept_for_a_set_time = any_cluster.test_logs_are_kept_for_a_set_time
test_nobody_from_outside_connects = any_cluster.test_nobody_from_outside_connects
test_not_everybody_in_aws_may_act_as_the_admin = any_cluster.test_not_everybody_in_aws_may_act_as_the_admin
test_pods_have_roles_that_are_for_pods_only = any_cluster.test_pods_have_roles_that_are_for_pods_only
test_secrets_are_encrypted_with_a_rotated_key_of_the_stack = (
    any_cluster.test_secrets_are_encrypted_with_a_rotated_key_of_the_stack
)
test_the_admin_role_can_log_in_and_so_can_kubectl_and_nobody_else = (
    any_cluster.test_the_admin_role_can_log_in_and_so_can_kubectl_and_nobody_else
)
test_the_admin_role_may_describe_its_cluster_only = any_cluster.test_the_admin_role_may_describe_its_cluster_only
test_the_api_is_reached_from_within_and_from_given_blocks_only = (
    any_cluster.test_the_api_is_reached_from_within_and_from_given_blocks_only
)
test_the_cluster_refuses_to_be_deleted_in_production_only = (
    any_cluster.test_the_cluster_refuses_to_be_deleted_in_production_only
)
test_the_control_plane_logs_everything_to_a_group_of_the_stack = (
    any_cluster.test_the_control_plane_logs_everything_to_a_group_of_the_stack
)
test_network_policies_are_enforced = any_cluster.test_network_policies_are_enforced
test_the_add_ons_of_every_cluster_are_there = any_cluster.test_the_add_ons_of_every_cluster_are_there
test_the_cni_gives_addresses_by_a_role_of_its_own = any_cluster.test_the_cni_gives_addresses_by_a_role_of_its_own
test_the_ebs_driver_has_a_role_of_its_own = any_cluster.test_the_ebs_driver_has_a_role_of_its_own
test_the_topic_takes_messages_of_alarms = any_service.test_the_topic_takes_messages_of_alarms
test_the_version_is_in_support = any_cluster.test_the_version_is_in_support


# The same of any cluster with EFS.
test_files_are_encrypted_with_the_stacks_key_in_production = (
    any_cluster.test_files_are_encrypted_with_the_stacks_key_in_production
)
test_files_are_reached_by_tls_and_not_as_root = any_cluster.test_files_are_reached_by_tls_and_not_as_root
test_only_the_cluster_reaches_the_file_system = any_cluster.test_only_the_cluster_reaches_the_file_system


def test_the_efs_driver_is_for_the_stacks_file_system_only(stack: DeployedStack) -> None:
    file_system = any_cluster.file_system_of(stack)["FileSystemArn"]
    role = any_cluster.pod_role_of(stack, "efs-csi-controller-sa")
    attached = any_cluster.policies_of(stack, role)
    assert not attached, f"the EFS driver has the policies {sorted(attached)}"
    for statement in inline_statements(stack, role):
        actions = [action for action in listed(statement["Action"]) if action != "ec2:DescribeAvailabilityZones"]
        others = [
            arn
            for arn in listed(statement["Resource"])
            if actions and arn != file_system and not arn.endswith(":access-point/*")
        ]
        assert not others, f"the EFS driver may {actions} on {others}"
        tagged = "aws:ResourceTag/efs.csi.aws.com/cluster" in json.dumps(statement.get("Condition", {}))
        deletes = "elasticfilesystem:DeleteAccessPoint" in actions
        assert tagged or not deletes, "the EFS driver deletes access points that it has not made"


def test_file_systems_of_fsx_are_available_and_have_no_way_out(stack: DeployedStack) -> None:
    for each in _file_systems(stack):
        name, state = each["FileSystemId"], each["Lifecycle"]
        assert state == "AVAILABLE", f"the file system {name} is {state}"
        for subnet in each["SubnetIds"]:
            assert not default_routes(stack, subnet), f"the subnet {subnet} of {name} has a way out"


def test_file_systems_of_fsx_are_backed_up_and_encrypted_with_the_stacks_key_in_production(
    stack: DeployedStack,
) -> None:
    own = tuple(stack.all("AWS::KMS::Key"))
    for each in _file_systems(stack):
        name, key = each["FileSystemId"], each.get("KmsKeyId", "no key")
        kept = _configuration(each).get("AutomaticBackupRetentionDays", 0)
        assert key.endswith(own) or not stack.production, f"{name} is encrypted with {key}, not {own}"
        assert kept or not stack.production, f"{name} has no backups in production"
        assert stack.production or not kept, f"{name} has backups in sandbox, which outlive it"


def test_file_systems_of_fsx_admit_the_cluster_only(stack: DeployedStack) -> None:
    _file_systems(stack)
    cluster = any_cluster.cluster_of(stack)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    groups = list(stack.all("AWS::EC2::SecurityGroup"))
    for each in stack.client("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"]:
        group, name = each["GroupId"], each["Description"]
        admitted = rules_of(stack, [group])
        found = {(rule.first, rule.last, rule.peer) for rule in admitted}
        if name == "FSx for Lustre":  # CDK admits its own servers by a little more than Lustre has ports
            sound = {(988, 988, cluster), (1018, 1023, cluster), (988, 1023, group)}
        elif name == "FSx for ONTAP":
            sound = {(443, 443, cluster), (2049, 2049, cluster)}
        else:
            continue
        assert found == sound, f"{name} admits {shown(admitted)}"


def test_ontap_has_a_standby_in_production(stack: DeployedStack) -> None:
    [ontap] = [each for each in _file_systems(stack) if each["FileSystemType"] == "ONTAP"] or [None]
    if ontap is None:
        pytest.skip("this stack has no FSx for ONTAP")
    kind = _configuration(ontap)["DeploymentType"]
    assert kind.startswith("MULTI_AZ" if stack.production else "SINGLE_AZ"), f"FSx for ONTAP is {kind}"
    filters = [{"Name": "file-system-id", "Values": [ontap["FileSystemId"]]}]
    machines = stack.client("fsx").describe_storage_virtual_machines(Filters=filters)["StorageVirtualMachines"]
    states = {each["Name"]: each["Lifecycle"] for each in machines}
    assert states == {"kubernetes": "CREATED"}, f"its storage virtual machines are {states}"


def test_the_lustre_driver_may_look_at_file_systems_only(stack: DeployedStack) -> None:
    if "aws-fsx-csi-driver" not in any_cluster.installed(stack):
        pytest.skip("this stack has no FSx for Lustre")
    role = any_cluster.pod_role_of(stack, "fsx-csi-controller-sa")
    _check_driver(stack, "Lustre", role, everywhere={"fsx:DescribeFileSystems"}, resources=())


def test_trident_is_for_volumes_of_the_stacks_file_system_only(stack: DeployedStack) -> None:
    if "netapp_trident-operator" not in any_cluster.installed(stack):
        pytest.skip("this stack has no FSx for ONTAP")
    role = any_cluster.pod_role_of(stack, "trident-controller")
    described = {f"fsx:Describe{what}" for what in ("FileSystems", "StorageVirtualMachines", "Volumes")}
    ours = [f":volume/{name}/*" for name in stack.all(FSX)]
    _check_driver(
        stack, "Trident", role, everywhere=described, resources=[*ours, *stack.all("AWS::SecretsManager::Secret")]
    )


def test_nodes_are_healthy_and_repaired(stack: DeployedStack) -> None:
    for nodes in _groups(stack):
        name, issues = nodes["nodegroupName"], [issue["message"] for issue in nodes["health"]["issues"]]
        assert (nodes["status"], issues) == ("ACTIVE", []), f"the group {name} is {nodes['status']}: {issues}"
        assert nodes.get("nodeRepairConfig", {}).get("enabled"), f"broken nodes of the group {name} stay"


def test_one_group_runs_on_demand_and_one_on_spot_with_a_choice(stack: DeployedStack) -> None:
    kinds = sorted(nodes["capacityType"] for nodes in _groups(stack))
    assert kinds == ["ON_DEMAND", "SPOT"], f"the groups of nodes are {kinds}"
    [spot] = [nodes for nodes in _groups(stack) if nodes["capacityType"] == "SPOT"]
    assert len(spot["instanceTypes"]) > 1, f"Spot has one instance type only, {spot['instanceTypes'][0]}"


def test_nodes_are_in_private_subnets_of_three_azs(stack: DeployedStack) -> None:
    for nodes in _groups(stack):
        check_subnets(stack, "nodes", nodes["subnets"])
        assert "remoteAccess" not in nodes, f"the group {nodes['nodegroupName']} takes SSH"


def test_metadata_of_nodes_takes_imdsv2_and_one_hop(stack: DeployedStack) -> None:
    for launched in _launched(stack):
        any_cluster.check_metadata(launched)


def test_volumes_of_nodes_are_encrypted(stack: DeployedStack) -> None:
    for launched in _launched(stack):
        any_cluster.check_volumes(launched)


def test_the_node_role_is_for_nodes_only(stack: DeployedStack) -> None:
    for role in {nodes["nodeRole"].rpartition("/")[2] for nodes in _groups(stack)}:
        any_cluster.check_node_role(stack, role)


def _groups(stack: DeployedStack) -> list[dict[str, Any]]:
    eks, cluster = stack.client("eks"), stack.only("AWS::EKS::Cluster")
    pages = eks.get_paginator("list_nodegroups").paginate(clusterName=cluster)
    names = [name for page in pages for name in page["nodegroups"]]
    return [eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"] for name in names]


def _launched(stack: DeployedStack) -> list[dict[str, Any]]:
    """What nodes are launched with, by group."""
    ec2, found = stack.client("ec2"), []
    for nodes in _groups(stack):
        template = nodes.get("launchTemplate")
        assert template, f"the group {nodes['nodegroupName']} has no launch template"
        [version] = ec2.describe_launch_template_versions(
            LaunchTemplateId=template["id"], Versions=[template["version"]]
        )["LaunchTemplateVersions"]
        found.append(version["LaunchTemplateData"])
    return found


def _file_systems(stack: DeployedStack) -> list[dict[str, Any]]:
    if not stack.all(FSX):
        pytest.skip("this stack has no FSx")
    return stack.client("fsx").describe_file_systems(FileSystemIds=list(stack.all(FSX)))["FileSystems"]


def _configuration(file_system: dict[str, Any]) -> dict[str, Any]:
    """What belongs to its kind."""
    return file_system["LustreConfiguration" if file_system["FileSystemType"] == "LUSTRE" else "OntapConfiguration"]


def _check_driver(
    stack: DeployedStack, name: str, role: str, *, everywhere: set[str], resources: Sequence[str]
) -> None:
    """:param everywhere: what it may do to anything.
    :param resources: how the ARNs end of what it may do more to.
    """
    attached = any_cluster.policies_of(stack, role)
    assert not attached, f"{name} has the policies {sorted(attached)}"
    for statement in inline_statements(stack, role):
        if any(action.startswith("kms:") for action in listed(statement["Action"])):
            keys = [arn for arn in listed(statement["Resource"]) if not arn.endswith(tuple(stack.all("AWS::KMS::Key")))]
            assert not keys, f"{name} may use the keys {keys}"
            by = statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", "")
            assert by.startswith("secretsmanager."), f"{name} may use the key for more than secrets"
            continue
        actions = set(listed(statement["Action"])) - everywhere
        others = [arn for arn in listed(statement["Resource"]) if actions and not arn.endswith(tuple(resources))]
        assert not others, f"{name} may {sorted(actions)} on {others}"
