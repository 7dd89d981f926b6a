"""The commands ``patternbook cost TEMPLATE…`` and ``patternbook prices``."""

import argparse
import sys
from pathlib import Path
from typing import Final

from patternbook.cost.assumptions import ASSUMPTIONS, AssumptionError, assumed
from patternbook.cost.bill import Bill, monthly
from patternbook.cost.fetching import fetch, price_list_region, with_instance_types, write
from patternbook.cost.prices import TABLE, Prices, PricesError, load_prices
from patternbook.cost.report import as_json, as_text
from patternbook.preflight.access import NoAccessError, session_of
from patternbook.preflight.account import Account
from patternbook.preflight.stack import assembly_of
from patternbook.rules.reading import TemplateError
from patternbook.rules.reading.given import read_all

FINE, UNKNOWN, MISTAKE = 0, 1, 2
DESCRIPTION: Final = """\
Computes what templates cost in a month of 730 hours: at rest, and by assumed usage. A resource without a known price is
listed as unknown. Exit status: 0, or 2 if a file is not a template or an argument is wrong."""
PRICES: Final = """\
Fetches the prices of a Region by the AWS Price List API, which needs pricing:GetProducts, and writes a table. Exit
status: 0; 1 if a price has no match or several, and the table is then not written; 2 if there are no credentials, an
argument is wrong, or the table cannot be written."""
TIMEOUT_SECONDS: Final = 30.0


class CostError(Exception):
    """Nothing can be computed. The message is written for the person who called the command."""


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands to those of ``patternbook``, see :mod:`patternbook.cli`."""
    cost = commands.add_parser(
        "cost",
        help="compute what a month of templates costs",
        description=DESCRIPTION,
        epilog="Assumptions: " + "; ".join(f"{name} ({each.unit}, {each.per})" for name, each in ASSUMPTIONS.items()),
    )
    cost.set_defaults(run=_cost)
    cost.add_argument("templates", nargs="+", metavar="TEMPLATE", help="file in JSON or YAML; - reads standard input")
    cost.add_argument(
        "--assume", action="append", default=[], metavar="NAME=VALUE", help="change an assumption; can be repeated"
    )
    cost.add_argument("--region", help="Region of the deployment; defaults to that of the stack, then of the prices")
    cost.add_argument(
        "--prices", type=Path, default=TABLE, metavar="FILE", help="a table that 'patternbook prices' made"
    )
    cost.add_argument("--json", action="store_true", help="print JSON")
    prices = commands.add_parser("prices", help="fetch the prices of a Region", description=PRICES)
    prices.set_defaults(run=_prices)
    prices.add_argument("--region", required=True, help="Region whose prices to fetch")
    prices.add_argument("--output", required=True, type=Path, metavar="FILE", help="table to write, for cost --prices")
    prices.add_argument("--profile", help="profile of the AWS configuration")
    prices.add_argument(
        "--instance-type", action="append", default=[], metavar="TYPE", help="add an EC2 instance type; can be repeated"
    )
    prices.add_argument(
        "--allow-unknown", action="store_true", help="write the table although some prices are not found"
    )


def _cost(given: argparse.Namespace) -> int:
    try:
        assumptions = assumed(given.assume)
        prices = load_prices(given.prices)
        sources = read_all(given.templates, rewritten="has no known cost")
        for path in sources:
            _check_region(path, given.region or assembly_of(path).region, prices)
    except (AssumptionError, PricesError, CostError, TemplateError) as error:
        print(error, file=sys.stderr)
        return MISTAKE
    bills: dict[str, Bill] = {
        path: monthly(source.document, prices=prices, assumptions=assumptions, today=given.today)
        for path, source in sources.items()
    }
    print((as_json if given.json else as_text)(bills, prices, assumptions))
    return FINE


def _prices(given: argparse.Namespace) -> int:
    wanted = with_instance_types(load_prices(), given.instance_type)
    try:
        session = session_of(given.profile)
        account = Account(session, price_list_region(given.region), seconds=TIMEOUT_SECONDS)
        found, mistakes = fetch(wanted, given.region, account, today=given.today)
        for each in mistakes:
            print(each, file=sys.stderr)
        if mistakes and not given.allow_unknown:
            print(
                f"{given.output} is not written. To write it without these prices, add --allow-unknown.",
                file=sys.stderr,
            )
            return UNKNOWN
        write(found, given.output)
    except (NoAccessError, PricesError) as error:
        print(error, file=sys.stderr)
        return MISTAKE
    print(f"{given.output}: {len(found.table) - len(mistakes)} prices of {found.region}")
    return FINE


def _check_region(path: str, region: str, prices: Prices) -> None:
    if region and region != prices.region:
        raise CostError(
            f"{path}: the prices are of {prices.region}, and the Region is {region}. To fetch its prices, type: "
            f"patternbook prices --region {region} --output {region}.json. Then add --prices {region}.json."
        )
