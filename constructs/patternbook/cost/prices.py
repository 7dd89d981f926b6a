"""The prices of a Region: a dated table with the source of each, and the query that fetches it.

The table of the package is of us-east-1. ``patternbook prices`` makes others.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

TABLE: Final = Path(__file__).with_name("us-east-1.json")


class PricesError(Exception):
    """A table cannot be used, or not be made. The message is written for the person who named it."""


@dataclass(frozen=True)
class Price:
    """What a unit costs."""

    usd: Decimal | None
    """None if no source of the price is known."""
    unit: str
    source: str
    """The address of the document that has the price."""
    date: date | None
    """The day of the version of the source that was read."""
    query: Mapping[str, str]
    """How the AWS Price List API finds the price."""


@dataclass(frozen=True)
class Prices:
    """The prices of a Region by name."""

    region: str
    table: Mapping[str, Price]

    def get(self, name: str) -> Price | None:
        """A price, or None if the table has none of this name."""
        return self.table.get(name)

    @property
    def dates(self) -> tuple[date, date]:
        """The oldest and the newest date of a price."""
        found = [each.date for each in self.table.values() if each.date]
        return min(found), max(found)


@lru_cache
def load_prices(path: Path = TABLE) -> Prices:
    """Reads a table.

    :raises PricesError: if the file cannot be read, or is not such a table.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        prices = Prices(content["region"], {name: _price(each) for name, each in content["prices"].items()})
        _ = prices.dates  # a table without any price has none
    except OSError as error:
        raise PricesError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
        raise PricesError(
            f"{path} is not a table of prices. To make one, type: patternbook prices --region REGION --output FILE"
        ) from None
    return prices


def _price(entry: Mapping[str, Any]) -> Price:
    usd = None if entry["usd"] is None else Decimal(entry["usd"])
    if usd is not None and (not usd.is_finite() or usd < 0 or not entry["source"]):
        raise ValueError(entry)
    return Price(
        usd=usd,
        unit=entry["unit"],
        source=entry["source"],
        date=date.fromisoformat(entry["date"]) if entry["date"] else None,
        query=entry["query"],
    )
