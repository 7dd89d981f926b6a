"""Alarms of ECS services."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events

from patternbook.monitoring.base import MonitoringBase, metrics_of
from patternbook.monitoring.failures import MINUTE
from patternbook.monitoring.load_balancers import FAILS_CHECK

BREACHING = cloudwatch.TreatMissingData.BREACHING
EVENTS = "Look at the events of the service and at the reasons of its stopped tasks"


class EcsAlarms(MonitoringBase):
    """Alarms on crashing, waiting, missing and silent tasks, and messages about failed deployments."""

    def watch_service(self, service: ecs.BaseService, *, min_tasks: int, name: str = "") -> list[cloudwatch.Alarm]:
        """Adds alarms on crashing, waiting and missing tasks, a message about failed deployments, and a graph of load.

        The alarms need Container Insights:
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html

        :param min_tasks: number of tasks that run at any time, also during deployments and scale-in. With 0, silence
            can mean that nothing has to run. Then there is no alarm on missing tasks.
        :param name: name of the service in the alarms, if the stack has several.
        :return: the alarms that tell of a bad deployment, see :func:`patternbook.ecs.service.roll_back_on`.
        """
        return self.watch_tasks(
            service.cluster.cluster_name, service.service_name, service.service_arn, min_tasks=min_tasks, name=name
        )

    def watch_tasks(
        self, cluster_name: str, service_name: str, service_arn: str, *, min_tasks: int, name: str = ""
    ) -> list[cloudwatch.Alarm]:
        """Like :meth:`watch_service`, for a service of which only the names are known."""
        of_which = f" of {name}" if name else ""
        names = {"ClusterName": cluster_name, "ServiceName": service_name}
        count = metrics_of("ECS/ContainerInsights", names)
        metrics = {"desired": count("DesiredTaskCount", "min"), "running": count("RunningTaskCount", "min")}
        # A task that stops is replaced within a minute or three, so one that comes and goes (a crash loop) leaves few
        # bad minutes between good ones, and no minute without a good one. What stops once, such as a task on Spot, is
        # silent. Deployments and scale-in start with more tasks than desired, and scale-out loses none.
        crashing = self.watch(
            f"{name.title()}CrashingTasks",
            cloudwatch.MathExpression(
                expression="(running < desired) * (DIFF(running) < 0)",
                using_metrics=metrics,
                label="Tasks stopped, and fewer run than desired",
                period=MINUTE,
            ),
            threshold=0,
            minutes=20,
            breaching_minutes=4,
            named=True,
            description=f"Tasks{of_which} stop again and again",
            remedy=f"{EVENTS}, and at the last lines of their logs, and go back to the last version if one is new.",
        )
        # While a service scales out, tasks wait for each step: minutes on Fargate, longer if an instance has to start.
        self.watch(
            f"{name.title()}WaitingTasks",
            cloudwatch.MathExpression(
                expression="desired - running", using_metrics=metrics, label="Tasks waiting", period=MINUTE
            ),
            threshold=0,
            minutes=15,
            breaching_minutes=12,
            description=f"Tasks{of_which} wait to start",
            remedy=f"{EVENTS}, and give them capacity or what else they lack.",
        )
        self._notify_on_failed_deployment(f"{name.title()}DeploymentFailed", service_name, service_arn)
        used = [
            cloudwatch.Metric(namespace="AWS/ECS", metric_name=f"{resource}Utilization", dimensions_map=names)
            for resource in ("CPU", "Memory")
        ]
        self.graph(f"CPU and memory{of_which}", used)
        return [crashing, *([self._watch_minimum(name, of_which, metrics["running"], min_tasks)] if min_tasks else [])]

    def _watch_minimum(self, name: str, of_which: str, running: cloudwatch.Metric, min_tasks: int) -> cloudwatch.Alarm:
        # ECS sends no metrics of a service without running tasks, so no data means no task:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
        # FILL makes it a breaching minute, where missing data would count only if real data is too little. It also
        # takes the last minutes, whose data has not arrived yet, for minutes without a task. So 6 minutes are two late
        # ones and up to three of a task's replacement, and one more.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
        return self.watch(
            f"{name.title()}MissingTasks",
            cloudwatch.MathExpression(
                expression=f"{min_tasks} - FILL(running, 0)",
                using_metrics={"running": running},
                label="Tasks missing",
                period=MINUTE,
            ),
            threshold=0,
            minutes=20,
            breaching_minutes=6,
            missing_data=BREACHING,
            named=True,
            description=f"Too few tasks{of_which} run (minimum {min_tasks})",
            remedy=f"{EVENTS}, and mend what they name, such as the image, a secret or a lack of capacity.",
        )

    def watch_agent_heartbeats(self, service: ecs.BaseService, *, tasks: int) -> None:
        """Adds an alarm on tasks that no agent reports, because a task is missing or an agent has stopped.

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
            # An agent that reconnects for a moment does not hide that it is away for most of the time.
            breaching_minutes=12,
            missing_data=BREACHING,
            description="Fewer tasks report than expected: an agent has stopped, or tasks are missing",
            remedy="Look at the agents of the container instances, and start those that are disconnected.",
        )

    def notify_on_unhealthy_tasks(self, service_name: str, *, cluster_arn: str) -> None:
        """Sends a message for each task that ECS stops because it failed a health check.

        It is for a service whose target group is not known, and which has no alarm on it. ECS starts the replacement
        before it stops an unhealthy task, so the number of running tasks tells nothing.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
        https://repost.aws/knowledge-center/ecs-task-stopped
        """
        detail = events.EventField.from_path
        reason, time = detail("$.detail.stoppedReason"), detail("$.time")
        self.notify_on_event(
            "UnhealthyTask",
            events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Task State Change"],
                detail={
                    "clusterArn": [cluster_arn],
                    "group": [f"service:{service_name}"],
                    "lastStatus": ["STOPPED"],
                    "stoppedReason": events.Match.prefix("Task failed "),
                },
            ),
            description="ECS stopped an unhealthy task",
            message=f"ECS stopped an unhealthy task of {service_name} ({time}): {reason}. {FAILS_CHECK}",
        )

    def _notify_on_failed_deployment(self, rule: str, service_name: str, service_arn: str) -> None:
        """ECS sends this event if the circuit breaker or an alarm fails a deployment, before it rolls back.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
        """
        detail = events.EventField.from_path
        reason, time = detail("$.detail.reason"), detail("$.time")
        self.notify_on_event(
            rule,
            events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Deployment State Change"],
                resources=[service_arn],
                detail={"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
            ),
            description="A deployment failed",
            message=f"A deployment of {service_name} failed ({time}): {reason}. ECS goes back to the last completed "
            f"deployment, if there is one. {EVENTS}, and deploy again when the reason is mended.",
        )
