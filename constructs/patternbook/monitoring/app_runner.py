"""Alarms of App Runner services."""

from patternbook.monitoring.base import MonitoringBase, metrics_of


class AppRunnerAlarms(MonitoringBase):
    """Alarms on errors, latency and the number of instances."""

    def watch_app_runner(self, name: str, service_id: str, *, max_instances: int | None) -> None:
        """Adds alarms on 5xx responses, latency and the maximum number of instances, and graphs of requests and usage.

        https://docs.aws.amazon.com/apprunner/latest/dg/monitor-cw.html

        :param max_instances: maximum number of instances. None adds no alarm, for a service that doesn't scale.
        """
        metric = metrics_of("AWS/AppRunner", {"ServiceName": name, "ServiceID": service_id})
        self.watch(
            "ServiceErrors",
            metric("5xxStatusResponses", "sum"),
            threshold=5,
            description="More than 5 responses per minute are 5xx",
        )
        self.watch(
            "Latency",
            metric("RequestLatency", "p90"),
            threshold=1000,
            description="One request in ten takes longer than 1 second",
        )
        if max_instances is not None:
            self.watch(
                "AllInstances",
                metric("ActiveInstances", "max"),
                threshold=max_instances - 1,
                minutes=15,
                description="The service runs its maximum number of instances: requests may wait",
            )
        self.graph("Requests", [metric("Requests", "sum"), metric("4xxStatusResponses", "sum")])
        self.graph("CPU and memory, %", [metric("CPUUtilization", "avg"), metric("MemoryUtilization", "avg")])
