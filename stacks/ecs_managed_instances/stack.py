"""The drawing of the architecture: the package's docstring says what each part promises."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    ManagedInstances,
    ManagedInstancesService,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    PublicLoadBalancer,
    StackOptions,
    Task,
    cluster,
    data_key,
    log_group,
)
from patternbook.ecs.demonstration import WEB_SCRIPT
from patternbook.ecs.scaling import scale_by_load
from stacks.ecs_managed_instances.settings import WEB_PATH, EcsManagedInstancesSettings

DEMONSTRATION_IMAGE = "public.ecr.aws/docker/library/busybox:1.37"
PAGE_TEXT = "It runs on an instance that ECS chose by its attributes, started, and patches."


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
        days = settings.log_retention_days
        key = data_key(self, "Key", posture=posture)
        network = Network(self, "Network", posture=posture, cidr=settings.vpc_cidr, log_retention_days=days, key=key)
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
        capacity = ManagedInstances(
            self,
            "Capacity",
            cluster=cluster(self, "Cluster", network=network, posture=posture),
            network=network,
            architecture=settings.architecture,
            min_vcpus=settings.min_vcpus,
            max_vcpus=settings.max_vcpus,
            min_memory_gib=settings.min_memory_gib,
            max_memory_gib=settings.max_memory_gib,
            burstable=settings.burstable,
            allowed_instance_types=settings.allowed_instance_types,
            capacity_option=settings.capacity_option,
            volume_gib=settings.volume_gib,
        )
        task_logs = log_group(self, "TaskLogs", posture=posture, retention_days=days, key=key)
        arm = settings.architecture == "arm64"
        demonstration = settings.image is None
        web = Task(
            self,
            "WebTask",
            posture=posture,
            image=settings.image or DEMONSTRATION_IMAGE,
            compatibility=ecs.Compatibility.MANAGED_INSTANCES,
            cpu_architecture=ecs.CpuArchitecture.ARM64 if arm else ecs.CpuArchitecture.X86_64,
            port=settings.container_port,
            log_group=task_logs,
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            command=_serve(settings) if demonstration else (),
            health_check_command=settings.health_check_command or (_probe(settings) if demonstration else ()),
            writable_paths=(*settings.writable_paths, *([WEB_PATH] if demonstration else [])),
            secrets=settings.secrets,
            parameters=settings.parameters,
            secret_key_arns=settings.secret_key_arns,
        )
        web_service = ManagedInstancesService(
            self, "Web", task=web, network=network, capacity=capacity, behind_load_balancer=True
        )
        clients = ec2.Connections(security_groups=[capacity.security_group, web_service.group])
        network.add_interface_endpoints([*AGENT_CALLS, *web.services_called], client=clients)
        targets = front.serve(web_service.service, health_check_path=settings.health_check_path)
        scale_by_load(self, "WebScaling", service=web_service.service, targets=targets, settings=settings)

        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_load_balancer(front.load_balancer, targets)
        monitoring.watch_service(web_service.service)

        with_name = "; give it the name of the certificate, by DNS" if settings.certificate_arn else ""
        self.output("Url", front.url, f"The load balancer{with_name}")
        self.output("LogGroupName", task_logs.log_group_name, "What the tasks print")
        self.output("InstancesCommand", capacity.instances_command, "Lists the instances that ECS has chosen")
        if posture.execute_command:
            self.output("ShellCommand", web_service.shell_command, "Opens a shell in a web task")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load and health at a glance")


# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
AGENT_CALLS = [
    ec2.InterfaceVpcEndpointAwsService.ECS,
    ec2.InterfaceVpcEndpointAwsService.ECS_AGENT,
    ec2.InterfaceVpcEndpointAwsService.ECS_TELEMETRY,
]


def _serve(settings: EcsManagedInstancesSettings) -> list[str]:
    script = WEB_SCRIPT.read_text(encoding="utf-8")
    port = str(settings.container_port)
    return ["sh", "-c", script, WEB_SCRIPT.name, WEB_PATH, port, "ECS Managed Instances", PAGE_TEXT]


def _probe(settings: EcsManagedInstancesSettings) -> list[str]:
    return ["CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{settings.container_port}/"]
