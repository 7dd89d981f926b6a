"""The drawing of the architecture: the package's docstring says what each part promises."""

from pathlib import Path

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    FargateService,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    PublicLoadBalancer,
    SharedFileSystem,
    StackOptions,
    Task,
    cluster,
    data_key,
    log_group,
)
from patternbook.ecs.scaling import scale_by_load
from stacks.fargate_efs.settings import FargateEfsSettings

DEMONSTRATION_IMAGE = "public.ecr.aws/docker/library/busybox:1.37"
JOIN_SCRIPT = Path(__file__).with_name("runtime") / "join.sh"


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
        key = data_key(self, "Key", posture=posture)
        network = Network(
            self,
            "Network",
            posture=posture,
            cidr=settings.vpc_cidr,
            log_retention_days=settings.log_retention_days,
            key=key,
        )
        files = SharedFileSystem(self, "Files", vpc=network.vpc, posture=posture, key=key)
        front = PublicLoadBalancer(
            self,
            "Front",
            vpc=network.vpc,
            posture=posture,
            certificate_arn=settings.certificate_arn,
            allow_plain_http=settings.allow_plain_http,
            allowed_cidrs=settings.allowed_cidrs,
            web_acl_arn=settings.web_acl_arn,
            log_retention_days=settings.log_retention_days,
        )
        task_logs = log_group(self, "TaskLogs", posture=posture, retention_days=settings.log_retention_days, key=key)
        demonstration = settings.image is None
        task = Task(
            self,
            "Task",
            posture=posture,
            image=settings.image or DEMONSTRATION_IMAGE,
            port=settings.container_port,
            log_group=task_logs,
            files=files,
            mount_path=settings.mount_path,
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            command=_serve(settings) if demonstration else (),
            health_check_command=settings.health_check_command or (_probe(settings) if demonstration else ()),
            writable_paths=settings.writable_paths,
            secrets=settings.secrets,
            parameters=settings.parameters,
            secret_key_arns=settings.secret_key_arns,
        )
        if demonstration:
            task.run_first("join", image=DEMONSTRATION_IMAGE, command=_join(settings))
        fargate = FargateService(
            self,
            "Fargate",
            cluster=cluster(self, "Cluster", network=network, posture=posture),
            network=network,
            task=task,
            on_demand_base=settings.on_demand_base,
            spot_percent=settings.spot_percent,
        )
        network.add_interface_endpoints(task.services_called, client=fargate.service)
        targets = front.serve(fargate.service, health_check_path=settings.health_check_path)
        scale_by_load(self, "Scaling", service=fargate.service, targets=targets, settings=settings)

        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_load_balancer(front.load_balancer, targets)
        monitoring.watch_service(fargate.service)
        monitoring.watch_files(files)

        with_name = "; give it the name of the certificate, by DNS" if settings.certificate_arn else ""
        self.output("Url", front.url, f"The load balancer{with_name}")
        if posture.execute_command:
            self.output("ShellCommand", fargate.shell_command, "Opens a shell in a task")
        self.output("FileSystemId", files.file_system.file_system_id, "The shared file system")
        self.output("LogGroupName", task_logs.log_group_name, "What the tasks print")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load, health and storage at a glance")


def _serve(settings: FargateEfsSettings) -> list[str]:
    return ["httpd", "-f", "-p", str(settings.container_port), "-h", settings.mount_path]


def _probe(settings: FargateEfsSettings) -> list[str]:
    return ["CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{settings.container_port}/"]


def _join(settings: FargateEfsSettings) -> list[str]:
    return ["sh", "-c", JOIN_SCRIPT.read_text(encoding="utf-8"), "join.sh", settings.mount_path]
