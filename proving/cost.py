"""What a stack costs that exists for some hours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patternbook.cost import HOURS, monthly


@dataclass(frozen=True)
class Cost:
    """Hours times prices. The bill of AWS comes a day later, and knows the usage, too."""

    hours: float
    usd: float
    """The cost without usage, as far as it is known."""
    unknown: int
    """The number of items whose price is not known."""

    @property
    def sentence(self) -> str:
        """The cost for the question."""
        more = f", and {self.unknown} items whose price is not known" if self.unknown else ""
        return f"about {self.usd:.2f} USD without usage{more}, at prices of us-east-1."

    def as_dict(self) -> dict[str, Any]:
        """The cost for the record."""
        return {
            "hours": round(self.hours, 2),
            "usd": round(self.usd, 2),
            "items_without_price": self.unknown,
            "how": "hours times the prices of patternbook cost in us-east-1, without usage. Cost Explorer has the "
            "bill of AWS a day later.",
        }


def cost_of(template: Mapping[str, Any], *, hours: float) -> Cost:
    """The cost of the resources of a template."""
    bill = monthly(template)
    unknown = len(bill.unknown) + sum(bill.unknown_types.values())
    return Cost(hours, float(bill.at_rest) / HOURS * hours, unknown)
