"""Lists the templates of a cloud assembly, and their pages: ``python -m tools.summary cdk.out [STAGE]``."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from patternbook.copying.book import patterns
from tools.assembly import template_files

ROOT: Final = Path(__file__).parents[1]


def summary(assembly: Path, stage: str = "") -> str:
    """A table with a row for each stack, and the command that explains a template.

    :param stage: the stage to list. If it is empty, the sandbox, whose stacks are directly in the app.
    """
    rows = [("Stack", "What it is", "Resources", "Size", "Template", "Page")]
    book = patterns(ROOT)
    shown = ""
    for name, path in template_files(assembly).items():
        if name.rpartition("/")[0] != stage:
            continue
        template: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        what = template["Description"].partition(": ")[2]  # the description begins with the posture, see PatternStack
        shown = name.rpartition("/")[2].partition("-")[0]  # the setting `regions` adds a Region to the name
        size = f"{path.stat().st_size / 1024:.0f} KB"
        rows.append((name, what, str(len(template["Resources"])), size, str(path), f"docs/{book[shown].page}"))
    explain = f"make explain STACK={shown}{f' STAGE={stage}' if stage else ''}"
    return f"{_table(rows)}\n\nTo read what each resource of a template is for, type: {explain}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Aligns rows in columns. The first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


if __name__ == "__main__":
    print(summary(Path(sys.argv[1]), *sys.argv[2:]))
