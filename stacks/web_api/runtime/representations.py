"""Items as clients see them."""

from http import HTTPStatus
from typing import Any

import items
from api import Answer
from table import Item


def represented(item: Item) -> dict[str, Any]:
    return {**vars(item), "content": items.shown(item.content)}


def entity(status: HTTPStatus, item: Item, **headers: str) -> Answer:
    """One item, with its version as ETag."""
    return Answer(status, represented(item), {"etag": f'"{item.version}"', **headers})
