"""Recalls shipments. The Fargate task ships."""

from typing import Any

from books import SHIPMENT
from steps import steps


def recall(order_id: str, _event: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": "recalled", "was_done": SHIPMENT.undo(order_id)}


handler = steps({"recall": recall})
