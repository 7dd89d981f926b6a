"""The words of the study notes, and the templates, tests and rules that show them: ``notes.yaml`` beside this module.

``python -m tests.notes ID …`` prints which of these tests pytest collects, and would not skip.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

if TYPE_CHECKING:  # the other process, which collects tests, needs no CDK
    from patternbook.testing.reading import Reading

LIST = Path(__file__).with_suffix(".yaml")
ROOT = Path(__file__).parents[1]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Place(_Entry):
    """A template that shows a claim, or settings that are refused."""

    stack: str
    stage: Literal["sandbox", "production"] = "sandbox"
    settings: dict[str, Any] = {}
    has: dict[str, dict[str, Any]] = {}
    lacks: list[str] = []
    refuses: dict[str, str] = {}


class Line(_Entry):
    """One claim of the notes, and what shows it."""

    notes: Annotated[str, Field(min_length=1)]
    places: list[Place] = []
    tests: list[str] = []
    rules: list[str] = []
    remark: str | None = None


Topics = Mapping[str, Sequence[Line]]


def read() -> Topics:
    """The lines of the notes, by topic."""
    return TypeAdapter(dict[str, list[Line]]).validate_python(yaml.safe_load(LIST.read_text(encoding="utf-8")))


def paths(expected: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that is expected within a property, with its path. A flat item of a list is one value."""
    if isinstance(expected, dict) and expected:
        for name, value in expected.items():
            yield from paths(value, f"{path}.{name}" if path else name)
    elif isinstance(expected, list) and expected:
        for value in expected:
            flat = isinstance(value, dict) and not any(isinstance(each, dict | list) for each in value.values())
            yield from [(f"{path}[]", value)] if flat else paths(value, f"{path}[]")
    elif path:
        yield path, expected


def differences(place: Place, template: Reading) -> list[str]:
    """What the template of a place does not show of it."""
    found = [f"{kind}: there must be none" for kind in place.lacks if template.all(kind)]
    for kind, expected in place.has.items():
        resources = [template.shown(each.body.get("Properties", {})) for each in template.all(kind)]
        missing = [list(_missing(actual, expected)) for actual in resources]
        if not resources:
            found.append(f"{kind}: there must be one")
        elif all(missing):
            found += [f"{kind}: {where}" for where in min(missing, key=len)]
    return found


def _missing(actual: Any, expected: Any, path: str = "") -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name, value in expected.items():
            yield from _missing(actual.get(name), value, f"{path}.{name}" if path else name)
    elif isinstance(expected, list) and isinstance(actual, list):
        for value in expected:
            if all(list(_missing(item, value)) for item in actual):
                yield f"{path} must contain {value!r}, but is {_short(actual)}"
    elif not _same(actual, expected):
        yield f"{path} must be {expected!r}, but is {_short(actual)}"


def _same(actual: Any, expected: Any) -> bool:
    if isinstance(actual, str) and isinstance(expected, str):
        return re.fullmatch(".*".join(map(re.escape, expected.split("*"))), actual, re.DOTALL) is not None
    return type(actual) is type(expected) and actual == expected


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


class Collected:
    """A plugin of pytest that remembers the tests that would run."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.ids |= ids_of(session)


def ids_of(session: pytest.Session) -> set[str]:
    """The ids of a session's tests that are neither skipped nor expected to fail, with and without parameters."""
    run = [each for each in session.items if not any(map(each.get_closest_marker, ("skip", "skipif", "xfail")))]
    return {name for each in run for name in (each.nodeid, each.nodeid.partition("[")[0])}


def main(asked: Sequence[str]) -> None:
    plugin = Collected()
    files = sorted({test.partition("::")[0] for test in asked})
    existing = [file for file in files if Path(file).is_file()]
    if existing:
        with redirect_stdout(sys.stderr):
            pytest.main(["--collect-only", *existing], [plugin])
    print(*sorted(plugin.ids.intersection(asked)), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
