"""What the two services run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from constructs import Construct

from patternbook import Task
from patternbook.ecs.demonstration import WEB_SCRIPT
from stacks.ecs_ec2.settings import WEB_PATH, EcsEc2Settings

WEB_IMAGE = "public.ecr.aws/docker/library/busybox:1.37"
CLI_IMAGE = "public.ecr.aws/aws-cli/aws-cli:2.36.44"
CLI_HOME = "/tmp"  # for the cache of the AWS CLI
WORK_SCRIPT = Path(__file__).with_name("runtime") / "work.sh"
PAGE_TEXT = (
    "Before it began to serve, it sent a message to the queue. The log of the worker shows that one of its tasks has "
    "received it. Neither may do what the other does: each has a task role of its own."
)


def web_task(scope: Construct, construct_id: str, *, settings: EcsEc2Settings, common: Mapping[str, Any]) -> Task:
    """Sends a message before it serves, as the demonstration; or your image.

    :param common: arguments that both tasks have in common.
    """
    demonstration = settings.image is None
    port = settings.container_port
    task = Task(
        scope,
        construct_id,
        image=settings.image or WEB_IMAGE,
        port=port,
        cpu=settings.cpu,
        memory_mib=settings.memory_mib,
        command=_script(WEB_SCRIPT, WEB_PATH, str(port), "ECS on EC2", PAGE_TEXT) if demonstration else (),
        health_check_command=settings.health_check_command or (_probe(port) if demonstration else ()),
        writable_paths=(*settings.writable_paths, *([WEB_PATH] if demonstration else [])),
        secrets=settings.secrets,
        parameters=settings.parameters,
        secret_key_arns=settings.secret_key_arns,
        **common,
    )
    if demonstration:
        url, message = common["environment"]["QUEUE_URL"], "A web task has started"
        task.run_first(
            "announce",
            image=CLI_IMAGE,
            command=["sqs", "send-message", "--queue-url", url, "--message-body", message],
            environment={**common["environment"], "HOME": CLI_HOME},
            writable_paths=[CLI_HOME],
        )
    return task


def worker_task(scope: Construct, construct_id: str, *, settings: EcsEc2Settings, common: Mapping[str, Any]) -> Task:
    """Prints the messages of the queue, as the demonstration; or your image."""
    demonstration = settings.worker_image is None
    own: dict[str, Any] = {
        "entry_point": _script(WORK_SCRIPT),
        "writable_paths": [CLI_HOME],
        "environment": {**common["environment"], "HOME": CLI_HOME},
    }
    return Task(
        scope,
        construct_id,
        image=settings.worker_image or CLI_IMAGE,
        container_name="worker",
        cpu=settings.worker_cpu,
        memory_mib=settings.worker_memory_mib,
        **{**common, **(own if demonstration else {})},
    )


def _script(script: Path, *arguments: str) -> list[str]:
    return ["sh", "-c", script.read_text(encoding="utf-8"), script.name, *arguments]


def _probe(port: int) -> list[str]:
    return ["CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{port}/"]
