"""Reads templates in JSON or YAML.

The author of a template is not trusted, so size, depth and repetition are limited.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from patternbook.rules.reading.json_template import from_json
from patternbook.rules.reading.limits import MAX_BYTES, MAX_DEPTH, TemplateError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Source", "TemplateError", "parse", "read", "read_standard_input"]


@dataclass(frozen=True)
class Source:
    """A template, and the line of its file in which each resource starts."""

    document: dict[str, Any]
    lines: Mapping[str, int]


def read(path: Path) -> Source:
    """Reads a file.

    :raises TemplateError: if the file cannot be read, or is not a template.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except OSError as error:
        raise TemplateError(error.strerror or str(error)) from error


def read_standard_input() -> Source:
    """Reads standard input.

    :raises TemplateError: see :func:`read`.
    """
    try:
        return _read(sys.stdin.buffer)
    except OSError as error:
        raise TemplateError(error.strerror or str(error)) from error


def _read(file: BinaryIO) -> Source:
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TemplateError(f"larger than {MAX_BYTES // (1024 * 1024)} MiB, while CloudFormation accepts 1 MB")
    return parse(content)


def parse(content: bytes) -> Source:
    """Reads the content of a file.

    :raises TemplateError: see :func:`read`.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TemplateError(f"not UTF-8: byte {error.start} is {content[error.start]:#04x}") from error
    if text.lstrip().startswith("{"):
        document, lines = from_json(text)
    else:
        from patternbook.rules.reading.yaml_template import from_yaml  # JSON is read without the YAML parser

        document, lines = from_yaml(text)
    return Source(_as_template(document), lines)


def _as_template(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        kind = {list: "a list", str: "a text", type(None): "nothing"}.get(type(document), "a single value")
        raise TemplateError(f"a template must be an object with Resources, got {kind}")
    resources = document.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise TemplateError("the template has no Resources")
    for name, body in resources.items():
        if name.startswith("Fn::"):
            continue
        if isinstance(body, dict) and body.keys() == {"Fn::Transform"}:  # the resource is in another file
            continue
        if not isinstance(body, dict) or not isinstance(body.get("Type"), str):
            raise TemplateError(f"the resource {name!r} has no Type")
        if not isinstance(body.get("Properties", {}), dict):
            raise TemplateError(f"the Properties of the resource {name!r} must be an object")
    return document
