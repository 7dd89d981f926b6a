"""Internet → Application Load Balancer → Fargate tasks (private subnets) → EFS (isolated subnets)"""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    FargateService,
    LogGroup,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    PublicLoadBalancer,
    ServiceScaling,
    SharedFileSystem,
    StackOptions,
    Task,
    cluster,
    data_key,
)
from stacks.fargate_efs.demonstration import add_line_first, web_server
from stacks.fargate_efs.settings import FargateEfsSettings


class FargateEfsStack(PatternStack):
    """A network, a shared file system, a load balancer, and a service that uses all three."""

    title = "Fargate service with shared EFS storage behind an ALB"
    settings_type = FargateEfsSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: FargateEfsSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.network = Network.from_settings(self, "Network", settings, posture=posture, key=self.key)
        self.files = SharedFileSystem(self, "Files", vpc=self.network.vpc, posture=posture, key=self.key)
        self.load_balancer = PublicLoadBalancer.from_settings(
            self, "Front", settings, vpc=self.network.vpc, posture=posture
        )
        self.logs = LogGroup.from_settings(self, "TaskLogs", settings, posture=posture, key=self.key)
        self.task = Task.from_settings(
            self,
            "Task",
            settings,
            posture=posture,
            log_group=self.logs,
            files=self.files,
            demonstration=web_server(settings),
        )
        if settings.image is None:
            add_line_first(self.task, settings)
        self.cluster = cluster(self, "Cluster", network=self.network, posture=posture)
        self.service = FargateService.from_settings(
            self, "Fargate", settings, cluster=self.cluster, network=self.network, task=self.task
        )
        self.network.add_interface_endpoints(self.task.services_called, client=self.service.service)
        targets = self.load_balancer.serve(self.service.service, shifts_requests=settings.shifts_requests)
        alternate = self.load_balancer.alternate_targets
        self.scaling = ServiceScaling.from_settings(
            self, "Scaling", settings, service=self.service.service, targets=targets, alternate=alternate
        )

        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/fargate-efs.md"
        )
        self.service.roll_back_on(
            self.monitoring.watch_load_balancer(
                self.load_balancer.load_balancer,
                targets,
                alternate=alternate,
                grace_period_seconds=settings.health_check.grace_period,
            ),
            self.monitoring.watch_service(self.service.service, min_tasks=self.scaling.fewest_tasks),
        )
        self.monitoring.watch_files(self.files)

        for output in self.load_balancer.outputs:
            self.output(*output)
        if posture.execute_command:
            self.output("ShellCommand", self.service.shell_command, "Opens a shell in a task (ECS Exec)")
        self.output("FileSystemId", self.files.file_system.file_system_id, "Shared EFS file system")
        self.output("LogGroupName", self.logs.log_group_name, "CloudWatch log group of the tasks")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
