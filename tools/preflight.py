"""Synthesizes stacks, and asks the account about them: ``python -m tools.preflight STACKS STAGE [OPTION…]``.

The options are those of ``patternbook preflight``.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from patternbook.cli import main as patternbook
from patternbook.settings.mistakes import SettingsError, did_you_mean
from rehearsal.plans import PLANS
from tools.assembly import template_files
from tools.stage import StageError, stage_named

CDK: Final = Path(sys.executable).with_name("cdk")
REGIONAL: Final = re.compile(r"(?P<pattern>\w+)(-[a-z]{2,4}(-[a-z]+)+-\d)?")
"""The name of a stack, which ends with its Region if the setting ``regions`` is set."""


def main(arguments: Sequence[str]) -> int:
    """:returns: the exit status.
    :raises StageError: see :func:`tools.stage.stage_named`.
    :raises SettingsError: if ``cdk.json`` cannot be read.
    """
    stacks, stage, options = arguments[0].split(), stage_named(arguments[1]), arguments[2:]
    patterns = {name: found["pattern"] for name in stacks if (found := REGIONAL.fullmatch(name))}
    for name in stacks:
        if patterns.get(name) not in PLANS:
            message = f"STACK must be a stack of the book, got {name!r}.{did_you_mean(name, PLANS)}"
            sys.exit(f"{message} Choose from {', '.join(PLANS)}.")
    paths = [f"{stage}/{name}" if stage else name for name in stacks]
    with tempfile.TemporaryDirectory(prefix="patternbook-preflight-") as folder:
        status = _synthesize(Path(folder), paths, stage=stage, patterns=sorted(set(patterns.values())))
        if status:
            return status
        files = template_files(Path(folder))
        return patternbook(["preflight", *(str(files[path]) for path in paths), *options])


def _synthesize(folder: Path, paths: Sequence[str], *, stage: str, patterns: Sequence[str]) -> int:
    """Runs the CDK CLI, whose messages about settings go to the standard error.

    :returns: its exit status.
    """
    context = [f"patterns={','.join(patterns)}", *([f"stages={stage}"] if stage else [])]
    chosen = [part for each in context for part in ("-c", each)]
    command = [str(CDK), "synth", *paths, "--quiet", "--ci", "--output", str(folder), *chosen]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (StageError, SettingsError) as error:
        sys.exit(str(error))
