"""Finds the stage that a command is about: ``python -m tools.stage [STAGE]`` prints its name.

It prints nothing for the sandbox in the app. By this module, ``STAGE=…`` has one meaning in all commands.
"""

import sys
from pathlib import Path
from typing import Final

from patternbook.settings.context import read_cdk_json
from patternbook.settings.keys import STAGES
from patternbook.settings.mistakes import SettingsError, did_you_mean

CDK_JSON: Final = Path(__file__).parents[1] / "cdk.json"
SANDBOX: Final = "sandbox"
"""Without a stage of this name in ``cdk.json``, it is the sandbox in the app."""
PRODUCTION: Final = "production"
"""Needs no entry in ``cdk.json``."""


class StageError(Exception):
    """There is no such stage. The message is written for the person who named it."""


def stage_named(given: str, cdk_json: Path = CDK_JSON) -> str:
    """The name of the ``cdk.Stage``. It is empty for the sandbox whose stacks are directly in the app.

    :param given: the value of ``STAGE``.
    :raises StageError: if neither ``cdk.json`` nor the book has such a stage.
    :raises SettingsError: if ``cdk.json`` cannot be read.
    """
    entries = read_cdk_json(cdk_json).get(STAGES)
    configured = list(entries) if isinstance(entries, dict) else []
    if given in configured or given == PRODUCTION:
        return given
    if given in ("", SANDBOX):
        return ""
    stages = list(dict.fromkeys([SANDBOX, PRODUCTION, *configured]))
    raise StageError(
        f"STAGE must be {', '.join(stages[:-1])} or {stages[-1]}, got {given!r}.{did_you_mean(given, stages)} "
        "Leave it out for the sandbox, or add the stage to the stages in cdk.json."
    )


if __name__ == "__main__":
    try:
        print(stage_named(" ".join(sys.argv[1:])))
    except (StageError, SettingsError) as error:
        sys.exit(str(error))
