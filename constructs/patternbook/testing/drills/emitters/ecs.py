"""Amazon ECS and Container Insights.

- https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html: one sample of the utilization per
  task and minute. "Metrics for a dimension only reflect the resources with running tasks during a period": a service
  without a running task sends none.
- https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-metrics.html#cw_running_task_count: the
  number of samples is the number of tasks.
- https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-container-insights.html: "The metrics only
  reflect the resources with running tasks during the specified time range". Without a running task there is not even a
  desired number of tasks. The metrics are on
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html.
- https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html and
  https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html: the events of a service.
- https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html and
  https://repost.aws/knowledge-center/ecs-task-stopped: the events of a task, and why ECS stops one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patternbook.testing.drills.emitters.reports import Report, report


@dataclass(frozen=True)
class Tasks:
    """The tasks of a service in one minute."""

    desired: int = 2
    running: int = 2
    """Tasks that ECS takes for running."""

    pending: int = 0
    silent: int = 0
    """Running tasks of which no agent reports: its machine does not reach AWS."""

    deployments: int = 1
    cpu_percent: float = 30
    memory_percent: float = 40


@dataclass(frozen=True)
class EcsService:
    """An ECS service. It sends an event with its ARN as the resource."""

    cluster: str
    name: str
    arn: str

    def metrics(self, tasks: Tasks) -> Report:
        of_service = {"ClusterName": self.cluster, "ServiceName": self.name}
        reporting = tasks.running - tasks.silent
        sent: Report = {}
        if reporting > 0:
            used = {
                "CPUUtilization": ((tasks.cpu_percent, reporting),),
                "MemoryUtilization": ((tasks.memory_percent, reporting),),
            }
            sent |= report("AWS/ECS", of_service, used)
        if tasks.running > 0:
            counts = {
                "DesiredTaskCount": tasks.desired,
                "RunningTaskCount": tasks.running,
                "PendingTaskCount": tasks.pending,
                "DeploymentCount": tasks.deployments,
                "TaskSetCount": 0,
            }
            sent |= report("ECS/ContainerInsights", of_service, counts)
            sent |= report(
                "ECS/ContainerInsights", {"ClusterName": self.cluster}, {"TaskCount": tasks.running, "ServiceCount": 1}
            )
        return sent

    def deployment_failed(self) -> Mapping[str, Any]:
        """A deployment that the circuit breaker or an alarm rolls back."""
        return self._event(
            "ECS Deployment State Change",
            eventType="ERROR",
            eventName="SERVICE_DEPLOYMENT_FAILED",
            deploymentId="ecs-svc/123",
            reason="ECS deployment circuit breaker: task failed to start.",
        )

    def deployment_completed(self) -> Mapping[str, Any]:
        return self._event(
            "ECS Deployment State Change",
            eventType="INFO",
            eventName="SERVICE_DEPLOYMENT_COMPLETED",
            deploymentId="ecs-svc/123",
            reason="ECS deployment deploymentID completed.",
        )

    def deployment_started(self) -> Mapping[str, Any]:
        return self._event(
            "ECS Deployment State Change",
            eventType="INFO",
            eventName="SERVICE_DEPLOYMENT_IN_PROGRESS",
            deploymentId="ecs-svc/123",
            reason="ECS deployment deploymentId in progress.",
        )

    def placement_failed(self) -> Mapping[str, Any]:
        return self._event(
            "ECS Service Action",
            eventType="ERROR",
            eventName="SERVICE_TASK_PLACEMENT_FAILURE",
            clusterArn=self.arn.replace(":service/", ":cluster/").rpartition("/")[0],
            reason="RESOURCE:CPU",
        )

    def unhealthy_task_stopped(self) -> Mapping[str, Any]:
        """The last event of a task that failed the health check of its load balancer."""
        return {
            "source": "aws.ecs",
            "detail-type": "ECS Task State Change",
            "resources": [f"{self.arn.replace(':service/', ':task/')}-task"],
            "detail": {
                "clusterArn": self.arn.replace(":service/", ":cluster/").rpartition("/")[0],
                "group": f"service:{self.name}",
                "lastStatus": "STOPPED",
                "desiredStatus": "STOPPED",
                "stoppedReason": "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:…)",
            },
        }

    def steady(self) -> Mapping[str, Any]:
        return self._event("ECS Service Action", eventType="INFO", eventName="SERVICE_STEADY_STATE")

    def _event(self, detail_type: str, **detail: str) -> Mapping[str, Any]:
        return {"source": "aws.ecs", "detail-type": detail_type, "resources": [self.arn], "detail": detail}
