"""Reads the templates that a command is given, of which none may be missing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from patternbook.rules.expanding import rewriting_macros
from patternbook.rules.reading import Source, TemplateError, read, read_standard_input

STANDARD_INPUT: Final = "-"


def read_given(path: str) -> Source:
    """Reads a file, or standard input if the path is :data:`STANDARD_INPUT`.

    :raises TemplateError: see :func:`patternbook.rules.reading.read`.
    """
    return read_standard_input() if path == STANDARD_INPUT else read(Path(path))


def read_all(paths: Sequence[str], *, rewritten: str) -> dict[str, Source]:
    """Reads templates, by their paths.

    :param rewritten: why a template that a macro may rewrite is refused, such as "cannot be read".
    :raises TemplateError: with every mistake, each on a line.
    """
    sources: dict[str, Source] = {}
    mistakes = []
    for path in paths:
        try:
            sources[path] = read_given(path)
        except TemplateError as error:
            mistakes.append(f"{path}: not a template: {error}")
            continue
        if macros := rewriting_macros(sources[path].document):
            names = " and ".join(map(repr, macros))
            mistakes.append(f"{path}: {rewritten}, because the macro {names} may rewrite the whole template")
    if mistakes:
        raise TemplateError("\n".join(mistakes))
    return sources
