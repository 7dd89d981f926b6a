"""The drawing of the architecture: the package's docstring says what each part promises."""

from pathlib import Path

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    EndpointConsumer,
    EndpointService,
    FargateService,
    InternalLoadBalancer,
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
from patternbook.ecs.scaling import scale_by_utilization
from stacks.fargate_private_link.settings import FargatePrivateLinkSettings

DEMONSTRATION_IMAGE = "public.ecr.aws/docker/library/busybox:1.37"
SERVE_SCRIPT = Path(__file__).with_name("runtime") / "serve.sh"
PAGES = "/pages"


class FargatePrivateLinkStack(PatternStack):
    """A network, a load balancer, a service behind it, and what publishes the service."""

    title = "Fargate service behind an internal NLB, published by PrivateLink"
    settings_type = FargatePrivateLinkSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: FargatePrivateLinkSettings,
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
        front = InternalLoadBalancer(
            self,
            "Front",
            vpc=network.vpc,
            posture=posture,
            protocol=settings.protocol,
            certificate_arn=settings.certificate_arn,
            port=settings.listener_port,
            allowed_cidrs=settings.allowed_cidrs,
            enforce_inbound_rules=settings.enforce_inbound_rules,
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
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            command=_serve(settings) if demonstration else (),
            health_check_command=settings.health_check_command or (_probe(settings) if demonstration else ()),
            writable_paths=[PAGES] if demonstration else settings.writable_paths,
            secrets=settings.secrets,
            parameters=settings.parameters,
            secret_key_arns=settings.secret_key_arns,
        )
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
        targets = front.serve(
            fargate.service,
            port=settings.container_port,
            health_check_protocol=settings.health_check_protocol,
            health_check_path=settings.health_check_path,
            health_check_interval_seconds=settings.health_check_interval_seconds,
            health_check_timeout_seconds=settings.health_check_timeout_seconds,
            proxy_protocol=settings.proxy_protocol,
        )
        endpoint_service = EndpointService(
            self,
            "EndpointService",
            front=front,
            acceptance_required=settings.acceptance_required,
            allowed_principals=settings.allowed_principals,
            allow_own_account=settings.consumer,
            private_dns_name=settings.private_dns_name,
        )
        scale_by_utilization(self, "Scaling", service=fargate.service, settings=settings)

        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_network_load_balancer(front.load_balancer, targets)
        monitoring.watch_service(fargate.service)

        self.output("ServiceName", endpoint_service.name, "What consumers create an interface endpoint for")
        self.output("Address", f"{front.load_balancer.load_balancer_dns_name}:{front.port}", "For clients in the VPC")
        if settings.acceptance_required:
            self.output("RequestsCommand", endpoint_service.requests_command, "Lists connections to accept")
            self.output("AcceptCommand", endpoint_service.accept_command, "Accepts one; add the id of its endpoint")
        if settings.private_dns_name:
            record = endpoint_service.verification_record
            self.output("VerificationRecord", record, f"Verifies who owns {settings.private_dns_name}, by DNS")
        if settings.consumer:
            consumer = EndpointConsumer(
                self,
                "Consumer",
                posture=posture,
                service=endpoint_service,
                cidr=settings.consumer_cidr,
                log_retention_days=settings.log_retention_days,
                key=key,
            )
            self.output("ConsumerAddress", f"{consumer.dns_name}:{front.port}", "For clients in the consumer's VPC")
            self.output("ConsumerVpcId", consumer.vpc.vpc_id, "The consumer's VPC")
        if posture.execute_command:
            self.output("ShellCommand", fargate.shell_command, "Opens a shell in a task")
        self.output("LogGroupName", task_logs.log_group_name, "What the tasks print")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load and health at a glance")


def _serve(settings: FargatePrivateLinkSettings) -> list[str]:
    script = SERVE_SCRIPT.read_text(encoding="utf-8")
    return ["sh", "-c", script, "serve.sh", PAGES, str(settings.container_port)]


def _probe(settings: FargatePrivateLinkSettings) -> list[str]:
    return ["CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{settings.container_port}/"]
