"""Docstrings and pages refer only to modules, members, files and headings that exist."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path
    for folder in ("constructs", "stacks", "tools", "rehearsal", "proving")
    for path in ROOT.glob(f"{folder}/**/*.py")
)
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]

NAME = re.compile(r":(?:mod|class|func|meth|data|attr):`~?((?:patternbook|stacks|aws_cdk)[\w.]*)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
OWN_PATH = re.compile(r"(?<![\w./-])(?:constructs|docs|proving|rehearsal|stacks|tests|tools)/[\w./-]+")
RECIPES = sorted(path for path in ROOT.glob("docs/recipes/*.md") if path.stem != "README")


def found(name: str) -> Any:
    """The module, or the member of a module, with this dotted name; None if there is none."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part, None)
        return found
    return None


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of the headings of a page."""
    headings = HEADING.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The file and the anchor of each relative link of a page."""
    for path, anchor in LINK.findall(BLOCK.sub("", page.read_text(encoding="utf-8"))):
        yield (page.parent / path).resolve() if path else page, anchor


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_docstring_refers_to_what_exists(path: Path) -> None:
    names = NAME.findall(path.read_text(encoding="utf-8"))
    assert [name for name in names if found(name) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_links_to_what_exists(page: Path) -> None:
    missing = [
        f"{path}#{anchor}"
        for path, anchor in links(page)
        if not path.exists() or (anchor and anchor not in anchors(path))
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_name_files_that_exist(page: Path) -> None:
    named = OWN_PATH.findall("".join(COMMANDS.findall(page.read_text(encoding="utf-8"))))
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", RECIPES, ids=lambda page: page.stem)
def test_the_commands_of_a_recipe_are_about_its_stack(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"^cdk \w+ (\S+)", "".join(COMMANDS.findall(text)), re.MULTILINE)
    assert set(named) <= set(re.findall(r"^class (\w+)", text, re.MULTILINE))
