"""Changes synthesized apps, so that a step of a rehearsal fails."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def spoil(assembly: Path, stack: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes the synthesized template of a stack, and its hash in the files for the CLI."""
    path = assembly / f"{stack}.template.json"
    template = json.loads(path.read_text(encoding="utf-8"))
    change(template["Resources"])
    path.write_text(json.dumps(template), encoding="utf-8")
    assets = assembly / f"{stack}.assets.json"
    files = json.loads(assets.read_text(encoding="utf-8"))["files"]
    [old] = [name for name, asset in files.items() if asset["source"]["path"] == path.name]
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    for manifest in (assets, assembly / "manifest.json"):
        manifest.write_text(manifest.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
