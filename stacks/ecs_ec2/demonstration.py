"""A web page whose tasks each send a message before they serve, and a worker that prints the messages."""

from collections.abc import Mapping
from pathlib import Path

from patternbook import Task
from patternbook.ecs.demonstration import Demonstration, web_page

CLI_IMAGE = "public.ecr.aws/aws-cli/aws-cli:2.36.44"
CLI_HOME = "/tmp"  # the AWS CLI writes its cache there
WORK_SCRIPT = Path(__file__).with_name("runtime") / "work.sh"
PAGE_TEXT = (
    "Before it began to serve, it sent a message to the queue. The log of the worker shows that one of its tasks has "
    "received it. Neither may do what the other does: each has a task role of its own."
)


def web_server(port: int) -> Demonstration:
    return web_page(port=port, title="ECS on EC2", text=PAGE_TEXT)


def send_message_first(task: Task, environment: Mapping[str, str]) -> None:
    """Adds the init container that sends the message of the task."""
    message = ["--queue-url", environment["QUEUE_URL"], "--message-body", "A web task has started"]
    task.run_first(
        "announce",
        image=CLI_IMAGE,
        command=["sqs", "send-message", *message],
        environment={**environment, "HOME": CLI_HOME},
        writable_paths=[CLI_HOME],
    )
