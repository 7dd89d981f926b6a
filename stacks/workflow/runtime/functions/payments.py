"""Charges an order, and refunds it.

The entry in the books stands for the payment provider. A provider that takes an idempotency key takes the order id, and
the entry is then the record of its answer.
"""

from typing import Any, Final

from books import CHARGE
from steps import steps

DECLINED: Final = "declined"
"""The means of payment that is always declined, to try it out."""


def charge(order_id: str, event: dict[str, Any]) -> dict[str, Any]:
    if event["payment"] == DECLINED:
        return {"outcome": "declined"}
    state = CHARGE.do(order_id, amount=event["amount"], currency=event["currency"])
    return {"outcome": "charged" if state == CHARGE.done else "closed"}


def refund(order_id: str, _event: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": "refunded", "was_done": CHARGE.undo(order_id)}


handler = steps({"charge": charge, "refund": refund})
