"""The settings of a pattern as a text for people, which it reads from the models."""

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from patternbook.settings.base import SettingsModel
from patternbook.settings.describe import describe, nested_models, unit_of

# Don't break long words, because ARNs and URLs may be longer than a line.
_indented = textwrap.TextWrapper(
    width=110, initial_indent=" " * 6, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False
)


@dataclass(frozen=True)
class Listed:
    """One setting, in words."""

    name: str
    default: str
    """JSON, or ``required``."""
    unit: str
    """The unit of a number, or an empty text."""
    description: str
    accepted: str
    """The end of the sentence "It must be …"."""


def listed(model: type[SettingsModel]) -> Iterator[Listed]:
    """The settings of a model, in the order in which it declares them."""
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else json.dumps(field.get_default(), default=_plain)
        accepted = describe(field.annotation, field.metadata)
        yield Listed(name, default, unit_of(field), field.description or "", accepted)


def settings_of(stack: str, title: str, model: type[SettingsModel]) -> str:
    """The settings of a stack, followed by a section for each kind of object in them."""
    sections = [f"{stack}: {title}\n\n{fields_of(model)}"]
    sections += [f"{each.__name__}: {each.__doc__}\n\n{fields_of(each)}" for each in nested_models(model)]
    return "\n\n\n".join(sections)


def fields_of(model: type[SettingsModel]) -> str:
    """Each setting of a model: its default, its unit, what it does, and what it accepts."""
    lines = []
    for each in listed(model):
        lines.append(f"  {each.name} = {each.default}{f' ({each.unit})' if each.unit else ''}")
        lines.append(_indented.fill(f"{each.description} It must be {each.accepted}."))
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json")
