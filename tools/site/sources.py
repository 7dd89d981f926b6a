"""Pages of the files that the book's pages and templates link to, with highlighted code."""

import html
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

FOLDER: Final = "source"
_NUMBERED: Final = HtmlFormatter(linespans="L", cssclass="highlight")


@dataclass
class Sources:
    """Collects the files and folders that something links to."""

    root: Path
    asked: dict[str, None] = field(default_factory=dict)

    def page_of(self, path: str) -> str:
        """The page of a file or of a folder, relative to the site.

        :param path: relative to the book.
        :raises FileNotFoundError: if the book has no such file.
        """
        path = path.rstrip("/")
        if not (self.root / path).exists():
            raise FileNotFoundError(f"A page links to {path}, which does not exist. Correct the link.")
        self.asked[path] = None
        return f"{FOLDER}/{path}.html"

    def pages(self) -> dict[str, str]:
        """The HTML of each page by its path in the site. The files of a folder have pages, too."""
        made: dict[str, str] = {}
        while waiting := [path for path in self.asked if f"{FOLDER}/{path}.html" not in made]:
            for path in waiting:
                made[f"{FOLDER}/{path}.html"] = self._listing(path) if (self.root / path).is_dir() else self._code(path)
        return made

    def _listing(self, path: str) -> str:
        files = sorted(
            each.relative_to(self.root / path)
            for each in (self.root / path).rglob("*")
            if each.is_file() and "__pycache__" not in each.parts
        )
        shown = [
            each.as_posix()
            for each in files
            if each.suffix in (".py", ".yml", ".yaml", ".json", ".md", ".sql", ".html")
        ]
        for each in shown:
            self.asked[f"{path}/{each}"] = None
        up = Path(path).name
        items = "".join(
            f'<li><a href="{html.escape(up)}/{html.escape(each)}.html">{html.escape(each)}</a></li>' for each in shown
        )
        return f"<ul class=files>{items}</ul>"

    def _code(self, path: str) -> str:
        text = (self.root / path).read_text(encoding="utf-8", errors="replace")
        return highlight(text, _lexer_of(Path(path).name), _NUMBERED).replace("<pre>", '<pre tabindex="0">')


@cache
def _lexer_of(name: str) -> Lexer:
    """How to highlight a file of a name."""
    try:
        return get_lexer_for_filename(name)
    except ClassNotFound:
        return TextLexer()
