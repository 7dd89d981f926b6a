"""Internet → Application Load Balancer → tasks on instances that ECS manages (private subnets)"""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    LogGroup,
    ManagedInstances,
    ManagedInstancesService,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    PublicLoadBalancer,
    ServiceScaling,
    StackOptions,
    Task,
    cluster,
    data_key,
)
from stacks.ecs_managed_instances.demonstration import web_server
from stacks.ecs_managed_instances.settings import EcsManagedInstancesSettings


class EcsManagedInstancesStack(PatternStack):
    """A cluster on instances that ECS manages, and a service in it behind a load balancer."""

    title = "ECS on managed instances, chosen by their attributes"
    settings_type = EcsManagedInstancesSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EcsManagedInstancesSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.network = network = Network.from_settings(self, "Network", settings, posture=posture, key=self.key)
        self.load_balancer = PublicLoadBalancer.from_settings(self, "Front", settings, vpc=network.vpc, posture=posture)
        self.cluster = cluster(self, "Cluster", network=network, posture=posture)
        self.capacity = ManagedInstances.from_settings(
            self, "Capacity", settings, cluster=self.cluster, network=network
        )
        self.logs = LogGroup.from_settings(self, "TaskLogs", settings, posture=posture, key=self.key)
        self.task = Task.from_settings(
            self,
            "WebTask",
            settings,
            posture=posture,
            log_group=self.logs,
            compatibility=ecs.Compatibility.MANAGED_INSTANCES,
            architecture=self.capacity.architecture,
            demonstration=web_server(settings.container_port),
        )
        grace_period = settings.health_check.grace_period
        self.service = ManagedInstancesService(
            self, "Web", task=self.task, network=network, capacity=self.capacity, grace_period_seconds=grace_period
        )
        network.add_interface_endpoints(
            [*self.capacity.services_called, *self.task.services_called],
            client=ec2.Connections(security_groups=[self.capacity.security_group, self.service.group]),
        )
        targets = self.load_balancer.serve(self.service.service)
        self.scaling = ServiceScaling.from_settings(
            self, "WebScaling", settings, service=self.service.service, targets=targets
        )

        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/ecs-managed-instances.md"
        )
        self.service.roll_back_on(
            self.monitoring.watch_load_balancer(
                self.load_balancer.load_balancer, targets, grace_period_seconds=settings.health_check.grace_period
            ),
            self.monitoring.watch_service(self.service.service, min_tasks=self.scaling.fewest_tasks),
        )

        for output in self.load_balancer.outputs:
            self.output(*output)
        self.output("LogGroupName", self.logs.log_group_name, "CloudWatch log group of the tasks")
        self.output("InstancesCommand", self.capacity.instances_command, "Lists the instances with their types")
        if posture.execute_command:
            self.output("ShellCommand", self.service.shell_command, "Opens a shell in a task (ECS Exec)")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
