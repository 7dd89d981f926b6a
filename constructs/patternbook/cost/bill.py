"""Makes the bill of a template."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from patternbook.cost.assumptions import assumed
from patternbook.cost.lines import Line, Meter, NotKnownError
from patternbook.cost.pricers import PRICERS
from patternbook.cost.pricers.free import reason_of
from patternbook.cost.pricers.unpriced import add_unpriced
from patternbook.cost.prices import Prices, load_prices
from patternbook.rules.expanding import loops
from patternbook.rules.template import Template
from patternbook.rules.template.parameters import usable_defaults


@dataclass(frozen=True)
class Bill:
    """What a month of a template costs, before discounts, free tiers and taxes."""

    region: str
    lines: Sequence[Line]
    free: Mapping[str, int]
    """The number of resources of each type that costs nothing of itself."""
    unknown_types: Mapping[str, int]
    """The number of resources of each type of which nothing is known."""

    @property
    def at_rest(self) -> Decimal:
        """What is paid without any usage, as far as it is known, in USD."""
        return sum((line.usd for line in self.lines if line.usd is not None and not line.assumption), Decimal(0))

    @property
    def usage(self) -> Decimal:
        """What the assumed usage adds, as far as it is known, in USD."""
        return sum((line.usd for line in self.lines if line.usd is not None and line.assumption), Decimal(0))

    @property
    def unknown(self) -> list[Line]:
        """What nobody knows the cost of."""
        return [line for line in self.lines if line.usd is None]

    def largest(self, number: int = 3) -> list[tuple[str, Decimal]]:
        """The items that cost most at rest, with their costs in USD."""
        return by_item(line for line in self.lines if not line.assumption)[:number]


def by_item(lines: Iterable[Line]) -> list[tuple[str, Decimal]]:
    """The items of lines with their costs in USD, from the dearest to the cheapest. Unknown costs are left out."""
    costs: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.usd is not None:
            costs[line.item] += line.usd
    return sorted(costs.items(), key=lambda each: -each[1])


def monthly(
    document: Mapping[str, Any],
    *,
    prices: Prices | None = None,
    assumptions: Mapping[str, Decimal | None] | None = None,
    today: date | None = None,
) -> Bill:
    """The bill of a template with the defaults of its parameters.

    :param document: a template, see :func:`patternbook.rules.reading.read`.
    :param prices: defaults to the table of us-east-1.
    :param assumptions: see :func:`patternbook.cost.assumptions.assumed`, which makes the default.
    :param today: the day in UTC on which support of a Kubernetes version has ended or not. Defaults to the current one.
    """
    prices = prices or load_prices()
    unknown_loops: list[str] = []
    document = loops.expand(document, {}, unknown_loops)
    template = Template(
        document,
        today=today or datetime.now(timezone.utc).date(),
        region=prices.region,
        scenario={**usable_defaults(document), "AWS::Region": prices.region},
    )
    lines = [
        Line(name, loops.PREFIX, "Resources of a loop", reason=reason.strip())
        for name, _, reason in (each.rpartition(":") for each in unknown_loops)
    ]
    free: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for resource in template.resources.values():
        pricer = PRICERS.get(resource.type)
        if pricer is None and reason_of(resource.type) is None:
            unknown[resource.type] += 1
            continue
        meter = Meter(resource, template, prices, assumptions or assumed())
        try:
            if pricer:
                pricer(meter)
        except NotKnownError as error:
            meter.unknown(resource.type, str(error))
        add_unpriced(meter)
        if meter.lines:
            lines.extend(meter.lines)
        else:
            free[resource.type] += 1
    return Bill(prices.region, lines, dict(free), dict(unknown))
