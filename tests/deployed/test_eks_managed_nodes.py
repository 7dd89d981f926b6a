"""Checks of a deployed ``EksManagedNodesStack``."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.deployed.changes import (
    ADMITS,
    ANYWHERE,
    ATTACHED,
    EVERYTHING,
    PUBLIC_WAY,
    SUBNET_ZONES,
    TRUST,
    WAY_OUT,
    WAYS_OUT,
    allow,
    made,
    may,
    opened,
)
from tests.deployed.cluster import ClusterWithFiles, ClusterWithNodes
from tests.deployed.eks import (
    check_metadata,
    check_node_role,
    check_volumes,
    cluster_of,
    file_system_of,
    installed,
    pod_role_of,
)
from tests.deployed.looking import (
    check_no_way_out,
    check_private_subnets,
    inline_statements,
    listed,
    policies_of,
    rules_of,
    shown,
)
from tests.deployed.proving import fails, skips
from tests.deployed.stack import DeployedStack

STACK = "EksManagedNodesStack"
FSX = "AWS::FSx::FileSystem"

LAUNCHED = "ec2.describe_launch_template_versions LaunchTemplateVersions 0 LaunchTemplateData"
GROUP = "eks.describe_nodegroup nodegroup"
FSX_FILES = "fsx.describe_file_systems FileSystems"
LUSTRE, ONTAP = f"{FSX_FILES} FileSystemType=LUSTRE", f"{FSX_FILES} FileSystemType=ONTAP"
POSTURE = "cloudformation.describe_stacks Stacks 0 Description"
MACHINES = "fsx.describe_storage_virtual_machines StorageVirtualMachines"


POINTS = "arn:aws:elasticfilesystem:us-east-1:111122223333:access-point/*"


class TestCluster(ClusterWithFiles, ClusterWithNodes):
    """The checks of any cluster with nodes and files."""


@fails("has the policies .*Everything", ATTACHED, EVERYTHING)
@fails(r"CreateAccessPoint'\] on \['\*'\]", may(allow("elasticfilesystem:CreateAccessPoint")))
@fails("deletes access points that it has not made", may(allow("elasticfilesystem:DeleteAccessPoint", POINTS)))
def test_the_efs_driver_is_for_the_stacks_file_system_only(stack: DeployedStack) -> None:
    file_system = file_system_of(stack)["FileSystemArn"]
    role = pod_role_of(stack, "efs-csi-controller-sa")
    attached = policies_of(stack, role)
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


@fails("the file system .* is FAILED", f"{ONTAP} Lifecycle", "FAILED", only="everything")
@fails("of .* has a way out", WAY_OUT, PUBLIC_WAY)
@skips("this stack has no FSx", made(FSX))
def test_file_systems_of_fsx_are_available_and_have_no_way_out(stack: DeployedStack) -> None:
    for each in _file_systems(stack):
        name, state = each["FileSystemId"], each["Lifecycle"]
        assert state == "AVAILABLE", f"the file system {name} is {state}"
        for subnet in each["SubnetIds"]:
            check_no_way_out(stack, name, subnet)


@fails("is encrypted with no key, not", f"{LUSTRE} KmsKeyId", only="production")
@fails("has no backups", f"{ONTAP} OntapConfiguration AutomaticBackupRetentionDays", 0, only="everything")
@fails("has backups in sandbox", POSTURE, "Patternbook (sandbox)", only="everything")
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


@fails("FSx for Lustre admits .*0.0.0.0/0", ADMITS, opened(988, ANYWHERE))
@fails("FSx for .* admits .*tcp/22", ADMITS, opened(22, "sg-1"))
def test_file_systems_of_fsx_admit_the_cluster_only(stack: DeployedStack) -> None:
    _file_systems(stack)
    cluster = cluster_of(stack)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    groups = list(stack.all("AWS::EC2::SecurityGroup"))
    for each in stack.ask("ec2.describe_security_groups", GroupIds=groups)["SecurityGroups"]:
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


@fails("FSx for ONTAP is SINGLE_AZ_1", f"{ONTAP} OntapConfiguration DeploymentType", "SINGLE_AZ_1", only="production")
@fails("virtual machines are .*FAILED", f"{MACHINES} 0 Lifecycle", "FAILED")
@fails("virtual machines are {}", MACHINES, [])
def test_ontap_has_a_standby_in_production(stack: DeployedStack) -> None:
    [ontap] = [each for each in _file_systems(stack) if each["FileSystemType"] == "ONTAP"] or [None]
    if ontap is None:
        pytest.skip("this stack has no FSx for ONTAP")
    kind = _configuration(ontap)["DeploymentType"]
    assert kind.startswith("MULTI_AZ" if stack.production else "SINGLE_AZ"), f"FSx for ONTAP is {kind}"
    filters = [{"Name": "file-system-id", "Values": [ontap["FileSystemId"]]}]
    machines = stack.ask("fsx.describe_storage_virtual_machines", Filters=filters)["StorageVirtualMachines"]
    states = {each["Name"]: each["Lifecycle"] for each in machines}
    assert states == {"kubernetes": "CREATED"}, f"its storage virtual machines are {states}"


@fails("Lustre has the policies .*Everything", ATTACHED, EVERYTHING)
@fails(r"Lustre may \['fsx:\*'\] on", may(allow("fsx:*")))
@skips("no FSx for Lustre", made("AWS::EKS::Addon"))
def test_the_lustre_driver_may_look_at_file_systems_only(stack: DeployedStack) -> None:
    if "aws-fsx-csi-driver" not in installed(stack):
        pytest.skip("this stack has no FSx for Lustre")
    role = pod_role_of(stack, "fsx-csi-controller-sa")
    _check_driver(stack, "Lustre", role, everywhere={"fsx:DescribeFileSystems"}, resources=())


@fails("Trident has the policies .*Everything", ATTACHED, EVERYTHING)
@fails(r"Trident may \['fsx:DeleteVolume'\] on \['\*'\]", may(allow("fsx:DeleteVolume")))
@fails(r"\['secretsmanager:GetSecretValue'\] on", may(allow("secretsmanager:GetSecretValue", "arn:other")))
@fails(r"Trident may use the keys \['\*'\]", may(allow("kms:Decrypt")))
@fails("use the key for more than secrets", may(allow("kms:Decrypt", [])))
@skips("no FSx for ONTAP", made("AWS::EKS::Addon"))
def test_trident_is_for_volumes_of_the_stacks_file_system_only(stack: DeployedStack) -> None:
    if "netapp_trident-operator" not in installed(stack):
        pytest.skip("this stack has no FSx for ONTAP")
    role = pod_role_of(stack, "trident-controller")
    described = {f"fsx:Describe{what}" for what in ("FileSystems", "StorageVirtualMachines", "Volumes")}
    ours = [f":volume/{name}/*" for name in stack.all(FSX)]
    _check_driver(
        stack, "Trident", role, everywhere=described, resources=[*ours, *stack.all("AWS::SecretsManager::Secret")]
    )


@fails("the group .* is DEGRADED", f"{GROUP} status", "DEGRADED")
@fails("the group .* is ACTIVE: .*no capacity", f"{GROUP} health issues +", {"message": "no capacity"})
@fails("broken nodes of the group .* stay", f"{GROUP} nodeRepairConfig enabled", False)
def test_nodes_are_healthy_and_repaired(stack: DeployedStack) -> None:
    for nodes in _groups(stack):
        name, issues = nodes["nodegroupName"], [issue["message"] for issue in nodes["health"]["issues"]]
        assert (nodes["status"], issues) == ("ACTIVE", []), f"the group {name} is {nodes['status']}: {issues}"
        assert nodes.get("nodeRepairConfig", {}).get("enabled"), f"broken nodes of the group {name} stay"


@fails(r"\['ON_DEMAND', 'ON_DEMAND'\]", f"{GROUP} capacityType", "ON_DEMAND")
@fails("one instance type only, m7g.large", f"{GROUP} instanceTypes", ["m7g.large"])
def test_one_group_runs_on_demand_and_one_on_spot_with_a_choice(stack: DeployedStack) -> None:
    kinds = sorted(nodes["capacityType"] for nodes in _groups(stack))
    assert kinds == ["ON_DEMAND", "SPOT"], f"the groups of nodes are {kinds}"
    [spot] = [nodes for nodes in _groups(stack) if nodes["capacityType"] == "SPOT"]
    assert len(spot["instanceTypes"]) > 1, f"Spot has one instance type only, {spot['instanceTypes'][0]}"


@fails("not in 3 AZs", SUBNET_ZONES, "a")
@fails("not every subnet of nodes", WAYS_OUT, PUBLIC_WAY)
@fails("not every subnet of nodes", WAYS_OUT)
@fails("the group .* takes SSH", f"{GROUP} remoteAccess", {"ec2SshKey": "key"})
def test_nodes_are_in_private_subnets_of_all_azs(stack: DeployedStack) -> None:
    for nodes in _groups(stack):
        check_private_subnets(stack, "nodes", nodes["subnets"])
        assert "remoteAccess" not in nodes, f"the group {nodes['nodegroupName']} takes SSH"


@fails("takes IMDSv1", f"{LAUNCHED} MetadataOptions HttpTokens", "optional")
@fails("over 2 hops", f"{LAUNCHED} MetadataOptions HttpPutResponseHopLimit", 2)
@fails("takes IMDSv1", f"{LAUNCHED} MetadataOptions")
@fails("the group .* has no launch template", f"{GROUP} launchTemplate")
def test_metadata_of_nodes_takes_imdsv2_and_one_hop(stack: DeployedStack) -> None:
    for launched in _launched(stack):
        check_metadata(launched)


@fails("are left to the AMI", f"{LAUNCHED} BlockDeviceMappings", [])
@fails("is gp3, encrypted: False", f"{LAUNCHED} BlockDeviceMappings 0 Ebs Encrypted", False)
@fails("is gp2, encrypted: True", f"{LAUNCHED} BlockDeviceMappings 0 Ebs VolumeType", "gp2")
def test_volumes_of_nodes_are_encrypted(stack: DeployedStack) -> None:
    for launched in _launched(stack):
        check_volumes(launched)


@fails("more policies, or less: .*Everything", ATTACHED, EVERYTHING)
@fails(r"the node role may .*s3:\*", may(allow("s3:*")))
@fails("the node role is for", f"{TRUST} Principal", {"AWS": "*"})
def test_the_node_role_is_for_nodes_only(stack: DeployedStack) -> None:
    for role in {nodes["nodeRole"].rpartition("/")[2] for nodes in _groups(stack)}:
        check_node_role(stack, role)


def _groups(stack: DeployedStack) -> list[dict[str, Any]]:
    cluster = stack.only("AWS::EKS::Cluster")
    names = stack.ask("eks.list_nodegroups", clusterName=cluster)["nodegroups"]
    return [stack.ask("eks.describe_nodegroup", clusterName=cluster, nodegroupName=name)["nodegroup"] for name in names]


def _launched(stack: DeployedStack) -> list[dict[str, Any]]:
    """The data of the launch template of each node group."""
    found = []
    for nodes in _groups(stack):
        template = nodes.get("launchTemplate")
        assert template, f"the group {nodes['nodegroupName']} has no launch template"
        [version] = stack.ask(
            "ec2.describe_launch_template_versions", LaunchTemplateId=template["id"], Versions=[template["version"]]
        )["LaunchTemplateVersions"]
        found.append(version["LaunchTemplateData"])
    return found


def _file_systems(stack: DeployedStack) -> list[dict[str, Any]]:
    if not stack.all(FSX):
        pytest.skip("this stack has no FSx")
    return stack.ask("fsx.describe_file_systems", FileSystemIds=list(stack.all(FSX)))["FileSystems"]


def _configuration(file_system: dict[str, Any]) -> dict[str, Any]:
    """The part of a file system's description that its type has."""
    return file_system["LustreConfiguration" if file_system["FileSystemType"] == "LUSTRE" else "OntapConfiguration"]


def _check_driver(
    stack: DeployedStack, name: str, role: str, *, everywhere: set[str], resources: Sequence[str]
) -> None:
    """:param everywhere: actions that the role allows on all resources.
    :param resources: ends of the ARNs of resources on which it allows further actions.
    """
    attached = policies_of(stack, role)
    assert not attached, f"{name} has the policies {sorted(attached)}"
    for statement in inline_statements(stack, role):
        if any(action.startswith("kms:") for action in listed(statement["Action"])):
            own = tuple(stack.all("AWS::KMS::Key"))  # none with an existing key
            keys = [arn for arn in listed(statement["Resource"]) if "*" in arn or (own and not arn.endswith(own))]
            assert not keys, f"{name} may use the keys {keys}"
            by = listed(statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", ""))
            assert all(each.startswith("secretsmanager.") for each in by), (
                f"{name} may use the key for more than secrets"
            )
            continue
        actions = set(listed(statement["Action"])) - everywhere
        others = [arn for arn in listed(statement["Resource"]) if actions and not arn.endswith(tuple(resources))]
        assert not others, f"{name} may {sorted(actions)} on {others}"
