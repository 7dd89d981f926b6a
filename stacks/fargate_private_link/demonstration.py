"""A web page that says which task answers."""

from pathlib import Path

from patternbook.ecs.demonstration import Demonstration, probe, run_script

SERVE_SCRIPT = Path(__file__).with_name("runtime") / "serve.sh"
PAGES = "/pages"


def web_server(port: int) -> Demonstration:
    return Demonstration(
        command=run_script(SERVE_SCRIPT, PAGES, str(port)), health_check_command=probe(port), writable_paths=[PAGES]
    )
