"""The schema of a database: migrations at each deployment, and the secret of the application's database user."""

from pathlib import Path
from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from patternbook.data.databases import DATABASE, MINUTE, ServerlessDatabase

APPLICATION: Final = "app"
"""The database user of the application."""
ROTATION_DAYS: Final = 30
TIMEOUT_MINUTES: Final = 15
RESOURCE_TYPE: Final = "Custom::DatabaseSchema"


class DatabaseSchema(Construct):
    """Brings the schema of a database to the version of this template, and keeps the secret of the application's user.

    A custom resource calls a Lambda function when the migrations change. The function migrates up, and down again if
    CloudFormation rolls the deployment back. Deleting the custom resource changes nothing in the database. The function
    also sets the password of the application's user, and Secrets Manager calls it to rotate that password.

    The function alone may read the administrator's secret. It needs no VPC, because it uses the Data API.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database: ServerlessDatabase,
        package: Path,
        log_group: logs.ILogGroup,
        runtime: lambda_.Runtime,
        version: str,
        checksum: str,
        key: kms.IKey | None = None,
    ) -> None:
        """:param package: folder with the migrations and the handler ``migrate.handler``.
        :param version: version of the schema after the migrations in the package.
        :param checksum: changes with each migration, so that CloudFormation calls the function.
        :param key: encrypts the secret and the function's environment variables.
        """
        super().__init__(scope, construct_id)
        self._cluster_arn = database.cluster.cluster_arn
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description=f"Database user {APPLICATION} of {cdk.Stack.of(self).stack_name}",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=cdk.Stack.of(self).to_json_string({"username": APPLICATION}),
                generate_string_key="password",
                password_length=40,
                exclude_punctuation=True,
            ),
            # The migration sets the password again, so a new secret replaces a lost one.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))  # ty: ignore[invalid-argument-type]
        log_group.grant_write(role)
        database.grant_data_api(
            role, secret_arns=[database.admin_secret.secret_arn, self.secret.secret_arn], transactions=True
        )
        iam.Grant.add_to_principal(
            grantee=role,
            actions=[
                f"secretsmanager:{each}" for each in ("DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage")
            ],
            resource_arns=[self.secret.secret_arn],
        )
        if key is not None:
            # As an argument, CDK would add statements to the policy of the key, which a key of your own does not take.
            cast("secretsmanager.CfnSecret", self.secret.node.default_child).kms_key_id = key.key_arn
            stack = cdk.Stack.of(self)
            iam.Grant.add_to_principal(
                grantee=role,
                actions=["kms:GenerateDataKey"],
                resource_arns=[key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": [f"secretsmanager.{stack.region}.{stack.url_suffix}"]}},
            )
            # Lambda decrypts the environment variables with the role.
            iam.Grant.add_to_principal(grantee=role, actions=["kms:Decrypt"], resource_arns=[key.key_arn])
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=runtime,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(str(package.resolve()), exclude=["__pycache__", "*.pyc"]),
            handler="migrate.handler",
            description="Migrates the schema, and rotates the secret of the application",
            role=role,  # ty: ignore[invalid-argument-type]
            environment={
                "CLUSTER_ARN": self._cluster_arn,
                "DATABASE_NAME": DATABASE,
                "SECRET_ARN": database.admin_secret.secret_arn,
                "APP_SECRET_ARN": self.secret.secret_arn,
            },
            environment_encryption=key,
            memory_size=256,
            timeout=cdk.Duration.minutes(TIMEOUT_MINUTES - 1),
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
        )
        self.resource = cdk.CustomResource(
            self,
            "Schema",
            resource_type=RESOURCE_TYPE,
            service_token=self.function.function_arn,
            # Otherwise CloudFormation would wait for an hour if the function could not answer.
            service_timeout=cdk.Duration.minutes(TIMEOUT_MINUTES),
            # A cluster that was restored needs its schema checked, and the password set. So does another secret.
            properties={
                "Version": version,
                "Checksum": checksum,
                "ClusterArn": self._cluster_arn,
                "AppSecretArn": self.secret.secret_arn,
            },
        )
        # The Data API needs the writer, and the function needs its permissions and its log group.
        self.resource.node.add_dependency(database.cluster, role, log_group)
        self._rotate()

    def _rotate(self) -> None:
        """Lets Secrets Manager call the function every 30 days.

        CDK's L2 would add statements to the policy of the key, and admit Secrets Manager for any secret.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html
        """
        permission = lambda_.CfnPermission(
            self,
            "RotationPermission",
            action="lambda:InvokeFunction",
            function_name=self.function.function_arn,
            principal="secretsmanager.amazonaws.com",
            source_account=cdk.Stack.of(self).account,
            source_arn=self.secret.secret_arn,
        )
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Rotation",
            secret_id=self.secret.secret_arn,
            rotation_lambda_arn=self.function.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                schedule_expression=f"rate({ROTATION_DAYS} days)"
            ),
            rotate_immediately_on_update=False,
        )
        schedule.node.add_dependency(permission, self.resource)

    @property
    def logical_id(self) -> str:
        """The logical id of the custom resource in the template."""
        return cdk.Stack.of(self).get_logical_id(cast("cdk.CfnElement", self.resource.node.default_child))

    def metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        """A metric of the function."""
        return self.function.metric(name, statistic=statistic, period=MINUTE)
