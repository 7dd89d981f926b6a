"""Lists every setting of every pattern, from the models themselves: ``python -m tools.settings``."""

import json
import textwrap
from typing import Any

import app
from patternbook.posture import POSTURES, SANDBOX
from patternbook.settings.base import SettingsModel
from patternbook.settings.describe import describe, nested_models, unit_of

_indented = textwrap.TextWrapper(width=110, initial_indent=" " * 6, subsequent_indent=" " * 6)


def settings() -> str:
    """A section a pattern, and one for each kind of object that a setting of it takes."""
    sections = [f"posture = {json.dumps(SANDBOX.name)}\n" + _indented.fill(f"Of all patterns: {', '.join(POSTURES)}.")]
    for pattern in app.PATTERNS:
        sections.append(f"{pattern.__name__}: {pattern.title}\n\n{_fields(pattern.settings_type)}")
        for model in nested_models(pattern.settings_type):
            sections.append(f"{pattern.__name__}, {model.__name__}: {model.__doc__}\n\n{_fields(model)}")
    return "\n\n\n".join(sections)


def _fields(model: type[SettingsModel]) -> str:
    lines = []
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else json.dumps(field.get_default(), default=_plain)
        unit = unit_of(field)
        lines.append(f"  {name} = {default}{f' ({unit})' if unit else ''}")
        lines.append(_indented.fill(f"{field.description} Accepts {describe(field.annotation, field.metadata)}."))
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json")


if __name__ == "__main__":
    print(settings())
