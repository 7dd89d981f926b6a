"""Reads a cloud assembly, as the CDK writes it."""

import json
from pathlib import Path


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
