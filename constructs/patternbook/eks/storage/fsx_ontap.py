"""FSx for NetApp ONTAP file systems for the pods of a cluster with nodes."""

import json
from collections.abc import Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_fsx as fsx
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IDependable
from typing_extensions import Self

from patternbook.data.encryption import grant_decrypt
from patternbook.eks.cluster import EksCluster
from patternbook.eks.manifests import MANIFESTS, read_manifests
from patternbook.eks.pod_identity import pod_role
from patternbook.eks.storage.settings import StorageSettings
from patternbook.limits.fsx import (
    BACKUP_DAYS,
    ONTAP_SMALLEST_GIB,
    ROUTES_OF_OTHERS,
    check_ontap,
    monthly_cost_of_ontap,
)
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network
from patternbook.posture import Posture

NAMESPACE: Final = "trident"
"""The namespace in which the add-on installs Trident.

https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-vendors.html
"""
MANAGED_ROUTES: Final = ("AmazonFSx", "ManagedByAmazonFSx")
"""The tag of route tables in which FSx may change routes.

https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemOntapConfiguration.html
"""


class OntapStorage(Construct):
    """A file system of FSx for NetApp ONTAP with a storage virtual machine (SVM), and NetApp Trident as an EKS add-on.
    Trident makes a volume of the file system for each claim. Pods of all AZs share it by NFS, and it can grow.

    The file system is in one AZ. Where the posture asks for it, there is a standby in a second AZ. Clients then reach
    the active one by an address that FSx keeps in the route tables of the private subnets.

    Trident logs in to the SVM as its administrator, with a password that Secrets Manager generates and nobody else
    reads. Its role makes, changes and deletes volumes of this file system only.

    The add-on comes from the AWS Marketplace: the account has to subscribe to "NetApp Trident" once, free of charge.

    https://docs.netapp.com/us-en/trident/trident-use/trident-fsx.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: EksCluster,
        network: Network,
        posture: Posture,
        nodes: Sequence[IDependable],
        capacity_gib: int = ONTAP_SMALLEST_GIB,
        mbps: int = 128,
        key: kms.IKey | None = None,
    ) -> None:
        """:param nodes: the nodes that Trident runs on.
        :param capacity_gib: SSD storage capacity: 1,024 to 196,608 GiB.
        :param mbps: throughput in MB/s: 128, 256, 512, 1,024, 2,048 or 4,096.
        :param key: encrypts files and password. Defaults to AWS managed keys.
        :raises ValueError: see :func:`patternbook.limits.fsx.check_ontap`; if there is a standby in a VPC that exists.
        """
        check_ontap(capacity_gib, mbps)
        if posture.multi_az_file_systems and not network.owned:
            raise ValueError(ROUTES_OF_OTHERS.format(posture=posture.name))
        super().__init__(scope, construct_id)
        self._cluster = cluster
        self._key = key
        self._cidr_blocks = network.cidr_blocks
        group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=network.vpc, description="FSx for ONTAP", allow_all_outbound=False
        )
        group.connections.allow_from(cluster.node_connections, ec2.Port.NFS, "NFS 4.1 from the nodes")
        group.connections.allow_from(cluster.node_connections, ec2.Port.HTTPS, "REST API of ONTAP, from Trident")
        cluster.before_members.add(group)
        self.file_system = self._file_system(network, posture, group, capacity_gib, mbps, key)
        self.password = secretsmanager.Secret(
            self,
            "Password",
            description=f"Administrator of the SVM of {cdk.Stack.of(self).stack_name}",
            # An import of the key: a grant of the CDK would add the role to its policy, which can be in another stack.
            encryption_key=kms.Key.from_key_arn(self, "PasswordKey", key.key_arn) if key else None,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                # https://docs.netapp.com/us-en/trident/trident-use/trident-fsx-iam-role.html
                secret_string_template=json.dumps({"username": "vsadmin"}),
                generate_string_key="password",
                password_length=32,  # 8 to 50: API_CreateStorageVirtualMachine.html
                exclude_punctuation=True,
            ),
            removal_policy=posture.removal_policy,
        )
        acknowledge(
            self.password,
            "SMG4",
            "A rotation has to change the password of the SVM too. No rotation function of AWS does.",
        )
        self.machine = fsx.CfnStorageVirtualMachine(
            self,
            "Machine",
            file_system_id=self.file_system.ref,
            name="kubernetes",
            root_volume_security_style="UNIX",
            # The template has a dynamic reference only. CloudFormation reads the secret when it creates the SVM.
            svm_admin_password=self.password.secret_value_from_json("password").unsafe_unwrap(),
        )
        self.machine.apply_removal_policy(posture.removal_policy)
        self.driver = self._trident(nodes)
        cost = monthly_cost_of_ontap(capacity_gib, mbps, multi_az=posture.multi_az_file_systems)
        cdk.Annotations.of(self).add_warning_v2(
            "patternbook:ontapCost",
            f"FSx for ONTAP costs about {cost:,.0f} USD a month, used or not. Subscribe to its add-on, NetApp Trident, "
            "in the AWS Marketplace before you deploy. The subscription is free of charge.",
        )

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: StorageSettings,
        *,
        cluster: EksCluster,
        network: Network,
        posture: Posture,
        nodes: Sequence[IDependable],
        key: kms.IKey | None = None,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            cluster=cluster,
            network=network,
            posture=posture,
            nodes=nodes,
            capacity_gib=settings.ontap_capacity_gib,
            mbps=settings.ontap_mbps,
            key=key,
        )

    def apply(self) -> None:
        """Applies a TridentBackendConfig, waits until it works, and applies the StorageClass ``fsx-ontap``."""
        kubectl = self._cluster.kubectl
        [backend] = read_manifests(
            MANIFESTS / "backend-fsx-ontap.yaml",
            FileSystemId=self.file_system.ref,
            MachineName=self.machine.name,
            PasswordArn=self.password.secret_arn,
        )
        backend["spec"]["autoExportCIDRs"] = list(self._cidr_blocks)
        # The add-on is active once the operator is. Only then does the operator bring Trident's own kinds.
        known = kubectl.wait_for(
            "BackendsAreKnown",
            kind="customresourcedefinition",
            name="tridentbackendconfigs.trident.netapp.io",
            json_path=".metadata.name",
            after=[self.driver],
        )
        applied = kubectl.apply("OntapBackend", [backend], after=[known, self.machine])
        # kubectl applies it whether Trident can log in or not. It gets this id once Trident has logged in.
        works = kubectl.wait_for(
            "BackendWorks",
            kind="tridentbackendconfig",
            name=backend["metadata"]["name"],
            namespace=NAMESPACE,
            json_path=".status.backendInfo.backendUUID",
            after=[applied],
        )
        kubectl.apply("OntapClass", read_manifests(MANIFESTS / "storage-class-fsx-ontap.yaml"), after=[works])

    def storage_utilization(self) -> cloudwatch.Metric:
        """Used share of the SSD storage capacity, in percent. AWS advises to keep it below 80.

        https://docs.aws.amazon.com/fsx/latest/ONTAPGuide/storage-capacity-and-IOPS.html
        """
        return cloudwatch.Metric(
            namespace="AWS/FSx",
            metric_name="StorageCapacityUtilization",
            dimensions_map={"FileSystemId": self.file_system.ref, "StorageTier": "SSD", "DataType": "All"},
            statistic="Average",
            period=cdk.Duration.minutes(1),
        )

    def _file_system(
        self,
        network: Network,
        posture: Posture,
        group: ec2.SecurityGroup,
        capacity_gib: int,
        mbps: int,
        key: kms.IKey | None,
    ) -> fsx.CfnFileSystem:
        """CDK has only an L1 construct for ONTAP."""
        subnets = network.data_subnets[: 2 if posture.multi_az_file_systems else 1]
        standby: dict[str, Any] = {}
        if posture.multi_az_file_systems:
            tables = [subnet.route_table.route_table_id for subnet in network.vpc.private_subnets]
            standby = {"preferred_subnet_id": subnets[0].subnet_id, "route_table_ids": tables}
            for subnet in network.vpc.private_subnets:
                cdk.Tags.of(subnet).add(*MANAGED_ROUTES, include_resource_types=["AWS::EC2::RouteTable"])
        file_system = fsx.CfnFileSystem(
            self,
            "FileSystem",
            file_system_type="ONTAP",
            subnet_ids=[subnet.subnet_id for subnet in subnets],
            security_group_ids=[group.security_group_id],
            storage_capacity=capacity_gib,
            kms_key_id=key.key_arn if key else None,
            ontap_configuration=fsx.CfnFileSystem.OntapConfigurationProperty(
                deployment_type="MULTI_AZ_1" if posture.multi_az_file_systems else "SINGLE_AZ_1",
                throughput_capacity=mbps,
                automatic_backup_retention_days=BACKUP_DAYS if posture.backups else 0,
                **standby,
            ),
        )
        file_system.apply_removal_policy(posture.removal_policy)
        file_system.node.add_dependency(group)
        return file_system

    def _trident(self, nodes: Sequence[IDependable]) -> eks.CfnAddon:
        """EKS knows no service account of this add-on, so the association is a resource of its own. It must exist
        before Trident starts.
        """
        stack = cdk.Stack.of(self)
        volumes = stack.format_arn(service="fsx", resource="volume", resource_name=f"{self.file_system.ref}/*")
        role = pod_role(
            self,
            "Role",
            description="Volumes for claims",
            statements=[
                iam.PolicyStatement(
                    actions=[
                        "fsx:DescribeFileSystems",
                        "fsx:DescribeStorageVirtualMachines",
                        "fsx:DescribeVolumes",
                    ],
                    resources=["*"],
                ),
                iam.PolicyStatement(
                    actions=[
                        "fsx:CreateVolume",
                        "fsx:DeleteVolume",
                        "fsx:TagResource",
                        "fsx:UntagResource",
                        "fsx:UpdateVolume",
                    ],
                    resources=[volumes],
                ),
            ],
        )
        self.password.grant_read(role)
        if self._key:
            grant_decrypt(role, [self._key.key_arn], services=["secretsmanager"])  # ty: ignore[invalid-argument-type]
        acknowledge(role, "IAM5[Resource::*]", "The describe actions of FSx support no resource-level permissions.")
        acknowledge(
            role,
            f"IAM5[Resource::arn:<AWS::Partition>:fsx:<AWS::Region>:<AWS::AccountId>:volume/"
            f"<{stack.get_logical_id(self.file_system)}>/*]",
            "Volumes of this one file system get their ids when they are made.",
        )
        association = eks.CfnPodIdentityAssociation(
            self,
            "Association",
            cluster_name=self._cluster.cluster.cluster_name,
            namespace=NAMESPACE,
            service_account="trident-controller",
            role_arn=role.role_arn,
        )
        return self._cluster.add_on("netapp_trident-operator", after=[*nodes, role, association])
