"""Reads the source of a drawing: the part of D2 that drawings of this book use, and the comments about meaning.

A line that is not understood is an error, so that nothing of a drawing goes unchecked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PRODUCTION: Final = "production"
OUTSIDE: Final = "outside"
LEGEND: Final = "legend"

_NAME: Final = r"[a-z][a-z0-9-]*"
_PATH: Final = rf"{_NAME}(?:\.{_NAME})*"
_ARROW: Final = re.compile(rf"({_PATH}) (->|<-) ({_PATH})(?:: ([^{{}}]+?))?(?: (\{{.*))?")
_NODE: Final = re.compile(rf"({_NAME}): ([^{{}}]+?)?(?: ?(\{{.*))?")
_CLASS: Final = re.compile(rf"class: (?:({_NAME})|\[({_NAME}(?:; {_NAME})*)\])")
_MEANING: Final = re.compile(r"# (stands for|because): (\S.*)")
_LAYOUT: Final = re.compile(r"(direction|near|label\.near|width|height|style\.[a-z-]+): .+|\.\.\.@.+")


class DrawingError(Exception):
    """The message says which line of which drawing is not understood, and why."""


@dataclass
class Item:
    """What a drawing shows: a node or an arrow."""

    line: int
    label: str = ""
    classes: tuple[str, ...] = ()
    meanings: list[str] = field(default_factory=list)
    """What a node stands for, or the causes of an arrow."""

    @property
    def only_in_production(self) -> bool:
        return PRODUCTION in self.classes


@dataclass
class Node(Item):
    """A node, or a group of nodes."""

    path: str = ""
    """Its name within the drawing, with the names of the groups that it is in: ``vpc.private.service``."""

    @property
    def group(self) -> str:
        """The path of the group that it is in. Empty if it is in none."""
        return self.path.rpartition(".")[0]


@dataclass
class Arrow(Item):
    source: str = ""
    target: str = ""
    """The paths of the nodes that the arrow leads from and to."""
    reversed: bool = False
    """Whether the source of the drawing names the target first."""


@dataclass(frozen=True)
class Drawing:
    nodes: dict[str, Node]
    """By path."""
    arrows: list[Arrow]


def read(path: Path) -> Drawing:
    """Reads the source of a drawing.

    :raises DrawingError: if a line is not understood.
    """
    return parse(path.read_text(encoding="utf-8"), path.name)


def parse(text: str, name: str) -> Drawing:
    """Reads the text of a drawing.

    :param name: the file's, for messages.
    :raises DrawingError: see :func:`read`.
    """
    reader = _Reader(name)
    for number, line in enumerate(text.splitlines(), 1):
        reader.take(number, line.strip())
    return reader.drawing()


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: dict[str, Node] = {}
        self._arrows: list[Arrow] = []
        self._open: list[Item] = []
        self._line = 0

    def take(self, number: int, line: str) -> None:
        self._line = number
        if found := _MEANING.fullmatch(line):
            self._mean(*found.groups())
        elif line == "}":
            if not self._open:
                raise self._error("closes nothing")
            self._open.pop()
        elif found := _CLASS.fullmatch(line):
            self._classify(found)
        elif found := _ARROW.fullmatch(line):
            self._add(self._arrow(*found.groups()[:4]), found[5])
        elif line and not line.startswith("#") and not _LAYOUT.fullmatch(line):
            found = _NODE.fullmatch(line)
            if not found:
                raise self._error("is not understood. docs/drawings/style.d2 says what a drawing may have")
            self._add(self._node(found[1], found[2] or ""), found[3])

    def drawing(self) -> Drawing:
        if self._open:
            raise self._error("ends within a group, a node or an arrow")
        for arrow in self._arrows:
            for end in (arrow.source, arrow.target):
                if end not in self._nodes:
                    self._line = arrow.line
                    raise self._error(f"has an arrow of {end}, which is no node")
        self._nodes = {path: node for path, node in self._nodes.items() if LEGEND not in node.classes}
        return Drawing(self._nodes, self._arrows)

    def _arrow(self, first: str, way: str, second: str, label: str | None) -> Arrow:
        within = next((each.path for each in reversed(self._open) if isinstance(each, Node)), "")
        first, second = (f"{within}.{end}".lstrip(".") for end in (first, second))
        source, target = (first, second) if way == "->" else (second, first)
        arrow = Arrow(self._line, label or "", source=source, target=target, reversed=way == "<-")
        self._arrows.append(arrow)
        return arrow

    def _node(self, name: str, label: str) -> Node:
        above = self._open[-1] if self._open else None
        if isinstance(above, Arrow):
            raise self._error("is a node within an arrow")
        path = f"{above.path}.{name}" if isinstance(above, Node) else name
        if path in self._nodes:
            raise self._error(f"defines {path} again")
        self._nodes[path] = Node(self._line, label.replace("\\n", " "), path=path)
        return self._nodes[path]

    def _add(self, item: Item, block: str | None) -> None:
        self._open.append(item)
        if block is None:
            self._open.pop()
        elif block != "{":
            inside = block.removeprefix("{").removesuffix("}").strip()
            found = _CLASS.fullmatch(inside) if block.endswith("}") else None
            if not found:
                raise self._error("may have a class between braces on one line, and nothing else")
            self._classify(found)
            self._open.pop()

    def _classify(self, found: re.Match[str]) -> None:
        if not self._open:
            raise self._error("gives a class to nothing")
        self._open[-1].classes = tuple((found[1] or found[2]).split("; "))

    def _mean(self, kind: str, meaning: str) -> None:
        item = self._open[-1] if self._open else None
        if not isinstance(item, Node if kind == "stands for" else Arrow):
            raise self._error(f"says '{kind}', which belongs into {'a node' if kind == 'stands for' else 'an arrow'}")
        item.meanings.append(meaning)

    def _error(self, message: str) -> DrawingError:
        return DrawingError(f"{self._name}, line {self._line}: {message}.")


def sentences(drawing: Drawing) -> Iterator[str]:
    """The drawing in words, for those who do not see it: each arrow, with what it says."""
    for arrow in drawing.arrows:
        source, target = (drawing.nodes[end].label for end in (arrow.source, arrow.target))
        mark = " (production only)" if arrow.only_in_production else ""
        yield f"{source} → {target}{f': {arrow.label}' if arrow.label else ''}{mark}"
