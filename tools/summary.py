"""Lists the templates of a cloud assembly: ``python -m tools.summary cdk.out [STAGE]``."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.assembly import template_files


def summary(assembly: Path, stage: str = "") -> str:
    """A table with a row for each stack.

    :param stage: the stage to list. If it is empty, the sandbox, whose stacks are directly in the app.
    """
    rows = [("Stack", "What it is", "Resources", "Size", "Template")]
    for name, path in template_files(assembly).items():
        if name.rpartition("/")[0] != stage:
            continue
        template: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        what = template["Description"].partition(": ")[2]  # the description begins with the posture, see PatternStack
        rows.append((name, what, str(len(template["Resources"])), f"{path.stat().st_size / 1024:.0f} KB", str(path)))
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Aligns rows in columns. The first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


if __name__ == "__main__":
    print(summary(Path(sys.argv[1]), *sys.argv[2:]))
