"""Templates of every pattern, for tests that check them or write defects into them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import pytest

from tests.book import Books, template_files

SCENARIOS: Final = (("sandbox", "defaults"), ("production", "every option"), ("sandbox", "other options"))
"""These have every resource type of the book and a place for every defect. ``tests/policy`` runs the rules on the
templates of all postures and options."""


@dataclass(frozen=True)
class Templates:
    """Templates as JSON, by pattern, posture and options. A test that changes a template parses a copy."""

    texts: Mapping[str, str]

    @cached_property
    def _types(self) -> dict[str, set[str]]:
        return {
            name: {body["Type"] for body in json.loads(text)["Resources"].values()} for name, text in self.texts.items()
        }

    def with_type(self, resource_type: str) -> list[str]:
        """The names of the templates that have a resource of a type."""
        return [name for name, types in self._types.items() if resource_type in types]


@pytest.fixture(scope="session")
def templates(books: Books) -> Templates:
    return Templates(
        {
            f"{stack} {posture} {options}": path.read_text(encoding="utf-8")
            for posture, options in SCENARIOS
            for stack, path in template_files(Path(books(posture, options).outdir)).items()
        }
    )
