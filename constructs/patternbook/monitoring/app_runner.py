"""Alarms of App Runner services."""

from patternbook.monitoring.base import MonitoringBase, metrics_of


class AppRunnerAlarms(MonitoringBase):
    """Watches App Runner services."""

    def watch_app_runner(self, name: str, service_id: str, *, max_instances: int | None) -> None:
        """Alarms on 5xx responses, on slow ones, and on a service that runs as many instances as it may; graphs of
        requests and of what instances use.

        https://docs.aws.amazon.com/apprunner/latest/dg/monitor-cw.html

        :param max_instances: to which the service scales; None where their number is fixed, and says nothing.
        """
        metric = metrics_of("AWS/AppRunner", {"ServiceName": name, "ServiceID": service_id})
        self.watch(
            "ServiceErrors",
            metric("5xxStatusResponses", "sum"),
            threshold=5,
            description="More than 5 responses a minute are 5xx",
        )
        self.watch(
            "Latency",
            metric("RequestLatency", "p90"),
            threshold=1000,
            description="One request in ten takes longer than 1,000 milliseconds",
        )
        if max_instances is not None:
            self.watch(
                "AllInstances",
                metric("ActiveInstances", "max"),
                threshold=max_instances - 1,
                minutes=15,
                description="As many instances are busy as there may be: requests may wait",
            )
        self.graph("Requests", [metric("Requests", "sum"), metric("4xxStatusResponses", "sum")])
        self.graph("CPU and memory, %", [metric("CPUUtilization", "avg"), metric("MemoryUtilization", "avg")])
