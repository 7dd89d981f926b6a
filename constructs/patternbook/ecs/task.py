"""A task that can do as little as possible besides its work, on any kind of capacity."""

from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import PurePosixPath

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from patternbook.data.encryption import grant_decrypt
from patternbook.data.file_system import SharedFileSystem
from patternbook.ecs.images import container_image
from patternbook.limits.fargate import check_task_size
from patternbook.limits.images import is_private_ecr
from patternbook.nag import acknowledge
from patternbook.posture import Posture

USER = "1000:1000"
"""POSIX user and group of every container."""

# The agent of ECS Exec, which runs as root, has to write to these two even where the rest is read-only:
# https://github.com/aws-containers/amazon-ecs-exec-checker
EXEC_VOLUMES = {"exec-state": "/var/lib/amazon", "exec-logs": "/var/log/amazon"}


def check_paths(paths: Sequence[str]) -> None:
    """:raises ValueError: for paths of which one is within another, or within what ECS Exec needs for itself."""
    for one, other in permutations(map(PurePosixPath, [*paths, *EXEC_VOLUMES.values()]), 2):
        if one.is_relative_to(other):
            raise ValueError(f"expected paths apart from each other; {one} is within {other}")


class Task(Construct):
    """A task definition with one container: non-root, with a read-only root file system.

    It writes to ``writable_paths``, and to shared files where it has some. Where the posture allows ECS Exec, also to
    the two folders that this needs. Its execution role pulls, logs and reads the secrets given, and its task role may
    do nothing until something is granted to it.
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
        cpu_architecture: ecs.CpuArchitecture | None = None,
        container_name: str = "web",
        port: int | None = None,
        port_name: str | None = None,
        host_port: int | None = None,
        files: SharedFileSystem | None = None,
        mount_path: str = "/shared",
        cpu: int = 256,
        memory_mib: int = 512,
        entry_point: Sequence[str] = (),
        command: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        health_check_command: Sequence[str] = (),
        writable_paths: Sequence[str] = (),
        secrets: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        secret_key_arns: Sequence[str] = (),
    ) -> None:
        """:param image: URI of an image, with its registry.
        :param compatibility: the capacity that the task runs on.
        :param network_mode: ``AWS_VPC`` is the only one of Fargate.
        :param cpu_architecture: that the image is built for; ARM64 where it is None.
        :param container_name: names the container, and the streams of its log.
        :param port: that the image listens on, if it does.
        :param port_name: a name of this port, for what asks for one.
        :param host_port: in bridge mode the port of the instance that leads there; any free one where it is None.
        :param mount_path: where the container sees ``files``.
        :param cpu: CPU units; 1,024 are one vCPU.
        :param entry_point: the image's own where it is empty.
        :param command: the image's own where it is empty.
        :param health_check_command: beginning with CMD or CMD-SHELL; no health check where it is empty.
        :param writable_paths: each a tmpfs of 64 MiB, out of the task's memory.
        :param secrets: environment variables, each with the full ARN of a secret of Secrets Manager.
        :param parameters: environment variables, each with the ARN of a parameter of SSM in the Region of the stack.
        :param secret_key_arns: of customer managed keys that secrets and parameters are encrypted with.
        :raises ValueError: see :func:`patternbook.limits.fargate.check_task_size` and :func:`check_paths`.
        """
        if compatibility == ecs.Compatibility.FARGATE:
            check_task_size(cpu, memory_mib)
        check_paths([*([mount_path] if files else []), *writable_paths])
        super().__init__(scope, construct_id)
        self.posture = posture
        self.files = files
        self._log_group = log_group
        self._mount_path = mount_path
        self._reads_secrets, self._reads_parameters = bool(secrets), bool(parameters)
        self.definition = ecs.TaskDefinition(
            self,
            "Definition",
            compatibility=compatibility,
            network_mode=network_mode,
            cpu=str(cpu),
            memory_mib=str(memory_mib),
            # Elsewhere the instances say what they are.
            runtime_platform=None
            if compatibility in (ecs.Compatibility.EC2, ecs.Compatibility.EXTERNAL)
            else ecs.RuntimePlatform(
                cpu_architecture=cpu_architecture or ecs.CpuArchitecture.ARM64,
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
            linux_parameters=self._linux("Linux", writable_paths),
            port_mappings=[ecs.PortMapping(container_port=port, host_port=host_port, name=port_name)] if port else None,
            health_check=ecs.HealthCheck(
                command=list(health_check_command),
                interval=cdk.Duration.seconds(15),
                start_period=cdk.Duration.seconds(30),
            )
            if health_check_command
            else None,
            logging=ecs.LogDrivers.aws_logs(stream_prefix=container_name, log_group=log_group),
            secrets=self._secrets(secrets or {}, parameters or {}),
            stop_timeout=cdk.Duration.seconds(30),
        )
        self._mount_files(self.container)
        if posture.execute_command:
            for name, path in EXEC_VOLUMES.items():
                self.definition.add_volume(name=name)
                self.container.add_mount_points(
                    ecs.MountPoint(source_volume=name, container_path=path, read_only=False)
                )
        if environment:
            acknowledge(self.definition, "ECS2", "Names of resources only: secrets and parameters come by their ARNs.")
        if secret_key_arns:
            grant_decrypt(self.execution_role, secret_key_arns)
        if is_private_ecr(image):
            acknowledge(
                self.execution_role,
                "IAM5[Resource::*]",
                "ecr:GetAuthorizationToken has no resource-level permissions; the pull names the repository.",
            )

    @property
    def services_called(self) -> list[ec2.InterfaceVpcEndpointAwsService]:
        """What ECS calls for the task: to pull from private repositories, to log, to read secrets and parameters.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
        """
        endpoint = ec2.InterfaceVpcEndpointAwsService
        return [
            *(endpoint.ECR, endpoint.ECR_DOCKER, endpoint.CLOUDWATCH_LOGS),
            *([endpoint.SECRETS_MANAGER] if self._reads_secrets else []),
            *([endpoint.SSM] if self._reads_parameters else []),
        ]

    def run_first(
        self,
        name: str,
        *,
        image: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        writable_paths: Sequence[str] = (),
    ) -> None:
        """Adds an init container: it sees the shared files too, and the task's own starts once it has succeeded."""
        init = self.definition.add_container(
            name,
            image=container_image(self, f"{name}-image", image),
            command=list(command),
            environment=environment,
            user=USER,
            readonly_root_filesystem=True,
            linux_parameters=self._linux(f"{name}-linux", writable_paths) if writable_paths else None,
            essential=False,
            logging=ecs.LogDrivers.aws_logs(stream_prefix=name, log_group=self._log_group),
        )
        self._mount_files(init)
        self.container.add_container_dependencies(
            ecs.ContainerDependency(container=init, condition=ecs.ContainerDependencyCondition.SUCCESS)
        )

    def _linux(self, construct_id: str, writable_paths: Sequence[str]) -> ecs.LinuxParameters:
        # As process 1 itself, a web server that handles no signal would not hear that it has to stop.
        linux = ecs.LinuxParameters(self, construct_id, init_process_enabled=True)
        for path in writable_paths:
            # Not an empty volume: on Fargate that belongs to root. See "tmpfs mounts on AWS Fargate", 2026-01-06:
            # https://aws.amazon.com/about-aws/whats-new/2026/01/amazon-ecs-tmpfs-mounts-aws-fargate-managed-instances/
            linux.add_tmpfs(ecs.Tmpfs(container_path=path, size=64))
        return linux

    def _mount_files(self, container: ecs.ContainerDefinition) -> None:
        if self.files:
            container.add_mount_points(
                ecs.MountPoint(source_volume="shared", container_path=self._mount_path, read_only=False)
            )

    def _secrets(self, secrets: Mapping[str, str], parameters: Mapping[str, str]) -> dict[str, ecs.Secret]:
        if parameters:
            cdk.Annotations.of(cdk.Stack.of(self)).acknowledge_warning(
                "aws-cdk-lib/aws-ssm:crossAccountReferenceSameRegion", "ECS reads parameters of the task's Region only."
            )
        complete_arn = secretsmanager.Secret.from_secret_complete_arn
        parameter_arn = ssm.StringParameter.from_string_parameter_arn
        return {
            name: ecs.Secret.from_secrets_manager(complete_arn(self, f"Secret-{name}", arn))
            for name, arn in secrets.items()
        } | {
            name: ecs.Secret.from_ssm_parameter(parameter_arn(self, f"Parameter-{name}", arn))
            for name, arn in parameters.items()
        }
