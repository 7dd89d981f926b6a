"""What the pages say about costs, against the templates and the prices."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import app
from patternbook.cost import HOURS, load_prices
from patternbook.cost.pricers import PRICERS
from patternbook.cost.pricers.free import FREE
from tests.book import Books
from tools.drills import page_of
from tools.pattern_costs import ROOT, SAVINGS, Book, book_of, command, texts, with_costs

TODAY = date(2026, 11, 29)
PATTERNS = [pattern.__name__ for pattern in app.PATTERNS]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, books: Books) -> Book:
    return book_of(tmp_path_factory.mktemp("costs"), books, today=TODAY)


def test_the_pages_are_up_to_date(book: Book) -> None:
    for path, text in texts(book).items():
        page = path.read_text(encoding="utf-8")
        assert page == with_costs(page, text), f"Write {path.name} again: python -m tools.pattern_costs"


def test_every_resource_of_the_book_is_priced_or_known_to_be_free(book: Book) -> None:
    for costs in (book.sandbox, book.production, book.cheaper):
        assert {stack: bill.unknown_types for stack, bill in costs.items() if bill.unknown_types} == {}


def test_no_type_is_both_priced_and_free() -> None:
    assert not PRICERS.keys() & FREE.keys()


def test_every_price_that_a_resource_of_the_book_has_is_in_the_table(book: Book) -> None:
    used = {line.price for costs in (book.sandbox, book.production) for bill in costs.values() for line in bill.lines}
    assert used - {""} <= load_prices().table.keys()


@pytest.mark.parametrize("stack", PATTERNS)
def test_each_pattern_that_costs_something_can_be_made_cheaper(stack: str, book: Book) -> None:
    if stack not in SAVINGS:
        assert book.sandbox[stack].at_rest == book.production[stack].at_rest == 0
        assert "> **This costs nothing**" in _read(page_of(stack))
        return
    assert book.saved(stack) > 0
    assert f"{stack}.{SAVINGS[stack].name}=" in command(stack)


def price(name: str) -> Decimal:
    usd = load_prices().table[name].usd
    assert usd is not None
    return usd


STATEMENTS = [
    ("app-runner.md", r"The logs cost ([\d.]+) USD per GB and month", price("logs.stored_gb")),
    ("aurora-serverless.md", r"([\d.]+) USD at 1 ACU", 45 * price("aurora.acu_hour")),
    ("aurora-serverless.md", r"([\d.]+) USD without a pause", HOURS * price("aurora.acu_hour")),
    ("aurora-serverless.md", r"minimum of 0.5 ACUs costs ([\d.]+) USD", HOURS * price("aurora.acu_hour") / 2),
    ("eks-managed-nodes.md", r"EFS costs ([\d.]+) USD per GB and month", price("efs.gb")),
    ("eks-managed-nodes.md", r"It costs at least ([\d.]+) USD a month", 1200 * price("fsx.lustre_125_gb")),
    ("eks-managed-nodes.md", r"([\d.]+) USD an hour instead of 0.10", price("eks.extended_cluster_hour")),
    ("eks-managed-nodes.md", r"USD an hour instead of ([\d.]+\d)", price("eks.cluster_hour")),
    ("eks-managed-nodes.md", r"about (\d+) USD a month for each", HOURS * price("eks.extended_cluster_hour")),
    ("eks-managed-nodes.md", r"a month for each cluster instead of (\d+)", HOURS * price("eks.cluster_hour")),
    ("lambda-edge.md", r"Price per million calls \| .* \| ([\d.]+) USD", 10**6 * price("cloudfront.function_call")),
    ("lambda-edge.md", r"Price per million calls \| ([\d.]+) USD", 10**6 * price("lambda_edge.request")),
    ("recipes/edge-redirects.md", r"million calls cost ([\d.]+) USD", 10**6 * price("cloudfront.function_call")),
    ("recipes/edge-redirects.md", r"Lambda@Edge costs ([\d.]+) USD", 10**6 * price("lambda_edge.request")),
]


@pytest.mark.parametrize(("page", "pattern", "usd"), STATEMENTS, ids=lambda each: str(each)[:40])
def test_other_amounts_on_pages_are_the_prices(page: str, pattern: str, usd: Decimal) -> None:
    [said] = set(re.findall(pattern, (ROOT / "docs" / page).read_text(encoding="utf-8")))
    assert abs(Decimal(said) - usd) <= max(Decimal("0.01") * usd, Decimal("0.5") if "." not in said else Decimal(0))


def test_the_page_of_express_compares_both_services(book: Book) -> None:
    page = (ROOT / "docs" / "ecs-express.md").read_text(encoding="utf-8")
    [said] = re.findall(r"\| price, sandbox, a month \| about (\d+) USD \| about (\d+) USD \|", page)
    costs = (book.sandbox[stack].at_rest for stack in ("AppRunnerStack", "EcsExpressStack"))
    assert said == tuple(str(round(usd)) for usd in costs)


def test_no_page_has_an_amount_that_nothing_computes() -> None:
    """An amount in USD stands in a text that is written from the templates, or is a statement of these tests."""
    known = [(page, pattern) for page, pattern, _ in STATEMENTS]
    known += [("ecs-express.md", r"\| price, sandbox, a month \|.*"), ("cost.md", r".*")]
    known += [(f"{name}.md", r"\d+ alarms with \d+ metrics of 0\.10 USD each") for name in PRICED]
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        text = re.sub(r"<!-- The templates and the prices.*?<!-- The end of the costs -->", "", _read(path), flags=re.S)
        for page, pattern in known:
            if path == ROOT / "docs" / page:
                text = re.sub(pattern, "", text)
        assert re.findall(r".{0,30}\d USD.{0,20}", text) == [], path.name


PRICED = ("data-stream", "event-pipeline", "lambda-concurrency", "web-api")
"""Their numbers of alarms are checked with the drills."""


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
