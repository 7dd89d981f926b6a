"""Reads a template in YAML as CloudFormation does: tags are intrinsic functions, and dates stay texts.

The document is built from the parser's events, not by one of PyYAML's loaders. That limits depth and repetition,
notices duplicate keys, and keeps texts that look like dates or octal numbers.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from patternbook.rules.reading.limits import MAX_DEPTH, MAX_VALUES, TemplateError, too_deep

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the parser in C, if PyYAML was built with it

_NUMBER: Final = re.compile(r"[-+]?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?", re.ASCII)
_KEYWORDS: Final = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_WITHOUT_PREFIX: Final = {"Ref": "Ref", "Condition": "Condition"}
"""Tags of functions whose names do not start with ``Fn::``."""


class _WrittenFloat(float):
    """A number that keeps its spelling, such as ``1.30``, for properties that are texts."""

    written: str

    def __str__(self) -> str:
        return self.written


@dataclass
class _Collection:
    """An object or a list whose end is not read yet."""

    value: Any
    tag: str | None
    anchor: str | None
    line: int
    size: int = 1
    key: Any = None
    wants_key: bool = True
    merged: dict[str, Any] = field(default_factory=dict)


def from_yaml(text: str) -> tuple[Any, dict[str, int], list[str]]:
    """The document, the line in which each of its ``Resources`` starts, and what is odd about it.

    :raises TemplateError: if the text is not valid YAML, or breaks a limit.
    """
    try:
        return _Builder().build(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
        raise TemplateError(f"neither JSON nor YAML: {problem}{where}") from error
    except RecursionError as error:
        raise too_deep() from error


class _Builder:
    def __init__(self) -> None:
        self._open: list[_Collection] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._root: Any = None
        self._size = 0
        self._lines: dict[str, int] = {}
        self._notices: list[str] = []

    def build(self, text: str) -> tuple[Any, dict[str, int], list[str]]:
        documents = 0
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.ScalarEvent):
                self._add(_scalar(event), 1, event.anchor, event.start_mark.line + 1)
            elif isinstance(event, yaml.CollectionStartEvent):
                if len(self._open) == MAX_DEPTH:
                    raise too_deep(f", in line {event.start_mark.line + 1}")
                empty: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
                self._open.append(_Collection(empty, event.tag, event.anchor, event.start_mark.line + 1))
            elif isinstance(event, yaml.CollectionEndEvent):
                ended = self._open.pop()
                for name, item in ended.merged.items():  # the object's own members win over merged ones
                    ended.value.setdefault(name, item)
                self._add(_tagged(ended.tag, ended.value), ended.size, ended.anchor, ended.line)
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in self._anchors:
                    line = event.start_mark.line + 1
                    raise TemplateError(f"the alias *{event.anchor} in line {line} has no anchor that ends before it")
                value, size = self._anchors[event.anchor]
                self._add(value, size, None, event.start_mark.line + 1)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise TemplateError("a template must be one YAML document, got more than one")
        return self._root, self._lines, self._notices

    def _add(self, value: Any, size: int, anchor: str | None, line: int) -> None:
        """Adds a complete value to the collection that it stands in."""
        if anchor:
            self._anchors[anchor] = (value, size)
        if not self._open:
            self._root = value
            return
        parent = self._open[-1]
        parent.size += size
        if parent.size > MAX_VALUES:
            raise TemplateError(f"more than {MAX_VALUES:,} values, counting those that aliases repeat")
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.wants_key:
            parent.key, parent.wants_key = _key(value, line), False
            if len(self._open) == 2 and self._open[0].key == "Resources":
                self._lines[parent.key] = line
        else:
            parent.wants_key = True
            if parent.key == "<<":
                for each in value if isinstance(value, list) else [value]:
                    parent.merged = {**(each if isinstance(each, dict) else {}), **parent.merged}
                return
            if parent.key in parent.value:
                self._notices.append(
                    f"the key {parent.key!r} is twice in one object, in line {line}; the last one counts"
                )
            parent.value[parent.key] = value


def _key(value: Any, line: int) -> str:
    if isinstance(value, (dict, list)):
        raise TemplateError(f"a key must be a text, got an object or a list in line {line}")
    word = value is None or isinstance(value, bool)  # a look-up would also find 1, which equals True
    return {True: "true", False: "false", None: "null"}[value] if word else str(value)


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if event.tag and event.tag.startswith("!") and event.tag != "!":
        return _tagged(event.tag, text)
    if event.tag or not event.implicit[0]:
        return text
    if text in _KEYWORDS:
        return _KEYWORDS[text]
    found = _NUMBER.fullmatch(text)
    if not found or len(text) > 300:
        return text
    if not found[2] and not found[3]:
        return int(text)
    number = _WrittenFloat(text)
    number.written = text
    return number


def _tagged(tag: str | None, value: Any) -> Any:
    """``!Sub x`` as ``{"Fn::Sub": "x"}``."""
    if not tag or not tag.startswith("!") or tag == "!":
        return value
    name = tag[1:]
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {_WITHOUT_PREFIX.get(name, f"Fn::{name}"): value}
