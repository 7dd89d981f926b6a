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

from itertools import pairwise, permutations
from pathlib import Path, PurePosixPath
from typing import Annotated

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from pydantic import Field, ValidationInfo, field_validator

from patternbook import (
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
from patternbook.fargate import Cpu, check_task_size, container_image, is_private_ecr
from patternbook.fields import Expected, Number, Percent, Unit, Whole, YesNo
from patternbook.findings import acknowledge
from patternbook.load_balancer import check_tls
from patternbook.settings import posture_of

DEMONSTRATION_IMAGE = "public.ecr.aws/docker/library/busybox:1.37"
JOIN_SCRIPT = Path(__file__).parent.parent / "workloads" / "fargate_efs" / "join.sh"

USER = "1000:1000"
# The agent of ECS Exec, which runs as root, has to write to these two even where the rest is read-only:
# https://github.com/aws-containers/amazon-ecs-exec-checker
EXEC_VOLUMES = {"exec-state": "/var/lib/amazon", "exec-logs": "/var/log/amazon"}
MINUTE = cdk.Duration.minutes(1)

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
    allowed_cidrs: Annotated[tuple[fields.Cidr, ...], Field(min_length=1, max_length=20)] = ("0.0.0.0/0",)
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
        _refuse_overlaps([value, *EXEC_VOLUMES.values()])
        return value

    @field_validator("writable_paths")
    @classmethod
    def _apart(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        shared = [info.data["mount_path"]] if "mount_path" in info.data else []
        _refuse_overlaps([*value, *shared, *EXEC_VOLUMES.values()])
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


def _refuse_overlaps(paths: list[str]) -> None:
    for one, other in permutations(map(PurePosixPath, paths), 2):
        if one.is_relative_to(other):
            raise ValueError(f"expected paths apart from each other; {one} is within {other}")


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
        task = self._task(settings, posture, files, task_logs)
        service = self._service(settings, posture, network, task)
        files.grant_read_write(task.task_role, client=service)
        # The first tasks mount files, pull images and read secrets.
        service.node.add_dependency(
            files.file_system.mount_targets_available,
            *(subnet.internet_connectivity_established for subnet in network.vpc.private_subnets),
            task.obtain_execution_role(),
        )
        # Not of the listener: its targets would be others, and none at first, once there is a certificate.
        targets = elbv2.ApplicationTargetGroup(
            self,
            "Targets",
            vpc=network.vpc,
            targets=[service],
            protocol=elbv2.ApplicationProtocol.HTTP,
            # Of no effect, as ECS registers each task with its container's port; that in its place would replace
            # the group, and empty it, whenever the setting changes.
            port=80,
            deregistration_delay=cdk.Duration.seconds(30),
            health_check=elbv2.HealthCheck(path=settings.health_check_path, interval=cdk.Duration.seconds(15)),
        )
        front.listener.add_target_groups("Tasks", target_groups=[targets])
        self._scale(settings, service, targets)
        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        self._watch(monitoring, service, front, targets, files)

        with_name = "; give it the name of the certificate, by DNS" if settings.certificate_arn else ""
        self.output("Url", front.url, f"The load balancer{with_name}")
        if posture.execute_command:
            cluster, name = service.cluster.cluster_name, service.service_name
            self.output(
                "ShellCommand",
                f"aws ecs execute-command --cluster {cluster} --task $(aws ecs list-tasks --cluster {cluster}"
                f" --service-name {name} --query 'taskArns[0]' --output text)"
                " --container web --interactive --command /bin/sh",
                "Opens a shell in a task",
            )
        self.output("FileSystemId", files.file_system.file_system_id, "The shared file system")
        self.output("LogGroupName", task_logs.log_group_name, "What the tasks print")
        self.output("DashboardUrl", monitoring.dashboard_url, "Load, health and storage at a glance")

    def _task(
        self, settings: FargateEfsSettings, posture: Posture, files: SharedFileSystem, task_logs: logs.LogGroup
    ) -> ecs.FargateTaskDefinition:
        task = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=settings.cpu,
            memory_limit_mib=settings.memory_mib,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
            volumes=[files.as_volume("shared")],
        )
        linux = ecs.LinuxParameters(
            self,
            "Linux",
            # As process 1 itself, a web server that handles no signal would not hear that it has to stop.
            init_process_enabled=True,
        )
        web = task.add_container(
            "web",
            image=container_image(self, "Image", settings.image or DEMONSTRATION_IMAGE),
            command=None if settings.image else self._serve(settings),
            user=USER,
            readonly_root_filesystem=True,
            linux_parameters=linux,
            port_mappings=[ecs.PortMapping(container_port=settings.container_port)],
            health_check=self._health_check(settings),
            logging=ecs.LogDrivers.aws_logs(stream_prefix="web", log_group=task_logs),
            secrets=self._secrets(settings, task.obtain_execution_role()),
            stop_timeout=cdk.Duration.seconds(30),
        )
        if settings.image is not None and is_private_ecr(settings.image):
            acknowledge(
                task.obtain_execution_role(),
                "IAM5[Resource::*]",
                "ecr:GetAuthorizationToken has no resource-level permissions; the pull names the repository.",
            )
        shared = ecs.MountPoint(source_volume="shared", container_path=settings.mount_path, read_only=False)
        web.add_mount_points(shared)
        for path in settings.writable_paths:
            # Not an empty volume: on Fargate that belongs to root. See "tmpfs mounts on AWS Fargate", 2026-01-06:
            # https://aws.amazon.com/about-aws/whats-new/2026/01/amazon-ecs-tmpfs-mounts-aws-fargate-managed-instances/
            linux.add_tmpfs(ecs.Tmpfs(container_path=path, size=64))
        if posture.execute_command:
            for name, path in EXEC_VOLUMES.items():
                task.add_volume(name=name)
                web.add_mount_points(ecs.MountPoint(source_volume=name, container_path=path, read_only=False))
        if settings.image is None:
            join = task.add_container(
                "join",
                image=ecs.ContainerImage.from_registry(DEMONSTRATION_IMAGE),
                command=["sh", "-c", JOIN_SCRIPT.read_text(encoding="utf-8"), "join.sh", settings.mount_path],
                user=USER,
                readonly_root_filesystem=True,
                essential=False,
                logging=ecs.LogDrivers.aws_logs(stream_prefix="join", log_group=task_logs),
            )
            join.add_mount_points(shared)
            web.add_container_dependencies(
                ecs.ContainerDependency(container=join, condition=ecs.ContainerDependencyCondition.SUCCESS)
            )
        return task

    def _serve(self, settings: FargateEfsSettings) -> list[str]:
        return ["httpd", "-f", "-p", str(settings.container_port), "-h", settings.mount_path]

    def _health_check(self, settings: FargateEfsSettings) -> ecs.HealthCheck | None:
        command = list(settings.health_check_command)
        if not command and settings.image is None:
            url = f"http://127.0.0.1:{settings.container_port}{settings.health_check_path}"
            command = ["CMD", "wget", "-q", "-O", "/dev/null", url]
        if not command:
            return None
        return ecs.HealthCheck(
            command=command, interval=cdk.Duration.seconds(15), start_period=cdk.Duration.seconds(30)
        )

    def _secrets(self, settings: FargateEfsSettings, execution_role: iam.IRole) -> dict[str, ecs.Secret]:
        if settings.secret_key_arns:
            services = [f"{name}.{self.region}.{self.url_suffix}" for name in ("secretsmanager", "ssm")]
            iam.Grant.add_to_principal(
                grantee=execution_role,
                actions=["kms:Decrypt"],
                resource_arns=list(settings.secret_key_arns),
                conditions={"StringEquals": {"kms:ViaService": services}},
            )
        secrets = {
            name: ecs.Secret.from_secrets_manager(
                secretsmanager.Secret.from_secret_complete_arn(self, f"Secret-{name}", arn)
            )
            for name, arn in settings.secrets.items()
        }
        parameters = {
            name: ecs.Secret.from_ssm_parameter(
                ssm.StringParameter.from_string_parameter_arn(self, f"Parameter-{name}", arn)
            )
            for name, arn in settings.parameters.items()
        }
        if parameters:
            cdk.Annotations.of(self).acknowledge_warning(
                "aws-cdk-lib/aws-ssm:crossAccountReferenceSameRegion", "ECS reads parameters of the task's Region only."
            )
        return secrets | parameters

    def _service(
        self, settings: FargateEfsSettings, posture: Posture, network: Network, task: ecs.FargateTaskDefinition
    ) -> ecs.FargateService:
        cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=network.vpc,
            enable_fargate_capacity_providers=True,
            container_insights_v2=posture.container_insights,
            # The log of a session would need more permissions of the task role; CloudTrail records who opened it.
            execute_command_configuration=ecs.ExecuteCommandConfiguration(logging=ecs.ExecuteCommandLogging.NONE),
        )
        group = ec2.SecurityGroup(self, "TaskGroup", vpc=network.vpc, description="Tasks", allow_all_outbound=False)
        # Images, logs and AWS services: their addresses are nowhere listed as a security group could use them.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "HTTPS to registries and AWS services")
        service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task,
            # No desired_count: scaling owns the number of tasks, and a deployment would reset it.
            capacity_provider_strategies=[
                ecs.CapacityProviderStrategy(
                    capacity_provider="FARGATE", base=settings.on_demand_base, weight=100 - settings.spot_percent
                ),
                ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=settings.spot_percent),
            ],
            platform_version=ecs.FargatePlatformVersion.VERSION1_4,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_groups=[group],
            assign_public_ip=False,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            min_healthy_percent=100,
            max_healthy_percent=200,
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.ENABLED,
            health_check_grace_period=cdk.Duration.seconds(60),
            enable_execute_command=posture.execute_command,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )
        # Deleted before the cluster lets go of its capacity providers, which AWS refuses while one is in use.
        service.node.add_dependency(cluster)
        if posture.execute_command:
            acknowledge(
                task.task_role,
                "IAM5[Resource::*]",
                "The four ssmmessages actions of ECS Exec support no resource-level permissions.",
            )
        endpoint = ec2.InterfaceVpcEndpointAwsService
        services = [endpoint.ECR, endpoint.ECR_DOCKER, endpoint.CLOUDWATCH_LOGS]
        if settings.secrets:
            services.append(endpoint.SECRETS_MANAGER)
        if settings.parameters:
            services.append(endpoint.SSM)
        network.add_interface_endpoints(services, client=service)
        return service

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
            scaling.on_steps(
                "ResponseTime",
                targets.metrics.target_response_time(statistic="p90", period=MINUTE),
                add_tasks={step.above_seconds: step.add_tasks for step in settings.response_time_steps},
            )

    def _watch(
        self,
        monitoring: Monitoring,
        service: ecs.FargateService,
        front: PublicLoadBalancer,
        targets: elbv2.ApplicationTargetGroup,
        files: SharedFileSystem,
    ) -> None:
        monitoring.watch(
            "TaskErrors",
            targets.metrics.http_code_target(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=MINUTE),
            threshold=5,
            description="More than 5 responses a minute of the tasks are 5xx",
        )
        monitoring.watch(
            "LoadBalancerErrors",
            front.load_balancer.metrics.http_code_elb(elbv2.HttpCodeElb.ELB_5XX_COUNT, period=MINUTE),
            threshold=5,
            description="More than 5 responses a minute of the load balancer itself are 5xx",
        )
        monitoring.watch(
            "UnhealthyTargets",
            targets.metrics.unhealthy_host_count(statistic="max", period=MINUTE),
            threshold=0,
            description="A task does not pass its health check",
        )
        monitoring.watch(
            "ResponseTime",
            targets.metrics.target_response_time(statistic="p90", period=MINUTE),
            threshold=1,
            description="One request in ten takes longer than 1 second",
        )
        monitoring.watch(
            "MissingTasks",
            cloudwatch.MathExpression(
                expression="desired - running",
                using_metrics={name: _count_of_tasks(service, name) for name in ("desired", "running")},
                label="Tasks missing",
                period=MINUTE,
            ),
            threshold=0,
            minutes=10,
            description="Fewer tasks run than scaling asks for",
        )
        monitoring.watch(
            "StorageThroughput",
            files.throughput_utilization(),
            threshold=80,
            description="EFS uses more than 80 % of the throughput it permits",
        )
        monitoring.graph("CPU and memory", [service.metric_cpu_utilization(), service.metric_memory_utilization()])


def _count_of_tasks(service: ecs.FargateService, state: str) -> cloudwatch.Metric:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html"""
    return cloudwatch.Metric(
        namespace="ECS/ContainerInsights",
        metric_name=f"{state.title()}TaskCount",
        dimensions_map={"ClusterName": service.cluster.cluster_name, "ServiceName": service.service_name},
        statistic="min",
        period=MINUTE,
    )
