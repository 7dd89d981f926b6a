"""Every pattern as a template, in both postures, with and without its options."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import app
from patternbook import build_app
from tests.book import POSTURES, SCENARIOS, Book, bare_cdk_json, patterns_with, settings_of


@pytest.fixture(scope="session")
def templates(books: Callable[[str], Book], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """By pattern, posture and options. Tests change copies of them."""
    made = {
        f"{pattern.__name__} {posture} defaults": dict(books(posture).template(pattern.__name__).to_json())
        for posture in POSTURES
        for pattern in app.PATTERNS
    }
    for posture, options in SCENARIOS:
        if options == "defaults":
            continue
        outdir = tmp_path_factory.mktemp("rules")
        context = {"posture": posture, **settings_of(posture, options)}
        build_app(
            patterns_with(options), cdk_json=bare_cdk_json(outdir), context=context, outdir=str(outdir / "cdk.out")
        ).synth()
        for path in Path(outdir).glob("cdk.out/*.template.json"):
            name = path.name.removesuffix(".template.json")
            made[f"{name} {posture} {options}"] = json.loads(path.read_text(encoding="utf-8"))
    return made
