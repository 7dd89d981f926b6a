"""POST /items, PUT /items/{id} and DELETE /items/{id}."""

from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001
    return {"statusCode": 204}
