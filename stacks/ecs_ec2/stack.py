"""Internet → Application Load Balancer → web tasks on EC2 (private subnets) → SQS → worker tasks on EC2"""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    Ec2Capacity,
    Ec2Service,
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
from stacks.ecs_ec2.demonstration import send_message_first, web_server
from stacks.ecs_ec2.settings import EcsEc2Settings
from stacks.ecs_ec2.worker import work_queue, worker_scaling, worker_task


class EcsEc2Stack(PatternStack):
    """A cluster on EC2 instances, and two services in it with a queue between them."""

    title = "ECS on EC2 with a capacity provider: a web service and a worker"
    settings_type = EcsEc2Settings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EcsEc2Settings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.network = network = Network.from_settings(self, "Network", settings, posture=posture, key=self.key)
        self.files: SharedFileSystem | None = None
        if settings.shared_files:
            self.files = SharedFileSystem(self, "Files", vpc=network.vpc, posture=posture, key=self.key)
        self.queue = work_queue(self, "Work", settings, posture=posture, key=self.key)
        self.load_balancer = PublicLoadBalancer.from_settings(self, "Front", settings, vpc=network.vpc, posture=posture)
        self.cluster = cluster(self, "Cluster", network=network, posture=posture)
        self.capacity = Ec2Capacity.from_settings(
            self, "Capacity", settings, cluster=self.cluster, network=network, posture=posture
        )
        self.logs = logs = LogGroup.from_settings(self, "TaskLogs", settings, posture=posture, key=self.key)
        environment = {"AWS_REGION": self.region, "QUEUE_URL": self.queue.queue.queue_url}
        self.web_task = Task.from_settings(
            self,
            "WebTask",
            settings,
            posture=posture,
            log_group=logs,
            compatibility=ecs.Compatibility.EC2,
            environment=environment,
            files=self.files,
            demonstration=web_server(settings.container_port),
        )
        if settings.image is None:
            send_message_first(self.web_task, environment)
        self.worker_task = worker_task(
            self, "WorkerTask", settings, posture=posture, log_group=logs, environment=environment, files=self.files
        )
        self.queue.grant_send(self.web_task.definition.task_role)
        self.queue.grant_consume(self.worker_task.definition.task_role)
        grace_period = settings.health_check.grace_period
        self.service = Ec2Service(
            self, "Web", network=network, capacity=self.capacity, task=self.web_task, grace_period_seconds=grace_period
        )
        self.worker = Ec2Service(self, "Worker", network=network, capacity=self.capacity, task=self.worker_task)
        called = [
            *self.capacity.services_called,
            *self.worker_task.services_called,
            ec2.InterfaceVpcEndpointAwsService.SQS,
            *self.web_task.services_called,
        ]
        clients = [self.capacity.security_group, self.service.group, self.worker.group]
        network.add_interface_endpoints(called, client=ec2.Connections(security_groups=clients))
        targets = self.load_balancer.serve(self.service.service)
        self.scaling = ServiceScaling.from_settings(
            self, "WebScaling", settings, service=self.service.service, targets=targets
        )
        self.worker_scaling = worker_scaling(self, "WorkerScaling", settings, service=self.worker, queue=self.queue)

        self.monitoring = monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/ecs-ec2.md"
        )
        balancer = self.load_balancer.load_balancer
        self.service.roll_back_on(
            monitoring.watch_load_balancer(balancer, targets, grace_period_seconds=grace_period),
            monitoring.watch_service(self.service.service, name="web", min_tasks=self.scaling.fewest_tasks),
        )
        self.worker.roll_back_on(
            monitoring.watch_service(self.worker.service, name="worker", min_tasks=self.worker_scaling.fewest_tasks),
            monitoring.watch_queue(self.queue),
        )
        if self.files:
            monitoring.watch_files(self.files)

        for output in self.load_balancer.outputs:
            self.output(*output)
        self.output("QueueUrl", environment["QUEUE_URL"], "Queue of the worker. Each new web task sends a message")
        self.output("LogGroupName", logs.log_group_name, "CloudWatch log group of the tasks")
        self.output(
            "AutoScalingGroupName", self.capacity.group.auto_scaling_group_name, "Auto Scaling group of the instances"
        )
        if posture.execute_command:
            self.output("ShellCommand", self.service.shell_command, "Opens a shell in a web task (ECS Exec)")
        self.output("SessionCommand", self.capacity.session_command, "Opens a Session Manager session on an instance")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
