"""Lists the templates of a cloud assembly: ``python -m tools.summary cdk.out [STAGE]``."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


def summary(assembly: Path, stage: str = "") -> str:
    """A table with a row for each stack.

    :param stage: the stage to list. If it is empty, the sandbox, whose stacks are directly in the app.
    """
    rows = [("Stack", "What it is", "Resources", "Size", "Template")]
    for name, path in _stacks(assembly / f"assembly-{stage}" if stage else assembly):
        template: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        what = template["Description"].partition(": ")[2]  # the description begins with the posture, see PatternStack
        rows.append((name, what, str(len(template["Resources"])), f"{path.stat().st_size / 1024:.0f} KB", str(path)))
    return _table(rows)


def _stacks(assembly: Path) -> Iterator[tuple[str, Path]]:
    """The construct path and the template of each stack."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    for artifact in manifest["artifacts"].values():
        if artifact["type"] == "aws:cloudformation:stack":
            yield artifact["displayName"], assembly / artifact["properties"]["templateFile"]


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Aligns rows in columns. The first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


if __name__ == "__main__":
    print(summary(Path(sys.argv[1]), *sys.argv[2:]))
