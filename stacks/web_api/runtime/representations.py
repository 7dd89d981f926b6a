"""Items as clients see them."""

from http import HTTPStatus

from api import Answer
from table import Item


def entity(status: HTTPStatus, item: Item, **headers: str) -> Answer:
    """One item, with its version as ETag."""
    return Answer(status, vars(item), {"etag": f'"{item.version}"', **headers})
