"""A page on the shared file system, to which each task adds a line before it serves."""

from pathlib import Path

from patternbook import Task
from patternbook.ecs.demonstration import BUSYBOX, Demonstration, probe, run_script
from stacks.fargate_efs.settings import FargateEfsSettings

JOIN_SCRIPT = Path(__file__).with_name("runtime") / "join.sh"


def web_server(settings: FargateEfsSettings) -> Demonstration:
    """A web server for the files in the shared file system."""
    port = settings.container_port
    return Demonstration(
        command=["httpd", "-f", "-p", str(port), "-h", settings.mount_path], health_check_command=probe(port)
    )


def add_line_first(task: Task, settings: FargateEfsSettings) -> None:
    """Adds the init container that writes the line of the task."""
    task.run_first("join", image=BUSYBOX, command=run_script(JOIN_SCRIPT, settings.mount_path))
