"""The templates of the book that are drilled."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.book import book_app, settings_of, stage_of, template_files
from tests.drills.promises import DRILLS

Templates = Mapping[str, Mapping[str, Any]]


def synthesized(outdir: Path) -> list[Templates]:
    """The book in sandbox with default settings, and in production, where stacks that are drilled have every option."""
    options = {name: given for name, given in settings_of("production", "every option").items() if name in DRILLS}
    return [
        _templates("sandbox", settings_of("sandbox", "defaults"), outdir / "sandbox"),
        _templates("production", {**settings_of("production", "defaults"), **options}, outdir / "production"),
    ]


def _templates(posture: str, settings: Mapping[str, Mapping[str, Any]], outdir: Path) -> Templates:
    """The templates of the book in a posture, by the names of the stacks."""
    book_app(stage_of(posture, settings), outdir, checked=False).synth()
    files = template_files(outdir).items()
    return {stack: json.loads(path.read_text(encoding="utf-8")) for stack, path in files}
