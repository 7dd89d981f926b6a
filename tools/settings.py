"""Lists the settings of stacks, which it reads from the models: ``python -m tools.settings [STACK]``."""

import sys
import textwrap

import app
from patternbook.settings.listing import fields_of, settings_of
from patternbook.settings.mistakes import did_you_mean
from patternbook.settings.stages import StageSettings
from tools.printing import show

_names = textwrap.TextWrapper(width=110, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
PATTERNS = {pattern.__name__: pattern for pattern in app.PATTERNS}


def overview() -> str:
    """The names of all settings, and the command that describes them."""
    sections = [
        f"{name}: {pattern.title}\n{_names.fill(', '.join(pattern.settings_type.model_fields))}"
        for name, pattern in PATTERNS.items()
    ]
    stages = f"stages, in cdk.json: a name and\n{_names.fill(', '.join(StageSettings.model_fields))}"
    more = "To read what each setting does, type: make settings STACK=FargateEfsStack. For stages, type STACK=stages."
    return "\n\n".join([*sections, stages, more])


def main(arguments: list[str]) -> str:
    """The text to print. If the stack does not exist, it ends the program with status 1 and a message."""
    if not arguments:
        return overview()
    if arguments == ["stages"]:
        return fields_of(StageSettings)
    name = " ".join(arguments)
    if name not in PATTERNS:
        message = f"STACK must be one stack of the book, or stages, got {name!r}.{did_you_mean(name, PATTERNS)}"
        sys.exit(f"{message} Choose from {', '.join(PATTERNS)}.")
    return settings_of(name, PATTERNS[name].title, PATTERNS[name].settings_type)


if __name__ == "__main__":
    show(main(sys.argv[1:]))
