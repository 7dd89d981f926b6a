"""Reads a page as a browser's parser does, and remembers what a strict one would refuse."""

from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
REQUESTS = {"src", "srcset", "data", "poster"}
"""Attributes whose targets a browser loads by itself. It also loads the ``href`` of ``<link>``."""


@dataclass
class Page(HTMLParser):
    """The links, the requests, the ids and the mistakes of one page."""

    path: Path
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self.feed(self.path.read_text(encoding="utf-8"))
        self.close()
        self.mistakes += [f"<{tag}> is never closed" for tag in self._open]
        self.mistakes += [f"the id {each} stands twice" for each in sorted(set(self.ids)) if self.ids.count(each) > 1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                (self.requests if tag == "link" else self.links).append(value or "")
            if name in REQUESTS:
                self.requests.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self._open or self._open[-1] != tag:
            self.mistakes.append(f"</{tag}> closes {self._open[-1:]} in line {self.getpos()[0]}")
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.text += data

    def target(self, link: str) -> tuple[Path, str]:
        """The file that a relative link leads to, and the anchor."""
        path, _, anchor = link.partition("#")
        return (self.path.parent / unquote(path)).resolve() if path else self.path.resolve(), unquote(anchor)


@cache
def read(path: Path) -> Page:
    """The page in a file."""
    return Page(path.resolve())


def pages(site: Path) -> list[Page]:
    """All pages of the site."""
    return [read(path.resolve()) for path in sorted(site.rglob("*.html"))]
