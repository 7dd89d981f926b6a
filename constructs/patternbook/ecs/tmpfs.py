"""Memory file systems (tmpfs) that a container with a read-only root file system writes to."""

from collections.abc import Sequence

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from patternbook.ecs.container_settings import WritablePath


def linux_parameters(
    scope: Construct, construct_id: str, writable_paths: Sequence[WritablePath]
) -> ecs.LinuxParameters:
    """Linux parameters with an init process, and a tmpfs at each path."""
    # A web server without signal handlers would ignore SIGTERM as process 1.
    linux = ecs.LinuxParameters(scope, construct_id, init_process_enabled=True)
    for each in writable_paths:
        # An empty volume would belong to root on Fargate. See "tmpfs mounts on AWS Fargate", 2026-01-06:
        # https://aws.amazon.com/about-aws/whats-new/2026/01/amazon-ecs-tmpfs-mounts-aws-fargate-managed-instances/
        linux.add_tmpfs(ecs.Tmpfs(container_path=each.path, size=each.size_mib))
    return linux


def give_to_user(container: ecs.ContainerDefinition, writable_paths: Sequence[WritablePath], *, user: str) -> None:
    """Gives each tmpfs to a user, as ``uid:gid``.

    Over a directory of the image, a tmpfs keeps the mode of the directory, but belongs to root
    (https://github.com/opencontainers/runc/issues/1647). CDK's ``TmpfsMountOption`` has ``uid`` and ``gid`` without
    values, which Docker refuses. AWS lists the names only
    (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tmpfs.html). The ECS agent passes the options on to
    ``docker run --tmpfs``, which takes ``uid=1000`` (https://github.com/aws/amazon-ecs-agent/pull/1149). Users write
    them so on Fargate, too (https://github.com/ministryofjustice/opg-lpa/pull/3734).
    """
    task = container.task_definition
    containers = [each.node.id for each in task.node.children if isinstance(each, ecs.ContainerDefinition)]
    definition = task.node.default_child
    assert isinstance(definition, ecs.CfnTaskDefinition)
    uid, gid = user.split(":")
    for number in range(len(writable_paths)):
        tmpfs = f"ContainerDefinitions.{containers.index(container.node.id)}.LinuxParameters.Tmpfs.{number}"
        definition.add_property_override(f"{tmpfs}.MountOptions", [f"uid={uid}", f"gid={gid}"])
