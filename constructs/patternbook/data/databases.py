"""Aurora Serverless v2 clusters with PostgreSQL, which functions reach by the Data API."""

from collections.abc import Sequence
from typing import Any, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct
from typing_extensions import Self

from patternbook.data.encryption import grant_decrypt
from patternbook.data.logs import LogGroup
from patternbook.data.settings import DatabaseSettings
from patternbook.limits.aurora import (
    BACKUP_DAYS,
    ENGINE_VERSION,
    GIB_PER_ACU,
    PAUSE_SECONDS,
    READERS,
    EngineVersion,
    check_acu,
    check_pause,
    max_connections,
)
from patternbook.limits.logs import check_retention
from patternbook.nag import acknowledge
from patternbook.posture import Posture

DATABASE: Final = "app"
"""The name of the database in the cluster."""
ADMIN: Final = "administrator"
TRANSACTION: Final = ("rds-data:BeginTransaction", "rds-data:CommitTransaction", "rds-data:RollbackTransaction")
EXECUTE: Final = "rds-data:ExecuteStatement"
LITERAL_ZONE: Final = "CloudFormation-Validate::W3010"
"""The finding on the name of an AZ in a template."""
MIN_ZONES: Final = 2
SUBNETS: Final = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html"
)
MINUTE: Final = cdk.Duration.minutes(1)
LONGEST_NAME: Final = 63
"""https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html"""


class ServerlessDatabase(Construct):
    """An Aurora Serverless v2 cluster with PostgreSQL in isolated subnets.

    - *Capacity* follows the load between a minimum and a maximum. With a minimum of 0, the database pauses.
    - *Access* by network: no security group rule admits anybody. Functions use the Data API, and
      ``cluster.connections`` admits other clients, which have to use TLS.
    - *Access* by identity: RDS manages the administrator's secret, and rotates it every 7 days. IAM authentication is
      on, for database users that have the role ``rds_iam``.
    - *Readers* are in other AZs than the first writer. They scale with the writer, so that each can take over.
    - *Deletion* leaves a final snapshot if the posture asks for backups. A retained cluster would keep its network.

    The identifier of the cluster is fixed. So CloudFormation refuses a change that would replace the cluster by an
    empty one, and the log group exists before Aurora writes to it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        subnets: Sequence[ec2.ISubnet] | None = None,
        posture: Posture,
        key: kms.IKey | None = None,
        engine_version: EngineVersion = ENGINE_VERSION,
        min_acu: float | None = None,
        max_acu: float = 8,
        pause_after_seconds: int | None = None,
        readers: int | None = None,
        backup_retention_days: int | None = None,
        snapshot_arn: str | None = None,
        log_retention_days: int | None = None,
    ) -> None:
        """:param subnets: subnets without a route from the internet, in at least two AZs. Defaults to the isolated
            subnets of the VPC.
        :param key: encrypts storage, backups, the administrator's secret, insights and logs. A change of it would
            replace the cluster.
        :param min_acu: minimum capacity. Defaults to the posture's.
        :param max_acu: maximum capacity of each instance, at least 1.
        :param pause_after_seconds: time without a connection before a pause. It requires a minimum capacity of 0.
        :param readers: number of readers. Defaults to the posture's.
        :param backup_retention_days: retention of automated backups. Defaults to the posture's.
        :param snapshot_arn: snapshot to create the cluster from.
        :param log_retention_days: retention of PostgreSQL's log. Defaults to the posture's.
        :raises ValueError: if a value is outside of Aurora's limits.
        """
        self.min_acu = posture.database_min_acu if min_acu is None else min_acu
        self.max_acu = max_acu
        count = posture.database_readers if readers is None else readers
        days = posture.database_backup_days if backup_retention_days is None else backup_retention_days
        check_acu("min_acu", self.min_acu, minimum=0)
        check_acu("max_acu", max_acu, minimum=1)
        if max_acu < self.min_acu:
            raise ValueError(f"max_acu must be at least min_acu ({self.min_acu:g}), got {max_acu:g}.")
        check_pause(pause_after_seconds, min_acu=self.min_acu)
        READERS.check("readers", count)
        BACKUP_DAYS.check("backup_retention_days", days)
        check_retention(log_retention_days)
        subnets = vpc.isolated_subnets if subnets is None else subnets
        zones = list(dict.fromkeys(subnet.availability_zone for subnet in subnets))
        if len(zones) < MIN_ZONES:
            raise ValueError(f"subnets must be in at least two AZs, got {len(zones)}. Add subnets ({SUBNETS}).")
        super().__init__(scope, construct_id)
        self._key = key
        name = self._name()
        self.log_group = LogGroup(
            self,
            "Logs",
            posture=posture,
            retention_days=log_retention_days,
            key=key,
            name=f"/aws/rds/cluster/{name}/postgresql",
        )
        self.readers = [f"Reader{number}" for number in range(1, count + 1)]
        watched: dict[str, Any] = {}
        insights: dict[str, Any] = {}
        if posture.database_insights:
            watched = {
                "enable_performance_insights": True,
                "performance_insight_retention": rds.PerformanceInsightRetention.MONTHS_15,
                "performance_insight_encryption_key": key,
            }
            insights = {"database_insights_mode": rds.DatabaseInsightsMode.ADVANCED, **watched}
        pause = None if self.min_acu else cdk.Duration.seconds(pause_after_seconds or PAUSE_SECONDS.minimum)
        options: dict[str, Any] = {
            "cluster_identifier": name,
            "engine": rds.DatabaseClusterEngine.aurora_postgres(
                version=rds.AuroraPostgresEngineVersion.of(
                    engine_version, engine_version.partition(".")[0], serverless_v2_auto_pause_supported=True
                )
            ),
            "vpc": vpc,
            "vpc_subnets": ec2.SubnetSelection(subnets=[*subnets]),
            "security_groups": [
                ec2.SecurityGroup(
                    self, "SecurityGroup", vpc=vpc, description="Aurora instances", allow_all_outbound=False
                )
            ],
            "writer": rds.ClusterInstance.serverless_v2("Writer", availability_zone=zones[0], **watched),
            "readers": [
                # Scaling with the writer gives a reader the promotion tier 1.
                rds.ClusterInstance.serverless_v2(
                    each, availability_zone=zones[1:][number % (len(zones) - 1)], scale_with_writer=True, **watched
                )
                for number, each in enumerate(self.readers)
            ],
            "serverless_v2_min_capacity": self.min_acu,
            "serverless_v2_max_capacity": max_acu,
            "serverless_v2_auto_pause_duration": pause,
            "enable_data_api": True,
            "iam_authentication": True,
            "manage_master_user_password": True,
            "parameters": {"rds.force_ssl": "1"},
            "storage_encrypted": True,
            "storage_encryption_key": key,
            "backup": rds.BackupProps(retention=cdk.Duration.days(days)),
            "copy_tags_to_snapshot": True,
            "cloudwatch_logs_exports": ["postgresql"],
            "deletion_protection": posture.deletion_protection,
            "removal_policy": cdk.RemovalPolicy.SNAPSHOT if posture.backups else posture.removal_policy,
            **insights,
        }
        credentials = rds.Credentials.from_username(ADMIN, encryption_key=key)
        self.cluster: rds.DatabaseCluster | rds.DatabaseClusterFromSnapshot
        if snapshot_arn is None:
            self.cluster = rds.DatabaseCluster(
                self, "Cluster", credentials=credentials, default_database_name=DATABASE, **options
            )
        else:
            self.cluster = rds.DatabaseClusterFromSnapshot(self, "Cluster", snapshot_identifier=snapshot_arn, **options)
            cdk.Annotations.of(self.cluster).acknowledge_warning(
                "@aws-cdk/aws-rds:generatedCredsNotApplied", "RDS manages the secret, also of a restored cluster."
            )
            if key is not None:  # CDK takes it from the credentials, which belong to new clusters only
                cast(
                    "rds.CfnDBCluster", self.cluster.node.default_child
                ).master_user_secret = rds.CfnDBCluster.MasterUserSecretProperty(kms_key_id=key.key_arn)
        self.cluster.node.add_dependency(self.log_group)
        for each in self.cluster.node.find_all():
            if isinstance(each, rds.CfnDBInstance) and not cdk.Token.is_unresolved(each.availability_zone):
                each.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3010"]}})
                cdk.Validations.of(each).acknowledge(
                    cdk.Acknowledgment(id=LITERAL_ZONE, reason="The AZs of an existing VPC have names.")
                )
        if not posture.deletion_protection:
            acknowledge(self.cluster, "RDS10", "A sandbox is deleted after a look at it.")

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: DatabaseSettings,
        *,
        vpc: ec2.IVpc,
        subnets: Sequence[ec2.ISubnet] | None = None,
        posture: Posture,
        key: kms.IKey | None = None,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            vpc=vpc,
            subnets=subnets,
            posture=posture,
            key=key,
            engine_version=settings.engine_version,
            min_acu=settings.min_acu,
            max_acu=settings.max_acu,
            pause_after_seconds=settings.pause_after_seconds,
            readers=settings.readers,
            backup_retention_days=settings.backup_retention_days,
            snapshot_arn=settings.snapshot_arn,
            log_retention_days=settings.log_retention_days,
        )

    @property
    def admin_secret(self) -> secretsmanager.ISecret:
        """The administrator's secret, which RDS manages."""
        secret = self.cluster.secret
        assert secret is not None, "the cluster has a managed secret"
        return secret

    @property
    def max_connections(self) -> int:
        """See :func:`patternbook.limits.aurora.max_connections`."""
        return max_connections(min_acu=self.min_acu, max_acu=self.max_acu)

    def grant_data_api(self, role: iam.Role, *, secret_arns: Sequence[str], transactions: bool = False) -> None:
        """Lets a role run statements as the database users of these secrets, and read the secrets.

        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.access.html
        """
        actions = [EXECUTE, *(TRANSACTION if transactions else ())]
        iam.Grant.add_to_principal(grantee=role, actions=actions, resource_arns=[self.cluster.cluster_arn])
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=list(secret_arns),
        )
        if self._key is not None:
            grant_decrypt(role, [self._key.key_arn], services=["secretsmanager"])  # ty: ignore[invalid-argument-type]

    def metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        """A metric of all instances of the cluster.

        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
        """
        return cloudwatch.Metric(
            namespace="AWS/RDS",
            metric_name=name,
            dimensions_map={"DBClusterIdentifier": self.cluster.cluster_identifier},
            statistic=statistic,
            period=MINUTE,
        )

    def memory_used(self) -> cloudwatch.MathExpression:
        """Memory in use, in percent of the memory at the maximum capacity.

        ``FreeableMemory`` counts the memory that further scaling would add, so it approaches 0 only at the maximum.
        """
        return cloudwatch.MathExpression(
            expression=f"100 - 100 * free / {round(self.max_acu * GIB_PER_ACU * 1024**3)}",
            using_metrics={"free": self.metric("FreeableMemory", "min")},
            label="Memory used (%)",
            period=MINUTE,
        )

    def _name(self) -> str:
        """The identifier of the cluster. Each creation of the stack gets another one.

        RDS stores identifiers in lower case, and refuses two hyphens in succession and one at the end.
        """
        stack_id = cdk.Fn.select(2, cdk.Fn.split("/", cdk.Stack.of(self).stack_id))
        start = cdk.Names.unique_resource_name(self, max_length=LONGEST_NAME - len("-12345678")).lower()
        return cdk.Fn.join("-", [start, cdk.Fn.select(0, cdk.Fn.split("-", stack_id))])
