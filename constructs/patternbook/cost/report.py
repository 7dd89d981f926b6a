"""Writes bills as text and as JSON."""

import json
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from patternbook.cost.assumptions import ASSUMPTIONS
from patternbook.cost.bill import Bill, by_item
from patternbook.cost.lines import HOURS, Line
from patternbook.cost.pricers.free import FREE_AS_IT_IS, reason_of
from patternbook.cost.prices import Prices
from patternbook.preflight.stack import assembly_of

NOTE = "Before discounts, the free tier and taxes. Data between AZs and Regions is not counted."


def cents(usd: Decimal) -> Decimal:
    """An amount rounded to cents."""
    return usd.quantize(Decimal("0.01"), ROUND_HALF_UP)


def as_text(bills: Mapping[str, Bill], prices: Prices, assumptions: Mapping[str, Decimal | None]) -> str:
    """A table for each template.

    :param bills: by the paths of the templates.
    """
    oldest, newest = prices.dates
    header = f"A month of {HOURS} hours in {prices.region}, in USD, with prices read from {oldest} to {newest}. {NOTE}"
    parts = [header, *(_template(path, bill, assumptions) for path, bill in bills.items())]
    return "\n\n".join(parts)


def _template(path: str, bill: Bill, assumptions: Mapping[str, Decimal | None]) -> str:
    known = [line for line in bill.lines if line.usd is not None]
    lines = [assembly_of(path).stack_name or path]
    lines += _section("At rest", bill.at_rest, [line for line in known if not line.assumption])
    lines += _section("Assumed usage", bill.usage, [line for line in known if line.assumption])
    if bill.unknown or bill.unknown_types:
        lines += ["", "  Unknown, and not in the sums"]
        lines += [f"    {line.item} ({line.resource}): {line.reason}" for line in bill.unknown]
        lines += [f"    {kind}, {number} of them: no price" for kind, number in sorted(bill.unknown_types.items())]
    largest = ", ".join(f"{item} {cents(usd)}" for item, usd in bill.largest())
    lines += [
        "",
        f"  Largest at rest: {largest or 'nothing'}",
        f"  Free of themselves: {sum(bill.free.values())} resources",
    ]
    used = sorted({line.assumption for line in bill.lines if line.assumption})
    if used:
        lines += ["  Assumptions, which --assume NAME=VALUE changes:"]
        lines += [
            f"    {name}={_shown(assumptions[name])} {ASSUMPTIONS[name].unit}, {ASSUMPTIONS[name].per}" for name in used
        ]
    return "\n".join(lines)


def _shown(value: Decimal | None) -> str:
    return "…" if value is None else f"{value:f}"


def _section(title: str, total: Decimal, lines: Sequence[Line]) -> list[str]:
    """The items from the dearest to the cheapest, each with its resources."""
    shown = ["", f"  {title:66}{cents(total):>12}"]
    for item, usd in by_item(lines):
        shown.append(f"    {item:64}{cents(usd):>12}")
        shown += [
            f"      {line.resource:60.60}  {cents(line.usd):>8}  {line.quantity.normalize():f} {line.unit}"
            for line in lines
            if line.item == item and line.usd is not None
        ]
    return shown


def as_json(bills: Mapping[str, Bill], prices: Prices, assumptions: Mapping[str, Decimal | None]) -> str:
    """All that is known, for programs. Amounts are texts, because they are exact."""
    oldest, newest = prices.dates
    content = {
        "region": prices.region,
        "hours": HOURS,
        "prices_read": [str(oldest), str(newest)],
        "assumptions": {name: None if value is None else str(value) for name, value in assumptions.items()},
        "templates": [{"path": path, **_as_data(bill, prices)} for path, bill in bills.items()],
    }
    return json.dumps(content, indent=2)


def _as_data(bill: Bill, prices: Prices) -> dict[str, Any]:
    return {
        "at_rest": str(cents(bill.at_rest)),
        "usage": str(cents(bill.usage)),
        "largest": [{"item": item, "usd": str(cents(usd))} for item, usd in bill.largest()],
        "lines": [_line(line, prices) for line in bill.lines],
        "free": {
            kind: {"resources": number, "reason": reason_of(kind) or FREE_AS_IT_IS}
            for kind, number in bill.free.items()
        },
        "unknown_types": dict(bill.unknown_types),
    }


def _line(line: Line, prices: Prices) -> dict[str, Any]:
    found: dict[str, Any] = {"resource": line.resource, "type": line.type, "item": line.item}
    if line.assumption:
        found["assumption"] = line.assumption
    price = prices.get(line.price)
    if line.usd is None or price is None:
        return {**found, "unknown": line.reason}
    amounts = {"quantity": str(line.quantity), "unit": line.unit, "usd": str(line.usd)}
    return {**found, **amounts, "price": line.price, "source": price.source}
