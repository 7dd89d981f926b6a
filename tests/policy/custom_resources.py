"""What a validator says of Karpenter's custom resources. npm's @kubernetes-models/karpenter has it from Karpenter's own
types: values, patterns and required fields. It lets unknown fields pass, so they are looked up in its types here. Rules
in CEL are checked by the API server only.

https://github.com/tommy351/kubernetes-models-ts
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from rehearsal.account import BIN

ROOT: Final = BIN.parents[1]
TYPES: Final = ROOT / "node_modules/@kubernetes-models/karpenter"
KINDS: Final = {"EC2NodeClass": "karpenter.k8s.aws/v1", "NodePool": "karpenter.sh/v1"}
"""The API versions of the kinds."""
INTERFACE: Final = re.compile(r"^export interface I\w+ .*?\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD: Final = re.compile(r'^    "(\w+)"\??: (.*)$', re.MULTILINE)
REFERENCE: Final = re.compile(r"^import \{ (\w+) \} from \"\./(\w+)\.js\";$", re.MULTILINE)
SCRIPT: Final = """
import { readFileSync } from "node:fs";
import * as classes from "@kubernetes-models/karpenter/karpenter.k8s.aws/v1";
import * as pools from "@kubernetes-models/karpenter/karpenter.sh/v1";
const manifest = JSON.parse(readFileSync(0, "utf-8"));
try {
  new { ...classes, ...pools }[manifest.kind](manifest).validate();
} catch (error) {
  console.log(error.message);
}
"""


def mistakes(manifest: Mapping[str, Any]) -> str:
    """What is wrong with an EC2NodeClass or a NodePool. Empty if it is valid."""
    kind, version = manifest["kind"], manifest["apiVersion"]
    if version != KINDS[kind]:
        return f"{kind} has the API version {KINDS[kind]}, not {version}"
    unknown = [f"{path} is no field" for path in _unknown(manifest, TYPES / version / f"{kind}.d.ts", "")]
    finished = subprocess.run(
        [str(BIN / "node"), "--input-type=module", "--eval", SCRIPT],
        input=json.dumps(manifest),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return "\n".join([*unknown, *finished.stdout.splitlines()])


def _unknown(value: Any, path: Path, at: str) -> Iterator[str]:
    """The fields of an object that its type does not have."""
    fields = _fields(path)
    for name, item in value.items():
        if name not in fields:
            yield f"{at}.{name}"
        elif nested := fields[name]:
            for number, each in enumerate(item if isinstance(item, list) else [item]):
                yield from _unknown(each, nested, f"{at}.{name}" + (f"[{number}]" if isinstance(item, list) else ""))


@cache
def _fields(path: Path) -> dict[str, Path | None]:
    """The fields of a type, with the files of those that are objects of another type of Karpenter's."""
    text = path.read_text(encoding="utf-8")
    references = dict(REFERENCE.findall(text))
    [body] = INTERFACE.findall(text)
    fields: dict[str, Path | None] = {}
    for name, kind in FIELD.findall(body):
        found = [path.with_name(f"{file}.d.ts") for reference, file in references.items() if reference in kind]
        objects = [each for each in found if INTERFACE.search(each.read_text(encoding="utf-8"))]
        fields[name] = objects[0] if objects else None
    return fields
