"""The settings of a pattern as a text for people, which it reads from the models."""

import json
import textwrap
from typing import Any

from patternbook.settings.base import SettingsModel
from patternbook.settings.describe import describe, nested_models, unit_of

# Don't break long words, because ARNs and URLs may be longer than a line.
_indented = textwrap.TextWrapper(
    width=110, initial_indent=" " * 6, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False
)


def settings_of(stack: str, title: str, model: type[SettingsModel]) -> str:
    """The settings of a stack, followed by a section for each kind of object in them."""
    sections = [f"{stack}: {title}\n\n{fields_of(model)}"]
    sections += [f"{each.__name__}: {each.__doc__}\n\n{fields_of(each)}" for each in nested_models(model)]
    return "\n\n\n".join(sections)


def fields_of(model: type[SettingsModel]) -> str:
    """Each setting of a model: its default, its unit, what it does, and what it accepts."""
    lines = []
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else json.dumps(field.get_default(), default=_plain)
        unit = unit_of(field)
        lines.append(f"  {name} = {default}{f' ({unit})' if unit else ''}")
        lines.append(_indented.fill(f"{field.description} It must be {describe(field.annotation, field.metadata)}."))
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json")
