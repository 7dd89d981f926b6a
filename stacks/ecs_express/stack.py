"""The drawing of the architecture: the package's docstring says what each part promises."""

from dataclasses import replace

from aws_cdk import aws_ecs as ecs
from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    ExpressService,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    StackOptions,
    Task,
    cluster,
    data_key,
    log_group,
)
from patternbook.ecs.demonstration import WEB_SCRIPT
from patternbook.limits.ecs_express import MAIN_CONTAINER
from stacks.ecs_express.settings import WEB_PATH, EcsExpressSettings

DEMONSTRATION_IMAGE = "public.ecr.aws/docker/library/busybox:1.37"
PAGE_TEXT = "It runs on Fargate, behind a load balancer that ECS made."


class EcsExpressStack(PatternStack):
    """A service in Express Mode, on a cluster of its own in a network of its own."""

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
        days = settings.log_retention_days
        key = data_key(self, "Key", posture=posture)
        network = Network(
            self,
            "Network",
            posture=posture,
            cidr=settings.vpc_cidr,
            log_retention_days=days,
            key=key,
            private_subnets=settings.private_ingress,
        )
        task_logs = log_group(self, "TaskLogs", posture=posture, retention_days=days, key=key)
        arm = settings.architecture == "arm64"
        demonstration = settings.image is None
        task = Task(
            self,
            "Task",
            posture=replace(posture, execute_command=False),  # Express Mode does not switch ECS Exec on
            image=settings.image or DEMONSTRATION_IMAGE,
            cpu_architecture=ecs.CpuArchitecture.ARM64 if arm else ecs.CpuArchitecture.X86_64,
            container_name=MAIN_CONTAINER,
            port=settings.container_port,
            port_name="http",
            log_group=task_logs,
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            command=_serve(settings) if demonstration else settings.command,
            health_check_command=settings.health_check_command or (_probe(settings) if demonstration else ()),
            writable_paths=(*settings.writable_paths, *([WEB_PATH] if demonstration else [])),
            secrets=settings.secrets,
            parameters=settings.parameters,
            secret_key_arns=settings.secret_key_arns,
        )
        ecs_cluster = cluster(self, "Cluster", network=network, posture=posture)
        express = ExpressService(
            self,
            "Express",
            cluster=ecs_cluster,
            network=network,
            task=task,
            public=not settings.private_ingress,
            health_check_path=settings.health_check_path,
            min_tasks=settings.min_tasks,
            max_tasks=settings.max_tasks,
            scaling_metric=settings.scaling_metric,
            scaling_target=settings.scaling_target,
            web_acl_arn=settings.web_acl_arn,
        )
        network.add_interface_endpoints(task.services_called, client=express.group)

        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_load_balancer(express.load_balancer)
        monitoring.watch_tasks(ecs_cluster.cluster_name, express.service_name)

        self.output("Url", express.url, f"The service{', from within the VPC' if settings.private_ingress else ''}")
        self.output("DescribeCommand", express.describe_command, "Says what ECS has made of the service")
        self.output("LogGroupName", task_logs.log_group_name, "What the tasks print")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load and health at a glance")


def _serve(settings: EcsExpressSettings) -> list[str]:
    script = WEB_SCRIPT.read_text(encoding="utf-8")
    return ["sh", "-c", script, WEB_SCRIPT.name, WEB_PATH, str(settings.container_port), "ECS Express Mode", PAGE_TEXT]


def _probe(settings: EcsExpressSettings) -> list[str]:
    return ["CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{settings.container_port}/"]
