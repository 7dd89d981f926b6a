"""Finds templates in folders and by patterns."""

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SUFFIXES: Final = (".json", ".yaml", ".yml", ".template")
"""The names of files in a folder that may be templates."""
_SKIPPED: Final = ("node_modules", "__pycache__")


@dataclass(frozen=True)
class Found:
    """A file to check."""

    path: str
    in_folder: bool = False
    """Whether the file was found in a folder, or in another way that lets it be no template."""
    problem: str = ""
    """The reason why there is no such file."""


def find(path: str) -> list[Found]:
    """The files that a path names: a file, the files of a folder, or those that match a pattern."""
    if Path(path).is_dir():
        found = [Found(each, in_folder=True) for each in _files(path)]
        return found or [Found(path, problem=f"the folder has no file that ends with {', '.join(SUFFIXES)}")]
    if not Path(path).exists() and glob.has_magic(path):
        matching = glob.glob(path, recursive=True)  # noqa: PTH207 (Path.glob takes no absolute pattern)
        names = sorted(each for each in matching if Path(each).is_file())
        return [Found(each) for each in names] or [Found(path, problem="no file matches the pattern")]
    return [Found(path)]


def _files(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _SKIPPED)
        yield from (str(Path(parent, name)) for name in sorted(names) if name.endswith(SUFFIXES))
