"""A web page that names its container."""

from pathlib import Path

from patternbook.ecs.demonstration import Demonstration, probe, run_script
from stacks.ecs_anywhere.settings import PAGES

SERVE_SCRIPT = Path(__file__).with_name("runtime") / "serve.sh"


def web_server(port: int) -> Demonstration:
    return Demonstration(
        command=run_script(SERVE_SCRIPT, str(port), PAGES), health_check_command=probe(port), writable_paths=[PAGES]
    )
