"""Containers that a pattern runs until its user sets an image. They need no build."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BUSYBOX: Final = "public.ecr.aws/docker/library/busybox:1.37"
WEB_PATH: Final = "/www"
"""Folder of the page that :func:`web_page` serves."""
_WEB_SCRIPT: Final = Path(__file__).with_name("runtime") / "web.sh"


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """The container of the demonstration. An image of the user's own runs without any of this."""

    image: str = BUSYBOX
    command: Sequence[str] = ()
    health_check_command: Sequence[str] = ()
    writable_paths: Sequence[str] = ()
    """Paths beyond those of the settings."""


def web_page(*, port: int, title: str, text: str) -> Demonstration:
    """A web server whose page says which task answers, in which AZ."""
    return Demonstration(
        command=run_script(_WEB_SCRIPT, WEB_PATH, str(port), title, text),
        health_check_command=probe(port),
        writable_paths=[WEB_PATH],
    )


def run_script(script: Path, *arguments: str) -> list[str]:
    """The command that runs a shell script. The template contains the whole script."""
    return ["sh", "-c", script.read_text(encoding="utf-8"), script.name, *arguments]


def probe(port: int) -> list[str]:
    """A health check command that requests the page."""
    return ["CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{port}/"]
