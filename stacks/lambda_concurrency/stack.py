"""The drawing of the architecture: the package's docstring says what each part promises."""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import Monitoring, PatternStack, Posture, StackOptions, data_key, log_group
from patternbook.aws_lambda.function import ALIAS, LiveFunction, Provisioned, Schedule
from patternbook.data.queues import FailureQueue
from stacks.lambda_concurrency.settings import LambdaConcurrencySettings, package_of

DEMONSTRATION_TEXT = "The demonstration of Patternbook"
ITEM = '{"item": "a text", "rounds": 200000}'


class LambdaConcurrencyStack(PatternStack):
    """A function behind its alias, with concurrency of its own."""

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
        key = data_key(self, "Key", posture=posture)
        failures = FailureQueue(self, "Failures", posture=posture, key=key)
        logs = log_group(self, "Logs", posture=posture, retention_days=settings.log_retention_days, key=key)
        live = LiveFunction(
            self,
            "Work",
            package=package_of(settings.code_path),
            handler=settings.handler,
            log_group=logs,
            description=DEMONSTRATION_TEXT if settings.code_path is None else None,
            environment=settings.environment,
            key=key,
            memory_mb=settings.memory_mb,
            timeout_seconds=settings.timeout_seconds,
            ephemeral_storage_mb=settings.ephemeral_storage_mb,
            account_concurrency=settings.account_concurrency,
            reserved_concurrency=settings.reserved_concurrency,
            provisioned=_provisioned(settings),
            on_failure=failures,  # ty: ignore[invalid-argument-type]
            max_event_age_seconds=settings.max_event_age_seconds,
            retry_attempts=settings.retry_attempts,
        )
        url = live.url(principals=settings.invoke_principals)
        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_function(live, slow_percent=settings.duration_alarm_percent)
        monitoring.watch_failures(failures)
        live.shift_traffic(
            settings.traffic_shift,
            alarms=monitoring.watch_new_version(live, slow_percent=settings.duration_alarm_percent),
        )

        name = live.function.function_name
        self.output("Url", url.url, "The function by HTTPS, for requests that are signed for IAM")
        self.output(
            "InvokeCommand",
            f"aws lambda invoke --function-name {name} --qualifier {ALIAS} --invocation-type Event"
            f" --cli-binary-format raw-in-base64-out --payload '{ITEM}' /dev/stdout",
            "Gives the function an item to do, and does not wait for it",
        )
        self.output(
            "WeightsCommand",
            f"aws lambda get-alias --function-name {name} --name {ALIAS}"
            " --query '{version: FunctionVersion, others: RoutingConfig.AdditionalVersionWeights}'",
            "Tells which version gets how much of the traffic",
        )
        self.output("FailuresQueueUrl", failures.queue.queue_url, "Where events are that could not be done")
        self.output("LogGroupName", logs.log_group_name, "What the function logs")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load and health at a glance")


def _provisioned(settings: LambdaConcurrencySettings) -> Provisioned | None:
    if not settings.provisioned_concurrency:
        return None
    return Provisioned(
        least=settings.provisioned_concurrency,
        most=settings.max_provisioned_concurrency,
        utilization_percent=settings.provisioned_utilization_percent,
        schedules=[
            Schedule(
                cron=schedule.cron,
                time_zone=schedule.time_zone,
                least=schedule.min_provisioned,
                most=schedule.max_provisioned,
            )
            for schedule in settings.scheduled_provisioned
        ],
    )
