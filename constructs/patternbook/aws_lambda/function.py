"""A Lambda function behind an alias, with reserved and provisioned concurrency and CodeDeploy deployments."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct
from typing_extensions import Self

from patternbook.aws_lambda.package import LEFT_OUT, check_handler, check_package
from patternbook.aws_lambda.provisioned_concurrency import Provisioned, Schedule
from patternbook.aws_lambda.role import allow_network_interfaces, arn_principal, function_role
from patternbook.aws_lambda.settings import FunctionSettings
from patternbook.limits.aws_lambda import (
    ACCOUNT_CONCURRENCY,
    EPHEMERAL_STORAGE,
    EVENT_AGE,
    MEMORY,
    RETRY_ATTEMPTS,
    TIMEOUT,
    LogLevel,
    TrafficShift,
    check_environment,
    check_reserved,
    check_snap_start,
)
from patternbook.limits.regions import LAMBDA_TRACING
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network
from patternbook.partitions import partition_of

RUNTIME: Final = lambda_.Runtime.PYTHON_3_14
ALIAS: Final = "live"
MINUTE: Final = cdk.Duration.minutes(1)
CODE_DEPLOY_POLICY: Final = "service-role/AWSCodeDeployRoleForLambdaLimited"
"""https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambdaLimited.html"""


class LiveFunction(Construct):
    """A Python function on ARM64 with one alias, ``live``. Always invoke the alias; unqualified calls run ``$LATEST``.

    *Versions.* Each change of code or configuration is a new numbered version and moves the alias to it, either at once
    or by :meth:`shift_traffic`.

    *Reserved concurrency* belongs to the function, so to all of its versions together. No other function of the account
    can use it, and this function cannot exceed it.

    *Provisioned concurrency* belongs to the alias. Lambda initializes these execution environments in advance. A fixed
    number is a property of the alias. Application Auto Scaling owns a number that scales, because each deployment would
    reset a property. Nobody can change either while traffic shifts
    (https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html).

    *Role.* The function may write to its log group, send traces, and send to the destination for failures.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        package: Path,
        handler: str,
        log_group: logs.ILogGroup,
        description: str | None = None,
        environment: Mapping[str, str] | None = None,
        key: kms.IKey | None = None,
        layer_arns: Sequence[str] = (),
        memory_mib: int = 256,
        timeout_seconds: int = 30,
        ephemeral_storage_mib: int = 512,
        log_level: LogLevel = "INFO",
        account_concurrency: int = ACCOUNT_CONCURRENCY,
        reserved_concurrency: int | None = None,
        provisioned: Provisioned | None = None,
        asynchronous: bool = True,
        on_failure: lambda_.IDestination | None = None,
        max_event_age_seconds: int = 21_600,
        retry_attempts: int = 2,
        direct_upload: bool = False,
        network: Network | None = None,
        snap_start: bool = False,
    ) -> None:
        """:param package: folder or .zip file with the code.
        :param handler: ``module.function`` in the package.
        :param description: text in the console's list of functions.
        :param key: encrypts the environment variables.
        :param layer_arns: versions of layers that exist, and are made for the runtime.
        :param log_level: the lowest level of logs that Lambda keeps. The function finds it in its variables.
        :param account_concurrency: quota of the account. The two kinds of concurrency must fit into it.
        :param asynchronous: false for a function that only synchronous callers invoke, such as API Gateway. The
            arguments of asynchronous events then have no effect.
        :param on_failure: destination for events that Lambda gives up, with their error.
        :param max_event_age_seconds: time that Lambda tries to process an asynchronous event.
        :param retry_attempts: number of retries of an asynchronous event if the function fails.
        :param direct_upload: whether the package must fit the limit for uploads without S3.
        :param network: the function runs in its private subnets, and reaches others by HTTPS only.
        :param snap_start: restore environments from a snapshot of the initialized function.
        :raises ValueError: if a value is outside of Lambda's limits.
        """
        MEMORY.check("memory_mib", memory_mib)
        TIMEOUT.check("timeout_seconds", timeout_seconds)
        EPHEMERAL_STORAGE.check("ephemeral_storage_mib", ephemeral_storage_mib)
        EVENT_AGE.check("max_event_age_seconds", max_event_age_seconds)
        RETRY_ATTEMPTS.check("retry_attempts", retry_attempts)
        check_environment(environment or {})
        check_package(package, direct_upload=direct_upload)
        check_handler(package, handler)
        if reserved_concurrency is not None:
            check_reserved(reserved_concurrency, account_concurrency=account_concurrency)
        if provisioned is not None:
            provisioned.check(reserved=reserved_concurrency, account_concurrency=account_concurrency)
        if snap_start:
            check_snap_start(provisioned=provisioned is not None, ephemeral_storage_mib=ephemeral_storage_mib)
        super().__init__(scope, construct_id)
        self.timeout_seconds = timeout_seconds
        self.max_event_age_seconds = max_event_age_seconds if asynchronous else None
        self.provisioned = provisioned
        region = cdk.Stack.of(self).region
        traced = LAMBDA_TRACING.is_in(region, partition_of(region))
        self.role = function_role(self, "Role", log_group=log_group, key=key, traced=traced)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            # An absolute path, because Node may have another working directory.
            code=lambda_.Code.from_asset(str(package.resolve()), exclude=[*LEFT_OUT]),
            handler=handler,
            description=description,
            role=self.role,  # ty: ignore[invalid-argument-type]
            environment=dict(environment or {}),
            environment_encryption=key,
            memory_size=memory_mib,
            timeout=cdk.Duration.seconds(timeout_seconds),
            ephemeral_storage_size=cdk.Size.mebibytes(ephemeral_storage_mib),
            reserved_concurrent_executions=reserved_concurrency,
            tracing=lambda_.Tracing.ACTIVE if traced else lambda_.Tracing.DISABLED,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel[log_level],
            system_log_level_v2=lambda_.SystemLogLevel.INFO,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
            **(self._place(network) if network else {}),
        )
        if network is not None:
            self.function.node.add_dependency(network.connectivity)
        if layer_arns:
            # With an imported layer whose ARN is a token, the L2 gives the version of an unchanged function another
            # logical id in another app. Each version is a deployment. tests/rehearsal/test_plans.py would find it.
            cast("lambda_.CfnFunction", self.function.node.default_child).layers = [*layer_arns]
        self.alias = lambda_.Alias(
            self,
            "Alias",
            alias_name=ALIAS,
            version=self.function.current_version,  # ty: ignore[invalid-argument-type]
            provisioned_concurrent_executions=provisioned.fixed if provisioned else None,
            on_failure=on_failure,
            max_event_age=cdk.Duration.seconds(max_event_age_seconds) if asynchronous else None,
            retry_attempts=retry_attempts if asynchronous else None,
        )
        if provisioned is not None:
            provisioned.scale(self.alias)

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: FunctionSettings,
        *,
        log_group: logs.ILogGroup,
        description: str | None = None,
        environment: Mapping[str, str] | None = None,
        layer_arns: Sequence[str] = (),
        key: kms.IKey | None = None,
        on_failure: lambda_.IDestination | None = None,
    ) -> Self:
        """:param environment: further variables. Those of the settings override them."""
        provisioned = None
        if settings.provisioned_concurrency:
            provisioned = Provisioned(
                min_environments=settings.provisioned_concurrency,
                max_environments=settings.max_provisioned_concurrency,
                target_utilization_percent=settings.target_utilization_percent,
                schedules=[
                    Schedule(
                        cron=schedule.cron,
                        time_zone=schedule.time_zone,
                        min_environments=schedule.min_provisioned,
                        max_environments=schedule.max_provisioned,
                    )
                    for schedule in settings.scheduled_provisioned
                ],
            )
        return cls(
            scope,
            construct_id,
            package=settings.package,
            handler=settings.handler,
            log_group=log_group,
            description=description,
            environment={**(environment or {}), **settings.environment},
            key=key,
            layer_arns=layer_arns,
            memory_mib=settings.memory_mib,
            timeout_seconds=settings.timeout_seconds,
            ephemeral_storage_mib=settings.ephemeral_storage_mib,
            log_level=settings.log_level,
            account_concurrency=settings.account_concurrency,
            reserved_concurrency=settings.reserved_concurrency,
            provisioned=provisioned,
            on_failure=on_failure,
            max_event_age_seconds=settings.max_event_age_seconds,
            retry_attempts=settings.retry_attempts,
            direct_upload=settings.direct_upload,
        )

    def _place(self, network: Network) -> dict[str, Any]:
        """The arguments of a function in a VPC."""
        group = network.https_client_group(self, "SecurityGroup", description="The function reaches others by HTTPS")
        group.node.add_dependency(allow_network_interfaces(self, "NetworkInterfaces", self.role))
        subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        return {"vpc": network.vpc, "vpc_subnets": subnets, "security_groups": [group]}

    def url(self, *, principals: Sequence[str] = ()) -> lambda_.FunctionUrl:
        """Adds an HTTPS endpoint of the alias, for requests that are signed for IAM.

        Principals of the stack's account need no entry here if their own policy lets them call the function.

        :param principals: ARNs of principals that may call the function by its URL only. Since October 2025 this takes
            two of Lambda's actions: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
        """
        url = self.alias.add_function_url(auth_type=lambda_.FunctionUrlAuthType.AWS_IAM)
        for number, principal in enumerate(principals):
            url.grant_invoke_url(arn_principal(principal, number))
        return url

    def shift_traffic(
        self, how: TrafficShift, *, alarms: Sequence[cloudwatch.IAlarm]
    ) -> codedeploy.LambdaDeploymentGroup:
        """Lets CodeDeploy shift the alias to each new version, and back if one of ``alarms`` goes off in the meantime.

        An alarm that is already in state ALARM stops the deployment, too. Watch the new version
        (:meth:`new_version`), not the version that a deployment is meant to repair.
        """
        group = codedeploy.LambdaDeploymentGroup(
            self,
            "Deployments",
            alias=self.alias,
            deployment_config=codedeploy.LambdaDeploymentConfig.from_lambda_deployment_config_name(
                self, "TrafficShift", f"CodeDeployDefault.Lambda{how}"
            ),
            alarms=[*alarms],
            auto_rollback=codedeploy.AutoRollbackConfig(
                failed_deployment=True, stopped_deployment=True, deployment_in_alarm=bool(alarms)
            ),
        )
        # The alarms must exist before traffic shifts. CDK only refers to the group in an UpdatePolicy, and
        # CloudFormation's documents don't say that it waits for such a reference.
        self.alias.node.find_child("Resource").node.add_dependency(group)
        acknowledge(
            group,
            f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{CODE_DEPLOY_POLICY}]",
            "AWS keeps it in step with what CodeDeploy does to an alias; it may invoke hooks by their name only.",
        )
        return group

    def metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        """A metric of the calls by the alias.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
        """
        return self.alias.metric(name, statistic=statistic, period=MINUTE)

    def new_version(self, name: str, statistic: str) -> cloudwatch.Metric:
        """A metric of the calls by the alias that the version of this deployment answers.

        Lambda reports it only while traffic shifts, when the alias has two versions.
        """
        function = self.function.function_name
        return cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name=name,
            dimensions_map={
                "FunctionName": function,
                "Resource": f"{function}:{ALIAS}",
                "ExecutedVersion": self.function.current_version.version,
            },
            statistic=statistic,
            period=MINUTE,
        )
