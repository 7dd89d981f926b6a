"""The deployment package of a Lambda function. The checks measure it before the function is created."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from patternbook.limits.aws_lambda import PACKAGE_UNZIPPED, PACKAGE_ZIPPED
from patternbook.limits.given import shown

LEFT_OUT: Final = ("__pycache__", "*.pyc")
"""Files that Python writes when it runs code. In a package, they would change its hash with each test run."""
_OVERHEAD = 2 * 100
"""Approximate size in bytes of a file's two entries in a .zip file, beside its content."""


def check_package(package: Path, *, direct_upload: bool, layers_bytes: int = 0) -> None:
    """Refuses a package that Lambda would refuse.

    :param package: a folder or a .zip file.
    :param layers_bytes: unzipped size of the layers of the function.
    :param direct_upload: whether to check :data:`patternbook.limits.aws_lambda.PACKAGE_ZIPPED`, too.
    :raises ValueError: if the package is too large, or cannot be read.
    """
    try:
        if package.is_dir():
            _check_folder(package, direct_upload=direct_upload, layers_bytes=layers_bytes)
            return
        with zipfile.ZipFile(package) as archive:
            unzipped = layers_bytes + sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"The package must be a folder or a .zip file, got {shown(package)}: {error}.") from error
    PACKAGE_UNZIPPED.check(_size_of(package, layers_bytes), unzipped)
    if direct_upload:
        PACKAGE_ZIPPED.check(f"The size of {shown(package)}", package.stat().st_size)


def check_handler(package: Path, handler: str) -> None:
    """:raises ValueError: if the package doesn't contain the module of a handler ``module.function``."""
    module = handler.rpartition(".")[0].replace(".", "/")
    names = {f"{module}.py", f"{module}/__init__.py"}
    if package.is_dir():
        found = any((package / name).is_file() for name in names)
    else:
        with zipfile.ZipFile(package) as archive:
            found = bool(names & set(archive.namelist()))
    if not found:
        raise ValueError(
            f"handler must name a function in a module of {shown(package)}, got {shown(handler)}. There is no "
            f"{shown(module)}.py."
        )


def _size_of(package: Path, layers_bytes: int) -> str:
    beside = f", with {layers_bytes:,} bytes of layers," if layers_bytes else ""
    return f"The size of {shown(package)}{beside}"


def _check_folder(folder: Path, *, direct_upload: bool, layers_bytes: int) -> None:
    unzipped, files = layers_bytes, []
    for path in _files(folder):
        unzipped += path.stat().st_size
        files.append(path)
        if unzipped > PACKAGE_UNZIPPED.maximum:  # stop here, because the folder may be a whole disk
            raise PACKAGE_UNZIPPED.exceeded(_size_of(folder, layers_bytes), "more")
    if not files:
        raise ValueError(f"The package must contain code, got {shown(folder)}, which is empty.")
    # Compressing is slow, and unnecessary if the files fit uncompressed.
    if direct_upload and unzipped - layers_bytes + len(files) * _OVERHEAD > PACKAGE_ZIPPED.maximum:
        PACKAGE_ZIPPED.check(
            f"The zipped size of {shown(folder)}", sum(_compressed(path) + _OVERHEAD for path in files)
        )


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
