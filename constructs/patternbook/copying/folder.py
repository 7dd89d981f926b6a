"""Writes a folder whole or not at all."""

import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from patternbook.copying.book import BookError


def check_target(target: Path, *, outside: Path) -> None:
    """Checks that a folder can be made, before anything is written.

    :raises BookError: if it exists and is not an empty folder, or is in the book.
    """
    if target.resolve().is_relative_to(outside.resolve()):
        raise BookError(f"{target} is inside the book ({outside}). Choose a folder outside of it, such as ../shop.")
    if target.is_dir():
        first = next(target.iterdir(), None)
        if first is not None:
            raise BookError(f"{target} is not empty: it has {first.name}. Choose a new folder, or an empty one.")
    elif target.exists() or target.is_symlink():
        raise BookError(f"{target} exists, and is not a folder. Choose a new folder, or an empty one.")


def write_whole(target: Path, files: Mapping[str, bytes]) -> None:
    """Writes files into a new or empty folder. A failure or Ctrl-C leaves none of them.

    They are written into a folder beside the new one, which gets its name in one step. An empty folder stays what it
    is, because it may be a shell's or a volume's, so the files are written inside and then moved up.

    :param files: the content by relative path.
    :raises OSError: as writing does.
    """
    is_there = target.is_dir()
    parent = target if is_there else target.parent
    parent.mkdir(parents=True, exist_ok=True)
    partial = parent / f".{target.resolve().name}.{secrets.token_hex(4)}.partial"
    moved: list[Path] = []
    try:
        for name, content in files.items():
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, content)
        if is_there:
            for path in sorted(partial.iterdir()):
                moved.append(target / path.name)
                path.rename(moved[-1])
            partial.rmdir()
        else:
            partial.rename(target)
    except BaseException:
        for path in (partial, *moved):
            with suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
