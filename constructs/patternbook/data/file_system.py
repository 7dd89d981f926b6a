"""An EFS file system with a mount target in each AZ, and access to it."""

from collections.abc import Sequence
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
"""All actions of NFS clients.

https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
"""


class SharedFiles(Construct):
    """Access to an EFS file system of the app, or to one that exists, by an access point with its own root directory.

    A client needs a rule of the file system's security group and an IAM permission (:meth:`grant_read_write` gives
    both). The policy of a file system that exists must not deny them, and should deny access without TLS.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        file_system: efs.IFileSystem,
        path: str = "/shared",
        uid: int = 1000,
        gid: int = 1000,
    ) -> None:
        """:param file_system: has a mount target in each AZ of its clients. An imported file system must know its
            security group, so that the stack can add a rule to it; with ``mutable=False`` the stack adds none.
        :param path: root directory of the access point. EFS creates it on the first mount.
        :param uid: POSIX user of all clients of the access point. It must not be 0, which is root.
        :param gid: POSIX group of all clients of the access point. It must not be 0.
        :raises ValueError: for root as user or group, and for a path that is not absolute.
        """
        _check(path, uid, gid)
        super().__init__(scope, construct_id)
        self._set_up(file_system, path, uid, gid)
        # Clients depend on this construct, and mount the files as soon as they start. The rules that admit them belong
        # to the security groups.
        self.node.add_dependency(file_system.mount_targets_available, *file_system.connections.security_groups)

    def _set_up(self, file_system: efs.IFileSystem, path: str, uid: int, gid: int) -> None:
        self.file_system = file_system
        self._path, self._uid, self._gid = path, str(uid), str(gid)

    @cached_property
    def access_point(self) -> efs.AccessPoint:
        """The access point. It is created when you first use it, because the EFS CSI driver creates its own."""
        return efs.AccessPoint(
            self._access_point_scope,
            "AccessPoint",
            file_system=self.file_system,
            path=self._path,
            posix_user=efs.PosixUser(uid=self._uid, gid=self._gid),
            create_acl=efs.Acl(owner_uid=self._uid, owner_gid=self._gid, permissions="750"),
        )

    @property
    def _access_point_scope(self) -> Construct:
        return self

    def grant_read_write(self, role: iam.IGrantable, *, client: ec2.IConnectable) -> None:
        """Lets a role mount and write through the access point only, and lets ``client`` reach the mount targets."""
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            resource_arns=[self.file_system.file_system_arn],
            conditions={"StringEquals": {"elasticfilesystem:AccessPointArn": self.access_point.access_point_arn}},
        )
        # From the client's side: so the rule belongs to the client's stack, and two stacks never need each other.
        client.connections.allow_to_default_port(self.file_system, "NFS from the tasks")

    def as_volume(self, name: str) -> ecs.Volume:
        """The volume of an ECS task, which uses the access point, TLS and the task role."""
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
        """Metered throughput in percent of the permitted throughput.

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


class SharedFileSystem(SharedFiles):
    """An EFS file system with one mount target per AZ, and an optional access point with its own root directory.

    It is encrypted at rest and in transit. A client needs a rule of the security group and an IAM permission
    (:meth:`grant_read_write` gives both). EFS refuses clients without TLS, anonymous clients and principals of other
    accounts.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        subnets: Sequence[ec2.ISubnet] | None = None,
        posture: Posture,
        path: str = "/shared",
        uid: int = 1000,
        gid: int = 1000,
        key: kms.IKey | None = None,
    ) -> None:
        """:param subnets: one subnet in each AZ for the mount targets. Defaults to isolated subnets, or to private ones
            in a VPC without.
        :param path: root directory of the access point. EFS creates it on the first mount.
        :param uid: POSIX user of all clients of the access point. It must not be 0, which is root.
        :param gid: POSIX group of all clients of the access point. It must not be 0.
        :param key: encrypts the files. Defaults to the AWS managed key.
        :raises ValueError: for root as user or group, and for a path that is not absolute.
        """
        _check(path, uid, gid)
        # SharedFiles would expect a file system.
        Construct.__init__(self, scope, construct_id)
        tier = ec2.SubnetType.PRIVATE_ISOLATED if vpc.isolated_subnets else ec2.SubnetType.PRIVATE_WITH_EGRESS
        subnets = subnets or vpc.select_subnets(subnet_type=tier, one_per_az=True).subnets
        self._security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="EFS mount targets", allow_all_outbound=False
        )
        file_system = efs.FileSystem(
            self,
            "FileSystem",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=subnets),
            security_group=self._security_group,
            encrypted=True,
            kms_key=key,
            throughput_mode=efs.ThroughputMode.ELASTIC,
            lifecycle_policy=efs.LifecyclePolicy.AFTER_30_DAYS,
            out_of_infrequent_access_policy=efs.OutOfInfrequentAccessPolicy.AFTER_1_ACCESS,
            enable_automatic_backups=posture.backups,
            removal_policy=posture.removal_policy,
            file_system_policy=self._policy(),
            # False would add an Allow for everybody to write and to act as root to our policy. Our policy already
            # refuses anonymous clients, because it allows no principal.
            allow_anonymous_access=True,
        )
        self._set_up(file_system, path, uid, gid)

    @property
    def _access_point_scope(self) -> Construct:
        assert isinstance(self.file_system, efs.FileSystem)
        return self.file_system

    def _policy(self) -> iam.PolicyDocument:
        """Denies access without TLS, and allows no principal.

        An explicit policy replaces the default policy, which would admit every client. So clients need an IAM policy of
        their own, and anonymous clients are refused.

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

    def admit(self, client: ec2.IConnectable) -> None:
        """Lets ``client`` reach the mount targets, and lets everybody who reaches them mount and write without IAM.

        This is for clients that cannot authenticate, such as pods on Fargate. Root has no special rights.
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


def _check(path: str, uid: int, gid: int) -> None:
    if uid < 1 or gid < 1:
        raise ValueError(
            f"uid and gid must be at least 1, got {uid} and {gid}. Clients that act as root could read all files."
        )
    if not ABSOLUTE_PATH.accepts(path):
        raise ValueError(f"path must be {ABSOLUTE_PATH.text}, got {path!r}.")
