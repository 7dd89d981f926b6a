"""Caller (IAM) → function URL → alias → Lambda function → DynamoDB; events that fail → SQS queue → redrive."""

from typing import Final

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    EventRedrive,
    FailureQueue,
    LiveFunction,
    LogGroup,
    Monitoring,
    PatternStack,
    Posture,
    SingleTable,
    StackOptions,
    data_key,
    powertools_layer_arn,
)
from patternbook.aws_lambda.function import ALIAS
from patternbook.limits.regions import FUNCTION_URL
from stacks.lambda_concurrency import demonstration
from stacks.lambda_concurrency.settings import LambdaConcurrencySettings

PAGE: Final = "docs/lambda-concurrency.md"


class LambdaConcurrencyStack(PatternStack):
    """A function behind its alias, with reserved and provisioned concurrency."""

    title = "Lambda function with reserved and provisioned concurrency"
    settings_type = LambdaConcurrencySettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: LambdaConcurrencySettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.failures = FailureQueue(self, "Failures", posture=posture, key=self.key)
        self.log_group = LogGroup.from_settings(self, "Logs", settings, posture=posture, key=self.key)
        self.items = SingleTable.from_settings(self, "Items", settings, posture=posture, key=self.key)
        self.function = LiveFunction.from_settings(
            self,
            "Work",
            settings,
            log_group=self.log_group,
            description=demonstration.DESCRIPTION if settings.code_path is None else None,
            environment=demonstration.variables(table=self.items.table.table_name, stack_name=self.stack_name),
            layer_arns=[powertools_layer_arn(self, "Powertools")] if settings.powertools else [],
            key=self.key,
            on_failure=self.failures,  # ty: ignore[invalid-argument-type]
        )
        self.items.grant(self.function.function, "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
        self.redrive = EventRedrive(
            self,
            "Redrive",
            failures=self.failures,
            live=self.function,
            log_group=LogGroup.from_settings(self, "RedriveLogs", settings, posture=posture, key=self.key),
            key=self.key,
        )
        if settings.invoke_principals:
            self.refuse_where_missing(FUNCTION_URL)
        self.url = self.function.url(principals=settings.invoke_principals) if self.offers(FUNCTION_URL) else None
        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page=PAGE
        )
        slow = settings.duration_alarm_percent
        self.monitoring.watch_function(self.function, slow_percent=slow)
        self.monitoring.watch_failures(self.failures)
        self.monitoring.watch_table(self.items)
        self.deployments = self.function.shift_traffic(
            settings.traffic_shift, alarms=self.monitoring.watch_new_version(self.function, slow_percent=slow)
        )

        name = self.function.function.function_name
        if self.url:
            self.output("Url", self.url.url, "Function URL, for requests that are signed for IAM")
        self.output(
            "InvokeCommand",
            f"aws lambda invoke --function-name {name} --qualifier {ALIAS} --invocation-type Event"
            f" --cli-binary-format raw-in-base64-out --payload '{demonstration.ITEM}' /dev/stdout",
            "Sends an event to the function without waiting for the result",
        )
        self.output(
            "WeightsCommand",
            f"aws lambda get-alias --function-name {name} --name {ALIAS}"
            " --query '{version: FunctionVersion, others: RoutingConfig.AdditionalVersionWeights}'",
            "Shows the share of traffic of each version",
        )
        self.output(
            "FailuresQueueUrl", self.failures.queue.queue_url, "Queue of events that the function could not process"
        )
        self.output("RedriveCommand", self.redrive.command, "Sends the events of this queue to the function again")
        self.output("TableName", self.items.table.table_name, "Table in which the function remembers what was done")
        self.output("FunctionName", name, "Name of the function; always call its alias")
        self.output("LogGroupName", self.log_group.log_group_name, "CloudWatch log group of the function")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
