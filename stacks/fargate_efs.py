"""Fargate with EFS behind an Application Load Balancer: serverless containers that share their files.

Tasks in three Availability Zones run without a server to look after, and read and write one persistent file
system. Choose it for content management, uploads, model files, anything that expects a file system and more
than one task. Choose EC2 capacity instead for GPUs or daemons; S3 instead of EFS for objects written once.

This creates:

- **Network**: a VPC in three AZs. Public subnets hold only the load balancer and the NAT gateways (one in
  sandbox, one an AZ in production); tasks run in private subnets without public addresses; EFS mount targets
  are in isolated subnets, one an AZ. An S3 gateway endpoint, flow logs, and in production interface endpoints
  for what tasks call. Only the load balancer's listeners admit anyone from outside (``allowed_cidrs``); tasks
  reach out by HTTPS only.
- **EFS**: encrypted at rest (with a customer managed key in production) and in transit. IAM decides: the file
  system policy refuses plain transport and anonymous clients, and the task role mounts through one access point
  with a POSIX user and a root directory of its own. NFS is open to the tasks only. Elastic throughput;
  infrequent access after 30 days and back at the first access; backups, and retention, in production.
- **Tasks**: ARM64, non-root, with a read-only root file system; what they can write to is declared. Health
  check, explicit log group, ECS Exec in sandbox, an on-demand base with Fargate Spot beyond it, secrets and
  parameters by ARN. The execution role pulls, logs and reads those secrets; the task role reaches the file
  system through its access point, and nothing else (in sandbox also the channel of ECS Exec).
- **Image**: without one of your own, a small web server, and an init container that adds a line to a shared
  page: a browser shows which tasks, in which AZs, share the file system.
- **Load balancer**: HTTPS by a TLS 1.3 policy, and a redirect, with ``certificate_arn``; without one plain HTTP
  in sandbox, and a refusal in production unless ``allow_plain_http``. Invalid headers are dropped. Access logs
  and deletion protection in production; an optional WAF web ACL.
- **Service auto scaling**: target tracking on average CPU, average memory and requests per target; optional
  scheduled scaling, and optional step scaling on the response time.
- **Deployment**: rolling, 100 to 200 %, with a circuit breaker that rolls back, AZ rebalancing, mount targets
  before tasks, and connections drained for 30 seconds.
- **Operation**: alarms (5xx of tasks and of the load balancer, unhealthy targets, response time, missing
  tasks, EFS throughput), an SNS topic
  with an optional e-mail, a dashboard, Container Insights (enhanced in production).

To leave it running in us-east-1 costs about 0.12 USD an hour in sandbox (90 USD a month: NAT gateway, load
balancer, public addresses, two tasks), and about 0.30 USD an hour in production before traffic (three NAT
gateways, nine interface endpoints).
"""

from itertools import pairwise
from pathlib import Path
from typing import Annotated

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from pydantic import Field, ValidationInfo, field_validator

from patternbook import (
    FargateService,
    FargateTask,
    Monitoring,
    Network,
    PatternSettings,
    PatternStack,
    Posture,
    PublicLoadBalancer,
    ServiceScaling,
    SettingsModel,
    SharedFileSystem,
    data_key,
    fields,
    log_group,
)
from patternbook.fargate import Cpu, check_task_size
from patternbook.fargate_task import check_paths
from patternbook.fields import Expected, Number, Percent, Unit, Whole, YesNo
from patternbook.load_balancer import ANYWHERE, check_tls
from patternbook.monitoring import response_time
from patternbook.settings import posture_of

DEMONSTRATION_IMAGE = "public.ecr.aws/docker/library/busybox:1.37"
JOIN_SCRIPT = Path(__file__).parent.parent / "workloads" / "fargate_efs" / "join.sh"

Tasks = Annotated[Whole, Field(ge=1, le=1000), Unit("tasks")]


class ScheduledTasks(SettingsModel):
    """Other bounds of the number of tasks, from a time on."""

    cron: fields.Cron
    """When, as six cron fields."""
    time_zone: fields.TimeZone = "Etc/UTC"
    """In which time zone the cron fields are."""
    min_tasks: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")]
    """Tasks at least, from then on."""
    max_tasks: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")]
    """Tasks at most, from then on."""

    @field_validator("max_tasks")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        return _not_below_minimum(value, info)


class ResponseTimeStep(SettingsModel):
    """A step of step scaling."""

    above_seconds: Annotated[Number, Field(ge=0.01, le=60), Unit("seconds")]
    """From which response time (90th percentile of a minute) on."""
    add_tasks: Annotated[Whole, Field(ge=1, le=100), Unit("tasks")]
    """How many tasks are added."""


class FargateEfsSettings(PatternSettings):
    """The defaults work in an empty account."""

    image: fields.ImageUri | None = None
    """Container image for ARM64 that serves HTTP; without one, the demonstration."""
    container_port: Annotated[Whole, Field(ge=1024, le=65535)] = 8080
    """Port that the image listens on; a non-root process can listen on no port below 1024."""
    health_check_path: fields.UrlPath = "/"
    """Path that answers 200 to the load balancer while the task is well."""
    health_check_command: Annotated[tuple[Annotated[str, fields.prose(1024)], ...], Field(max_length=20)] = ()
    """Health check inside the container, beginning with CMD or CMD-SHELL; an image of yours needs none."""
    cpu: Annotated[Cpu, Unit("CPU units")] = 256
    """CPU of a task; 1,024 units are one vCPU."""
    memory_mib: Annotated[Whole, Expected("a size that Fargate offers with this cpu"), Unit("MiB")] = 512
    """Memory of a task; which sizes there are depends on cpu."""
    mount_path: fields.AbsolutePath = "/shared"
    """Where the container sees the shared file system."""
    writable_paths: Annotated[tuple[fields.AbsolutePath, ...], Field(max_length=10)] = ()
    """Paths, besides the shared one, that the image writes to; each a tmpfs of 64 MiB out of the task's memory."""
    secrets: dict[fields.EnvironmentName, fields.SecretArn] = Field(default={}, max_length=50)
    """Environment variables from Secrets Manager, each with the full ARN of its secret."""
    parameters: dict[fields.EnvironmentName, fields.ParameterArn] = Field(default={}, max_length=50)
    """Environment variables from SSM Parameter Store, each with the ARN of its parameter, in the stack's Region."""
    secret_key_arns: Annotated[tuple[fields.KeyArn, ...], Field(max_length=10)] = ()
    """Customer managed keys that these secrets and parameters are encrypted with."""

    min_tasks: Tasks = 2
    """Tasks at least."""
    max_tasks: Tasks = 6
    """Tasks at most."""
    on_demand_base: Annotated[Whole, Field(ge=0, le=1000), Unit("tasks")] = 2
    """Tasks that always run on demand, before any runs on Spot."""
    spot_percent: Percent = 50
    """Share of Fargate Spot in the tasks beyond the base."""
    target_cpu_percent: Annotated[Whole, Field(ge=10, le=90), Unit("%")] = 60
    """Average CPU utilization that scaling keeps."""
    target_memory_percent: Annotated[Whole, Field(ge=10, le=90), Unit("%")] = 70
    """Average memory utilization that scaling keeps."""
    target_requests_per_minute: Annotated[Whole, Field(ge=1, le=1_000_000), Unit("requests per minute")] = 1000
    """Requests to each task that scaling keeps."""
    scheduled_tasks: Annotated[tuple[ScheduledTasks, ...], Field(max_length=20)] = ()
    """Scheduled scaling."""
    response_time_steps: Annotated[tuple[ResponseTimeStep, ...], Field(max_length=10)] = ()
    """Step scaling."""

    vpc_cidr: fields.VpcCidr = "10.0.0.0/16"
    """Addresses of the VPC; of use before the first deployment only, as mount targets cannot move to another VPC."""
    allowed_cidrs: Annotated[tuple[fields.Cidr, ...], Field(min_length=1, max_length=20)] = (ANYWHERE,)
    """IPv4 blocks that may connect to the load balancer."""
    certificate_arn: fields.CertificateArn | None = None
    """ACM certificate, of the stack's Region, to serve HTTPS with."""
    allow_plain_http: YesNo = False
    """Serve plain HTTP in production, when there is no certificate."""
    web_acl_arn: fields.WebAclArn | None = None
    """Regional AWS WAF web ACL in front of the load balancer."""
    alarm_email: fields.Email | None = None
    """Address that hears of alarms, once it has confirmed."""
    log_retention_days: fields.LogRetentionDays | None = None
    """How long logs are kept; by posture where it is not set (sandbox 7, production 365)."""

    @field_validator("health_check_path")
    @classmethod
    def _served(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("image", DEMONSTRATION_IMAGE) is None and value != "/":
            raise ValueError('expected "/", the only page of the demonstration, or an image of yours')
        return value

    @field_validator("health_check_command")
    @classmethod
    def _begins_with_cmd(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        right = not value or (value[0] == "CMD" and len(value) > 1) or (value[0] == "CMD-SHELL" and len(value) == 2)
        if not right:
            raise ValueError('expected CMD and arguments, or CMD-SHELL and one line, such as ["CMD", "/healthy"]')
        return value

    @field_validator("memory_mib")
    @classmethod
    def _offered_with_cpu(cls, value: int, info: ValidationInfo) -> int:
        if "cpu" in info.data:
            check_task_size(info.data["cpu"], value)
        return value

    @field_validator("mount_path")
    @classmethod
    def _beside_ecs_exec(cls, value: str) -> str:
        check_paths([value])
        return value

    @field_validator("writable_paths")
    @classmethod
    def _apart(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        shared = [info.data["mount_path"]] if "mount_path" in info.data else []
        check_paths([*value, *shared])
        return value

    @field_validator("parameters")
    @classmethod
    def _not_twice(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        twice = sorted(value.keys() & info.data.get("secrets", {}).keys())
        if twice:
            raise ValueError(f"expected names that secrets does not have too; both have {', '.join(twice)}")
        return value

    @field_validator("max_tasks")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        return _not_below_minimum(value, info)

    @field_validator("response_time_steps")
    @classmethod
    def _rising(cls, value: tuple[ResponseTimeStep, ...]) -> tuple[ResponseTimeStep, ...]:
        for lower, higher in pairwise(value):
            if not (lower.above_seconds < higher.above_seconds and lower.add_tasks < higher.add_tasks):
                raise ValueError(
                    "expected steps in rising order: each later, and adding more tasks, than the one before"
                )
        return value

    @field_validator("allow_plain_http")
    @classmethod
    def _tls(cls, value: bool, info: ValidationInfo) -> bool:
        if "certificate_arn" in info.data:
            check_tls(posture=posture_of(info), certificate_arn=info.data["certificate_arn"], allow_plain_http=value)
        return value


def _not_below_minimum(value: int, info: ValidationInfo) -> int:
    if value < info.data.get("min_tasks", 0):
        raise ValueError(f"expected at least min_tasks, which is {info.data['min_tasks']}")
    return value


class FargateEfsStack(PatternStack):
    """A network, a shared file system, a load balancer, and a service that uses all three."""

    title = "Fargate service with shared EFS storage behind an ALB"
    settings_type = FargateEfsSettings

    def __init__(self, scope: cdk.App, construct_id: str, *, settings: FargateEfsSettings, posture: Posture) -> None:
        super().__init__(scope, construct_id, posture=posture)
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
        task = FargateTask(
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
            posture=posture,
            network=network,
            task=task,
            files=files,
            on_demand_base=settings.on_demand_base,
            spot_percent=settings.spot_percent,
        )
        network.add_interface_endpoints(_services_called(settings), client=fargate.service)
        targets = front.serve(fargate.service, health_check_path=settings.health_check_path)
        self._scale(settings, fargate.service, targets)

        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        monitoring.watch_load_balancer(front.load_balancer, targets)
        monitoring.watch_service(fargate.service)
        monitoring.watch(
            "StorageThroughput",
            files.throughput_utilization(),
            threshold=80,
            description="EFS uses more than 80 % of the throughput it permits",
        )

        with_name = "; give it the name of the certificate, by DNS" if settings.certificate_arn else ""
        self.output("Url", front.url, f"The load balancer{with_name}")
        if posture.execute_command:
            self.output("ShellCommand", fargate.shell_command, "Opens a shell in a task")
        self.output("FileSystemId", files.file_system.file_system_id, "The shared file system")
        self.output("LogGroupName", task_logs.log_group_name, "What the tasks print")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load, health and storage at a glance")

    def _scale(
        self, settings: FargateEfsSettings, service: ecs.FargateService, targets: elbv2.ApplicationTargetGroup
    ) -> None:
        scaling = ServiceScaling(
            self, "Scaling", service=service, min_tasks=settings.min_tasks, max_tasks=settings.max_tasks
        )
        scaling.on_cpu(percent=settings.target_cpu_percent)
        scaling.on_memory(percent=settings.target_memory_percent)
        scaling.on_requests(targets, per_minute=settings.target_requests_per_minute)
        for index, schedule in enumerate(settings.scheduled_tasks):
            scaling.on_schedule(f"Schedule{index}", **schedule.model_dump())
        if settings.response_time_steps:
            add_tasks = {step.above_seconds: step.add_tasks for step in settings.response_time_steps}
            scaling.on_steps("ResponseTime", response_time(targets), add_tasks=add_tasks)


def _serve(settings: FargateEfsSettings) -> list[str]:
    return ["httpd", "-f", "-p", str(settings.container_port), "-h", settings.mount_path]


def _probe(settings: FargateEfsSettings) -> list[str]:
    return ["CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{settings.container_port}/"]


def _join(settings: FargateEfsSettings) -> list[str]:
    return ["sh", "-c", JOIN_SCRIPT.read_text(encoding="utf-8"), "join.sh", settings.mount_path]


def _services_called(settings: FargateEfsSettings) -> list[ec2.InterfaceVpcEndpointAwsService]:
    """What tasks call: to pull from private repositories, to log, and to read secrets and parameters.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
    """
    endpoint = ec2.InterfaceVpcEndpointAwsService
    return [
        *(endpoint.ECR, endpoint.ECR_DOCKER, endpoint.CLOUDWATCH_LOGS),
        *([endpoint.SECRETS_MANAGER] if settings.secrets else []),
        *([endpoint.SSM] if settings.parameters else []),
    ]
