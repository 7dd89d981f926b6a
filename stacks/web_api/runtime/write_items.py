"""``POST /items``, ``PUT /items/{id}`` and ``DELETE /items/{id}``, for the items of the caller."""

import re
from http import HTTPStatus

import items
from api import Answer, Request, serve
from problems import ProblemError, bad_request
from representations import entity

KEY = re.compile(r"[!-~]{1,128}")
ENTITY_TAG = re.compile(r'(W/)?"[!#-~]*"')
VERSION = re.compile(r'"([1-9][0-9]{0,17})"')


def create_item(request: Request) -> Answer:
    request.accept_query()
    key = request.headers.get("idempotency-key")
    if key is not None and not KEY.fullmatch(key):
        raise bad_request("Idempotency-Key must have 1 to 128 visible ASCII characters.")
    item = items.create(request.caller, items.content(request.json()), key)
    return entity(HTTPStatus.CREATED, item, location=f"/items/{item.id}")


def replace_item(request: Request) -> Answer:
    request.accept_query()
    version = _expected_version(request)
    content = items.content(request.json())
    return entity(HTTPStatus.OK, items.replace(request.caller, request.path["id"], version, content))


def delete_item(request: Request) -> Answer:
    request.accept_query()
    items.delete(request.caller, request.path["id"], _expected_version(request))
    return Answer(HTTPStatus.NO_CONTENT)


def _expected_version(request: Request) -> int:
    """The version in If-Match, or 0, which no item has, for a tag that is not from here.

    If-Match compares strongly, so a weak tag never matches: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1
    """
    tag = request.headers.get("if-match")
    if tag is None:
        raise ProblemError(HTTPStatus.PRECONDITION_REQUIRED, "If-Match must give the ETag of the version to change.")
    if not ENTITY_TAG.fullmatch(tag):
        raise bad_request('If-Match must be one entity tag, such as "1". A list and * are not supported.')
    version = VERSION.fullmatch(tag)
    return int(version[1]) if version else 0


handler = serve({"POST /items": create_item, "PUT /items/{id}": replace_item, "DELETE /items/{id}": delete_item})
