"""The templates of the book that are drilled."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from patternbook.testing.synthesis import READABLE
from tests.book import book_app, settings_of, stage_of, template_files
from tests.drills.promises import DRILLS

CHOICES = [("sandbox", "defaults"), ("production", "defaults"), ("production", "every option")]

Templates = Mapping[str, Mapping[str, Any]]


def templates(posture: str, options: str, outdir: Path) -> Templates:
    """Templates of the book in a posture, by the names of the stacks: with every option only those that are drilled."""
    settings = settings_of(posture, options)
    chosen = {name: given for name, given in settings.items() if options == "defaults" or name in DRILLS}
    book = book_app(stage_of(posture, chosen), outdir, checked=False, **READABLE)
    book.synth()
    files = template_files(outdir).items()
    return {stack: json.loads(path.read_text(encoding="utf-8")) for stack, path in files}
