"""The worker: its queue, its task, and how its number of tasks follows the queue."""

from collections.abc import Mapping

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from patternbook import ContainerHealthCheck, Ec2Service, Posture, ServiceScaling, SharedFileSystem, Task, WorkQueue
from patternbook.ecs.demonstration import run_script
from patternbook.limits.ecs_tasks import SPOT_NOTICE_SECONDS
from stacks.ecs_ec2.demonstration import CLI_HOME, CLI_IMAGE, WORK_SCRIPT
from stacks.ecs_ec2.settings import EcsEc2Settings


def work_queue(
    scope: Construct, construct_id: str, settings: EcsEc2Settings, *, posture: Posture, key: kms.IKey | None
) -> WorkQueue:
    return WorkQueue(
        scope,
        construct_id,
        posture=posture,
        key=key,
        visibility_timeout_seconds=settings.visibility_timeout_seconds,
    )


def worker_task(
    scope: Construct,
    construct_id: str,
    settings: EcsEc2Settings,
    *,
    posture: Posture,
    log_group: logs.LogGroup,
    environment: Mapping[str, str],
    files: SharedFileSystem | None,
) -> Task:
    """A task with the user's image or, without one, the AWS CLI."""
    demonstration = settings.worker_image is None
    return Task(
        scope,
        construct_id,
        posture=posture,
        image=settings.worker_image or CLI_IMAGE,
        log_group=log_group,
        compatibility=ecs.Compatibility.EC2,
        container_name="worker",
        files=files,
        mount_path=settings.mount_path,
        cpu=settings.worker_cpu,
        memory_mib=settings.worker_memory_mib,
        entry_point=run_script(WORK_SCRIPT) if demonstration else (),
        environment={**environment, "HOME": CLI_HOME} if demonstration else environment,
        writable_paths=[CLI_HOME] if demonstration else (),
        health_check=ContainerHealthCheck(stop_timeout_seconds=min(settings.max_work_seconds, SPOT_NOTICE_SECONDS)),
    )


def worker_scaling(
    scope: Construct, construct_id: str, settings: EcsEc2Settings, *, service: Ec2Service, queue: WorkQueue
) -> ServiceScaling:
    """Scales by the backlog per task alone: a worker that waits for something has a low CPU, and a backlog."""
    scaling = ServiceScaling(
        scope, construct_id, service=service.service, min_tasks=settings.min_workers, max_tasks=settings.max_workers
    )
    scaling.on_backlog(queue.backlog(), per_task=settings.acceptable_delay_seconds / settings.seconds_per_message)
    return scaling
