"""FSx for Lustre file systems for the pods of a cluster with nodes."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_fsx as fsx
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IDependable
from typing_extensions import Self

from patternbook.eks.cluster import EksCluster
from patternbook.eks.manifests import MANIFESTS, read_manifests
from patternbook.eks.pod_identity import pod_role
from patternbook.eks.storage.settings import StorageSettings
from patternbook.limits.fsx import BACKUP_DAYS, LUSTRE_SMALLEST_GIB, check_lustre, monthly_cost_of_lustre
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network
from patternbook.posture import Posture

PORTS = (ec2.Port.tcp(988), ec2.Port.tcp_range(1018, 1023))
"""Ports on which clients and file servers reach each other, in both directions.

https://docs.aws.amazon.com/fsx/latest/LustreGuide/limit-access-security-groups.html
"""


class LustreStorage(Construct):
    """A file system of FSx for Lustre in one AZ, and its CSI driver as an EKS add-on, which mounts it for the pods of
    every AZ.

    The driver could make a file system of at least 1,200 GiB for each claim. Here it makes none: the one file system is
    a PersistentVolume that pods share, and the role of the driver allows only to describe file systems.

    Data is encrypted at rest, and in transit between instance types that support it
    (https://docs.aws.amazon.com/fsx/latest/LustreGuide/encryption-in-transit-fsxl.html). Lustre trusts the user ids
    that clients send, so anybody who runs pods in the cluster reaches all files.

    https://docs.aws.amazon.com/eks/latest/userguide/fsx-csi.html
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
        capacity_gib: int = LUSTRE_SMALLEST_GIB,
        mbps_per_tib: int = 125,
        key: kms.IKey | None = None,
    ) -> None:
        """:param nodes: the nodes that the driver runs on.
        :param capacity_gib: storage capacity: 1,200 GiB, or a multiple of 2,400 GiB.
        :param mbps_per_tib: throughput in MB/s per TiB: 125, 250, 500 or 1,000.
        :param key: encrypts the files. Defaults to the AWS managed key.
        :raises ValueError: see :func:`patternbook.limits.fsx.check_lustre`.
        """
        check_lustre(capacity_gib, mbps_per_tib)
        super().__init__(scope, construct_id)
        self._cluster, self._capacity_gib = cluster, capacity_gib
        group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=network.vpc, description="FSx for Lustre", allow_all_outbound=False
        )
        pods = cluster.node_connections
        for port in PORTS:
            # CDK adds the inbound rules between the servers by itself, but not the outbound ones.
            group.add_egress_rule(group, port, "Lustre between its servers")
            group.connections.allow_from(pods, port, "Lustre from the nodes")
            group.connections.allow_to(pods, port, "Lustre to the nodes")
        cluster.before_members.add(group)
        self.file_system = fsx.LustreFileSystem(
            self,
            "FileSystem",
            vpc=network.vpc,
            vpc_subnet=network.data_subnets[0],
            security_group=group,
            storage_capacity_gib=capacity_gib,
            # AWS recommends the newest version, and clients on AL2023 need at least 2.12.
            file_system_type_version=fsx.FileSystemTypeVersion.V_2_15,
            lustre_configuration=fsx.LustreConfiguration(
                deployment_type=fsx.LustreDeploymentType.PERSISTENT_2,
                per_unit_storage_throughput=mbps_per_tib,
                data_compression_type=fsx.LustreDataCompressionType.LZ4,
                automatic_backup_retention=cdk.Duration.days(BACKUP_DAYS if posture.backups else 0),
                copy_tags_to_backups=posture.backups,
            ),
            kms_key=key,
            removal_policy=posture.removal_policy,
        )
        if key and not isinstance(key, kms.Key):
            # The L2 writes the id of the key, and FSx would look for it in its own account only. For a key of the app
            # the id stays, because a change to the ARN would replace the file system.
            resource = self.file_system.node.default_child
            assert isinstance(resource, fsx.CfnFileSystem)
            resource.kms_key_id = key.key_arn
        # FSx checks that its servers reach each other when it creates the file system. The rules that admit them to the
        # nodes stand below the security group of the cluster.
        self.file_system.node.add_dependency(group, *pods.security_groups)
        role = pod_role(
            self,
            "Role",
            description="File systems, to look at",
            statements=[iam.PolicyStatement(actions=["fsx:DescribeFileSystems"], resources=["*"])],
        )
        acknowledge(role, "IAM5[Resource::*]", "fsx:DescribeFileSystems supports no resource-level permissions.")
        self.driver = cluster.add_on("aws-fsx-csi-driver", roles={"fsx-csi-controller-sa": role}, after=nodes)
        cost = monthly_cost_of_lustre(capacity_gib, mbps_per_tib)
        # A warning, because the CLI prints no infos as soon as there is a warning in the app.
        cdk.Annotations.of(self).add_warning_v2(
            "patternbook:lustreCost", f"FSx for Lustre costs about {cost:,.0f} USD a month, used or not."
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
            capacity_gib=settings.lustre_capacity_gib,
            mbps_per_tib=settings.lustre_mbps_per_tib,
            key=key,
        )

    def apply(self) -> None:
        """Applies the StorageClass and the PersistentVolume ``fsx-lustre``, after everything that a claim needs."""
        manifests = read_manifests(
            MANIFESTS / "storage-fsx-lustre.yaml",
            FileSystemId=self.file_system.file_system_id,
            DnsName=self.file_system.dns_name,
            MountName=self.file_system.mount_name,
            Capacity=f"{self._capacity_gib}Gi",
        )
        self._cluster.kubectl.apply("LustreVolume", manifests, after=[self.driver, self.file_system])

    def storage_utilization(self) -> cloudwatch.MathExpression:
        """Used share of the storage capacity, in percent.

        https://docs.aws.amazon.com/fsx/latest/LustreGuide/fs-metrics.html
        """
        free = cloudwatch.Metric(
            namespace="AWS/FSx",
            metric_name="FreeDataStorageCapacity",
            dimensions_map={"FileSystemId": self.file_system.file_system_id},
            statistic="Sum",  # each file server reports its own part
            period=cdk.Duration.minutes(1),
        )
        return cloudwatch.MathExpression(
            expression=f"100 * (1 - free / {self._capacity_gib * 2**30})",
            using_metrics={"free": free},
            label="Storage used (%)",
            period=cdk.Duration.minutes(1),
        )
