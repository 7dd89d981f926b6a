"""Measures ``patternbook check`` on templates of the book: ``python -m tools.bench_rules [FOLDER]``.

FOLDER is a cloud assembly; without it, the book is synthesized. It prints CPU seconds as medians: for the ten largest
templates, also as a ratio to a process that only reads the same files, for a template with 500 resources, and for 200
templates.
"""

import json
import re
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tools.assembly import template_files
from tools.costs import cost

ROUNDS: Final = 5
READ: Final = "import json, sys; [json.load(open(path)) for path in sys.argv[1:]]"
CHECK: Final = ("-m", "patternbook.cli", "check", "--fail-on", "never")


def main(assembly: Path | None = None) -> None:
    """Prints the medians, each with its aim, and the ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if assembly is None:
            assembly = folder / "book"
            cost(sys.executable, "app.py", CDK_OUTDIR=str(assembly))
        largest = sorted(template_files(assembly).values(), key=lambda path: -path.stat().st_size)
        read, ten = _seconds(("-c", READ), largest[:10]), _seconds(CHECK, largest[:10])
        print(f"check of 10 templates   {ten:.2f} CPU seconds (aim: 0.5)")
        print(f"check / read of 10 templates   {ten / read:.1f}")
        print(f"check of a template with 500 resources   {_seconds(CHECK, [_large(largest, folder)]):.2f} (aim: 1)")
        print(f"check of 200 templates   {_seconds(CHECK, _copies(largest, folder, 200)):.2f} (aim: 3)")


def _seconds(command: Sequence[str], paths: Sequence[Path]) -> float:
    return statistics.median(cost(sys.executable, *command, *map(str, paths)).cpu_seconds for _ in range(ROUNDS))


def _copies(paths: Sequence[Path], folder: Path, number: int) -> list[Path]:
    made = [folder / f"copy-{index}.json" for index in range(number)]
    for index, path in enumerate(made):
        path.write_bytes(paths[index % len(paths)].read_bytes())
    return made


def _large(paths: Sequence[Path], folder: Path) -> Path:
    """A template with 500 resources: those of several templates, with names of their own."""
    merged: dict[str, Any] = {"Parameters": {}, "Conditions": {}, "Mappings": {}, "Resources": {}}
    for index, path in enumerate([*paths] * 5):
        text = path.read_text(encoding="utf-8")
        names = [*json.loads(text)["Resources"]]
        text = re.sub(rf"\b({'|'.join(map(re.escape, names))})\b", rf"\1N{index}", text)
        for section, found in merged.items():
            found.update(json.loads(text).get(section, {}))
        if len(merged["Resources"]) >= 500:
            break
    merged["Resources"] = dict([*merged["Resources"].items()][:500])
    made = folder / "large.json"
    made.write_text(json.dumps(merged, indent=1), encoding="utf-8")
    return made


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
