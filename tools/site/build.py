"""Writes the site into a folder."""

import json
import posixpath
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from patternbook.cost import ASSUMPTIONS, load_prices
from patternbook.cost.report import NOTE, cents
from tools.explain import ROOT, Group, by_type
from tools.site import markdown
from tools.site.facets import COSTS, cost_of
from tools.site.patterns import POSTURES, Pattern, Template
from tools.site.sources import Sources

HERE: Final = Path(__file__).parent
SEARCH: Final = ROOT / "node_modules/minisearch"
README: Final = "README.md"
REFERENCE: Final = ("rules", "preflight")
GUIDES: Final = ("before-the-first-deployment", "your-account", "failed-deployments")
"""The first guides in the navigation. Every other page that is not about a pattern follows."""
INDEX: Final = "recipes/README"
MARK: Final = ".patternbook-site"
"""A file that says that this folder was written by this module, which may delete it then."""


class BuildError(Exception):
    """The message says what to do."""


@dataclass(frozen=True)
class Link:
    """An entry of the navigation."""

    url: str
    title: Markup


@dataclass
class Site:
    """The pages of the site, before they are written."""

    patterns: Sequence[Pattern]

    def __post_init__(self) -> None:
        self.sources = Sources(ROOT)
        self.index: list[dict[str, str]] = []
        self.pictures: dict[str, Path] = {}
        """The files of the drawings, by their paths in the site."""
        self.documents = {
            path.relative_to(ROOT).as_posix(): url_of(path.relative_to(ROOT).as_posix())
            for path in (ROOT / README, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md"))
        }
        self.environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters["inline"] = _inline
        self.environment.filters["by_type"] = by_type
        self.shared: dict[str, Any] = {
            "postures": POSTURES,
            "patterns": self.patterns,
            "source": self._source,
            "facets": facets,
            "template_url": template_url,
            "usd": lambda amount: f"{cents(amount):,} USD",
            "prices": load_prices(),
            "assumptions": ASSUMPTIONS,
            "note": NOTE,
        }

    def _source(self, group: Group) -> str | None:
        """The place of a construct in the site, or None for a construct of the CDK."""
        return f"{self.sources.page_of(group.source[0])}#L-{group.source[1]}" if group.source else None

    def pages(self) -> Iterator[tuple[str, str]]:
        """Each page, by its path in the site."""
        documents = {path: self._document(path) for path in self.documents}
        self.shared["menu"] = self._menu(documents)
        by_page = {f"docs/{each.page}.md": each for each in self.patterns}
        yield (
            "index.html",
            self._page("index.html", "gallery.html", title="Patternbook", filters=filters(self.patterns)),
        )
        for path, rendered in documents.items():
            url, pattern = self.documents[path], by_page.get(path)
            template = "pattern.html" if pattern else "document.html"
            drawing, body = _drawing_apart(rendered.html.partition("</h1>")[2])
            headings = [each for each in rendered.sections if each.level == 2]
            values = {"title": rendered.title, "body": body, "drawing": drawing, "headings": headings}
            yield url, self._page(url, template, pattern=pattern, **values)
            self._add_to_index(url, rendered)
        for pattern in self.patterns:
            for posture, template in pattern.templates.items():
                url = template_url(pattern, posture)
                title = f"The template of {template.explained.path}"
                yield url, self._page(url, "template.html", title=title, pattern=pattern, posture=posture)
        for url, body in self.sources.pages().items():
            name = url.removeprefix("source/").removesuffix(".html")
            yield url, self._page(url, "source.html", title=name, body=Markup(body))

    def search_index(self) -> str:
        """A script, because a page of ``file://`` may not fetch a file of JSON."""
        for each in self.patterns:
            url = f"{each.page}.html#settings-reference"
            for _, _, settings in each.settings:
                text = " ".join(f"{one.name} {one.description}" for one in settings)
                self.index.append({"page": each.stack.title, "heading": "All settings", "url": url, "text": text})
        return f"window.patternbookIndex = {json.dumps(self.index, ensure_ascii=False)};\n"

    def _document(self, path: str) -> markdown.Rendered:
        def link_to(target: str) -> str:
            name, _, anchor = target.partition("#")
            found = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            url = self.documents.get(found) or self._picture(found) or self.sources.page_of(found)
            return relative(url, self.documents[path]) + (f"#{anchor}" if anchor else "")

        return markdown.render((ROOT / path).read_text(encoding="utf-8"), link_to)

    def _picture(self, path: str) -> str | None:
        """The place of a drawing in the site, or None for another file."""
        if not path.endswith(".svg"):
            return None
        url = path.removeprefix("docs/")
        self.pictures[url] = ROOT / path
        return url

    def _menu(self, documents: dict[str, markdown.Rendered]) -> list[tuple[str, list[Link]]]:
        def links(names: Sequence[str]) -> list[Link]:
            paths = [f"docs/{each}.md" for each in names]
            return [Link(self.documents[path], _inline(documents[path].title)) for path in paths]

        recipes = sorted(
            path.removeprefix("docs/").removesuffix(".md")
            for path in self.documents
            if path.startswith("docs/recipes/")
        )
        pages = {Path(path).stem for path in self.documents if re.fullmatch(r"docs/[\w-]+\.md", path)}
        others = pages - {*GUIDES, *REFERENCE, *(each.page for each in self.patterns)}
        return [
            (
                "Start",
                [
                    Link("index.html", Markup("All patterns")),
                    Link(self.documents[README], Markup("How the book works")),
                ],
            ),
            ("Patterns", [Link(f"{each.page}.html", _inline(each.stack.title)) for each in self.patterns]),
            ("Guides", links([*GUIDES, *sorted(others)])),
            ("Checks", links(REFERENCE)),
            ("Recipes", links([INDEX, *(each for each in recipes if each != INDEX)])),
        ]

    def _add_to_index(self, url: str, rendered: markdown.Rendered) -> None:
        for each in rendered.sections:
            if each.text or each.heading:
                where = f"{url}#{each.anchor}" if each.level > 1 else url
                heading = "" if each.heading == rendered.title else each.heading
                self.index.append({"page": rendered.title, "heading": heading, "url": where, "text": each.text})

    def _page(self, url: str, template: str, **values: Any) -> str:
        def to(target: str) -> str:
            return relative(target, url)

        return self.environment.get_template(template).render(url=url, to=to, **self.shared, **values)


def facets(template: Template) -> dict[str, list[str]]:
    """The values of a template for each filter of the gallery."""
    found = template.facets
    return {
        "cost": [cost_of(template.bill.at_rest)],
        "servers": [found.servers],
        "compute": list(found.compute),
        "storage": list(found.storage),
        "service": list(found.service),
    }


def filters(patterns: Sequence[Pattern]) -> dict[str, list[str]]:
    """The filters of the gallery, each with the values that a pattern has."""
    templates = [facets(each) for pattern in patterns for each in pattern.templates.values()]
    names = templates[0] if templates else {}
    found = {name: sorted({value for each in templates for value in each[name]}, key=str.lower) for name in names}
    return {**found, "cost": [each for each in COSTS.values() if each in found.get("cost", ())]}


def _drawing_apart(body: str) -> tuple[Markup, Markup]:
    """The drawing under the heading of a page, and everything after it."""
    before, end, after = body.partition("</picture>")
    if not before.lstrip().startswith("<picture>"):
        return Markup(""), Markup(body)
    return Markup(before + end), Markup(after)


def _inline(text: str) -> Markup:
    return Markup(markdown.inline(text))


def url_of(path: str) -> str:
    """The path in the site of a page of the book."""
    if path == README:
        return "book.html"
    return f"{path.removeprefix('docs/').removesuffix('.md').replace('README', 'index').lower()}.html"


def template_url(pattern: Pattern, posture: str) -> str:
    """The page of a template."""
    return f"templates/{pattern.page}-{posture}.html"


def relative(target: str, page: str) -> str:
    """A link from a page to another one, so that the site works in any folder and under any path."""
    path, mark, anchor = target.partition("#")
    return _path_from(posixpath.dirname(page) or ".", path) + mark + anchor


@cache
def _path_from(folder: str, path: str) -> str:
    """Pages of one folder have the same links to most others."""
    return posixpath.relpath(path, folder)


def write(site: Site, folder: Path) -> int:
    """Writes the site in place of an earlier one.

    :returns: the number of pages.
    :raises BuildError: if the folder has something that is not an earlier site.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise BuildError(f"SITE must be an empty folder or an earlier site, got {folder}. Choose another folder.")
    pages = dict(site.pages())
    shutil.rmtree(folder, ignore_errors=True)
    for url, content in pages.items():
        path = folder / url
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    for url, file in site.pictures.items():
        (folder / url).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder / url)
    shutil.copytree(HERE / "assets", folder / "assets")
    shutil.copy(SEARCH / "dist/umd/index.js", folder / "assets/minisearch.js")
    shutil.copy(SEARCH / "LICENSE.txt", folder / "assets/minisearch.LICENSE.txt")
    (folder / "assets/search-index.js").write_text(site.search_index(), encoding="utf-8")
    (folder / MARK).touch()
    return len(pages)
