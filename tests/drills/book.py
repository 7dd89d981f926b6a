"""The drills of every pattern, and the templates that are drilled."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import app
from patternbook.testing.drills.promises import Drill
from tests.book import Books, templates_in

Templates = Mapping[str, Mapping[str, Any]]


def _drills() -> dict[str, Drill]:
    modules = {each.__name__: f"tests.drills.test_{each.__module__.split('.')[1]}" for each in app.PATTERNS}
    return {name: import_module(module).DRILL for name, module in modules.items() if find_spec(module)}


DRILLS: Final = _drills()
"""The drill of each pattern that has one, by the name of its stack."""


def synthesized(books: Books) -> list[Templates]:
    """The book in sandbox with default settings, and in production with every option."""
    scenarios = (("sandbox", "defaults"), ("production", "every option"))
    return [templates_in(Path(books(posture, options).outdir)) for posture, options in scenarios]
