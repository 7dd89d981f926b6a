"""The lines of a bill."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from patternbook.cost.assumptions import LARGEST
from patternbook.cost.prices import Prices
from patternbook.rules.template import Node, Resource, Template

HOURS: Final = 730
"""Hours of a month, as in the AWS Pricing Calculator: https://docs.aws.amazon.com/pricing-calculator/"""


class NotKnownError(Exception):
    """The template does not say a number. The message says which."""


@dataclass(frozen=True)
class Line:
    """What one resource costs by one price."""

    resource: str
    type: str
    item: str
    """What is paid, in the plural, such as ``NAT gateways``. Lines of the same item belong together."""
    price: str = ""
    """The name of the price. Empty if it is unknown which one applies."""
    quantity: Decimal = Decimal(0)
    """Units of the price in a month."""
    unit: str = ""
    usd: Decimal | None = None
    """None if the cost is unknown."""
    assumption: str = ""
    """The assumption that the quantity depends on. Empty for what is paid at rest."""
    reason: str = ""
    """Why the cost is unknown."""


@dataclass(frozen=True)
class Meter:
    """What a resource needs to be priced: makes its lines."""

    resource: Resource
    template: Template
    prices: Prices
    assumptions: Mapping[str, Decimal | None]
    lines: list[Line] = field(default_factory=list)

    def number(self, node: Node, default: float | None = None) -> Decimal:
        """The number at a place.

        :param default: the number that AWS takes if the property is not given.
        :raises NotKnownError: if the deployment decides it, or if it is not a number of things.
        """
        if node.missing and default is not None:
            return Decimal(str(default))
        if node.number is None:
            raise NotKnownError(f"{_name(node)} is known in the deployment only")
        if not 0 <= node.number <= LARGEST:
            raise NotKnownError(f"{_name(node)} must be a number from 0 to {LARGEST}, got {node.text}")
        return Decimal(str(node.number))

    def known_text(self, node: Node, default: str = "") -> str:
        """The text at a place.

        :param default: the text that AWS takes if the property is not given.
        :raises NotKnownError: if the deployment decides it.
        """
        if node.missing:
            return default
        if node.text is None:
            raise NotKnownError(f"{_name(node)} is known in the deployment only")
        return node.text

    def count(self, node: Node, default: int | None = None) -> Decimal:
        """The length of the list at a place.

        :param default: the length if the property is not given.
        :raises NotKnownError: if the deployment decides it.
        """
        if node.missing and default is not None:
            return Decimal(default)
        if node.missing or not isinstance(node.value, list) or not node.fully_known:
            raise NotKnownError(f"the number of {_name(node)} is known in the deployment only")
        return Decimal(len(node.items))

    def add(self, item: str, price: str, quantity: Decimal | float, *, assumption: str = "") -> None:
        """Adds a line.

        :param quantity: units of the price in a month.
        :param assumption: the assumption that the quantity depends on.
        """
        found = self.prices.get(price)
        quantity = Decimal(str(quantity))
        if found is None or found.usd is None:
            self.unknown(item, f"no price {price!r} in the table of {self.prices.region}", assumption=assumption)
            return
        self._append(item, price, quantity, found.unit, usd=quantity * found.usd, assumption=assumption)

    def hourly(self, item: str, price: str, number: Decimal | float = 1) -> None:
        """Adds a line of things that exist the whole month, at a price for an hour."""
        self.add(item, price, Decimal(str(number)) * HOURS)

    def usage(self, item: str, price: str, assumption: str, factor: Decimal | float = 1) -> None:
        """Adds a line of what usage costs.

        :param factor: units of the price for one unit of the assumption.
        """
        value = self.assumptions[assumption]
        if value is None:
            self.unknown(item, f"--assume {assumption}=… prices it", assumption=assumption)
        else:
            self.add(item, price, value * Decimal(str(factor)), assumption=assumption)

    def unknown(self, item: str, reason: str, *, assumption: str = "") -> None:
        """Adds a line whose cost is unknown."""
        self._append(item, "", Decimal(0), "", reason=reason, assumption=assumption)

    def _append(
        self,
        item: str,
        price: str,
        quantity: Decimal,
        unit: str,
        *,
        usd: Decimal | None = None,
        assumption: str = "",
        reason: str = "",
    ) -> None:
        self.lines.append(
            Line(self.resource.id, self.resource.type, item, price, quantity, unit, usd, assumption, reason)
        )


def _name(node: Node) -> str:
    return ".".join(map(str, node.path))
