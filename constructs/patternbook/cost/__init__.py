"""What the resources of a template cost in a month: at rest, and by usage that is assumed.

Prices are those of a table (:mod:`patternbook.cost.prices`), before discounts, free tiers and taxes. A resource without
a known price is listed as unknown, never as free.
"""

from patternbook.cost.assumptions import ASSUMPTIONS, Assumption, AssumptionError, assumed
from patternbook.cost.bill import Bill, monthly
from patternbook.cost.lines import HOURS, Line
from patternbook.cost.prices import Price, Prices, PricesError, load_prices

__all__ = [
    "ASSUMPTIONS",
    "HOURS",
    "Assumption",
    "AssumptionError",
    "Bill",
    "Line",
    "Price",
    "Prices",
    "PricesError",
    "assumed",
    "load_prices",
    "monthly",
]
