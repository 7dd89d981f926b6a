"""Writes the page of the study notes: ``python -m tools.notes > docs/notes.md``."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.notes import Line, Place, paths, read
from tools.drills import page_of

PAGE: Final = Path(__file__).parents[1] / "docs" / "notes.md"
HEAD: Final = """\
# The study notes, and where to see them

This book began as study notes on containers and serverless. Here is each claim of the notes, in their words, and where
the book shows it. It can be shown by:

- a **template**: a resource and its properties. Synthesize the stack with the given settings, and look for them. For
  example, `cdk synth EcsEc2Stack -c EcsEc2Stack.capacity_provider=false` shows instances that scale by CPU. In the
  list, `[]` is an item of a list, `*` is any text, and `${AWS::EC2::Subnet}` is a reference to a resource of this type.
- a **refusal**: a setting beyond a limit, and words of the message.
- a **test**, which `pytest` runs by its id, or a [rule](rules.md) that finds the opposite in any template.

A test checks each line. The list is `tests/notes.yaml`, and `python -m tools.notes > docs/notes.md` writes this page.
"""


def page() -> str:
    """The page as Markdown."""
    topics = [f"## {topic}\n\n" + "\n".join(map(_line, lines)) + "\n" for topic, lines in read().items()]
    return "\n".join([HEAD, *topics])


def _line(line: Line) -> str:
    shown = [
        *map(_place, line.places),
        *(f"Test: [`{test}`](../{test.partition('::')[0]})" for test in line.tests),
        *(f"Rule: `{rule}`" for rule in line.rules),
        *([line.remark] if line.remark else []),
    ]
    return "\n".join([f"- **{line.notes}**", *(f"  - {each}" for each in shown)])


def _place(place: Place) -> str:
    stack = f"[{place.stack}]({page_of(place.stack).name})"
    if place.stage != "sandbox":
        stack += f" in {place.stage}"
    if place.settings:
        stack += " with " + ", ".join(f"`{name}={_value(value)}`" for name, value in place.settings.items())
    has = [f"`{kind}`{_properties(properties)}" for kind, properties in place.has.items()]
    lacks = [f"no `{kind}`" for kind in place.lacks]
    refused = [f"refused, `{name}`: “{words}”" for name, words in place.refuses.items()]
    return f"{stack}: {'; '.join([*has, *lacks, *refused])}"


def _properties(properties: Mapping[str, Any]) -> str:
    values = list(_values(properties))
    return f" with {', '.join(values)}" if values else ""


def _values(properties: Mapping[str, Any]) -> Iterator[str]:
    for path, value in paths(properties):
        yield f"no `{path}`" if value is None else f"`{path} = {_value(value)}`"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    print(page(), end="")
