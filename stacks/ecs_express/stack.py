"""Internet → load balancer that ECS makes → Fargate tasks (public subnets, or private ones with an internal URL)"""

from dataclasses import replace

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    ExpressService,
    LogGroup,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    StackOptions,
    Task,
    cluster,
    data_key,
)
from patternbook.limits.ecs_express import MAIN_CONTAINER
from stacks.ecs_express.demonstration import web_server
from stacks.ecs_express.settings import EcsExpressSettings


class EcsExpressStack(PatternStack):
    """A service in Express Mode, with its own cluster and network."""

    title = "ECS Express Mode: from an image to an address with HTTPS"
    settings_type = EcsExpressSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EcsExpressSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.network = network = Network.from_settings(
            self, "Network", settings, posture=posture, key=self.key, private_subnets=settings.private_ingress
        )
        self.logs = LogGroup.from_settings(self, "TaskLogs", settings, posture=posture, key=self.key)
        self.task = Task.from_settings(
            self,
            "Task",
            settings,
            posture=replace(posture, execute_command=False),  # Express Mode supports no ECS Exec
            log_group=self.logs,
            container_name=MAIN_CONTAINER,
            port_name="http",
            demonstration=web_server(settings.container_port),
        )
        self.cluster = cluster(self, "Cluster", network=network, posture=posture)
        self.service = ExpressService.from_settings(
            self, "Express", settings, cluster=self.cluster, network=network, task=self.task
        )
        network.add_interface_endpoints(self.task.services_called, client=self.service.group)

        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/ecs-express.md"
        )
        self.monitoring.watch_load_balancer(self.service.load_balancer)
        self.monitoring.watch_tasks(
            self.cluster.cluster_name,
            self.service.service_name,
            self.service.service.attr_service_arn,
            min_tasks=settings.min_tasks,
        )
        self.monitoring.notify_on_unhealthy_tasks(self.service.service_name, cluster_arn=self.cluster.cluster_arn)

        clients = "clients in the VPC" if settings.private_ingress else "the internet"
        self.output("Url", self.service.url, f"URL of the service for {clients}")
        self.output("DescribeCommand", self.service.describe_command, "Shows what ECS has made for the service")
        self.output("LogGroupName", self.logs.log_group_name, "CloudWatch log group of the tasks")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
