"""Synthesizes stacks, and asks the account about them: ``python -m tools.preflight STACKS STAGE [OPTION…]``.

The options are those of ``patternbook preflight``.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from patternbook.cli import main as patternbook
from patternbook.settings.mistakes import SettingsError
from tools.stage import StageError
from tools.synthesis import SynthesisError, templates_of


def main(arguments: Sequence[str]) -> int:
    """:returns: the exit status.
    :raises StageError: see :func:`tools.synthesis.templates_of`.
    :raises SettingsError: if ``cdk.json`` cannot be read.
    """
    stacks, stage, *options = arguments
    with tempfile.TemporaryDirectory(prefix="patternbook-preflight-") as folder:
        try:
            templates = templates_of(stacks, stage, Path(folder))
        except SynthesisError as error:
            return error.status
        return patternbook(["preflight", *map(str, templates), *options])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (StageError, SettingsError) as error:
        sys.exit(str(error))
