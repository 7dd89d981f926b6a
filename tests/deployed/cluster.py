"""What checks of any EKS cluster have in common: how to look at it, and the checks that are the same for all.

A module of checks imports these checks, and they are its own then. What is inside of a cluster no API of AWS shows:
``kubectl get storageclass`` does.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

import pytest

from patternbook.limits.eks_versions import check_version
from tests.deployed.service import default_routes, heard_by_the_topic, inline_statements, listed, rules_of, shown
from tests.deployed.stack import DeployedStack

OBSERVABILITY = "amazon-cloudwatch-observability"
ADMIN_POLICY = "AmazonEKSClusterAdminPolicy"
LOGS = {"api", "audit", "authenticator", "controllerManager", "scheduler"}
WATCHED = {"scheduler_pending_pods_UNSCHEDULABLE", "apiserver_request_total_5XX"}
NODE_POLICIES = {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}
FILES = "AWS::EFS::FileSystem"
DRIVER = "aws-ebs-csi-driver"
BASIC = {
    *("vpc-cni", "kube-proxy", "eks-pod-identity-agent"),
    *("coredns", "metrics-server", "eks-node-monitoring-agent"),
}
PODS = "pods.eks.amazonaws.com"


def test_the_api_is_reached_from_within_and_from_given_blocks_only(stack: DeployedStack) -> None:
    access = cluster_of(stack)["resourcesVpcConfig"]
    assert access["endpointPrivateAccess"], "nodes reach the API through the internet, or not at all"
    open_to_all = access["endpointPublicAccess"] and "0.0.0.0/0" in access["publicAccessCidrs"]
    assert not (open_to_all and stack.production), "the API is open to everybody"


def test_the_control_plane_logs_everything_to_a_group_of_the_stack(stack: DeployedStack) -> None:
    cluster = cluster_of(stack)
    logged = {kind for setup in cluster["logging"]["clusterLogging"] if setup["enabled"] for kind in setup["types"]}
    assert logged == LOGS, f"the control plane does not log {sorted(LOGS - logged)}"
    group = f"/aws/eks/{cluster['name']}/cluster"
    assert group in stack.all("AWS::Logs::LogGroup"), f"the log group {group} is not the stack's"


def test_logs_are_kept_for_a_set_time(stack: DeployedStack) -> None:
    secrets = secrets_key_of(stack)
    for name in stack.all("AWS::Logs::LogGroup"):
        pages = stack.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
        described = {group["logGroupName"]: group for page in pages for group in page["logGroups"]}
        assert name in described, f"there is no log group {name}"
        assert described[name].get("retentionInDays"), f"the log group {name} keeps everything for ever"
        key = described[name].get("kmsKeyId", "no key").rpartition("/")[2]
        own = [each for each in stack.all("AWS::KMS::Key") if each != secrets]
        assert key in own or not stack.production, f"the log group {name} is encrypted with {key}, not {own}"


def test_secrets_are_encrypted_with_a_rotated_key_of_the_stack(stack: DeployedStack) -> None:
    key = secrets_key_of(stack)
    assert key in stack.all("AWS::KMS::Key"), f"secrets are encrypted with {key}, which is not the stack's"
    rotated = stack.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    assert rotated, f"the key {key} is not rotated"


def test_the_cluster_refuses_to_be_deleted_in_production_only(stack: DeployedStack) -> None:
    protected = cluster_of(stack).get("deletionProtection", False)
    assert protected == stack.production, f"deletion protection is {'on' if protected else 'off'} in {stack.posture}"


def test_the_version_is_in_support(stack: DeployedStack) -> None:
    cluster = cluster_of(stack)
    today = datetime.now(timezone.utc).date()
    try:
        check_version(cluster["version"], upgrade_policy=cluster["upgradePolicy"]["supportType"], today=today)
    except ValueError as error:
        raise AssertionError(str(error)) from error


def test_the_admin_role_can_log_in_and_so_can_kubectl_and_nobody_else(stack: DeployedStack) -> None:
    mode = cluster_of(stack)["accessConfig"]["authenticationMode"]
    assert mode == "API", f"access is by {mode}, so that a ConfigMap in the cluster grants it too"
    expected = {admin_role_of(stack), *(arn for arn in kubectl_roles_of(stack))}
    admins = {principal for principal, policies in access_of(stack).items() if ADMIN_POLICY in policies}
    assert admins == expected, f"administrators are {sorted(admins)}, not {sorted(expected)}"


def test_the_admin_role_may_describe_its_cluster_only(stack: DeployedStack) -> None:
    role, arn = admin_role_of(stack).rpartition("/")[2], cluster_of(stack)["arn"]
    attached = policies_of(stack, role)
    assert not attached, f"the admin role has the managed policies {sorted(attached)}"
    for statement in inline_statements(stack, role):
        what = (listed(statement["Action"]), listed(statement["Resource"]))
        assert what == (["eks:DescribeCluster"], [arn]), f"the admin role may {what[0]} on {what[1]}"


def test_not_everybody_in_aws_may_act_as_the_admin(stack: DeployedStack) -> None:
    trusted = principals_of(stack, admin_role_of(stack).rpartition("/")[2])
    assert trusted, "nobody may act as the admin role"
    assert not any(kind != "AWS" or "*" in who for kind, who in trusted), f"{trusted} may act as the admin role"


def test_add_ons_run(stack: DeployedStack) -> None:
    for name, add_on in add_ons_of(stack).items():
        issues = [issue["message"] for issue in add_on["health"]["issues"]]
        assert (add_on["status"], issues) == ("ACTIVE", []), f"the add-on {name} is {add_on['status']}: {issues}"


def test_pods_have_roles_that_are_for_pods_only(stack: DeployedStack) -> None:
    for association in associations_of(stack):
        role = association["roleArn"].rpartition("/")[2]
        trusted = principals_of(stack, role)
        assert trusted == [("Service", PODS)], f"the role {role} is for {trusted}"


def test_nobody_from_outside_connects(stack: DeployedStack) -> None:
    groups = [*stack.all("AWS::EC2::SecurityGroup"), cluster_of(stack)["resourcesVpcConfig"]["clusterSecurityGroupId"]]
    outside = {rule for rule in rules_of(stack, groups) if not rule.peer.startswith(("sg-", "pl-"))}
    assert not outside, f"the stack's security groups admit {shown(outside)}"


def test_alarms_notify_the_topic(stack: DeployedStack) -> None:
    heard = heard_by_the_topic(stack)
    assert heard >= WATCHED, f"the topic does not hear of {sorted(WATCHED - heard)}"


def test_container_insights_writes_to_log_groups_of_the_stack(stack: DeployedStack) -> None:
    if OBSERVABILITY not in installed(stack):
        pytest.skip("this stack has no Container Insights")
    name = cluster_of(stack)["name"]
    wanted = {f"/aws/containerinsights/{name}/{kind}" for kind in ("application", "dataplane", "host", "performance")}
    missing = wanted - set(stack.all("AWS::Logs::LogGroup"))
    assert not missing, f"the stack has no log groups {sorted(missing)}"
    attached = policies_of(stack, pod_role_of(stack, "cloudwatch-agent"))
    assert attached == {"CloudWatchAgentServerPolicy"}, f"Container Insights has the policies {sorted(attached)}"


def test_the_add_ons_of_every_cluster_are_there(stack: DeployedStack) -> None:
    there = add_ons_of(stack).keys()
    assert there >= BASIC, f"the cluster has no {', '.join(sorted(BASIC - there))}"


def test_network_policies_are_enforced(stack: DeployedStack) -> None:
    configuration = json.loads(add_ons_of(stack)["vpc-cni"].get("configurationValues") or "{}")
    enforced = configuration.get("enableNetworkPolicy")
    assert enforced == "true", f"the VPC CNI enforces no network policies: {configuration}"


def test_the_cni_gives_addresses_by_a_role_of_its_own(stack: DeployedStack) -> None:
    attached = policies_of(stack, pod_role_of(stack, "aws-node"))
    assert attached == {"AmazonEKS_CNI_Policy"}, f"the VPC CNI has the policies {sorted(attached)}"


def test_the_ebs_driver_has_a_role_of_its_own(stack: DeployedStack) -> None:
    if DRIVER not in installed(stack):
        pytest.skip("this stack has no EBS")
    role = pod_role_of(stack, "ebs-csi-controller-sa")
    attached = policies_of(stack, role)
    assert attached == {"AmazonEBSCSIDriverPolicy"}, f"the EBS driver has the policies {sorted(attached)}"
    keys = stack.all("AWS::KMS::Key")
    for statement in inline_statements(stack, role):
        others = [arn for arn in listed(statement["Resource"]) if arn.rpartition("/")[2] not in keys]
        assert not others, f"the EBS driver may {statement['Action']} on {others}"


def test_only_the_cluster_reaches_the_file_system(stack: DeployedStack) -> None:
    efs = stack.client("efs")
    targets = efs.describe_mount_targets(FileSystemId=file_system_of(stack)["FileSystemId"])["MountTargets"]
    assert len(targets) == 3, f"the file system has {len(targets)} mount targets"
    for target in targets:
        assert not default_routes(stack, target["SubnetId"]), f"the subnet {target['SubnetId']} has a way out"
        groups = efs.describe_mount_target_security_groups(MountTargetId=target["MountTargetId"])["SecurityGroups"]
        admitted = {(rule.first, rule.last, rule.peer) for rule in rules_of(stack, groups)}
        cluster = cluster_of(stack)["resourcesVpcConfig"]["clusterSecurityGroupId"]
        assert admitted == {(2049, 2049, cluster)}, f"mount targets admit {shown(rules_of(stack, groups))}"


def test_files_are_reached_by_tls_and_not_as_root(stack: DeployedStack) -> None:
    file_system, efs = file_system_of(stack), stack.client("efs")
    policy = json.loads(efs.describe_file_system_policy(FileSystemId=file_system["FileSystemId"])["Policy"])
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    refused = [each for each in policy["Statement"] if each["Effect"] == "Deny" and each.get("Condition") == plain]
    assert refused, "the file system takes plain NFS"
    for statement in [each for each in policy["Statement"] if each["Effect"] == "Allow"]:
        actions = {action.removeprefix("elasticfilesystem:") for action in listed(statement["Action"])}
        assert actions <= {"ClientMount", "ClientWrite"}, f"clients may {sorted(actions)}"
        by_target = statement.get("Condition", {}).get("Bool", {}).get("elasticfilesystem:AccessedViaMountTarget")
        assert by_target == "true", "the file system is open by more ways than its mount targets"
    for point in efs.describe_access_points(FileSystemId=file_system["FileSystemId"])["AccessPoints"]:
        assert point.get("PosixUser", {}).get("Uid"), f"by {point['AccessPointId']} files are reached as root"


def test_files_are_encrypted_with_the_stacks_key_in_production(stack: DeployedStack) -> None:
    file_system = file_system_of(stack)
    assert file_system["Encrypted"], "the file system is not encrypted"
    used = file_system.get("KmsKeyId", "no key")
    own = tuple(stack.all("AWS::KMS::Key"))
    assert used.endswith(own) or not stack.production, f"the file system is encrypted with {used}, not {own}"


def installed(stack: DeployedStack) -> set[str]:
    """The add-ons that the stack has made, whatever became of them; ``Ref`` is the cluster and the add-on."""
    return {physical_id.partition("|")[2] for physical_id in stack.all("AWS::EKS::Addon")}


def file_system_of(stack: DeployedStack) -> dict[str, Any]:
    if not stack.all(FILES):
        pytest.skip("this stack has no file system")
    return stack.client("efs").describe_file_systems(FileSystemId=stack.only(FILES))["FileSystems"][0]


def cluster_of(stack: DeployedStack) -> dict[str, Any]:
    return stack.client("eks").describe_cluster(name=stack.only("AWS::EKS::Cluster"))["cluster"]


def secrets_key_of(stack: DeployedStack) -> str:
    keys = [setup["provider"]["keyArn"] for setup in cluster_of(stack).get("encryptionConfig", [])]
    assert keys, "secrets are encrypted with no key of anybody's own"
    return keys[0].rpartition("/")[2]


def admin_role_of(stack: DeployedStack) -> str:
    return stack.outputs["KubeconfigCommand"].rpartition(" ")[2]


def kubectl_roles_of(stack: DeployedStack) -> Iterable[str]:
    """Of the functions that CDK applies manifests with: theirs run Python, those of its framework Node.js."""
    for name in stack.all("AWS::Lambda::Function"):
        function = stack.client("lambda").get_function_configuration(FunctionName=name)
        if function["Runtime"].startswith("python"):
            yield function["Role"]


def access_of(stack: DeployedStack) -> dict[str, set[str]]:
    """The names of access policies, by principal."""
    eks, name = stack.client("eks"), stack.only("AWS::EKS::Cluster")
    found: dict[str, set[str]] = {}
    for page in eks.get_paginator("list_access_entries").paginate(clusterName=name):
        for principal in page["accessEntries"]:
            answer = eks.list_associated_access_policies(clusterName=name, principalArn=principal)
            found[principal] = {each["policyArn"].rpartition("/")[2] for each in answer["associatedAccessPolicies"]}
    return found


def add_ons_of(stack: DeployedStack) -> dict[str, dict[str, Any]]:
    eks, name = stack.client("eks"), stack.only("AWS::EKS::Cluster")
    pages = eks.get_paginator("list_addons").paginate(clusterName=name)
    names = [add_on for page in pages for add_on in page["addons"]]
    return {each: eks.describe_addon(clusterName=name, addonName=each)["addon"] for each in names}


def associations_of(stack: DeployedStack) -> list[dict[str, Any]]:
    """Of service accounts with roles."""
    eks, name = stack.client("eks"), stack.only("AWS::EKS::Cluster")
    pages = eks.get_paginator("list_pod_identity_associations").paginate(clusterName=name)
    ids = [each["associationId"] for page in pages for each in page["associations"]]
    return [eks.describe_pod_identity_association(clusterName=name, associationId=each)["association"] for each in ids]


def pod_role_of(stack: DeployedStack, account: str) -> str:
    """The name of the role that a service account's pods act as."""
    found = [each["roleArn"] for each in associations_of(stack) if each["serviceAccount"] == account]
    assert len(found) == 1, f"the service account {account} has {len(found)} roles"
    return found[0].rpartition("/")[2]


def policies_of(stack: DeployedStack, role: str) -> set[str]:
    """The names of managed policies."""
    pages = stack.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return {policy["PolicyName"] for page in pages for policy in page["AttachedPolicies"]}


def principals_of(stack: DeployedStack, role: str) -> list[tuple[str, str]]:
    """Who may act as a role: kind and name."""
    document = stack.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    return [
        (kind, each)
        for statement in document["Statement"]
        for kind, who in (statement["Principal"] if isinstance(statement["Principal"], dict) else {"AWS": "*"}).items()
        for each in listed(who)
    ]


def check_subnets(stack: DeployedStack, what: str, subnets: Iterable[str]) -> None:
    """That they are private, in three AZs, each with its way out."""
    wanted = list(subnets)
    found = stack.client("ec2").describe_subnets(SubnetIds=wanted)["Subnets"]
    zones = sorted({subnet["AvailabilityZone"] for subnet in found})
    assert len(zones) == 3, f"{what} are in {zones}, not in three AZs"
    ways = {subnet: default_routes(stack, subnet) for subnet in wanted}
    assert all(len(out) == 1 and out[0].startswith("nat-") for out in ways.values()), (
        f"not every subnet of {what} has its one way out through a NAT gateway: {ways}"
    )


def check_metadata(launched: dict[str, Any]) -> None:
    """Of nodes."""
    options = launched.get("MetadataOptions", {})
    assert options.get("HttpTokens") == "required", "metadata of nodes takes IMDSv1"
    hops = options.get("HttpPutResponseHopLimit")
    assert hops == 1, f"metadata of nodes answers over {hops} hops, so pods can act as the node"


def check_volumes(launched: dict[str, Any]) -> None:
    """Of nodes."""
    volumes = [device["Ebs"] for device in launched.get("BlockDeviceMappings", [])]
    assert volumes, "the volumes of nodes are left to the AMI"
    for volume in volumes:
        kind, encrypted = volume.get("VolumeType"), volume.get("Encrypted")
        assert (kind, encrypted) == ("gp3", True), f"a volume of nodes is {kind}, encrypted: {encrypted}"


def check_node_role(stack: DeployedStack, role: str) -> None:
    """That it is for the kubelet of nodes."""
    attached = policies_of(stack, role)
    assert attached == NODE_POLICIES, f"the node role has more policies, or less: {attached ^ NODE_POLICIES}"
    inline = list(inline_statements(stack, role))
    assert not inline, f"the node role may {[statement['Action'] for statement in inline]}"
    trusted = principals_of(stack, role)
    assert trusted == [("Service", "ec2.amazonaws.com")], f"the node role is for {trusted}"
