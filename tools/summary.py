"""Lists the templates of a cloud assembly: ``python -m tools.summary cdk.out``."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path


def summary(assembly: Path) -> str:
    """A table with a row for each stack."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    rows = [("Stack", "What it is", "Resources", "Size", "Template")]
    for name, artifact in manifest["artifacts"].items():
        if artifact["type"] != "aws:cloudformation:stack":
            continue
        path = assembly / artifact["properties"]["templateFile"]
        template = json.loads(path.read_text(encoding="utf-8"))
        size = path.stat().st_size / 1024
        what = template["Description"].partition(": ")[2]  # after the posture, see PatternStack
        rows.append((name, what, str(len(template["Resources"])), f"{size:.0f} KB", str(path)))
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Rows, the first of them the heading, in columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


if __name__ == "__main__":
    print(summary(Path(sys.argv[1])))
