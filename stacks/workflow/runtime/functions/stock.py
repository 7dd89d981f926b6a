"""Reserves what an order needs, and releases it."""

from typing import Any

from books import RESERVATION
from steps import steps


def reserve(order_id: str, _event: dict[str, Any]) -> dict[str, Any]:
    state = RESERVATION.do(order_id)
    return {"outcome": "reserved" if state == RESERVATION.done else "closed"}


def release(order_id: str, _event: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": "released", "was_done": RESERVATION.undo(order_id)}


handler = steps({"reserve": reserve, "release": release})
