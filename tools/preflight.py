"""Synthesizes stacks, and asks the account about them: ``python -m tools.preflight STACKS STAGE [OPTION…]``.

The options are those of ``patternbook preflight``.
"""

import sys
from collections.abc import Sequence

from patternbook.settings.mistakes import SettingsError
from tools.stage import StageError
from tools.synthesis import run_on_templates


def main(arguments: Sequence[str]) -> int:
    """:returns: the exit status.
    :raises StageError: see :func:`tools.synthesis.run_on_templates`.
    :raises SettingsError: if ``cdk.json`` cannot be read.
    """
    stacks, stage, *options = arguments
    return run_on_templates("preflight", stacks, stage, options)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (StageError, SettingsError) as error:
        sys.exit(str(error))
