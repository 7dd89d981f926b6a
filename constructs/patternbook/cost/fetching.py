"""Fetches the prices of a Region by the AWS Price List API.

The query of a price has the ``service`` code, and attributes of the product that have to be equal. These members mean
something else:

- ``usage``: the usage type without the prefix of the Region, such as ``NatGateway-Hours`` for
  ``EUC1-NatGateway-Hours``.
- ``from``: where the tier begins that counts. Before it is a free tier. Defaults to 0.
- ``per``: how many units of ours are one unit of AWS's.
- ``everywhere``: the price has no Region.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from patternbook.cost.prices import Price, Prices, PricesError
from patternbook.preflight.account import Account, CouldNotAskError

SOURCE: Final = "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html"
AT_ONCE: Final = 8
"""Calls that run at the same time. botocore repeats those that AWS throttles."""
_ENDPOINTS: Final = {"ap-": "ap-south-1", "eu-": "eu-central-1"}
_OURS: Final = ("service", "usage", "from", "per", "everywhere")
_INSTANCE: Final = "t4g.small"
"""The query of another instance type is that of this one with the other name."""


def price_list_region(region: str) -> str:
    """The Region of the API that is next to a Region. It is in us-east-1, eu-central-1 and ap-south-1."""
    return next((endpoint for prefix, endpoint in _ENDPOINTS.items() if region.startswith(prefix)), "us-east-1")


def with_instance_types(prices: Prices, types: Iterable[str]) -> Prices:
    """A table that also has entries for other EC2 instance types, without a price yet."""
    model = prices.table[f"ec2.{_INSTANCE}"]
    more = {
        f"ec2.{each}": replace(
            model, usd=None, query={key: value.replace(_INSTANCE, each) for key, value in model.query.items()}
        )
        for each in types
    }
    return replace(prices, table={**more, **prices.table})


def fetch(wanted: Prices, region: str, account: Account, *, today: date) -> tuple[Prices, list[str]]:
    """The same prices in another Region.

    :param account: whose credentials may call ``pricing:GetProducts``, in the Region of the API.
    :returns: the table, and a sentence for each price that has no match or several. It is unknown in the table.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda price: _ask(price, region, account), wanted.table.values()))
    table, mistakes = {}, []
    for (name, price), answer in zip(wanted.table.items(), answers, strict=True):
        if isinstance(answer, Decimal):
            table[name] = replace(price, usd=answer, source=SOURCE, date=today)
        else:
            table[name] = replace(price, usd=None, source="", date=None)
            mistakes.append(f"{name}: {answer} Its query is {json.dumps(dict(price.query))}.")
    return Prices(region, table), mistakes


def _ask(price: Price, region: str, account: Account) -> Decimal | str:
    """The price of a unit, or why it is unknown."""
    query = price.query
    fields = {key: value for key, value in query.items() if key not in _OURS}
    if "everywhere" not in query:
        fields["regionCode"] = region
    filters = [{"Type": "TERM_MATCH", "Field": key, "Value": value} for key, value in fields.items()]
    try:
        products = account.all("pricing.get_products", "PriceList", ServiceCode=query["service"], Filters=filters)
    except CouldNotAskError as error:
        return f"{error}."
    found = {
        usd / Decimal(query.get("per", "1"))
        for product in map(_read, products)
        if _has_usage(product, query.get("usage"))
        for usd in _amounts(product, Decimal(query.get("from", "0")))
    }
    if len(found) == 1:
        return found.pop()
    if not found:
        return f"No product of {query['service']} in {region} matches."
    return f"Several products of {query['service']} in {region} match: {', '.join(map(str, sorted(found)))} USD."


def _read(product: Any) -> Mapping[str, Any]:
    return json.loads(product) if isinstance(product, str) else product


def _has_usage(product: Mapping[str, Any], usage: str | None) -> bool:
    given = product["product"]["attributes"].get("usagetype", "")
    return usage is None or re.fullmatch(rf"([A-Za-z0-9]+-)?{re.escape(usage)}", given) is not None


def _amounts(product: Mapping[str, Any], begin: Decimal) -> Iterator[Decimal]:
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            if "USD" in dimension["pricePerUnit"] and Decimal(dimension.get("beginRange") or "0") == begin:
                yield Decimal(dimension["pricePerUnit"]["USD"])


def write(prices: Prices, path: Path) -> None:
    """Writes a table. A file that exists is replaced as a whole, or stays as it is.

    :raises PricesError: if it cannot be written.
    """
    content = {"region": prices.region, "prices": {name: _entry(prices.table[name]) for name in sorted(prices.table)}}
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise PricesError(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        new.unlink(missing_ok=True)


def _entry(price: Price) -> dict[str, Any]:
    return {
        "usd": None if price.usd is None else f"{price.usd:f}",
        "unit": price.unit,
        "source": price.source,
        "date": str(price.date) if price.date else None,
        "query": dict(price.query),
    }
