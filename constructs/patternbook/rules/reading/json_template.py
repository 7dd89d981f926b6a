"""Reads a template in JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any

from patternbook.rules.reading.limits import MAX_DEPTH, TemplateError, too_deep


def from_json(text: str) -> tuple[Any, dict[str, int]]:
    """The document, and the line in which each of its ``Resources`` starts.

    :raises TemplateError: if the text is not valid JSON, or nested too deeply.
    """
    try:
        document = json.loads(text, object_pairs_hook=_refuse_duplicate_keys, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise too_deep() from error
    except json.JSONDecodeError as error:
        raise TemplateError(f"not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}") from error
    except TemplateError:
        raise
    except ValueError as error:  # Python refuses a number of thousands of digits
        raise TemplateError(f"not valid JSON: {str(error).splitlines()[0]}") from error
    level = [document]
    for _depth in range(MAX_DEPTH):
        level = [each for value in level for each in _members(value)]
        if not level:
            return document, _resource_lines(text, document)
    raise too_deep()


def _members(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _refuse_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise TemplateError(f"duplicate key {next(key for key in keys if keys.count(key) > 1)!r} in one object")
    return members


def _refuse_constant(name: str) -> Any:
    raise TemplateError(f"not valid JSON: {name} is not a JSON number")


def _resource_lines(text: str, document: Any) -> dict[str, int]:
    resources = document.get("Resources") if isinstance(document, dict) else None
    lines = {}
    for name in resources if isinstance(resources, dict) else ():
        found = re.search(rf"{re.escape(json.dumps(name))}\s*:\s*\{{", text)
        if found:
            lines[name] = text.count("\n", 0, found.start()) + 1
    return lines
