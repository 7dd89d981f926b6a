"""Reads and changes a cloud assembly, as the CDK writes it."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def template_files(assembly: Path) -> dict[str, Path]:
    """The template of each stack, by the construct path of the stack. The stacks of nested stages are included."""
    found: dict[str, Path] = {}
    for artifact in json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))["artifacts"].values():
        properties = artifact.get("properties", {})
        if artifact["type"] == "cdk:cloud-assembly":
            found |= template_files(assembly / properties["directoryName"])
        if artifact["type"] == "aws:cloudformation:stack":
            found[artifact["displayName"]] = assembly / properties["templateFile"]
    return found


def pin_environment(assembly: Path, account_id: str, region: str) -> None:
    """Names the account and the Region of each stack that has none, so that the CLI deploys it nowhere else."""
    for folder in {path.parent for path in template_files(assembly).values()}:
        manifest = folder / "manifest.json"
        document = json.loads(manifest.read_text(encoding="utf-8"))
        for artifact in document["artifacts"].values():
            if artifact["type"] == "aws:cloudformation:stack":
                named = artifact["environment"].replace("unknown-account", account_id)
                artifact["environment"] = named.replace("unknown-region", region)
        manifest.write_text(json.dumps(document), encoding="utf-8")


def change_template(assembly: Path, stack: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes the resources in a template, and the template's hash in the files for the CLI.

    :param stack: the construct path of the stack.
    """
    path = template_files(assembly)[stack]
    template = json.loads(path.read_text(encoding="utf-8"))
    change(template["Resources"])
    path.write_text(json.dumps(template), encoding="utf-8")
    assets = path.with_name(path.name.replace(".template.json", ".assets.json"))
    files = json.loads(assets.read_text(encoding="utf-8"))["files"]
    [old] = [name for name, asset in files.items() if asset["source"]["path"] == path.name]
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    for manifest in (assets, path.with_name("manifest.json")):
        manifest.write_text(manifest.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def copy_assembly(source: Path, target: Path) -> None:
    """Copies what :func:`change_template` may change. Assets are hundreds of megabytes, so they are linked."""
    shutil.copytree(source, target, copy_function=_copy_unless_asset)


def _copy_unless_asset(source: str, target: str) -> None:
    copy = os.link if "/asset." in source else shutil.copy2
    copy(source, target)
