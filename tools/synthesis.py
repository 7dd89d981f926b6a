"""Synthesizes stacks of the book for commands that look at their templates."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from patternbook.cli import main as patternbook
from patternbook.settings.mistakes import did_you_mean
from rehearsal.plans import PLANS
from tools.assembly import template_files
from tools.stage import StageError, stage_named

CDK: Final = Path(sys.executable).with_name("cdk")
REGIONAL: Final = re.compile(r"(?P<pattern>\w+)(-[a-z]{2,4}(-[a-z]+)+-\d)?")
"""The name of a stack, which ends with its Region if the setting ``regions`` is set."""


class SynthesisError(Exception):
    """There is no template. The CDK CLI has said why."""

    def __init__(self, status: int) -> None:
        """:param status: the exit status of the CDK CLI."""
        super().__init__(status)
        self.status = status


def templates_of(stacks: str, stage: str, folder: Path, options: Sequence[str] = ()) -> list[Path]:
    """The templates of stacks. Messages of the CDK CLI about settings go to the standard error.

    :param stacks: their names, with spaces between them.
    :param stage: see :func:`tools.stage.stage_named`.
    :param folder: where the cloud assembly is written.
    :param options: further options of ``cdk synth``.
    :raises StageError: if there is no such stage or no such stack.
    :raises SettingsError: if ``cdk.json`` cannot be read.
    :raises SynthesisError: if the CDK CLI fails.
    """
    names, stage = stacks.split(), stage_named(stage)
    patterns = {name: found["pattern"] for name in names if (found := REGIONAL.fullmatch(name))}
    for name in names:
        if patterns.get(name) not in PLANS:
            message = f"STACK must be a stack of the book, got {name!r}.{did_you_mean(name, PLANS)}"
            raise StageError(f"{message} Choose from {', '.join(PLANS)}.")
    paths = [f"{stage}/{name}" if stage else name for name in names]
    context = [f"patterns={','.join(sorted(set(patterns.values())))}", *([f"stages={stage}"] if stage else [])]
    chosen = [part for each in context for part in ("-c", each)]
    command = [str(CDK), "synth", *paths, "--quiet", "--ci", "--output", str(folder), *chosen, *options]
    status = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    if status:
        raise SynthesisError(status)
    files = template_files(folder)
    return [files[path] for path in paths]


def run_on_templates(command: str, stacks: str, stage: str, given: Sequence[str], options: Sequence[str] = ()) -> int:
    """Runs a command of ``patternbook`` on the templates of stacks.

    :param given: further arguments of the command.
    :param options: further options of ``cdk synth``.
    :returns: the exit status, of the CDK CLI if it fails.
    :raises StageError: see :func:`templates_of`.
    :raises SettingsError: see :func:`templates_of`.
    """
    with tempfile.TemporaryDirectory(prefix=f"patternbook-{command}-") as folder:
        try:
            templates = templates_of(stacks, stage, Path(folder), options)
        except SynthesisError as error:
            return error.status
        return patternbook([command, *map(str, templates), *given])
