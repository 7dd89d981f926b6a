"""ECS task definitions with least privilege: their container, task role and execution role."""

from collections.abc import Mapping, Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from constructs import Construct
from typing_extensions import Self

from patternbook.data.encryption import grant_decrypt
from patternbook.data.file_system import SharedFiles
from patternbook.ecs.container_settings import ContainerHealthCheck, WritablePath, paths_of
from patternbook.ecs.demonstration import Demonstration
from patternbook.ecs.images import container_image
from patternbook.ecs.secrets import container_secrets
from patternbook.ecs.settings import AnywhereSettings, ExpressSettings, SharedFilesSettings, TaskSettings
from patternbook.ecs.sidecars import add_log_router, add_trace_collector, allow_guard_duty_agent, check_guard_duty
from patternbook.ecs.tmpfs import give_to_user, linux_parameters
from patternbook.limits.ecs_tasks import (
    EXEC_VOLUMES,
    FARGATE_STOP_TIMEOUT_SECONDS,
    check_memory_of_paths,
    check_paths,
)
from patternbook.limits.fargate import check_task_size
from patternbook.limits.images import is_private_ecr
from patternbook.limits.instance_types import Architecture
from patternbook.nag import acknowledge
from patternbook.posture import Posture

USER = "1000:1000"
"""POSIX user and group of every container."""

CPU_ARCHITECTURES: Final[dict[Architecture, ecs.CpuArchitecture]] = {
    "arm64": ecs.CpuArchitecture.ARM64,
    "x86_64": ecs.CpuArchitecture.X86_64,
}


class Task(Construct):
    """A task definition with one container: non-root, with a read-only root file system.

    The container writes to ``writable_paths`` and to the shared files, if any. If the posture allows ECS Exec, the
    agent of ECS Exec writes to three volumes of its own. The execution role pulls the image, writes the log and reads
    the secrets and parameters. The task role has no permissions until you grant it some.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        image: str,
        log_group: logs.LogGroup,
        compatibility: ecs.Compatibility = ecs.Compatibility.FARGATE,
        network_mode: ecs.NetworkMode = ecs.NetworkMode.AWS_VPC,
        architecture: Architecture = "arm64",
        container_name: str = "web",
        port: int | None = None,
        port_name: str | None = None,
        host_port: int | None = None,
        files: SharedFiles | None = None,
        mount_path: str = "/shared",
        cpu: int = 256,
        memory_mib: int = 512,
        entry_point: Sequence[str] = (),
        command: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        health_check: ContainerHealthCheck | None = None,
        writable_paths: Sequence[str | WritablePath] = (),
        secrets: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        secret_key_arns: Sequence[str] = (),
        tracing: bool = False,
        log_options: Mapping[str, str] | None = None,
        guard_duty: bool = False,
    ) -> None:
        """:param image: URI of an image, with its registry.
        :param log_group: log group of all containers.
        :param compatibility: kind of capacity that the task runs on.
        :param network_mode: Fargate supports ``AWS_VPC`` only.
        :param architecture: CPU architecture of the image. On EC2 and external instances, the instances decide.
        :param container_name: name of the container, and prefix of its log streams.
        :param port: port that the image listens on.
        :param port_name: name of the port mapping, for features that refer to it.
        :param host_port: port of the instance in bridge mode. Defaults to any free port.
        :param mount_path: path of ``files`` in the container.
        :param cpu: CPU units. 1,024 units are one vCPU.
        :param entry_point: defaults to the image's own.
        :param command: defaults to the image's own.
        :param health_check: the check inside the container, and the time that the container has to start and to stop.
        :param writable_paths: each is a tmpfs of the task's user, out of the task's memory. A text stands for 64 MiB.
        :param secrets: environment variables, each with the full ARN of a secret in Secrets Manager.
        :param parameters: environment variables, each with the ARN of an SSM parameter in the stack's Region.
        :param secret_key_arns: customer managed keys that encrypt the secrets and parameters.
        :param tracing: whether a collector beside the container sends its traces to AWS X-Ray.
        :param log_options: output plug-in of Fluent Bit and its options, for FireLens. Defaults to the log group.
        :param guard_duty: whether GuardDuty Runtime Monitoring may add its agent, on Fargate only.
        :raises ValueError: see :func:`patternbook.ecs.sidecars.check_guard_duty`,
            :func:`patternbook.limits.fargate.check_task_size`, :func:`patternbook.limits.ecs_tasks.check_paths` and
            :func:`patternbook.limits.ecs_tasks.check_memory_of_paths`; or if Fargate does not offer the stop timeout.
        """
        if guard_duty:
            check_guard_duty(compatibility)
        health_check = health_check or ContainerHealthCheck()
        if compatibility == ecs.Compatibility.FARGATE:
            check_task_size(cpu, memory_mib)
            FARGATE_STOP_TIMEOUT_SECONDS.check("stop_timeout_seconds", health_check.stop_timeout_seconds)
        writable = WritablePath.all(writable_paths)
        check_paths([*([mount_path] if files else []), *paths_of(writable)])
        check_memory_of_paths([each.size_mib for each in writable], memory_mib=memory_mib)
        super().__init__(scope, construct_id)
        self.posture = posture
        self.files = files
        self._log_group = log_group
        self._mount_path = mount_path
        self._reads_secrets, self._reads_parameters, self._traces = bool(secrets), bool(parameters), tracing
        self.definition = ecs.TaskDefinition(
            self,
            "Definition",
            compatibility=compatibility,
            network_mode=network_mode,
            cpu=str(cpu),
            memory_mib=str(memory_mib),
            # On other capacity the instances decide.
            runtime_platform=None
            if compatibility in (ecs.Compatibility.EC2, ecs.Compatibility.EXTERNAL)
            else ecs.RuntimePlatform(
                cpu_architecture=CPU_ARCHITECTURES[architecture],
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
            volumes=[files.as_volume("shared")] if files else None,
        )
        self.execution_role = self.definition.obtain_execution_role()
        self.container = self.definition.add_container(
            container_name,
            image=container_image(self, "Image", image),
            entry_point=list(entry_point) or None,
            command=list(command) or None,
            environment=environment,
            user=USER,
            readonly_root_filesystem=True,
            linux_parameters=linux_parameters(self, "Linux", writable),
            port_mappings=[ecs.PortMapping(container_port=port, host_port=host_port, name=port_name)] if port else None,
            health_check=ecs.HealthCheck(
                command=list(health_check.command),
                interval=cdk.Duration.seconds(15),
                start_period=cdk.Duration.seconds(health_check.start_period_seconds),
            )
            if health_check.command
            else None,
            logging=ecs.LogDrivers.firelens(options=dict(log_options))
            if log_options
            else ecs.LogDrivers.aws_logs(stream_prefix=container_name, log_group=log_group),
            secrets=container_secrets(self, secrets or {}, parameters or {}),
            stop_timeout=cdk.Duration.seconds(health_check.stop_timeout_seconds),
        )
        give_to_user(self.container, writable, user=USER)
        self._mount_files(self.container)
        if posture.execute_command:
            for name, path in EXEC_VOLUMES.items():
                self.definition.add_volume(name=name)
                self.container.add_mount_points(
                    ecs.MountPoint(source_volume=name, container_path=path, read_only=False)
                )
        if environment:
            acknowledge(
                self.definition,
                "ECS2",
                "The variables hold resource names and literal settings. Secrets and parameters are referenced by ARN.",
            )
        if secret_key_arns:
            grant_decrypt(self.execution_role, secret_key_arns)
        if log_options:
            add_log_router(self.definition, log_group)
        if tracing:
            add_trace_collector(self.definition, log_group)
        if guard_duty:
            allow_guard_duty_agent(self.execution_role)
        if guard_duty or is_private_ecr(image):
            acknowledge(
                self.execution_role,
                "IAM5[Resource::*]",
                "ecr:GetAuthorizationToken has no resource-level permissions. Pulling is limited to the repository.",
            )

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: TaskSettings,
        *,
        posture: Posture,
        log_group: logs.LogGroup,
        demonstration: Demonstration,
        compatibility: ecs.Compatibility = ecs.Compatibility.FARGATE,
        network_mode: ecs.NetworkMode = ecs.NetworkMode.AWS_VPC,
        architecture: Architecture = "arm64",
        container_name: str = "web",
        port_name: str | None = None,
        environment: Mapping[str, str] | None = None,
        files: SharedFiles | None = None,
    ) -> Self:
        """:param environment: environment variables of the pattern, beside those of the settings.
        :param demonstration: runs if the settings have no image.
        :param architecture: unless the settings are those of Express Mode, which have an architecture.
        """
        runs = demonstration if settings.image is None else Demonstration(image=settings.image)
        express = settings if isinstance(settings, ExpressSettings) else None
        check = settings.health_check
        return cls(
            scope,
            construct_id,
            posture=posture,
            image=runs.image,
            log_group=log_group,
            compatibility=compatibility,
            network_mode=network_mode,
            architecture=express.architecture if express else architecture,
            container_name=container_name,
            port=settings.container_port,
            port_name=port_name,
            host_port=settings.host_port or None if isinstance(settings, AnywhereSettings) else None,
            files=files,
            mount_path=settings.mount_path if isinstance(settings, SharedFilesSettings) else "/shared",
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            entry_point=settings.entry_point,
            command=(*runs.command, *settings.command),
            environment={**settings.environment, **(environment or {})},
            health_check=check.model_copy(update={"command": check.command or tuple(runs.health_check_command)}),
            writable_paths=(*settings.writable_paths, *runs.writable_paths),
            secrets=settings.secrets,
            parameters=settings.parameters,
            secret_key_arns=settings.secret_key_arns,
        )

    @property
    def services_called(self) -> list[ec2.InterfaceVpcEndpointAwsService]:
        """The AWS services that ECS calls for the task: to pull from private repositories, to write logs, and to read
        secrets and parameters.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
        """
        endpoint = ec2.InterfaceVpcEndpointAwsService
        return [
            *(endpoint.ECR, endpoint.ECR_DOCKER, endpoint.CLOUDWATCH_LOGS),
            *([endpoint.SECRETS_MANAGER] if self._reads_secrets else []),
            *([endpoint.SSM] if self._reads_parameters else []),
            *([endpoint.XRAY] if self._traces else []),
        ]

    def run_first(
        self,
        name: str,
        *,
        image: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        writable_paths: Sequence[str | WritablePath] = (),
    ) -> None:
        """Adds an init container, which sees the shared files, too. The main container starts once it has succeeded."""
        writable = WritablePath.all(writable_paths)
        init = self.definition.add_container(
            name,
            image=container_image(self, f"{name}-image", image),
            command=list(command),
            environment=environment,
            user=USER,
            readonly_root_filesystem=True,
            linux_parameters=linux_parameters(self, f"{name}-linux", writable) if writable else None,
            essential=False,
            logging=ecs.LogDrivers.aws_logs(stream_prefix=name, log_group=self._log_group),
        )
        give_to_user(init, writable, user=USER)
        self._mount_files(init)
        self.container.add_container_dependencies(
            ecs.ContainerDependency(container=init, condition=ecs.ContainerDependencyCondition.SUCCESS)
        )

    def _mount_files(self, container: ecs.ContainerDefinition) -> None:
        if self.files:
            container.add_mount_points(
                ecs.MountPoint(source_volume="shared", container_path=self._mount_path, read_only=False)
            )
