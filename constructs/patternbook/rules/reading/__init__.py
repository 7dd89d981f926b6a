"""Reads templates in JSON or YAML.

The author of a template is not trusted, so size, depth and repetition are limited.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from patternbook.rules.reading.json_template import from_json
from patternbook.rules.reading.kinds import kind_of
from patternbook.rules.reading.limits import MAX_BYTES, MAX_DEPTH, TemplateError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Source", "TemplateError", "parse", "read", "read_standard_input"]


@dataclass(frozen=True)
class Source:
    """A template as its file has it."""

    document: dict[str, Any]
    lines: Mapping[str, int]
    """The line in which each resource starts."""
    notices: Sequence[str] = ()
    """What CloudFormation accepts, although it is a mistake, such as a duplicate key."""


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
        return _parsed(content)
    except TemplateError as error:
        meant = re.search(rb"^[\s\"']*Resources[\"']?\s*:", content, re.MULTILINE) and b"AWS::" in content
        raise TemplateError(str(error), is_broken_template=bool(meant)) from error


def _parsed(content: bytes) -> Source:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TemplateError(f"not UTF-8: byte {error.start} is {content[error.start]:#04x}") from error
    try:
        document, lines, notices = from_json(text) if text.lstrip().startswith("{") else _from_yaml(text)
    except TemplateError as error:
        if _is_unrendered(text):
            raise TemplateError(f"{error}; it has placeholders of a template engine such as Jinja") from error
        raise
    return Source(_as_template(document), lines, notices)


def _from_yaml(text: str) -> tuple[Any, dict[str, int], list[str]]:
    from patternbook.rules.reading.yaml_template import from_yaml  # JSON is read without the YAML parser

    return from_yaml(text)


def _is_unrendered(text: str) -> bool:
    """Whether a text has statements or expressions of a template engine, outside of values."""
    return "{%" in text or "<%" in text or re.search(r"^\s*\{\{(?!resolve:)", text, re.MULTILINE) is not None


def _as_template(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise TemplateError(f"a template must be an object with Resources, got {kind_of(document)}")
    resources = document.get("Resources")
    other = kind_of(document)
    if not isinstance(resources, dict) or not resources:
        raise TemplateError(f"the template has no Resources{other and f'; it looks like {other}'}")
    if other:
        raise TemplateError(f"this is {other}")
    for name, body in resources.items():
        if name.startswith("Fn::"):
            continue
        if isinstance(body, dict) and any(key.startswith("Fn::") for key in body):  # a macro or loop makes the rest
            continue
        if not isinstance(body, dict) or not isinstance(body.get("Type"), str):
            raise TemplateError(f"the resource {name!r} has no Type")
        if not isinstance(body.get("Properties", {}), dict):
            raise TemplateError(f"the Properties of the resource {name!r} must be an object")
    return document
