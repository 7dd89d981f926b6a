"""The promise of every pattern's drawing, for the test module of the pattern."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from patternbook.app import PatternStack
from patternbook.rules.template import Node
from patternbook.testing.drawings.checking import evidence, problems
from patternbook.testing.drawings.shown import Deployed, construct_paths
from patternbook.testing.drawings.source import Drawing, read
from patternbook.testing.reading import Reading


def drawing_of(pattern: type[PatternStack]) -> Path:
    """The source of a pattern's drawing, which stands beside its page."""
    package = sys.modules[pattern.__module__.rpartition(".")[0]]
    page = str(package.__doc__).rpartition("Page: ")[2].strip()
    return (Path(str(package.__file__)).parents[2] / page).with_suffix(".d2")


def deployed(stack: Reading) -> Deployed:
    return Deployed(stack.document, construct_paths(stack.stack))


def without(document: Mapping[str, Any], place: Node) -> dict[str, Any]:
    """A template without what is at a place. It shares with the whole one what is the same."""
    properties = ("Properties", *place.path) if place.path else ()
    return _without(document, ["Resources", place.resource_id, *properties])


def _without(value: Any, path: list[str | int]) -> Any:
    first, *inner = path
    if isinstance(value, list):
        rest = _without(value[int(first)], inner) if inner else {"Ref": "AWS::NoValue"}  # keeps the other positions
        return [rest if index == first else each for index, each in enumerate(value)]
    if inner:
        return {**value, first: _without(value[first], inner)}
    return {name: each for name, each in value.items() if name != first}


class DrawingPromises:
    """Tests that a module with a ``PATTERN`` inherits."""

    @pytest.fixture(scope="class")
    def drawing(self, request: pytest.FixtureRequest) -> Drawing:
        return read(drawing_of(request.module.PATTERN))

    @pytest.fixture(scope="class")
    def templates(self, sandbox: Reading, production: Reading) -> dict[str, Deployed]:
        return {"sandbox": deployed(sandbox), "production": deployed(production)}

    def test_the_drawing_shows_what_the_templates_have(self, drawing: Drawing, templates: dict[str, Deployed]) -> None:
        assert problems(drawing, templates) == []

    def test_no_arrow_is_true_without_what_causes_it(self, drawing: Drawing, templates: dict[str, Deployed]) -> None:
        whole = templates["production"]
        for arrow in drawing.arrows:
            for cause, found in evidence(drawing, whole, arrow).items():
                document = dict(whole.document)
                for place in found:
                    document = without(document, place)
                broken = Deployed(document, whole.paths)
                assert not evidence(drawing, broken, arrow)[cause], (arrow.source, arrow.target, cause)
