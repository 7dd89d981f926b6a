"""The page of each pattern says what rings, and when, as the drills find it."""

import pytest

from tests.drills.book import DRILLS, Templates
from tools.drills import page_of, stacks_of, table, with_table


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


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"python -m tools\.drills"):
        with_table("# Page\n", "| event |")
