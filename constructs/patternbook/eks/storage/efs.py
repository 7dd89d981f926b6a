"""EFS file systems for the pods of a cluster."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IDependable

from patternbook.data.file_system import SharedFileSystem
from patternbook.eks.cluster import EksCluster
from patternbook.eks.manifests import MANIFESTS, read_manifests
from patternbook.eks.pod_identity import pod_role
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network
from patternbook.posture import Posture

TAG = "efs.csi.aws.com/cluster"
"""The tag of access points that an EFS CSI driver has created."""


class EfsStorage(Construct):
    """A file system, and the EFS CSI driver as an EKS add-on. The driver makes an access point of the file system for
    each claim: a directory with a user of its own, which pods in every AZ share.

    The role of the driver can create access points of this one file system only. It can delete the access points of
    every EFS CSI driver in the account, because their ARNs do not name a file system and all drivers set the same tag.
    The AWS managed policy AmazonEFSCSIDriverPolicy would allow both for every file system. Members of the cluster's
    security group reach the files by TLS and never as root, without IAM permissions.

    https://docs.aws.amazon.com/eks/latest/userguide/efs-csi.html
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEFSCSIDriverPolicy.html
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
        key: kms.IKey | None = None,
    ) -> None:
        """:param nodes: the nodes that the driver runs on.
        :param key: encrypts the files. Defaults to the AWS managed key.
        """
        super().__init__(scope, construct_id)
        self._cluster = cluster
        self.files = SharedFileSystem(self, "Files", vpc=network.vpc, posture=posture, key=key)
        self.files.admit(cluster.node_connections)
        cluster.before_members.add(*self.files.file_system.connections.security_groups)
        role = pod_role(self, "Role", description="Access points for claims", statements=self._statements())
        self.driver = cluster.add_on("aws-efs-csi-driver", roles={"efs-csi-controller-sa": role}, after=nodes)
        here = "<AWS::Region>:<AWS::AccountId>"
        for resource, reason in {
            "*": "ec2:DescribeAvailabilityZones supports no resource-level permissions.",
            f"arn:<AWS::Partition>:elasticfilesystem:{here}:access-point/*": "Access points get their ids when "
            "they are made. The role deletes those with the tag of drivers only.",
        }.items():
            acknowledge(role, f"IAM5[Resource::{resource}]", reason)

    def apply(self) -> None:
        """Applies the StorageClass ``efs``, after everything that its claims need."""
        self._cluster.kubectl.apply(
            "EfsClass",
            read_manifests(MANIFESTS / "storage-class-efs.yaml", FileSystemId=self.files.file_system.file_system_id),
            after=[self.driver, self.files.file_system.mount_targets_available],
        )

    def _statements(self) -> list[iam.PolicyStatement]:
        file_system = self.files.file_system.file_system_arn
        points = cdk.Stack.of(self).format_arn(service="elasticfilesystem", resource="access-point", resource_name="*")
        tagged = {"Null": {f"aws:RequestTag/{TAG}": "false"}, "ForAllValues:StringEquals": {"aws:TagKeys": TAG}}
        return [
            iam.PolicyStatement(
                actions=[
                    "elasticfilesystem:DescribeAccessPoints",
                    "elasticfilesystem:DescribeFileSystems",
                    "elasticfilesystem:DescribeMountTargets",
                ],
                resources=[file_system, points],
            ),
            iam.PolicyStatement(
                actions=["elasticfilesystem:CreateAccessPoint"], resources=[file_system], conditions=tagged
            ),
            iam.PolicyStatement(
                actions=["elasticfilesystem:TagResource"],
                resources=[points],
                conditions={**tagged, "StringEquals": {"elasticfilesystem:CreateAction": "CreateAccessPoint"}},
            ),
            iam.PolicyStatement(
                actions=["elasticfilesystem:DeleteAccessPoint"],
                resources=[points],
                conditions={"Null": {f"aws:ResourceTag/{TAG}": "false"}},
            ),
            iam.PolicyStatement(actions=["ec2:DescribeAvailabilityZones"], resources=["*"]),
        ]


class StaticEfsVolume(SharedFileSystem):
    """A file system, and the PersistentVolume ``shared`` for its one access point. Pods on Fargate mount EFS
    without a driver of yours, but nothing makes a volume for each of their claims.

    Members of the cluster's security group reach the files by TLS, as the user of the access point.

    https://docs.aws.amazon.com/eks/latest/userguide/efs-csi.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: EksCluster,
        network: Network,
        posture: Posture,
        key: kms.IKey | None = None,
    ) -> None:
        """:param cluster: a cluster with ``kubectl``.
        :param key: encrypts the files. Defaults to the AWS managed key.
        """
        super().__init__(scope, construct_id, vpc=network.vpc, posture=posture, key=key)
        self.admit(cluster.node_connections)
        cluster.before_members.add(*self.file_system.connections.security_groups)
        cluster.kubectl.apply(
            "Shared",
            read_manifests(
                MANIFESTS / "storage-efs-fargate.yaml",
                FileSystemId=self.file_system.file_system_id,
                AccessPointId=self.access_point.access_point_id,
            ),
            after=[self.file_system.mount_targets_available],
        )
