"""Writes what the patterns cost into their pages, and into docs/cost.md: ``python -m tools.pattern_costs``."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import app
from patternbook.cost import ASSUMPTIONS, Bill, Line, monthly
from patternbook.cost.bill import by_item
from patternbook.cost.prices import load_prices
from patternbook.cost.report import cents
from tests.book import KEY_ARN, Books, book_app, books_in, settings_of, stage_of, template_files
from tools.drills import ROOT, page_of
from tools.pages import with_text

BEGIN: Final = "<!-- The templates and the prices write this: python -m tools.pattern_costs -->"
END: Final = "<!-- The end of the costs -->"
PAGE: Final = ROOT / "docs" / "cost.md"
LARGEST: Final = 3

Costs = Mapping[str, Bill]
"""The bill of each stack by its name."""


@dataclass(frozen=True)
class Saving:
    """A setting with which production costs less at rest."""

    name: str
    value: Any
    how: str


_TWO_AZS: Final = Saving("availability_zones", [1, 2], "Two AZs instead of three")
_OWN_KEY: Final = Saving("key_arn", KEY_ARN, "A KMS key that exists already")
_IN_VPC: Final = (
    *("FargateEfsStack", "FargatePrivateLinkStack", "EcsEc2Stack", "EcsManagedInstancesStack", "EcsExpressStack"),
    *("EksManagedNodesStack", "EksSelfManagedNodesStack", "EksFargateStack", "EksAutoModeStack", "WorkflowStack"),
)
_WITH_LITTLE_ELSE: Final = (
    *("EcsAnywhereStack", "EcrStack", "DataStreamStack", "EventPipelineStack", "WebApiStack"),
    "LambdaEdgeStack",
)
SAVINGS: Final[Mapping[str, Saving]] = {
    **dict.fromkeys(_IN_VPC, _TWO_AZS),
    **dict.fromkeys(_WITH_LITTLE_ELSE, _OWN_KEY),
    "AppRunnerStack": Saving("min_instances", 1, "One instance that is ready instead of two"),
    "AuroraServerlessStack": Saving("min_acu", 0.5, "A minimum of 0.5 ACUs instead of 2"),
    "LambdaConcurrencyStack": Saving("provisioned_concurrency", 0, "No environment that is kept ready"),
}
"""One way to make each pattern cheaper. Each has a price that is not money, which the page of the setting names."""


@dataclass(frozen=True)
class Book:
    """The bills of all patterns: by posture, and those of production with the savings."""

    sandbox: Costs
    production: Costs
    cheaper: Costs

    def saved(self, stack: str) -> Decimal:
        """What the saving of a stack is worth a month, in USD."""
        return self.production[stack].at_rest - self.cheaper[stack].at_rest


def costs_of(templates: Mapping[str, Path], today: date) -> Costs:
    """The bills of templates."""
    return {
        stack: monthly(json.loads(path.read_text(encoding="utf-8")), today=today) for stack, path in templates.items()
    }


def book_of(outdir: Path, books: Books, *, today: date) -> Book:
    """Synthesizes the patterns, and computes their costs.

    :param outdir: the folder for the app of production with the savings.
    :param books: the other apps.
    """
    defaults = settings_of("production", "defaults")
    cheaper = {stack: {**defaults[stack], saving.name: saving.value} for stack, saving in SAVINGS.items()}
    saving = book_app(stage_of("production", cheaper), outdir, checked=False)
    saving.synth()
    apps = [books("sandbox", "defaults"), books("production", "defaults"), saving]
    return Book(*(costs_of(template_files(Path(each.outdir)), today) for each in apps))


def page_text(stack: str, book: Book) -> str:
    """What the page of a pattern says about its costs."""
    bills = [book.sandbox[stack], book.production[stack]]
    items = [dict(by_item(line for line in bill.lines if not line.assumption)) for bill in bills]
    named = sorted({**items[0], **items[1]}, key=lambda item: -max(each.get(item, Decimal(0)) for each in items))
    rows = [_row(item, [each.get(item, Decimal(0)) for each in items]) for item in named[:LARGEST]]
    rest = [sum((each.get(item, Decimal(0)) for item in named[LARGEST:]), Decimal(0)) for each in items]
    if any(rest):
        rows.append(_row("everything else", rest))
    unknown = sorted({line.item for bill in bills for line in bill.unknown if _costs_at_rest(line)})
    lines = [
        f"> **This costs money while it exists**: {cents(bills[0].at_rest)} USD a month in sandbox and "
        f"{cents(bills[1].at_rest)} USD in production, in us-east-1, before usage, free tiers and taxes:",
        ">",
        "> | USD a month | sandbox | production |",
        "> |---|---|---|",
        *(f"> {row}" for row in rows),
        f"> {_row('**all at rest**', [bill.at_rest for bill in bills])}",
        ">",
        *([f"> No price is known of: {', '.join(unknown)}.", ">"] if unknown else []),
        f"> {SAVINGS[stack].how} saves {cents(book.saved(stack))} USD a month in production. `{command(stack)}`",
        "> shows the bill with it, resource by resource, and what usage adds. See [What a month costs](cost.md).",
    ]
    return "\n".join(lines)


def _costs_at_rest(line: Line) -> bool:
    """Whether something of an unknown cost is paid without usage, because it depends on nothing or on what runs."""
    return not line.assumption or ASSUMPTIONS[line.assumption].default is None


def _row(title: str, amounts: Sequence[Decimal]) -> str:
    return f"| {title} | {' | '.join(str(cents(each)) for each in amounts)} |"


def command(stack: str) -> str:
    """The command that shows the saving of a stack."""
    saving = SAVINGS[stack]
    value = saving.value if isinstance(saving.value, str) else json.dumps(saving.value, separators=(",", ":"))
    return f"make cost STACK={stack} STAGE=production ARGS='-c {stack}.{saving.name}={value}'"


def overview(book: Book) -> str:
    """The table of docs/cost.md."""
    oldest, newest = load_prices().dates
    rows = [
        "| Stack | sandbox | production | largest in production | cheaper |",
        "|---|---|---|---|---|",
    ]
    for pattern in app.PATTERNS:
        name = pattern.__name__
        largest = ", ".join(f"{item} {cents(usd)}" for item, usd in book.production[name].largest(LARGEST))
        saving = "nothing to save"
        if name in SAVINGS:
            how = SAVINGS[name].how
            saving = f"`{SAVINGS[name].name}`: {how[0].lower()}{how[1:]} saves {cents(book.saved(name))}"
        sums = " | ".join(str(cents(bills[name].at_rest)) for bills in (book.sandbox, book.production))
        rows.append(f"| [{name}]({page_of(name).name}) | {sums} | {largest} | {saving} |")
    text = f"USD a month at rest in us-east-1, without usage. The prices were read from {oldest} to {newest}."
    return "\n".join([text, "", *rows])


def with_costs(page: str, text: str) -> str:
    """A page with a text between the two comments.

    :raises ValueError: if the page lacks them.
    """
    return with_text(page, text, begin=BEGIN, end=END)


def texts(book: Book) -> dict[Path, str]:
    """The text of each page."""
    pages = {page_of(name): page_text(name, book) for name in SAVINGS}
    return {**pages, PAGE: overview(book)}


def main() -> None:
    """Writes the pages."""
    with tempfile.TemporaryDirectory() as folder:
        books = books_in(Path(folder))
        for path, text in texts(book_of(Path(folder, "saving"), books, today=date.today())).items():
            path.write_text(with_costs(path.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main()
