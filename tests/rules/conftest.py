"""Templates of every pattern, for tests that check them or write defects into them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import pytest

import app
from patternbook import build_app
from tests.book import Book, bare_cdk_json, patterns_with, settings_of

WITH_OPTIONS: Final = (("production", "every option"), ("sandbox", "other options"))
"""With the defaults in the sandbox posture, these have every resource type of the book and a place for every defect.
``tests/policy`` runs the rules on the templates of all postures and options."""


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


class _UnvalidatedApp(cdk.App):
    """An app without the CDK's validation, which takes seconds to start and belongs to ``tests/policy``."""

    def __init__(self, **props: Any) -> None:
        super().__init__(**props, builtin_cloud_formation_validation=False)


@pytest.fixture(scope="session")
def templates(books: Callable[[str], Book], tmp_path_factory: pytest.TempPathFactory) -> Templates:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cdk, "App", _UnvalidatedApp)
        return _templates(books, tmp_path_factory)


def _templates(books: Callable[[str], Book], tmp_path_factory: pytest.TempPathFactory) -> Templates:
    texts = {
        f"{pattern.__name__} sandbox defaults": json.dumps(books("sandbox").template(pattern.__name__).to_json())
        for pattern in app.PATTERNS
    }
    for posture, options in WITH_OPTIONS:
        for path in _synthesize(posture, options, tmp_path_factory.mktemp("rules")):
            name = path.name.removesuffix(".template.json")
            texts[f"{name} {posture} {options}"] = path.read_text(encoding="utf-8")
    return Templates(texts)


def _synthesize(posture: str, options: str, folder: Path) -> list[Path]:
    """The template files of all patterns that have these options."""
    context = {"posture": posture, **settings_of(posture, options)}
    outdir = folder / "cdk.out"
    build_app(patterns_with(options), cdk_json=bare_cdk_json(folder), context=context, outdir=str(outdir)).synth()
    return sorted(outdir.glob("*.template.json"))
