"""A page of the book, as it reads in a copy."""

import re
from collections.abc import Callable
from typing import Final

GUIDES: Final = ("before-the-first-deployment.md", "failed-deployments.md", "your-account.md")
"""Pages that the pages of all patterns refer to."""

_LINK: Final = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")
_SECTION_OF_PAGE: Final = re.compile(r"\]\(([a-z0-9-]+\.md)#")
_COMMENT: Final = re.compile(r"<!--.*?-->\n+")
"""It says which command of the book writes what follows."""
_PROVEN: Final = re.compile(
    r"<!-- make prove has found this.*?<!-- The end of what make prove has found -->\n+", re.DOTALL
)
"""What is true of the book, and not of a copy."""
_SYNTH: Final = re.compile(r"^make synth(?= )", re.MULTILINE)
_CDK: Final = ("`cdk` is in `.venv/bin`.", "Type `npx cdk` for `cdk`.")
_SETTINGS: Final = re.compile(r"`make settings STACK=(\w+)`")


def pages_needed(page: str, text: str) -> set[str]:
    """The names of the pages that a pattern's page needs: itself, the guides, and those that it refers a section of."""
    return {page, *GUIDES, *_SECTION_OF_PAGE.findall(text)}


def as_copied(text: str, exists: Callable[[str], bool]) -> str:
    """The page without what stays in the book.

    A link to a file that is not copied becomes its text. Commands of the book's Makefile become those of the copy where
    the copy has them.

    :param exists: whether the target of a link, relative to the page, is in the copy.
    """

    def link(found: re.Match[str]) -> str:
        path = found["target"].partition("#")[0]
        stays = not path or ":" in path or exists(path)
        return found[0] if stays else found["text"]

    text = _LINK.sub(link, _PROVEN.sub("", text))
    text = _COMMENT.sub("", text).replace(*_CDK)
    return _SYNTH.sub("npx cdk synth", _SETTINGS.sub(r"`patternbook settings \1`", text))
