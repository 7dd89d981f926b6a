"""Synthesizes stacks, and computes their costs: ``python -m tools.cost STACKS STAGE [OPTION…]``.

``-c NAME=VALUE`` is a setting, as for ``cdk synth``. The other options are those of ``patternbook cost``.
"""

import argparse
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
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-c", "--context", action="append", default=[])
    given, others = parser.parse_known_args(options)
    # A stack that misses a requirement of production has a cost, too.
    context = ["--ignore-errors", *(part for each in given.context for part in ("-c", each))]
    return run_on_templates("cost", stacks, stage, others, context)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (StageError, SettingsError) as error:
        sys.exit(str(error))
