"""Renders the book's Markdown as HTML, with the anchors that GitHub gives to headings."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

LinkTo = Callable[[str], str]
"""Translates the target of a relative link in a page of the book."""

_PLAIN: Final = HtmlFormatter(nowrap=True)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)


def _highlighted(code: str, language: str, _: str) -> str:
    try:
        return highlight(code, get_lexer_by_name(language), _PLAIN)
    except ClassNotFound:
        return ""  # markdown-it escapes the code itself


_MARKDOWN: Final = MarkdownIt("commonmark", {"html": True, "highlight": _highlighted}).enable("table")


@dataclass
class Section:
    """The text of a page between two headings, for the search."""

    heading: str
    anchor: str
    level: int
    text: str = ""


@dataclass
class Rendered:
    """A page as HTML."""

    html: str
    title: str
    sections: list[Section] = field(default_factory=list)


def slug(heading: str) -> str:
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def inline(text: str) -> str:
    """A sentence with Markdown as HTML, such as the description of a setting."""
    return _MARKDOWN.renderInline(text.replace("``", "`"))


def render(text: str, link_to: LinkTo) -> Rendered:
    """The HTML of a page.

    :param link_to: is asked for each target that is not in the web and not in the page itself.
    """
    tokens = _MARKDOWN.parse(_COMMENT.sub("", text))
    sections = [Section("", "", 1)]
    for index, token in enumerate(tokens):
        for each in (token, *(token.children or ())):
            _relink(each, link_to)
        if token.type == "heading_open":
            words = _plain(tokens[index + 1])
            token.attrSet("id", slug(words))
            sections.append(Section(words, slug(words), int(token.tag[1])))
        elif token.type in ("inline", "fence") and tokens[index - 1].type != "heading_open":
            sections[-1].text += f"{_plain(token)}\n"
    body = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    body = body.replace("<pre>", '<pre tabindex="0">')  # so that the keyboard can scroll it
    body = body.replace("<table>", '<div class="table" tabindex="0"><table>').replace("</table>", "</table></div>")
    title = next((each.heading for each in sections if each.level == 1 and each.heading), "")
    return Rendered(body, title, sections)


def _relink(token: Token, link_to: LinkTo) -> None:
    for attribute in ("href", "src"):
        target = str(token.attrGet(attribute) or "")
        if target and not re.match(r"[a-z]+:|#", target):
            token.attrSet(attribute, link_to(target))
    if token.type in ("html_inline", "html_block"):
        token.content = token.content.replace("<img ", '<img loading="lazy" ')
        token.content = re.sub(
            r'\b(src|srcset|href)="(?![a-z]+:|#)([^"]+)"',
            lambda found: f'{found[1]}="{html.escape(link_to(found[2]))}"',
            token.content,
        )


def _plain(token: Token) -> str:
    """The words of a token without markup."""
    if token.children is None:
        return token.content
    breaks = {"softbreak": " ", "hardbreak": " "}
    return "".join(
        breaks.get(each.type, each.content if each.type in ("text", "code_inline") else "") for each in token.children
    )
