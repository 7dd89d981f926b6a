"""The drills of every pattern, and the templates that are drilled."""

import json
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk

import app
from patternbook.testing.drills.promises import Drill
from tests.book import book_app, sandbox_app, settings_of, stage_of, template_files

Templates = Mapping[str, Mapping[str, Any]]


def _drills() -> dict[str, Drill]:
    modules = {each.__name__: f"tests.drills.test_{each.__module__.split('.')[1]}" for each in app.PATTERNS}
    return {name: import_module(module).DRILL for name, module in modules.items() if find_spec(module)}


DRILLS: Final = _drills()
"""The drill of each pattern that has one, by the name of its stack."""


def synthesized(outdir: Path, sandbox: cdk.App | None = None) -> list[Templates]:
    """The book in sandbox with default settings, and in production, where stacks that are drilled have every option.

    :param sandbox: the book in sandbox, if it is synthesized already.
    """
    options = {name: given for name, given in settings_of("production", "every option").items() if name in DRILLS}
    production = {**settings_of("production", "defaults"), **options}
    return [
        _templates(sandbox or sandbox_app(outdir / "sandbox")),
        _templates(book_app(stage_of("production", production), outdir / "production", checked=False)),
    ]


def _templates(book: cdk.App) -> Templates:
    """The templates of the book in a posture, by the names of the stacks."""
    book.synth()
    files = template_files(Path(book.outdir)).items()
    return {stack: json.loads(path.read_text(encoding="utf-8")) for stack, path in files}
