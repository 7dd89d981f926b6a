"""The checks that are the same for any EKS cluster; a module of checks inherits them."""

import json
from datetime import datetime, timezone
from typing import Any, ClassVar

import pytest

from patternbook.limits.eks_versions import check_version
from tests.deployed.changes import (
    ADMITS,
    ANYWHERE,
    ATTACHED,
    EVERYTHING,
    LOG_GROUPS,
    OTHER_KEY,
    PUBLIC_WAY,
    STATEMENTS,
    TRUST,
    WAY_OUT,
    allow,
    but,
    by,
    made,
    may,
    opened,
    output,
)
from tests.deployed.eks import (
    access_of,
    add_ons_of,
    admin_role_of,
    associations_of,
    cluster_of,
    file_system_of,
    installed,
    kubectl_roles_of,
    pod_role_of,
    secrets_key_of,
)
from tests.deployed.looking import (
    check_no_way_out,
    check_retention,
    check_zones,
    inline_statements,
    listed,
    policies_of,
    principals_of,
    rules_of,
    shown,
)
from tests.deployed.proving import Copied, fails, skips
from tests.deployed.service import AlarmTopic
from tests.deployed.stack import DeployedStack

OBSERVABILITY = "amazon-cloudwatch-observability"
ADMIN_POLICY = "AmazonEKSClusterAdminPolicy"
FOR_PEOPLE = {f"AmazonEKS{kind}Policy" for kind in ("ClusterAdmin", "Admin", "AdminView", "Edit", "View")}
LOGS = {"api", "audit", "authenticator", "controllerManager", "scheduler"}
DRIVER = "aws-ebs-csi-driver"
BASIC = {
    *("vpc-cni", "kube-proxy", "eks-pod-identity-agent"),
    *("coredns", "metrics-server", "eks-node-monitoring-agent"),
}
PODS = "pods.eks.amazonaws.com"
CHANGE_RECORDS = "route53:ChangeResourceRecordSets"

CLUSTER, ASSOCIATION = "eks.describe_cluster cluster", "eks.describe_pod_identity_association association"
SECRETS_KEY = Copied(f"{CLUSTER} encryptionConfig 0 provider keyArn")
FILE_SYSTEM = "efs.describe_file_systems FileSystems 0"
FILE_POLICY = "efs.describe_file_system_policy Policy Statement"
ROOT_POINT = {"AccessPointId": "fsap-1", "PosixUser": {"Uid": 0, "Gid": 0}}


def opened_to_all(network: dict[str, Any]) -> dict[str, Any]:
    return {**network, "endpointPublicAccess": True, "publicAccessCidrs": [ANYWHERE]}


class AnyCluster(AlarmTopic):
    """Checks of any cluster."""

    WATCHED: ClassVar = {"scheduler_pending_pods_UNSCHEDULABLE", "apiserver_request_total_5XX"}

    @fails("through the internet, or not at all", f"{CLUSTER} resourcesVpcConfig endpointPrivateAccess", False)
    @fails("open to everybody", f"{CLUSTER} resourcesVpcConfig", opened_to_all, only="production")
    def test_the_api_is_reached_from_within_and_from_given_blocks_only(self, stack: DeployedStack) -> None:
        access = cluster_of(stack)["resourcesVpcConfig"]
        assert access["endpointPrivateAccess"], "nodes reach the API through the internet, or not at all"
        open_to_all = access["endpointPublicAccess"] and "0.0.0.0/0" in access["publicAccessCidrs"]
        assert not (open_to_all and stack.production), "the API is open to everybody"

    @fails(r"does not log \['audit', 'authenticator'", f"{CLUSTER} logging clusterLogging 0 types", ["api"])
    @fails(r"does not log \['api'", f"{CLUSTER} logging clusterLogging 0 enabled", False)
    @fails("the log group /aws/eks/other/cluster is not the st", f"{CLUSTER} name", "other")
    def test_the_control_plane_logs_everything_to_a_group_of_the_stack(self, stack: DeployedStack) -> None:
        cluster = cluster_of(stack)
        logged = {kind for setup in cluster["logging"]["clusterLogging"] if setup["enabled"] for kind in setup["types"]}
        assert logged == LOGS, f"the control plane does not log {sorted(LOGS - logged)}"
        group = f"/aws/eks/{cluster['name']}/cluster"
        assert group in stack.all("AWS::Logs::LogGroup"), f"the log group {group} is not the stack's"

    @fails("keeps everything for ever", f"{LOG_GROUPS} * retentionInDays")
    @fails("there is no log group", f"{LOG_GROUPS} *")
    @fails("is encrypted with no key", f"{LOG_GROUPS} * kmsKeyId", only="production")
    @fails("is encrypted with .*other, not", f"{LOG_GROUPS} * kmsKeyId", OTHER_KEY, only="production")
    @fails("is encrypted with .*, not", f"{LOG_GROUPS} * kmsKeyId", SECRETS_KEY, only="production")
    def test_logs_are_kept_for_a_set_time(self, stack: DeployedStack) -> None:
        secrets = secrets_key_of(stack)
        for name in stack.all("AWS::Logs::LogGroup"):
            check_retention(stack, name, [each for each in stack.all("AWS::KMS::Key") if each != secrets])

    @fails("with no key of anybody's own", f"{CLUSTER} encryptionConfig", [])
    @fails("is not rotated", "kms.get_key_rotation_status KeyRotationEnabled", False)
    @fails("which is not the stack's", made("AWS::KMS::Key"))
    def test_secrets_are_encrypted_with_a_rotated_key_of_the_stack(self, stack: DeployedStack) -> None:
        key = secrets_key_of(stack)
        assert key in stack.all("AWS::KMS::Key"), f"secrets are encrypted with {key}, which is not the stack's"
        rotated = stack.ask("kms.get_key_rotation_status", KeyId=key)["KeyRotationEnabled"]
        assert rotated, f"the key {key} is not rotated"

    @fails("protection is off in production", f"{CLUSTER} deletionProtection", False, only="production")
    @fails("protection is on in sandbox", f"{CLUSTER} deletionProtection", True, only="sandbox")
    def test_the_cluster_refuses_to_be_deleted_in_production_only(self, stack: DeployedStack) -> None:
        protected = cluster_of(stack).get("deletionProtection", False)
        assert protected == stack.production, (
            f"deletion protection is {'on' if protected else 'off'} in {stack.posture}"
        )

    @fails(r"support of Kubernetes 1\.30 ended on 2025-07-23", f"{CLUSTER} version", "1.30", only="default")
    def test_the_version_is_in_support(self, stack: DeployedStack) -> None:
        cluster = cluster_of(stack)
        today = datetime.now(timezone.utc).date()
        try:
            check_version(cluster["version"], upgrade_policy=cluster["upgradePolicy"]["supportType"], today=today)
        except ValueError as error:
            raise AssertionError(str(error)) from error

    @fails("access is by API_AND_CONFIG_MAP", f"{CLUSTER} accessConfig authenticationMode", "API_AND_CONFIG_MAP")
    @fails(r"administrators are \[.*\], not", "eks.list_associated_access_policies associatedAccessPolicies", [])
    @fails("administrators are .*, not .*role/x", output("KubeconfigCommand"), "aws eks --role-arn arn:role/x")
    def test_the_admin_role_can_log_in_and_so_can_kubectl_and_nobody_else(self, stack: DeployedStack) -> None:
        mode = cluster_of(stack)["accessConfig"]["authenticationMode"]
        assert mode == "API", f"access is by {mode}, so that a ConfigMap in the cluster grants it too"
        expected = {admin_role_of(stack), *(arn for arn in kubectl_roles_of(stack))}
        admins = {principal for principal, policies in access_of(stack).items() if ADMIN_POLICY in policies}
        assert admins == expected, f"administrators are {sorted(admins)}, not {sorted(expected)}"

    @fails("have access, but no access entry of the stack: .*role/", made("AWS::EKS::AccessEntry"))
    def test_nobody_was_given_access_by_hand(self, stack: DeployedStack) -> None:
        entries = {physical_id.partition("|")[0] for physical_id in stack.all("AWS::EKS::AccessEntry")}
        # EKS makes entries of its own for nodes and for itself. They have other policies.
        others = {principal for principal, policies in access_of(stack).items() if policies & FOR_PEOPLE} - entries
        assert not others, f"these have access, but no access entry of the stack: {sorted(others)}"

    @fails("the managed policies .*Everything", ATTACHED, EVERYTHING)
    @fails(r"may \['eks:\*'\]", f"{STATEMENTS} * Action", "eks:*")
    @fails(r"on \['\*'\]", f"{STATEMENTS} * Resource", "*")
    def test_the_admin_role_may_describe_its_cluster_only(self, stack: DeployedStack) -> None:
        role, arn = admin_role_of(stack).rpartition("/")[2], cluster_of(stack)["arn"]
        attached = policies_of(stack, role)
        assert not attached, f"the admin role has the managed policies {sorted(attached)}"
        for statement in inline_statements(stack, role):
            what = (listed(statement["Action"]), listed(statement["Resource"]))
            assert what == (["eks:DescribeCluster"], [arn]), f"the admin role may {what[0]} on {what[1]}"

    @fails("may act as the admin role", f"{TRUST} Principal", {"AWS": "*"})
    @fails("may act as the admin role", f"{TRUST} Principal", "*")
    @fails("may act as the admin role", f"{TRUST} Principal", by("ec2.amazonaws.com"))
    @fails("nobody may act as the admin role", TRUST)
    def test_not_everybody_in_aws_may_act_as_the_admin(self, stack: DeployedStack) -> None:
        trusted = principals_of(stack, admin_role_of(stack).rpartition("/")[2])
        assert trusted, "nobody may act as the admin role"
        assert not any(kind != "AWS" or "*" in who for kind, who in trusted), f"{trusted} may act as the admin role"

    @fails("the add-on .* is DEGRADED", "eks.describe_addon addon status", "DEGRADED")
    @fails("the add-on .* is ACTIVE: .*no nodes", "eks.describe_addon addon health issues +", {"message": "no nodes"})
    def test_add_ons_run(self, stack: DeployedStack) -> None:
        for name, add_on in add_ons_of(stack).items():
            issues = [issue["message"] for issue in add_on["health"]["issues"]]
            assert (add_on["status"], issues) == ("ACTIVE", []), f"the add-on {name} is {add_on['status']}: {issues}"

    @fails(r"groups admit \['tcp/22 0\.0\.0\.0/0'", ADMITS, opened(22, ANYWHERE))
    @fails(r"groups admit \['tcp/443 0\.0\.0\.0/0'", ADMITS, opened(443, ANYWHERE))
    @fails(r"groups admit \['tcp/22 10\.0\.0\.0/8'", ADMITS, opened(22, "10.0.0.0/8"))
    def test_nobody_from_outside_connects_and_given_networks_reach_the_api_only(self, stack: DeployedStack) -> None:
        cluster = cluster_of(stack)["resourcesVpcConfig"]
        groups = [*stack.all("AWS::EC2::SecurityGroup"), cluster["clusterSecurityGroupId"]]
        outside = {rule for rule in rules_of(stack, groups) if not rule.peer.startswith(("sg-", "pl-"))}
        # The setting private_access_cidrs admits networks to the private endpoint.
        given = {rule for rule in outside if (rule.first, rule.last) == (443, 443) and rule.peer != ANYWHERE}
        assert not outside - given, f"the stack's security groups admit {shown(outside - given)}"


class ClusterWithInsights(AnyCluster):
    """Checks of a cluster with Container Insights, whose pods have a role."""

    @fails(r"is for \[\('Service', 'ec2\.amazonaws", f"{TRUST} Principal", by("ec2.amazonaws.com"))
    def test_pods_have_roles_that_are_for_pods_only(self, stack: DeployedStack) -> None:
        for association in associations_of(stack):
            role = association["roleArn"].rpartition("/")[2]
            trusted = principals_of(stack, role)
            assert trusted == [("Service", PODS)], f"the role {role} is for {trusted}"

    @fails("the service account application has 0 roles", f"{ASSOCIATION} serviceAccount", "other")
    @fails("pods of the application act as .*, not as other", output("ApplicationRoleArn"), "other")
    def test_the_application_has_the_role_of_the_stack(self, stack: DeployedStack) -> None:
        role, named = pod_role_of(stack, "application"), stack.outputs["ApplicationRoleArn"].rpartition("/")[2]
        assert role == named, f"pods of the application act as {role}, not as {named}"

    @fails(r"may .*ChangeResourceRecordSets'\] on \['\*'\]", may(allow(CHANGE_RECORDS)), only="everything")
    @skips("no external-dns", made("AWS::EKS::Addon"), only="everything")
    def test_external_dns_changes_named_zones_only(self, stack: DeployedStack) -> None:
        if "external-dns" not in installed(stack):
            pytest.skip("this stack has no external-dns")
        for statement in inline_statements(stack, pod_role_of(stack, "external-dns")):
            actions, on = listed(statement["Action"]), listed(statement["Resource"])
            assert "*" not in on or actions == ["route53:ListHostedZones"], f"external-dns may {actions} on {on}"

    @fails("no log groups .*performance", made("AWS::Logs::LogGroup"))
    @fails("has the policies .*Everything", ATTACHED, EVERYTHING)
    @skips("no Container Insights", made("AWS::EKS::Addon"))
    def test_container_insights_writes_to_log_groups_of_the_stack(self, stack: DeployedStack) -> None:
        if OBSERVABILITY not in installed(stack):
            pytest.skip("this stack has no Container Insights")
        name = cluster_of(stack)["name"]
        wanted = {
            f"/aws/containerinsights/{name}/{kind}" for kind in ("application", "dataplane", "host", "performance")
        }
        missing = wanted - set(stack.all("AWS::Logs::LogGroup"))
        assert not missing, f"the stack has no log groups {sorted(missing)}"
        attached = policies_of(stack, pod_role_of(stack, "cloudwatch-agent"))
        assert attached == {"CloudWatchAgentServerPolicy"}, f"Container Insights has the policies {sorted(attached)}"


class ClusterWithNodes(ClusterWithInsights):
    """Checks of a cluster with nodes, and with the add-ons that nodes need."""

    @fails("the cluster has no metrics-server", "eks.list_addons addons", but("metrics-server"))
    def test_the_add_ons_of_every_cluster_are_there(self, stack: DeployedStack) -> None:
        there = add_ons_of(stack).keys()
        assert there >= BASIC, f"the cluster has no {', '.join(sorted(BASIC - there))}"

    @fails("enforces no network policies", "eks.describe_addon addon configurationValues", "{}")
    @fails("enforces no network policies", "eks.describe_addon addon configurationValues")
    def test_network_policies_are_enforced(self, stack: DeployedStack) -> None:
        configuration = json.loads(add_ons_of(stack)["vpc-cni"].get("configurationValues") or "{}")
        enforced = configuration.get("enableNetworkPolicy")
        assert enforced == "true", f"the VPC CNI enforces no network policies: {configuration}"

    @fails("the VPC CNI has the policies .*Everything", ATTACHED, EVERYTHING)
    @fails("the service account aws-node has 0 roles", f"{ASSOCIATION} serviceAccount", "other")
    def test_the_cni_gives_addresses_by_a_role_of_its_own(self, stack: DeployedStack) -> None:
        attached = policies_of(stack, pod_role_of(stack, "aws-node"))
        assert attached == {"AmazonEKS_CNI_Policy"}, f"the VPC CNI has the policies {sorted(attached)}"

    @fails("has the policies .*Everything", ATTACHED, EVERYTHING)
    @fails(r"may kms:CreateGrant on \['\*'\]", may(allow("kms:CreateGrant")))
    @skips("this stack has no EBS", made("AWS::EKS::Addon"))
    def test_the_ebs_driver_has_a_role_of_its_own(self, stack: DeployedStack) -> None:
        if DRIVER not in installed(stack):
            pytest.skip("this stack has no EBS")
        role = pod_role_of(stack, "ebs-csi-controller-sa")
        attached = policies_of(stack, role)
        assert attached == {"AmazonEBSCSIDriverPolicy"}, f"the EBS driver has the policies {sorted(attached)}"
        keys = stack.all("AWS::KMS::Key")
        for statement in inline_statements(stack, role):
            others = [arn for arn in listed(statement["Resource"]) if arn.rpartition("/")[2] not in keys]
            assert not others, f"the EBS driver may {statement['Action']} on {others}"


class ClusterWithFiles:
    """Checks of a cluster with a file system of EFS."""

    @fails(r"has mount targets in \[\], not in 3 AZs", "efs.describe_mount_targets MountTargets", [])
    @fails(r"mount targets admit .*2049 0\.0\.0\.0/0", ADMITS, opened(2049, ANYWHERE))
    @fails("mount targets admit .*tcp/22", ADMITS, opened(22, "sg-1"))
    @fails("has a way out", WAY_OUT, PUBLIC_WAY)
    @skips("no file system", made("AWS::EFS::FileSystem"))
    def test_only_the_cluster_reaches_the_file_system(self, stack: DeployedStack) -> None:
        targets = stack.ask("efs.describe_mount_targets", FileSystemId=file_system_of(stack)["FileSystemId"])[
            "MountTargets"
        ]
        zones = {target["AvailabilityZoneName"] for target in targets}
        check_zones(stack, "the file system has mount targets", zones)
        for target in targets:
            check_no_way_out(stack, "a mount target", target["SubnetId"])
            groups = stack.ask("efs.describe_mount_target_security_groups", MountTargetId=target["MountTargetId"])[
                "SecurityGroups"
            ]
            admitted = {(rule.first, rule.last, rule.peer) for rule in rules_of(stack, groups)}
            cluster = cluster_of(stack)["resourcesVpcConfig"]["clusterSecurityGroupId"]
            assert admitted == {(2049, 2049, cluster)}, f"mount targets admit {shown(rules_of(stack, groups))}"

    @fails("takes plain NFS", f"{FILE_POLICY} Effect=Deny")
    @fails("clients may .*ClientRootAccess", f"{FILE_POLICY} Effect=Allow Action", "elasticfilesystem:ClientRootAccess")
    @fails("open by more ways than its mount targets", f"{FILE_POLICY} Effect=Allow Condition")
    @fails("files are reached as root", "efs.describe_access_points AccessPoints +", ROOT_POINT)
    def test_files_are_reached_by_tls_and_not_as_root(self, stack: DeployedStack) -> None:
        file_system = file_system_of(stack)
        policy = json.loads(
            stack.ask("efs.describe_file_system_policy", FileSystemId=file_system["FileSystemId"])["Policy"]
        )
        plain = {"Bool": {"aws:SecureTransport": "false"}}
        refused = [each for each in policy["Statement"] if each["Effect"] == "Deny" and each.get("Condition") == plain]
        assert refused, "the file system takes plain NFS"
        for statement in [each for each in policy["Statement"] if each["Effect"] == "Allow"]:
            actions = {action.removeprefix("elasticfilesystem:") for action in listed(statement["Action"])}
            assert actions <= {"ClientMount", "ClientWrite"}, f"clients may {sorted(actions)}"
            by_target = statement.get("Condition", {}).get("Bool", {}).get("elasticfilesystem:AccessedViaMountTarget")
            assert by_target == "true", "the file system is open by more ways than its mount targets"
        for point in stack.ask("efs.describe_access_points", FileSystemId=file_system["FileSystemId"])["AccessPoints"]:
            assert point.get("PosixUser", {}).get("Uid"), f"by {point['AccessPointId']} files are reached as root"

    @fails("is not encrypted", f"{FILE_SYSTEM} Encrypted", False)
    @fails("is encrypted with .*other, not", f"{FILE_SYSTEM} KmsKeyId", OTHER_KEY, only="production")
    def test_files_are_encrypted_with_the_stacks_key_in_production(self, stack: DeployedStack) -> None:
        file_system = file_system_of(stack)
        assert file_system["Encrypted"], "the file system is not encrypted"
        used = file_system.get("KmsKeyId", "no key")
        own = tuple(stack.all("AWS::KMS::Key"))
        assert used.endswith(own) or not stack.production, f"the file system is encrypted with {used}, not {own}"
