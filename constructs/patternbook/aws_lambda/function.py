"""A Lambda function that is called by its alias: reserved and provisioned concurrency, traffic that shifts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as appscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from patternbook.aws_lambda.package import LEFT_OUT, check_handler, check_package
from patternbook.limits.aws_lambda import (
    ENVIRONMENT,
    EPHEMERAL_STORAGE,
    EVENT_AGE,
    MEMORY,
    PROVISIONED,
    RESERVED,
    RESERVED_VARIABLES,
    RETRY_ATTEMPTS,
    TIMEOUT,
    UNRESERVED_CONCURRENCY,
    VARIABLES,
    environment_bytes,
    reservable,
)
from patternbook.nag import acknowledge

TrafficShift = Literal[
    "Canary10Percent5Minutes",
    "Canary10Percent10Minutes",
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery1Minute",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
]
"""How CodeDeploy moves an alias to a new version.

https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-lambda
"""

RUNTIME: Final = lambda_.Runtime.PYTHON_3_14
ALIAS: Final = "live"
MINUTE: Final = cdk.Duration.minutes(1)
CODE_DEPLOY_POLICY: Final = "service-role/AWSCodeDeployRoleForLambdaLimited"
"""https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambdaLimited.html"""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Other bounds of provisioned concurrency, from a time on."""

    cron: str
    """Six fields."""
    time_zone: str
    """Of the IANA database."""
    least: int
    most: int


@dataclass(frozen=True, kw_only=True)
class Provisioned:
    """How many environments of an alias Lambda keeps initialized: a number, or bounds that scaling works in."""

    least: int
    most: int | None = None
    """With it Application Auto Scaling owns the number; without, it is always ``least``."""
    utilization_percent: int = 70
    """Share of them in use that scaling keeps."""
    schedules: Sequence[Schedule] = ()


def check_environment(variables: Mapping[str, str]) -> None:
    """:raises ValueError: for names that are Lambda's own, or more than it takes."""
    taken = sorted(RESERVED_VARIABLES & variables.keys())
    if taken:
        raise ValueError(f"expected other names than those that Lambda sets itself ({VARIABLES}): {', '.join(taken)}")
    ENVIRONMENT.check("names and values as JSON", environment_bytes(variables))


def check_reserved(reserved: int, *, account_concurrency: int) -> None:
    """:raises ValueError: for reserved concurrency that Lambda would refuse, or that stops the function."""
    most = reservable(account_concurrency)
    if reserved == 0:
        raise ValueError(f"expected at least 1: with 0 the function is never called ({RESERVED})")
    if not 1 <= reserved <= most:
        raise ValueError(
            f"expected at most {most:,}: of the account concurrency, {account_concurrency:,}, Lambda leaves"
            f" {UNRESERVED_CONCURRENCY} for functions that reserve nothing ({RESERVED})"
        )


def check_provisioned(provisioned: int, *, reserved: int | None, account_concurrency: int) -> None:
    """:raises ValueError: for more provisioned concurrency than a function can have."""
    most = reservable(account_concurrency) if reserved is None else reserved
    if provisioned > most:
        why = (
            f"of the account concurrency, {account_concurrency:,}, Lambda leaves {UNRESERVED_CONCURRENCY} for functions"
            " that provision nothing"
            if reserved is None
            else "provisioned concurrency is a part of the reserved concurrency, and not above it"
        )
        raise ValueError(f"expected at most {most:,}: {why} ({PROVISIONED})")


class LiveFunction(Construct):
    """A function in Python on ARM64, with one alias, ``live``, by which everybody calls it.

    *Each change of code or configuration is a version*, a numbered one, and moves the alias: at once, or by
    :meth:`shift_traffic`. What nobody should be called by is the function without an alias: its unpublished version.

    *Reserved concurrency* is of the function, so of all its versions together: no other function of the account can
    use it, and this one has no more. *Provisioned concurrency* is of the alias: environments that Lambda has
    initialized before anyone calls. A fixed number is a property of the alias. A number that scales is not: a
    deployment would reset it; Application Auto Scaling owns it then. While traffic shifts, nobody can change either
    (https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html).

    *Role*: it may write to the one log group, send traces and what the destination for failures needs.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        package: Path,
        handler: str,
        log_group: logs.LogGroup,
        description: str | None = None,
        environment: Mapping[str, str] | None = None,
        key: kms.Key | None = None,
        memory_mb: int = 256,
        timeout_seconds: int = 30,
        ephemeral_storage_mb: int = 512,
        account_concurrency: int = 1000,
        reserved_concurrency: int | None = None,
        provisioned: Provisioned | None = None,
        on_failure: lambda_.IDestination | None = None,
        max_event_age_seconds: int = 21_600,
        retry_attempts: int = 2,
        direct_upload: bool = False,
    ) -> None:
        """:param package: a folder or a .zip file with the code.
        :param handler: ``module.function`` in it.
        :param description: what people see in the list of functions.
        :param key: encrypts the environment variables.
        :param account_concurrency: the account's quota, which ``reserved_concurrency`` and ``provisioned`` have to fit.
        :param on_failure: gets the events that were given up, with what was said.
        :param max_event_age_seconds: how long Lambda tries to deliver an asynchronous event.
        :param retry_attempts: how often Lambda repeats an event whose function failed.
        :param direct_upload: whether the package has to fit the limit for uploads without S3.
        :raises ValueError: for a value outside of Lambda's limits, before anything is made.
        """
        MEMORY.check("memory_mb", memory_mb)
        TIMEOUT.check("timeout_seconds", timeout_seconds)
        EPHEMERAL_STORAGE.check("ephemeral_storage_mb", ephemeral_storage_mb)
        EVENT_AGE.check("max_event_age_seconds", max_event_age_seconds)
        RETRY_ATTEMPTS.check("retry_attempts", retry_attempts)
        check_environment(environment or {})
        check_package(package, direct_upload=direct_upload)
        check_handler(package, handler)
        if reserved_concurrency is not None:
            check_reserved(reserved_concurrency, account_concurrency=account_concurrency)
        if provisioned is not None:
            _check_bounds(provisioned, reserved_concurrency, account_concurrency)
        super().__init__(scope, construct_id)
        self.timeout_seconds = timeout_seconds
        self.max_event_age_seconds = max_event_age_seconds
        self.provisioned = provisioned
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))  # ty: ignore[invalid-argument-type]
        log_group.grant_write(role)
        if key is not None:
            iam.Grant.add_to_principal(grantee=role, actions=["kms:Decrypt"], resource_arns=[key.key_arn])
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            # Node may have started elsewhere, so the path is absolute.
            code=lambda_.Code.from_asset(str(package.resolve()), exclude=[*LEFT_OUT]),
            handler=handler,
            description=description,
            role=role,  # ty: ignore[invalid-argument-type]
            environment=dict(environment or {}),
            environment_encryption=key,
            memory_size=memory_mb,
            timeout=cdk.Duration.seconds(timeout_seconds),
            ephemeral_storage_size=cdk.Size.mebibytes(ephemeral_storage_mb),
            reserved_concurrent_executions=reserved_concurrency,
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            system_log_level_v2=lambda_.SystemLogLevel.INFO,
        )
        acknowledge(role, "IAM5[Resource::*]", "X-Ray's actions to send traces support no resource-level permissions.")
        scales = provisioned is not None and provisioned.most is not None
        self.alias = lambda_.Alias(
            self,
            "Alias",
            alias_name=ALIAS,
            version=self.function.current_version,  # ty: ignore[invalid-argument-type]
            provisioned_concurrent_executions=None if provisioned is None or scales else provisioned.least,
            on_failure=on_failure,
            max_event_age=cdk.Duration.seconds(max_event_age_seconds),
            retry_attempts=retry_attempts,
        )
        if provisioned is not None and provisioned.most is not None:
            self._scale(provisioned, provisioned.most)

    def url(self, *, principals: Sequence[str] = ()) -> lambda_.FunctionUrl:
        """An HTTPS endpoint of the alias, for requests that IAM has authenticated.

        Those of the stack's account who may call it by a policy of their own need nothing here.

        :param principals: ARNs of others who may call it, by the URL only. It takes both of Lambda's actions, since
            October 2025: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
        """
        url = self.alias.add_function_url(auth_type=lambda_.FunctionUrlAuthType.AWS_IAM)
        for principal in principals:
            url.grant_invoke_url(iam.ArnPrincipal(principal))
        return url

    def shift_traffic(
        self, how: TrafficShift, *, alarms: Sequence[cloudwatch.Alarm]
    ) -> codedeploy.LambdaDeploymentGroup:
        """Lets CodeDeploy move the alias to each new version, and back when one of ``alarms`` rings on the way.

        An alarm that rings already, before the deployment, ends it too: so they should be about the new version, see
        :meth:`new_version`, and not about the one that a deployment is to mend.
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
        # What watches a new version has to be there before traffic shifts to it, and CloudFormation's documents do not
        # say that it waits for a reference in an UpdatePolicy, which is all that CDK makes.
        self.alias.node.find_child("Resource").node.add_dependency(group)
        acknowledge(
            group,
            f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{CODE_DEPLOY_POLICY}]",
            "AWS keeps it in step with what CodeDeploy does to an alias; it may invoke hooks by their name only.",
        )
        return group

    def metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        """A metric of what is called by the alias.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
        """
        return self.alias.metric(name, statistic=statistic, period=MINUTE)

    def new_version(self, name: str, statistic: str) -> cloudwatch.Metric:
        """A metric of the version that this deployment brings, called by the alias: while traffic shifts there are two.

        Lambda reports it only then, so that an alarm is silent at all other times.
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

    def _scale(self, provisioned: Provisioned, most: int) -> None:
        scaling = self.alias.add_auto_scaling(min_capacity=provisioned.least, max_capacity=most)
        scaling.scale_on_utilization(utilization_target=provisioned.utilization_percent / 100)
        for index, schedule in enumerate(provisioned.schedules):
            scaling.scale_on_schedule(
                f"Schedule{index}",
                schedule=appscaling.Schedule.expression(f"cron({schedule.cron})"),
                time_zone=cdk.TimeZone.of(schedule.time_zone),
                min_capacity=schedule.least,
                max_capacity=schedule.most,
            )


def _check_bounds(provisioned: Provisioned, reserved: int | None, account_concurrency: int) -> None:
    pairs = [(provisioned.least, provisioned.most)]
    pairs += [(schedule.least, schedule.most) for schedule in provisioned.schedules]
    if provisioned.schedules and provisioned.most is None:
        raise ValueError("schedules: given without most, but they move the bounds that scaling works in")
    for least, most in pairs:
        highest = least if most is None else most
        if not 1 <= least <= highest:
            raise ValueError(f"least and most: {least} and {most} given, 1 <= least <= most required")
        check_provisioned(highest, reserved=reserved, account_concurrency=account_concurrency)
