"""Alarms of App Runner services."""

from aws_cdk import aws_events as events

from patternbook.monitoring.base import MonitoringBase, metrics_of
from patternbook.monitoring.failures import Failures

FAILED_OPERATIONS = [
    *("CreateServiceFailed", "DeleteServiceFailed", "UpdateServiceFailed"),
    *("DeploymentFailed", "PauseServiceFailed", "ResumeServiceFailed"),
]
"""https://docs.aws.amazon.com/apprunner/latest/dg/monitor-ev.html"""
LOGS = "Read the log group of the application, and pause or go back if a new version is the reason."


class AppRunnerAlarms(MonitoringBase):
    """Alarms on errors, latency, the number of instances, and failed operations."""

    def watch_app_runner(self, name: str, service_id: str, *, service_arn: str, max_instances: int | None) -> None:
        """Adds alarms on 5xx responses, latency and the maximum number of instances, and graphs of requests and usage.

        App Runner rolls a failed update back by itself, and CloudFormation takes that for a success
        (https://github.com/aws/apprunner-roadmap/issues/209). So the topic hears of each operation that fails.

        https://docs.aws.amazon.com/apprunner/latest/dg/monitor-cw.html

        :param max_instances: maximum number of instances. None adds no alarm, for a service that doesn't scale.
        """
        metric = metrics_of("AWS/AppRunner", {"ServiceName": name, "ServiceID": service_id})
        requests = metric("Requests", "sum")
        self._watch_failures(
            "ServiceErrors",
            [Failures(metric("5xxStatusResponses", "sum"), requests)],
            breaching_minutes=3,
            description="The service answers too many requests with 5xx",
            remedy=LOGS,
        )
        self.watch(
            "Latency",
            metric("RequestLatency", "p90"),
            threshold=1000,
            minutes=15,
            breaching_minutes=5,
            description="One request in ten takes longer than 1 second",
            remedy="Look at CPU and memory on the dashboard: give instances more if they are high, or see what the "
            "application waits for.",
        )
        if max_instances is not None:
            self.watch(
                "AllInstances",
                metric("ActiveInstances", "max"),
                threshold=max_instances - 1,
                minutes=20,
                breaching_minutes=15,
                description="The service runs its maximum number of instances: requests may wait",
                remedy="Raise max_instances or max_concurrency, or find the clients that send so much.",
            )
        self._notify_on_failed_operation(name, service_arn)
        self.graph("Requests", [requests, metric("4xxStatusResponses", "sum")])
        self.graph("CPU and memory, %", [metric("CPUUtilization", "avg"), metric("MemoryUtilization", "avg")])

    def _notify_on_failed_operation(self, name: str, service_arn: str) -> None:
        field = events.EventField.from_path
        status, message, time = (field(path) for path in ("$.detail.operationStatus", "$.detail.message", "$.time"))
        self.notify_on_event(
            "FailedOperation",
            events.EventPattern(
                source=["aws.apprunner"],
                detail_type=["AppRunner Service Operation Status Change"],
                resources=[service_arn],
                detail={"operationStatus": FAILED_OPERATIONS},
            ),
            description="An operation of the App Runner service failed",
            message=f"{status} of {name} ({time}): {message} The service still runs what it ran before, although a "
            "deployment of the stack may say that it succeeded. Read the service's own log group, mend the reason, "
            "and deploy another change.",
        )
