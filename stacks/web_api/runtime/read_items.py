"""``GET /items`` and ``GET /items/{id}``. Besides reading, this function may only make the key that signs tokens."""

import re
from http import HTTPStatus

import items
from api import Answer, Request, serve
from problems import bad_request
from representations import entity, represented


def list_items(request: Request) -> Answer:
    request.accept_query("limit", "next", "owner")
    limit = request.query.get("limit", str(items.PAGE_ITEMS))
    if not re.fullmatch(r"[1-9][0-9]{0,2}", limit) or int(limit) > items.MAX_PAGE_ITEMS:
        raise bad_request(f"limit must be a whole number from 1 to {items.MAX_PAGE_ITEMS}.")
    found, following = items.page(request.read_owner(), int(limit), request.query.get("next"))
    return Answer(HTTPStatus.OK, {"items": [represented(item) for item in found], "next": following})


def get_item(request: Request) -> Answer:
    request.accept_query("owner")
    return entity(HTTPStatus.OK, items.get(request.read_owner(), request.path["id"]))


handler = serve({"GET /items": list_items, "GET /items/{id}": get_item})
