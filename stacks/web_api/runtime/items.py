"""Items that belong to the user or the client that created them: their model, their limits and what can be done."""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Annotated, Any

import pages
import table
from problems import ProblemError, not_found
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from table import Item

PAGE_ITEMS, MAX_PAGE_ITEMS = 25, 100
"""Items of a page, if the client names no number, and at most."""
IDEMPOTENCY_SECONDS = 24 * 3600
MAX_ERRORS = 20
"""Mistakes that an answer names."""
ID = re.compile(r"[0-9a-f]{32}")

clock = time.time

Line = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
"""A text without control characters."""


class Content(BaseModel):
    """What a client says of an item."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Annotated[Line, Field(max_length=200)]
    description: Annotated[str, Field(max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$")] = ""
    quantity: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    tags: Annotated[list[Annotated[Line, Field(max_length=50)]], Field(max_length=20)] = []


_DETAILS = {
    "extra_forbidden": "The field is unknown",
    "model_type": "Input should be an object",
    "string_pattern_mismatch": "String should contain no control characters",
    "string_unicode": "String should contain no lone surrogates",
}
"""Better words for some of pydantic's messages."""


def content(given: Any) -> dict[str, Any]:
    """The content that a client has sent, with the default of each field that it left out.

    :raises ProblemError: with all mistakes.
    """
    try:
        return Content.model_validate(given).model_dump()
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        errors = [
            {"pointer": _pointer(each["loc"]), "detail": f"{_DETAILS.get(each['type'], each['msg'])}."}
            for each in found[:MAX_ERRORS]
        ]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "The body has mistakes.", errors=errors) from None


def shown(content: Mapping[str, Any]) -> dict[str, Any]:
    """A stored content with the fields of today's model: those that it lacks by their defaults, and no others.

    The items of an older or a newer version of this code can have other fields.
    """
    return Content.model_construct(**content).model_dump()


def page(owner: str, limit: int, given: str | None) -> tuple[list[Item], str | None]:
    """The newest items after those of the page that gave a token, and the token of the next page."""
    after = pages.last_id(table.signing_key(), owner, given, clock()) if given is not None else None
    found, last = table.page(owner, limit, after)
    if last is None:
        return found, None
    return found, pages.token(table.signing_key() or table.make_signing_key(), owner, last, clock())


def get(owner: str, item_id: str) -> Item:
    if not ID.fullmatch(item_id):
        raise not_found()
    found = table.get(owner, item_id)
    if found is None:
        raise not_found()
    return found


def create(owner: str, content: Mapping[str, Any], key: str | None) -> Item:
    """A new item, or the one that an earlier request with the same key has made."""
    now = clock()
    # Ids begin with the time in milliseconds, so they sort by it.
    item = Item(f"{int(now * 1000):012x}{secrets.token_hex(10)}", 1, _timestamp(now), _timestamp(now), content)
    if key is None:
        table.create(owner, item)
        return item
    fingerprint = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    expires_at = int(now) + IDEMPOTENCY_SECONDS
    try:
        return table.create_once(owner, item, key=key, fingerprint=fingerprint, now=int(now), expires_at=expires_at)
    except table.KeyReusedError:
        detail = "The Idempotency-Key was sent with another body before. Choose another key for another item."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail) from None


def replace(owner: str, item_id: str, version: int, content: Mapping[str, Any]) -> Item:
    if not ID.fullmatch(item_id):
        raise not_found()
    try:
        found = table.replace(owner, item_id, version=version, content=content, now=_timestamp(clock()))
    except table.VersionError:
        raise _outdated() from None
    if found is None:
        raise not_found()
    return found


def delete(owner: str, item_id: str, version: int) -> None:
    if not ID.fullmatch(item_id):
        raise not_found()
    try:
        found = table.delete(owner, item_id, version=version)
    except table.VersionError:
        raise _outdated() from None
    if not found:
        raise not_found()


def _outdated() -> ProblemError:
    detail = "The item has another version. Get it, and repeat the change with its ETag in If-Match."
    return ProblemError(HTTPStatus.PRECONDITION_FAILED, detail)


def _timestamp(now: float) -> str:
    return datetime.fromtimestamp(now, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _pointer(location: tuple[int | str, ...]) -> str:
    """A JSON pointer: https://www.rfc-editor.org/rfc/rfc6901"""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)
