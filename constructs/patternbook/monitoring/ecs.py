"""Alarms of ECS services."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs

from patternbook.monitoring.base import MINUTE, MonitoringBase


class EcsAlarms(MonitoringBase):
    """Alarms on missing and on silent tasks."""

    def watch_agent_heartbeats(self, service: ecs.BaseService, *, tasks: int) -> None:
        """Adds an alarm on tasks that no agent reports for 15 minutes: a task is missing, or an agent has stopped.

        The agents report one sample of the utilization per minute for each running task
        (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-metrics.html#cw_running_task_count).

        :param tasks: expected number of tasks, at least 1.
        """
        reporting = service.metric_cpu_utilization(statistic="SampleCount", period=MINUTE)
        self.watch(
            "SilentTasks",
            cloudwatch.MathExpression(
                expression=f"{tasks} - reporting",
                using_metrics={"reporting": reporting},
                label="Tasks not reporting",
                period=MINUTE,
            ),
            threshold=0,
            minutes=15,
            missing_data_breaches=True,
            description="Fewer tasks report than expected: an agent has stopped, or tasks are missing",
        )

    def watch_service(self, service: ecs.BaseService, *, name: str = "", asked_by: str = "scaling") -> None:
        """Adds an alarm on missing tasks, and a graph of CPU and memory. The alarm needs Container Insights.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html

        :param name: name of the service in the alarm, if the stack has several.
        :param asked_by: noun in the alarm's description for what sets the desired number of tasks.
        """
        self.watch_tasks(service.cluster.cluster_name, service.service_name, name=name, asked_by=asked_by)

    def watch_tasks(self, cluster_name: str, service_name: str, *, name: str = "", asked_by: str = "scaling") -> None:
        """Like :meth:`watch_service`, for a service of which only the name is known."""
        of_which = f" of {name}" if name else ""
        names = {"ClusterName": cluster_name, "ServiceName": service_name}
        self.watch(
            f"{name.title()}MissingTasks",
            cloudwatch.MathExpression(
                expression="desired - running",
                using_metrics={
                    state: cloudwatch.Metric(
                        namespace="ECS/ContainerInsights",
                        metric_name=f"{state.title()}TaskCount",
                        dimensions_map=names,
                        statistic="min",
                        period=MINUTE,
                    )
                    for state in ("desired", "running")
                },
                label="Tasks missing",
                period=MINUTE,
            ),
            threshold=0,
            minutes=10,
            description=f"Fewer tasks{of_which} run than {asked_by} asks for",
        )
        used = [
            cloudwatch.Metric(namespace="AWS/ECS", metric_name=f"{resource}Utilization", dimensions_map=names)
            for resource in ("CPU", "Memory")
        ]
        self.graph(f"CPU and memory{of_which}", used)
