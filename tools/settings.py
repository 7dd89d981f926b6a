"""Lists the settings of stacks, which it reads from the models: ``python -m tools.settings [STACK]``."""

import json
import os
import sys
import textwrap
from typing import Any

import app
from patternbook import PatternStack
from patternbook.settings.base import SettingsModel
from patternbook.settings.describe import describe, nested_models, unit_of
from patternbook.settings.mistakes import did_you_mean
from patternbook.settings.stages import StageSettings

# Don't break long words, because ARNs and URLs may be longer than a line.
_indented = textwrap.TextWrapper(
    width=110, initial_indent=" " * 6, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False
)
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


def settings_of(pattern: type[PatternStack]) -> str:
    """The settings of a pattern, followed by a section for each kind of object in them."""
    sections = [f"{pattern.__name__}: {pattern.title}\n\n{_fields(pattern.settings_type)}"]
    for model in nested_models(pattern.settings_type):
        sections.append(f"{model.__name__}: {model.__doc__}\n\n{_fields(model)}")
    return "\n\n\n".join(sections)


def _fields(model: type[SettingsModel]) -> str:
    lines = []
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else json.dumps(field.get_default(), default=_plain)
        unit = unit_of(field)
        lines.append(f"  {name} = {default}{f' ({unit})' if unit else ''}")
        lines.append(_indented.fill(f"{field.description} It must be {describe(field.annotation, field.metadata)}."))
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json")


def main(arguments: list[str]) -> str:
    """The text to print. If the stack does not exist, it ends the program with status 1 and a message."""
    if not arguments:
        return overview()
    if arguments == ["stages"]:
        return _fields(StageSettings)
    name = " ".join(arguments)
    if name not in PATTERNS:
        message = f"STACK must be one stack of the book, or stages, got {name!r}.{did_you_mean(name, PATTERNS)}"
        sys.exit(f"{message} Choose from {', '.join(PATTERNS)}.")
    return settings_of(PATTERNS[name])


if __name__ == "__main__":
    try:
        print(main(sys.argv[1:]), flush=True)
    except BrokenPipeError:  # the reader has closed the pipe, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
