"""Reads a template in JSON, as leniently as CloudFormation does."""

import json
import re
from typing import Any, Final

from patternbook.rules.reading.limits import MAX_DEPTH, TemplateError, too_deep

_STRING_OR_TRAILING_COMMA: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(,)(?=\s*[}\]])', re.DOTALL)
_OBJECT: Final = re.compile(r"\s*:\s*\{")
TRAILING_COMMAS: Final = "commas before the end of an object or a list are no JSON; CloudFormation accepts them"
"""https://github.com/stelligent/cfn_nag/issues/203 and https://github.com/humanmade/cf-to-tf/pull/7 report it."""


def from_json(text: str) -> tuple[Any, dict[str, int], list[str]]:
    """The document, the line in which each of its ``Resources`` starts, and what is odd about it.

    :raises TemplateError: if the text is not valid JSON, or nested too deeply.
    """
    notices: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in found if keys.count(key) > 1)
            notices.append(f"the key {twice!r} is twice in one object; the last one counts")
        return found

    def load(source: str) -> Any:
        notices.clear()
        return json.loads(source, object_pairs_hook=members, parse_constant=_refuse_constant)

    try:
        try:
            document = load(text)
        except json.JSONDecodeError:
            strict = _without_trailing_commas(text)
            if strict == text:
                raise
            document = load(strict)
            notices.append(TRAILING_COMMAS)
    except RecursionError as error:
        raise too_deep() from error
    except json.JSONDecodeError as error:
        raise TemplateError(f"not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}") from error
    except TemplateError:
        raise
    except ValueError as error:  # Python refuses a number of thousands of digits
        raise TemplateError(f"not valid JSON: {str(error).splitlines()[0]}") from error
    level = [document] if isinstance(document, (dict, list)) else []
    for _depth in range(MAX_DEPTH):
        inner = (value.values() if isinstance(value, dict) else value for value in level)
        level = [each for values in inner for each in values if isinstance(each, (dict, list))]
        if not level:
            return document, _resource_lines(text, document), notices
    raise too_deep()


def _without_trailing_commas(text: str) -> str:
    """The text with a space in place of each comma before a closing bracket, outside of strings."""
    return _STRING_OR_TRAILING_COMMA.sub(lambda found: " " if found[1] else found[0], text)


def _refuse_constant(name: str) -> Any:
    raise TemplateError(f"not valid JSON: {name} is not a JSON number")


def _resource_lines(text: str, document: Any) -> dict[str, int]:
    resources = document.get("Resources") if isinstance(document, dict) else None
    names = resources if isinstance(resources, dict) else ()
    starts = sorted((start, name) for name in names if (start := _start_of_object(text, json.dumps(name))) >= 0)
    lines: dict[str, int] = {}
    line, end = 1, 0
    for start, name in starts:
        line += text.count("\n", end, start)
        lines[name], end = line, start
    return lines


def _start_of_object(text: str, key: str) -> int:
    """The first place of a key with an object, or -1. A regular expression for each key would take longer to compile
    than to find."""
    start = text.find(key)
    while start >= 0 and not _OBJECT.match(text, start + len(key)):
        start = text.find(key, start + 1)
    return start
