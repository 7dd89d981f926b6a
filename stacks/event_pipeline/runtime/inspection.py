"""What an object must be, and what is recorded of it."""

import csv
import hashlib
import io
import json
from collections.abc import Callable


class RefusedObjectError(Exception):
    """An object that is not what it should be. Its message goes to the dead-letter queue after the last attempt."""


def _json(content: bytes) -> None:
    json.loads(content)


def _csv(content: bytes) -> None:
    for _ in csv.reader(io.StringIO(content.decode()), strict=True):
        pass


def _begins_with(signature: bytes) -> Callable[[bytes], None]:
    def check(content: bytes) -> None:
        if not content.startswith(signature):
            raise ValueError("The signature is missing.")

    return check


CHECKS: dict[str, Callable[[bytes], None]] = {
    "application/json": _json,
    "application/pdf": _begins_with(b"%PDF-"),
    "image/jpeg": _begins_with(b"\xff\xd8\xff"),
    "image/png": _begins_with(b"\x89PNG\r\n\x1a\n"),
    "text/csv": _csv,
}
"""The checks of contents by media type. Other types have none."""


def inspect(content: bytes, content_type: str, accepted: frozenset[str]) -> dict[str, str | int]:
    """What is recorded of an object.

    :raises RefusedObjectError: if its type is not accepted, or its content is of another type.
    """
    if content_type not in accepted:
        raise RefusedObjectError(f"The type of the object is not accepted: {content_type[:100]!r}.")
    try:
        CHECKS.get(content_type, lambda _: None)(content)
    except (ValueError, RecursionError, csv.Error) as error:
        raise RefusedObjectError(f"The object is no {content_type}.") from error
    return {"content_type": content_type, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
