"""The page of each pattern says what rings, and when, as the drills find it."""

import re

import pytest

from patternbook.testing.drills.drilling import Stack
from tests.drills.book import DRILLS, Templates
from tools.drills import page_of, stacks_of, table, with_table

PRICED = ["DataStreamStack", "EventPipelineStack", "LambdaConcurrencyStack", "WebApiStack"]
"""The patterns that cost little else, so that their pages give the price of the alarms."""


@pytest.mark.parametrize("pattern", DRILLS)
def test_the_table_is_up_to_date(pattern: str, book: list[Templates]) -> None:
    page = page_of(pattern).read_text(encoding="utf-8")
    expected = with_table(page, table(DRILLS[pattern], stacks_of(pattern, book)))
    assert page == expected, "Write the tables again: python -m tools.drills"


@pytest.mark.parametrize("pattern", DRILLS)
def test_alarms_link_to_the_section_of_the_table(pattern: str, book: list[Templates]) -> None:
    page = page_of(pattern)
    section = page.read_text(encoding="utf-8").partition("## What rings, and when\n")[2].partition("\n## ")[0]
    assert "| event |" in section
    for stack in stacks_of(pattern, book):
        for alarm in stack.alarms:
            assert alarm.description.endswith(f"docs/{page.name}#what-rings-and-when")


@pytest.mark.parametrize("pattern", PRICED)
def test_the_price_of_alarms_counts_their_metrics(pattern: str, book: list[Templates]) -> None:
    """CloudWatch bills each metric of an alarm. The price is that of a sandbox."""
    [said] = re.findall(
        r"(\d+) alarms with (\d+) metrics of 0\.10 USD each", page_of(pattern).read_text(encoding="utf-8")
    )
    alarms = Stack(book[0][pattern]).alarms
    metrics = [query for alarm in alarms for query in alarm.queries.values() if not isinstance(query, str)]
    assert said == (str(len(alarms)), str(len(metrics)))


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"python -m tools\.drills"):
        with_table("# Page\n", "| event |")
