"""The page of the rules is what the rules say."""

import re
from pathlib import Path

from patternbook.rules import EVERY_RULE, RULES
from tests.rules.mutations import MUTATIONS
from tools.rules import COMPARED, page

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tools.rules > docs/rules.md"


def test_the_page_has_every_rule_once() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## Compared")[0]
    assert re.findall(r"^- \*\*`([a-z0-9-]+)`\*\*", text, re.MULTILINE) == [rule.id for rule in EVERY_RULE]


def test_the_comparison_has_every_rule_that_a_template_alone_can_break() -> None:
    text = COMPARED.read_text(encoding="utf-8")
    compared = re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.MULTILINE)
    # Which the date breaks.
    assert compared == [rule.id for rule in RULES if rule.id != "eks-version-table"]


def test_each_seeded_defect_is_noticed_by_these_rules() -> None:
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in COMPARED.read_text(encoding="utf-8").splitlines()
    ]
    heading, _, *counts = rows
    assert (heading[1], heading[-1]) == ("Seeded", "patternbook")
    assert all(row[1] == row[-1] for row in counts), counts
    assert int(counts[-1][1]) == len(MUTATIONS) - 2, "of which one is a matter of the date, and one of the Region"
