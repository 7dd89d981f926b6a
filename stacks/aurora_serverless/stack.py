"""Caller (IAM) → Lambda function → Data API → Aurora Serverless v2 (isolated subnets)"""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    DatabaseSchema,
    LiveFunction,
    LogGroup,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    ServerlessDatabase,
    StackOptions,
    data_key,
)
from patternbook.aws_lambda.function import ALIAS, RUNTIME
from patternbook.data.databases import DATABASE
from stacks.aurora_serverless.demonstration import DESCRIPTION, NOTE, PACKAGE, TIMEOUT
from stacks.aurora_serverless.runtime import catalog
from stacks.aurora_serverless.settings import AuroraServerlessSettings


class AuroraServerlessStack(PatternStack):
    """A network, a database, its schema, and a function that uses it."""

    title = "Aurora Serverless v2 with PostgreSQL, and a function that uses it"
    settings_type = AuroraServerlessSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: AuroraServerlessSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.network = Network.from_settings(
            self, "Network", settings, posture=posture, key=self.key, private_subnets=False
        )
        self.database = ServerlessDatabase.from_settings(
            self,
            "Database",
            settings,
            vpc=self.network.vpc,
            subnets=self.network.data_subnets,
            posture=posture,
            key=self.key,
        )
        self.logs = LogGroup.from_settings(self, "Logs", settings, posture=posture, key=self.key)
        migrations = catalog.load()
        self.schema = DatabaseSchema(
            self,
            "Schema",
            database=self.database,
            package=PACKAGE,
            log_group=self.logs,
            runtime=RUNTIME,
            version=str(len(migrations)),
            checksum=catalog.checksum(migrations),
            key=self.key,
        )
        self.service = LiveFunction(
            self,
            "Service",
            package=PACKAGE,
            handler="service.handler",
            log_group=self.logs,
            description=DESCRIPTION,
            environment={
                "CLUSTER_ARN": self.database.cluster.cluster_arn,
                "DATABASE_NAME": DATABASE,
                "SECRET_ARN": self.schema.secret.secret_arn,
            },
            key=self.key,
            timeout_seconds=TIMEOUT,
        )
        self.database.grant_data_api(self.service.role, secret_arns=[self.schema.secret.secret_arn])
        self.service.alias.node.add_dependency(self.schema.resource)  # the first call needs tables and a login

        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/aurora-serverless.md"
        )
        self.monitoring.watch_database(self.database)
        self.monitoring.watch_schema(self.schema)
        self.monitoring.watch_calls([self.service])

        command = f"aws lambda invoke --function-name {self.service.function.function_name} --qualifier {ALIAS}"
        self.output(
            "AddNoteCommand",
            f"{command} --cli-binary-format raw-in-base64-out --payload '{NOTE}' /dev/stdout",
            "Adds a note as the application's database user",
        )
        self.output("ClusterArn", self.database.cluster.cluster_arn, "ARN of the cluster, for the Data API")
        self.output("AdminSecretArn", self.database.admin_secret.secret_arn, "Secret of the database administrator")
        self.output("LogGroupName", self.logs.log_group_name, "CloudWatch log group of the functions")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
