"""The templates of every pattern: both postures, the defaults and all options."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pytest

import app
from patternbook import build_app
from tests.book import POSTURES, SCENARIOS, Book, bare_cdk_json, patterns_with, settings_of


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
def templates(books: Callable[[str], Book], tmp_path_factory: pytest.TempPathFactory) -> Templates:
    texts = {
        f"{pattern.__name__} {posture} defaults": json.dumps(books(posture).template(pattern.__name__).to_json())
        for posture in POSTURES
        for pattern in app.PATTERNS
    }
    for posture, options in SCENARIOS:
        if options == "defaults":
            continue
        folder = tmp_path_factory.mktemp("rules")
        context = {"posture": posture, **settings_of(posture, options)}
        book = build_app(
            patterns_with(options), cdk_json=bare_cdk_json(folder), context=context, outdir=str(folder / "cdk.out")
        )
        book.synth()
        for path in (folder / "cdk.out").glob("*.template.json"):
            name = path.name.removesuffix(".template.json")
            texts[f"{name} {posture} {options}"] = path.read_text(encoding="utf-8")
    return Templates(texts)
