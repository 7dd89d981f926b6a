"""The drawing of the architecture: the package's docstring says what each part promises."""

from typing import Any

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    Ec2Capacity,
    Ec2Service,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    PublicLoadBalancer,
    ServiceScaling,
    SharedFileSystem,
    StackOptions,
    WorkQueue,
    cluster,
    data_key,
    log_group,
)
from patternbook.ecs.scaling import scale_by_load
from stacks.ecs_ec2.endpoints import services_called
from stacks.ecs_ec2.settings import EcsEc2Settings
from stacks.ecs_ec2.tasks import web_task, worker_task


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
        days = settings.log_retention_days
        key = data_key(self, "Key", posture=posture)
        network = Network(self, "Network", posture=posture, cidr=settings.vpc_cidr, log_retention_days=days, key=key)
        files = (
            SharedFileSystem(self, "Files", vpc=network.vpc, posture=posture, key=key)
            if settings.shared_files
            else None
        )
        queue = WorkQueue(self, "Work", posture=posture, key=key)
        front = PublicLoadBalancer(
            self,
            "Front",
            vpc=network.vpc,
            posture=posture,
            certificate_arn=settings.certificate_arn,
            allow_plain_http=settings.allow_plain_http,
            allowed_cidrs=settings.allowed_cidrs,
            web_acl_arn=settings.web_acl_arn,
            log_retention_days=days,
        )
        ec2_cluster = cluster(self, "Cluster", network=network, posture=posture)
        capacity = Ec2Capacity(
            self,
            "Capacity",
            cluster=ec2_cluster,
            network=network,
            posture=posture,
            operating_system=settings.operating_system,
            architecture=settings.architecture,
            instance_types=settings.instance_types,
            min_instances=settings.min_instances,
            max_instances=settings.max_instances,
            on_demand_base=settings.on_demand_base,
            spot_percent=settings.spot_percent,
            capacity_provider=settings.capacity_provider,
            target_capacity_percent=settings.target_capacity_percent,
            protect_busy_instances=settings.protect_busy_instances,
            target_instance_cpu_percent=settings.target_instance_cpu_percent,
            eni_trunking=settings.eni_trunking,
        )
        task_logs = log_group(self, "TaskLogs", posture=posture, retention_days=days, key=key)
        common: dict[str, Any] = {
            "posture": posture,
            "log_group": task_logs,
            "compatibility": ecs.Compatibility.EC2,
            "environment": {"AWS_REGION": self.region, "QUEUE_URL": queue.queue.queue_url},
            "files": files,
            "mount_path": settings.mount_path,
        }
        web = web_task(self, "WebTask", settings=settings, common=common)
        worker = worker_task(self, "WorkerTask", settings=settings, common=common)
        queue.grant_send(web.definition.task_role)
        queue.grant_consume(worker.definition.task_role)
        services: dict[str, Any] = {"network": network, "capacity": capacity}
        web_service = Ec2Service(self, "Web", task=web, behind_load_balancer=True, **services)
        worker_service = Ec2Service(self, "Worker", task=worker, **services)
        clients = [capacity.security_group, web_service.group, worker_service.group]
        network.add_interface_endpoints(services_called(settings), client=ec2.Connections(security_groups=clients))
        targets = front.serve(web_service.service, health_check_path=settings.health_check_path)
        scale_by_load(self, "WebScaling", service=web_service.service, targets=targets, settings=settings)
        workers = ServiceScaling(
            self,
            "WorkerScaling",
            service=worker_service.service,
            min_tasks=settings.min_workers,
            max_tasks=settings.max_workers,
        )
        workers.on_cpu(percent=settings.target_cpu_percent)
        backlog = settings.backlog_messages
        workers.on_steps("Backlog", queue.backlog(), add_tasks={backlog: 1, 10 * backlog: 4})

        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_load_balancer(front.load_balancer, targets)
        monitoring.watch_service(web_service.service, name="web")
        monitoring.watch_service(worker_service.service, name="worker")
        monitoring.watch_queue(queue)
        if files:
            monitoring.watch_files(files)

        with_name = "; give it the name of the certificate, by DNS" if settings.certificate_arn else ""
        self.output("Url", front.url, f"The load balancer{with_name}")
        self.output("QueueUrl", queue.queue.queue_url, "Work for the worker; web tasks send a message as they start")
        self.output("LogGroupName", task_logs.log_group_name, "What the tasks print")
        self.output("AutoScalingGroupName", capacity.group.auto_scaling_group_name, "The instances")
        if posture.execute_command:
            self.output("ShellCommand", web_service.shell_command, "Opens a shell in a web task")
        self.output("SessionCommand", capacity.session_command, "Opens a session on an instance")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load, health and backlog at a glance")
