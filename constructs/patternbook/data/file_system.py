"""Persistent storage that tasks in every AZ share."""

from functools import cached_property

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook.posture import Posture
from patternbook.settings.fields import ABSOLUTE_PATH

CLIENT_ACTIONS = [
    "elasticfilesystem:ClientMount",
    "elasticfilesystem:ClientWrite",
    "elasticfilesystem:ClientRootAccess",
]
"""All that an NFS client can do.

https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
"""


class SharedFileSystem(Construct):
    """An EFS file system with one mount target an AZ, and, for who asks for it, an access point with its own root
    directory.

    Encrypted at rest and in transit. Reaching it takes a rule of the security group (give by
    :meth:`grant_read_write`) and a permission of IAM; clients without TLS, anonymous ones and principals of
    other accounts are refused.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        posture: Posture,
        path: str = "/shared",
        uid: int = 1000,
        gid: int = 1000,
        key: kms.Key | None = None,
    ) -> None:
        """:param vpc: with an isolated subnet in each AZ.
        :param path: root directory of the access point, created on the first mount.
        :param uid: POSIX user that every client of the access point acts as; not 0, which is root.
        :param gid: its POSIX group; not 0.
        :param key: encrypts the files; the AWS managed key where it is None.
        :raises ValueError: for root as user or group, or a path that is not absolute.
        """
        if uid < 1 or gid < 1:
            raise ValueError(f"uid and gid: {uid} and {gid} given, but an access point for root shares everything")
        if not ABSOLUTE_PATH.accepts(path):
            raise ValueError(f"path: {path!r} given, {ABSOLUTE_PATH.text} required")
        super().__init__(scope, construct_id)
        self._security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="EFS mount targets", allow_all_outbound=False
        )
        self.file_system = efs.FileSystem(
            self,
            "FileSystem",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_group=self._security_group,
            encrypted=True,
            kms_key=key,
            throughput_mode=efs.ThroughputMode.ELASTIC,
            lifecycle_policy=efs.LifecyclePolicy.AFTER_30_DAYS,
            out_of_infrequent_access_policy=efs.OutOfInfrequentAccessPolicy.AFTER_1_ACCESS,
            enable_automatic_backups=posture.backups,
            removal_policy=posture.removal_policy,
            file_system_policy=self._policy(),
            # Not what it says: False would add to our policy an Allow for everybody, of writing and of root access
            # (without mounting). Our policy refuses anonymous clients by allowing nobody.
            allow_anonymous_access=True,
        )
        self._path, self._uid, self._gid = path, str(uid), str(gid)

    @cached_property
    def access_point(self) -> efs.AccessPoint:
        """Made when it is first asked for: the EFS CSI driver makes its own."""
        return self.file_system.add_access_point(
            "AccessPoint",
            path=self._path,
            posix_user=efs.PosixUser(uid=self._uid, gid=self._gid),
            create_acl=efs.Acl(owner_uid=self._uid, owner_gid=self._gid, permissions="750"),
        )

    def _policy(self) -> iam.PolicyDocument:
        """Refuses plain transport, and allows nobody: an explicit policy takes the place of the default one, which
        lets every client in, so what no IAM policy of a principal allows is refused, anonymous clients included.

        https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
        """
        return iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    sid="RefusePlainTransport",
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],  # ty: ignore[invalid-argument-type]
                    actions=CLIENT_ACTIONS,
                    conditions={"Bool": {"aws:SecureTransport": "false"}},
                )
            ]
        )

    def grant_read_write(self, role: iam.IGrantable, *, client: ec2.IConnectable) -> None:
        """Lets ``role`` mount and write through the access point only, and ``client`` reach the mount targets."""
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            resource_arns=[self.file_system.file_system_arn],
            conditions={"StringEquals": {"elasticfilesystem:AccessPointArn": self.access_point.access_point_arn}},
        )
        self.file_system.connections.allow_default_port_from(client, "NFS from the tasks")

    def admit(self, client: ec2.IConnectable) -> None:
        """Lets ``client`` reach the mount targets, and whoever does mount and write without a permission of IAM: for
        clients that have no role to show, such as pods on Fargate. Root stays nobody special.
        """
        self.file_system.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AdmitByMountTarget",
                principals=[iam.AnyPrincipal()],  # ty: ignore[invalid-argument-type]
                actions=["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                conditions={"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
            )
        )
        self.file_system.connections.allow_default_port_from(client, "NFS from the pods")

    def as_volume(self, name: str) -> ecs.Volume:
        """The file system as a volume of an ECS task: through the access point, with TLS, under the task role."""
        return ecs.Volume(
            name=name,
            efs_volume_configuration=ecs.EfsVolumeConfiguration(
                file_system_id=self.file_system.file_system_id,
                transit_encryption="ENABLED",
                authorization_config=ecs.AuthorizationConfig(
                    access_point_id=self.access_point.access_point_id, iam="ENABLED"
                ),
            ),
        )

    def throughput_utilization(self) -> cloudwatch.MathExpression:
        """Metered throughput, in percent of what EFS permits at the time.

        https://docs.aws.amazon.com/efs/latest/ug/monitoring-metric-math.html
        """

        def metric(name: str, statistic: str) -> cloudwatch.Metric:
            return cloudwatch.Metric(
                namespace="AWS/EFS",
                metric_name=name,
                dimensions_map={"FileSystemId": self.file_system.file_system_id},
                statistic=statistic,
                period=cdk.Duration.minutes(1),
            )

        return cloudwatch.MathExpression(
            expression="100 * (metered / PERIOD(metered)) / permitted",
            using_metrics={
                "metered": metric("MeteredIOBytes", "sum"),
                "permitted": metric("PermittedThroughput", "avg"),
            },
            label="Throughput used (%)",
            period=cdk.Duration.minutes(1),
        )
