"""Reads templates, JSON or YAML, of whom nobody knows who wrote them."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

MAX_BYTES: Final = 5 * 1024 * 1024
"""Five times what CloudFormation takes, so that there is room for what a packaging command removes:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
MAX_DEPTH: Final = 100
"""Of objects and lists within each other. No template that works is as deep as that."""
MAX_VALUES: Final = 1_000_000
"""Values in a document, counting each time that a YAML alias repeats them."""


class TemplateError(ValueError):
    """What was read is no CloudFormation template. The message says why, in one line."""


@dataclass(frozen=True)
class Source:
    """A template, and in which lines of its file the resources begin."""

    document: dict[str, Any]
    lines: Mapping[str, int]


def read(path: Path) -> Source:
    """:raises TemplateError: for what cannot be read, or is something else."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except OSError as error:
        raise TemplateError(error.strerror or str(error)) from error


def read_standard_input() -> Source:
    """:raises TemplateError: see :func:`read`."""
    try:
        return _read(sys.stdin.buffer)
    except OSError as error:
        raise TemplateError(error.strerror or str(error)) from error


def _read(file: BinaryIO) -> Source:
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TemplateError(f"larger than {MAX_BYTES // (1024 * 1024)} MiB; CloudFormation takes 1 MB")
    return parse(content)


def parse(content: bytes) -> Source:
    """:raises TemplateError: see :func:`read`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TemplateError(f"not UTF-8: byte {error.start} is {content[error.start]:#04x}") from error
    if text.lstrip().startswith("{"):
        document = _from_json(text)
        lines = _lines_in_json(text, document)
    else:
        from patternbook.rules import reading_yaml  # only where it is needed: JSON is read without it

        document, lines = reading_yaml.from_yaml(text)
    return Source(_as_template(document), lines)


def _from_json(text: str) -> Any:
    try:
        document = json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise _too_deep() from error
    except json.JSONDecodeError as error:
        raise TemplateError(f"not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from error
    except TemplateError:
        raise
    except ValueError as error:  # a number of thousands of digits
        raise TemplateError(f"not JSON: {str(error).splitlines()[0]}") from error
    level = [document]
    for _depth in range(MAX_DEPTH):
        level = [each for value in level for each in _within(value)]
        if not level:
            return document
    raise _too_deep()


def _within(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _too_deep() -> TemplateError:
    return TemplateError(f"nested deeper than {MAX_DEPTH} levels")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        keys = [key for key, _ in pairs]
        raise TemplateError(
            f"the key {next(key for key in keys if keys.count(key) > 1)!r} is there twice in one object"
        )
    return read


def _refuse_constant(name: str) -> Any:
    raise TemplateError(f"not JSON: {name} is no number")


def _lines_in_json(text: str, document: Any) -> dict[str, int]:
    names = document.get("Resources") if isinstance(document, dict) else None
    lines = {}
    for name in names if isinstance(names, dict) else ():
        found = re.search(rf"{re.escape(json.dumps(name))}\s*:\s*\{{", text)
        if found:
            lines[name] = text.count("\n", 0, found.start()) + 1
    return lines


def _as_template(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        kind = {list: "a list", str: "a text", type(None): "nothing"}.get(type(document), "a single value")
        raise TemplateError(f"{kind} instead of an object with Resources")
    resources = document.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise TemplateError("it has no Resources")
    for name, body in resources.items():
        if name.startswith("Fn::"):
            continue
        if isinstance(body, dict) and body.keys() == {"Fn::Transform"}:  # it is somewhere else
            continue
        if not isinstance(body, dict) or not isinstance(body.get("Type"), str):
            raise TemplateError(f"the resource {name!r} has no Type")
        if not isinstance(body.get("Properties", {}), dict):
            raise TemplateError(f"the Properties of the resource {name!r} are no object")
    return document
