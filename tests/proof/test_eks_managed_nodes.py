"""Each check of tests/deployed/test_eks_managed_nodes.py passes on a sound account, and fails where its promise is
broken.
"""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest

from tests.deployed import test_eks_managed_nodes as checks
from tests.proof import test_fargate_efs
from tests.proof.eks import ADMIT, ARN, EC2, INSIGHTS, allow
from tests.proof.eks_managed_nodes import (
    DRIVER,
    LUSTRE,
    LUSTRE_ACCOUNT,
    LUSTRE_FILES,
    MAKE,
    ONTAP_FILES,
    POINTS,
    TRIDENT,
    TRIDENT_ACCOUNT,
    VOLUMES,
    Account,
)
from tests.proof.fargate_efs import ANYWHERE, REFUSE_PLAIN_TRANSPORT, proofs_of
from tests.proof.proving import Proof, account_in_memory, checks_of, passes, unproven
from tests.proof.site import Site

SANDBOX, PRODUCTION = "sandbox", "production"


def network(account: Any, **wrong: Any) -> None:
    account.cluster["resourcesVpcConfig"].update(wrong)


def proofs_of_any_cluster(checks: ModuleType) -> list[Proof]:
    """Of the checks that every pattern with a cluster has."""
    return [
        *proofs_of(
            checks.test_the_api_is_reached_from_within_and_from_given_blocks_only,
            (SANDBOX, lambda it: network(it, endpointPrivateAccess=False), "through the internet, or not at all"),
            (
                PRODUCTION,
                lambda it: network(it, endpointPublicAccess=True, publicAccessCidrs=["0.0.0.0/0"]),
                "open to everybody",
            ),
        ),
        *proofs_of(
            checks.test_the_control_plane_logs_everything_to_a_group_of_the_stack,
            (
                SANDBOX,
                lambda it: it.cluster.update(logging={"clusterLogging": [{"types": ["api"], "enabled": True}]}),
                r"does not log \['audit', 'authenticator'",
            ),
            (
                SANDBOX,
                lambda it: it.cluster["logging"]["clusterLogging"][0].update(enabled=False),
                r"does not log \['api'",
            ),
            (SANDBOX, lambda it: it.cluster.update(name="other"), "the log group /aws/eks/other/cluster is not the st"),
        ),
        *proofs_of(
            checks.test_logs_are_kept_for_a_set_time,
            (SANDBOX, lambda it: it.client("logs").delete_retention_policy(logGroupName="flow"), "flow keeps everyth"),
            (SANDBOX, lambda it: it.client("logs").delete_log_group(logGroupName="flow"), "there is no log group flow"),
            (PRODUCTION, lambda it: it.encrypt_log_group("flow", None), "flow is encrypted with no key"),
            (PRODUCTION, lambda it: it.encrypt_log_group("flow", it.secrets_key), "flow is encrypted with .*, not"),
        ),
        *proofs_of(
            checks.test_secrets_are_encrypted_with_a_rotated_key_of_the_stack,
            (SANDBOX, lambda it: it.cluster.update(encryptionConfig=[]), "with no key of anybody's own"),
            (SANDBOX, lambda it: it.without_rotation(), "is not rotated"),
            (SANDBOX, lambda it: it.resources.pop("AWS::KMS::Key"), "which is not the stack's"),
        ),
        *proofs_of(
            checks.test_the_cluster_refuses_to_be_deleted_in_production_only,
            (PRODUCTION, lambda it: it.cluster.update(deletionProtection=False), "protection is off in production"),
            (SANDBOX, lambda it: it.cluster.update(deletionProtection=True), "protection is on in sandbox"),
        ),
        *proofs_of(
            checks.test_the_version_is_in_support,
            (SANDBOX, lambda it: it.cluster.update(version="1.30"), r"support of Kubernetes 1\.30 ended on 2025-07-23"),
        ),
        *proofs_of(
            checks.test_the_admin_role_can_log_in_and_so_can_kubectl_and_nobody_else,
            (
                SANDBOX,
                lambda it: it.cluster.update(accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"}),
                "access is by API_AND_CONFIG_MAP",
            ),
            (SANDBOX, lambda it: it.admins.pop(it.admin), r"administrators are \[.*kubectl'\], not"),
            (
                SANDBOX,
                lambda it: it.admins.update({"arn:aws:iam::123456789012:role/x": it.admins[it.admin]}),
                "administrators are .*role/x",
            ),
        ),
        *proofs_of(
            checks.test_the_admin_role_may_describe_its_cluster_only,
            (SANDBOX, lambda it: it.attach("admin", "PowerUserAccess"), "the managed policies .*PowerUserAccess"),
            (SANDBOX, lambda it: it.let("admin", allow(["eks:*"], ARN)), r"may \['eks:\*'\]"),
            (SANDBOX, lambda it: it.let("admin", allow(["eks:DescribeCluster"], "*")), r"on \['\*'\]"),
        ),
        *proofs_of(
            checks.test_not_everybody_in_aws_may_act_as_the_admin,
            (SANDBOX, lambda it: it.trust("admin", {"AWS": "*"}), "may act as the admin role"),
            (SANDBOX, lambda it: it.trust("admin", "*"), "may act as the admin role"),
            (SANDBOX, lambda it: it.trust("admin", EC2), "may act as the admin role"),
        ),
        *proofs_of(
            checks.test_add_ons_run,
            (
                SANDBOX,
                lambda it: it.spoil_add_on(status="DEGRADED"),
                "the add-on .* is DEGRADED",
            ),
            (
                SANDBOX,
                lambda it: it.spoil_add_on(health={"issues": [{"message": "no nodes"}]}),
                "the add-on .* is ACTIVE: .*no nodes",
            ),
        ),
        *proofs_of(
            checks.test_nobody_from_outside_connects,
            (SANDBOX, lambda it: it.open_group(22), r"groups admit \['tcp/22 0\.0\.0\.0/0'\]"),
        ),
        *proofs_of(
            checks.test_alarms_notify_the_topic,
            (
                SANDBOX,
                lambda it: it.put_alarm("AWS/EKS", "apiserver_request_total_5XX", AlarmActions=[]),
                r"does not hear of \['apiserver_request_total_5XX'\]",
            ),
        ),
        *[proof for proof in test_fargate_efs.PROOFS if proof.check is checks.test_the_topic_takes_messages_of_alarms],
    ]


def proofs_of_any_cluster_with_insights(checks: ModuleType) -> list[Proof]:
    """Of the checks that every pattern with Container Insights has besides."""
    return [
        *proofs_of(
            checks.test_pods_have_roles_that_are_for_pods_only,
            (SANDBOX, lambda it: it.trust("cloudwatch-agent", EC2), r"agent is for \[\('Service', 'ec2\.amazonaws"),
        ),
        *proofs_of(
            checks.test_container_insights_writes_to_log_groups_of_the_stack,
            (
                SANDBOX,
                lambda it: it.resources["AWS::Logs::LogGroup"].pop(),
                "no log groups .*performance",
            ),
            (SANDBOX, lambda it: it.attach("cloudwatch-agent", "Everything"), "has the policies .*Everything"),
        ),
    ]


def proofs_of_any_cluster_with_nodes(checks: ModuleType) -> list[Proof]:
    """Of the checks that every pattern with nodes of its own has besides."""
    return [
        *proofs_of(
            checks.test_the_add_ons_of_every_cluster_are_there,
            (SANDBOX, lambda it: it.installed.pop("metrics-server"), "the cluster has no metrics-server"),
        ),
        *proofs_of(
            checks.test_network_policies_are_enforced,
            (SANDBOX, lambda it: it.configure("vpc-cni"), "enforces no network policies"),
            (SANDBOX, lambda it: it.installed["vpc-cni"].pop("configurationValues"), "enforces no network policies"),
        ),
        *proofs_of(
            checks.test_the_cni_gives_addresses_by_a_role_of_its_own,
            (SANDBOX, lambda it: it.attach("aws-node", "Everything"), "the VPC CNI has the policies .*Everything"),
            (SANDBOX, lambda it: it.associations.pop("a-aws-node"), "the service account aws-node has 0 roles"),
        ),
        *proofs_of(
            checks.test_the_ebs_driver_has_a_role_of_its_own,
            (SANDBOX, lambda it: it.attach("ebs-csi-controller-sa", "Everything"), "has the policies .*Everything"),
            (
                PRODUCTION,
                lambda it: it.let("ebs-csi-controller-sa", allow(["kms:CreateGrant"], "*")),
                r"may \['kms:CreateGrant'\] on \['\*'\]",
            ),
        ),
    ]


def proofs_of_files(checks: ModuleType) -> list[Proof]:
    """Of the checks that every pattern with EFS has besides."""
    return [
        *proofs_of(
            checks.test_only_the_cluster_reaches_the_file_system,
            (SANDBOX, lambda it: it.new_file_system(Encrypted=True), "has 0 mount targets"),
            (SANDBOX, lambda it: it.open(it.mount_group, 2049, ANYWHERE), r"mount targets admit .*2049 0\.0\.0\.0/0"),
            (SANDBOX, lambda it: it.open(it.mount_group, 22, it.cluster_group), "mount targets admit .*tcp/22"),
        ),
        *proofs_of(
            checks.test_files_are_reached_by_tls_and_not_as_root,
            (SANDBOX, lambda it: it.put_file_system_policy(ADMIT), "takes plain NFS"),
            (
                SANDBOX,
                lambda it: it.put_file_system_policy(
                    REFUSE_PLAIN_TRANSPORT, {**ADMIT, "Action": "elasticfilesystem:ClientRootAccess"}
                ),
                "clients may .*ClientRootAccess",
            ),
            (
                SANDBOX,
                lambda it: it.put_file_system_policy(REFUSE_PLAIN_TRANSPORT, {**ADMIT, "Condition": {}}),
                "open by more ways than its mount targets",
            ),
            (
                SANDBOX,
                lambda it: it.new_access_point(PosixUser={"Uid": 0, "Gid": 0}),
                "files are reached as root",
            ),
        ),
        *proofs_of(
            checks.test_files_are_encrypted_with_the_stacks_key_in_production,
            (SANDBOX, lambda it: it.new_file_system(Encrypted=False), "is not encrypted"),
            (PRODUCTION, lambda it: it.new_file_system(KmsKeyId="alias/other"), "is encrypted with alias/other, not"),
        ),
    ]


PROOFS = [
    *proofs_of_any_cluster(checks),
    *proofs_of_any_cluster_with_insights(checks),
    *proofs_of_any_cluster_with_nodes(checks),
    *proofs_of_files(checks),
    *proofs_of(
        checks.test_the_efs_driver_is_for_the_stacks_file_system_only,
        (SANDBOX, lambda it: it.attach("efs-csi-controller-sa", "Everything"), "has the policies .*Everything"),
        (SANDBOX, lambda it: it.let("efs-csi-controller-sa", allow([MAKE], "*")), r"CreateAccessPoint'\] on \['\*'\]"),
        (
            SANDBOX,
            lambda it: it.let("efs-csi-controller-sa", allow(["elasticfilesystem:DeleteAccessPoint"], POINTS)),
            "deletes access points that it has not made",
        ),
    ),
    *proofs_of(
        checks.test_file_systems_of_fsx_are_available_and_have_no_way_out,
        (SANDBOX, lambda it: it.fsx[ONTAP_FILES].update(Lifecycle="FAILED"), "the file system .* is FAILED"),
        (
            SANDBOX,
            lambda it: it.fsx[LUSTRE_FILES].update(SubnetIds=it.subnets["private"][:1]),
            f"of {LUSTRE_FILES} has a way out",
        ),
    ),
    *proofs_of(
        checks.test_file_systems_of_fsx_are_backed_up_and_encrypted_with_the_stacks_key_in_production,
        (PRODUCTION, lambda it: it.fsx[LUSTRE_FILES].pop("KmsKeyId"), f"{LUSTRE_FILES} is encrypted with no key, not"),
        (
            PRODUCTION,
            lambda it: it.fsx[ONTAP_FILES]["OntapConfiguration"].update(AutomaticBackupRetentionDays=0),
            f"{ONTAP_FILES} has no backups",
        ),
        (
            SANDBOX,
            lambda it: it.fsx[LUSTRE_FILES]["LustreConfiguration"].update(AutomaticBackupRetentionDays=7),
            f"{LUSTRE_FILES} has backups in sandbox",
        ),
    ),
    *proofs_of(
        checks.test_ontap_has_a_standby_in_production,
        (
            PRODUCTION,
            lambda it: it.fsx[ONTAP_FILES]["OntapConfiguration"].update(DeploymentType="SINGLE_AZ_1"),
            "FSx for ONTAP is SINGLE_AZ_1",
        ),
        (SANDBOX, lambda it: it.machines[0].update(Lifecycle="FAILED"), "virtual machines are .*FAILED"),
        (SANDBOX, lambda it: it.machines.clear(), "virtual machines are {}"),
    ),
    *proofs_of(
        checks.test_file_systems_of_fsx_admit_the_cluster_only,
        (SANDBOX, lambda it: it.open(it.lustre_group, 988, ANYWHERE), "FSx for Lustre admits .*0.0.0.0/0"),
        (SANDBOX, lambda it: it.open(it.ontap_group, 22, it.cluster_group), "FSx for ONTAP admits .*tcp/22"),
    ),
    *proofs_of(
        checks.test_the_lustre_driver_may_look_at_file_systems_only,
        (SANDBOX, lambda it: it.attach(LUSTRE_ACCOUNT, "Everything"), "Lustre has the policies .*Everything"),
        (SANDBOX, lambda it: it.let(LUSTRE_ACCOUNT, allow(["fsx:*"], VOLUMES)), r"Lustre may \['fsx:\*'\] on"),
    ),
    *proofs_of(
        checks.test_trident_is_for_volumes_of_the_stacks_file_system_only,
        (SANDBOX, lambda it: it.attach(TRIDENT_ACCOUNT, "Everything"), "Trident has the policies .*Everything"),
        (
            SANDBOX,
            lambda it: it.let(TRIDENT_ACCOUNT, allow(["fsx:DeleteVolume"], "*")),
            r"Trident may \['fsx:DeleteVolume'\] on \['\*'\]",
        ),
        (
            SANDBOX,
            lambda it: it.let(TRIDENT_ACCOUNT, allow(["secretsmanager:GetSecretValue"], f"{it.password}x")),
            r"Trident may \['secretsmanager:GetSecretValue'\] on",
        ),
        (
            PRODUCTION,
            lambda it: it.let(TRIDENT_ACCOUNT, allow(["kms:Decrypt"], "*")),
            r"Trident may use the keys \['\*'\]",
        ),
        (
            PRODUCTION,
            lambda it: it.let(TRIDENT_ACCOUNT, allow(["kms:Decrypt"], it.key_arn)),
            "Trident may use the key for more than secrets",
        ),
    ),
    *proofs_of(
        checks.test_nodes_are_healthy_and_repaired,
        (SANDBOX, lambda it: it.change_group("spot", status="DEGRADED"), "the group spot is DEGRADED"),
        (
            SANDBOX,
            lambda it: it.change_group("spot", health={"issues": [{"message": "no capacity"}]}),
            "the group spot is ACTIVE: .*no capacity",
        ),
        (SANDBOX, lambda it: it.change_group("system", nodeRepairConfig={"enabled": False}), "group system stay"),
    ),
    *proofs_of(
        checks.test_one_group_runs_on_demand_and_one_on_spot_with_a_choice,
        (SANDBOX, lambda it: it.change_group("spot", capacityType="ON_DEMAND"), r"\['ON_DEMAND', 'ON_DEMAND'\]"),
        (SANDBOX, lambda it: it.change_group("spot", instanceTypes=["m7g.large"]), "one instance type only, m7g.large"),
    ),
    *proofs_of(
        checks.test_nodes_are_in_private_subnets_of_three_azs,
        (SANDBOX, lambda it: it.change_group("spot", subnets=it.subnets["private"][:2]), "not in three AZs"),
        (SANDBOX, lambda it: it.change_group("spot", subnets=it.subnets["public"]), "not every subnet of nodes"),
        (PRODUCTION, lambda it: it.change_group("spot", subnets=it.subnets["isolated"]), "not every subnet of nodes"),
        (SANDBOX, lambda it: it.change_group("spot", remoteAccess={"ec2SshKey": "key"}), "the group spot takes SSH"),
    ),
    *proofs_of(
        checks.test_metadata_of_nodes_takes_imdsv2_and_one_hop,
        (SANDBOX, lambda it: it.launch("spot", MetadataOptions={"HttpTokens": "optional"}), "takes IMDSv1"),
        (
            SANDBOX,
            lambda it: it.launch("spot", MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2}),
            "over 2 hops",
        ),
        (
            SANDBOX,
            lambda it: it.eks["nodegroups"]["spot"].pop("launchTemplate"),
            "the group spot has no launch template",
        ),
    ),
    *proofs_of(
        checks.test_volumes_of_nodes_are_encrypted,
        (SANDBOX, lambda it: it.launch("spot", BlockDeviceMappings=[]), "are left to the AMI"),
        (
            SANDBOX,
            lambda it: it.launch("spot", BlockDeviceMappings=[{"Ebs": {"Encrypted": False, "VolumeType": "gp3"}}]),
            "is gp3, encrypted: False",
        ),
        (
            SANDBOX,
            lambda it: it.launch("spot", BlockDeviceMappings=[{"Ebs": {"Encrypted": True, "VolumeType": "gp2"}}]),
            "is gp2, encrypted: True",
        ),
    ),
    *proofs_of(
        checks.test_the_node_role_is_for_nodes_only,
        (SANDBOX, lambda it: it.attach("kubelet", "AmazonEKS_CNI_Policy2"), "more policies, or less: .*CNI_Policy2"),
        (SANDBOX, lambda it: it.let("kubelet", allow(["s3:*"], "*")), r"the node role may .*s3:\*"),
        (SANDBOX, lambda it: it.trust("kubelet", {"AWS": "*"}), "the node role is for"),
    ),
]


@pytest.fixture
def account_in(session: boto3.Session, sites: dict[str, Site]) -> Iterator[Callable[[str], Account]]:
    """A sound account in a posture."""

    def account(posture: str) -> Account:
        return Account(session, posture=posture, site=sites[posture])

    with account_in_memory():
        yield account


@pytest.mark.parametrize("posture", [SANDBOX, PRODUCTION])
def test_every_check_passes_on_a_sound_account(posture: str, account_in: Callable[[str], Account]) -> None:
    stack = account_in(posture).stack
    assert [check.__name__ for check in checks_of(checks) if not passes(check, stack)] == []


@pytest.mark.parametrize("proof", PROOFS, ids=str)
def test_a_check_fails_where_its_promise_is_broken(proof: Proof, account_in: Callable[[str], Account]) -> None:
    proof.run(account_in(proof.account).stack)


def test_every_check_is_seen_to_fail() -> None:
    assert unproven(checks, PROOFS) == []


@pytest.mark.parametrize(
    ("add_on", "check"),
    [
        (DRIVER, checks.test_the_ebs_driver_has_a_role_of_its_own),
        (INSIGHTS, checks.test_container_insights_writes_to_log_groups_of_the_stack),
        (LUSTRE, checks.test_the_lustre_driver_may_look_at_file_systems_only),
        (TRIDENT, checks.test_trident_is_for_volumes_of_the_stacks_file_system_only),
    ],
)
def test_what_is_left_out_is_not_looked_for(
    add_on: str, check: Callable[..., None], account_in: Callable[[str], Account]
) -> None:
    account = account_in(SANDBOX)
    made = account.resources["AWS::EKS::Addon"]
    account.resources["AWS::EKS::Addon"] = [each for each in made if not each.endswith(add_on)]
    assert not passes(check, account.stack)  # ty: ignore[invalid-argument-type]
