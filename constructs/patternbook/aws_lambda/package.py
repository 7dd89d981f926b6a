"""The deployment package of a Lambda function, measured before anything is made of it."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from patternbook.limits.aws_lambda import PACKAGE_UNZIPPED, PACKAGE_ZIPPED

LEFT_OUT: Final = ("__pycache__", "*.pyc")
"""What Python writes beside the code that it has run: no part of a package, or its hash would change with each test."""
_OVERHEAD = 2 * 100
"""Bytes that a file takes in a .zip file besides its content, about, with its name in the directory at the end."""


def check_package(package: Path, *, direct_upload: bool) -> None:
    """Refuses what Lambda would, with the name of the limit and its source.

    :param package: a folder or a .zip file.
    :param direct_upload: whether the limit for zipped packages holds too, see
        :data:`patternbook.limits.aws_lambda.PACKAGE_ZIPPED`.
    :raises ValueError: for a package that is too large, or cannot be read.
    """
    if package.is_dir():
        _check_folder(package, direct_upload=direct_upload)
        return
    try:
        with zipfile.ZipFile(package) as archive:
            unzipped = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"expected a folder or a .zip file; {package} is neither: {error}") from error
    PACKAGE_UNZIPPED.check(str(package), unzipped)
    if direct_upload:
        PACKAGE_ZIPPED.check(str(package), package.stat().st_size)


def check_handler(package: Path, handler: str) -> None:
    """:raises ValueError: for a handler ``module.function`` whose module is not in the package."""
    module = handler.rpartition(".")[0].replace(".", "/")
    names = {f"{module}.py", f"{module}/__init__.py"}
    if package.is_dir():
        found = any((package / name).is_file() for name in names)
    else:
        with zipfile.ZipFile(package) as archive:
            found = bool(names & set(archive.namelist()))
    if not found:
        raise ValueError(f"expected module.function of a module in the package; {package} has no {module}.py")


def _check_folder(folder: Path, *, direct_upload: bool) -> None:
    unzipped, files = 0, []
    for path in _files(folder):
        unzipped += path.stat().st_size
        files.append(path)
        if unzipped > PACKAGE_UNZIPPED.most:  # at once, as the rest may be a whole disk
            raise ValueError(f"{folder}: more than {PACKAGE_UNZIPPED.most:,} bytes given; {PACKAGE_UNZIPPED}")
    if not files:
        raise ValueError(f"expected a folder with code; {folder} is empty")
    # Compressing takes long, and what is small enough as it is needs none.
    if direct_upload and unzipped + len(files) * _OVERHEAD > PACKAGE_ZIPPED.most:
        PACKAGE_ZIPPED.check(str(folder), sum(_compressed(path) + _OVERHEAD for path in files))


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - {LEFT_OUT[0]})
        for name in sorted(names):
            path = Path(parent, name)
            if path.suffix != ".pyc" and path.is_file():
                yield path


def _compressed(path: Path) -> int:
    compressor, size = zlib.compressobj(), 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            size += len(compressor.compress(chunk))
    return size + len(compressor.flush())
