"""The page of the rules agrees with the rules, and with the comparison of tools."""

import re
from pathlib import Path

from patternbook.rules import EVERY_RULE, RULES
from tests.rules.defects import DEFECTS
from tools.compare import REPORTED
from tools.rules import COMPARED, page
from tools.rules import REPORTED as TABLE_OF_REPORTED

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Regenerate the page: python -m tools.rules > docs/rules.md"


def test_the_page_lists_each_rule_once() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## Comparison")[0]
    assert re.findall(r"^- \*\*`([a-z0-9-]+)`\*\*", text, re.MULTILINE) == [rule.id for rule in EVERY_RULE]


def test_the_comparison_lists_each_rule_that_a_template_alone_can_break() -> None:
    text = COMPARED.read_text(encoding="utf-8")
    compared = re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.MULTILINE)
    # The rule eks-version-table depends on the date alone, so no template can break it.
    assert compared == [rule.id for rule in RULES if rule.id != "eks-version-table"]


def test_these_rules_notice_each_seeded_defect() -> None:
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in COMPARED.read_text(encoding="utf-8").splitlines()
    ]
    heading, _, *counts = rows
    assert (heading[1], heading[-1]) == ("Seeded", "patternbook")
    assert all(row[1] == row[-1] for row in counts), counts
    assert int(counts[-1][1]) == len(DEFECTS) - 2, "one defect depends on the date, and one on the Region"


def test_the_comparison_lists_each_reported_template() -> None:
    """The ids of other tools were read once. Those of these rules are tested in ``test_reported.py``."""
    rows = [line.split("|")[1].strip() for line in TABLE_OF_REPORTED.read_text(encoding="utf-8").splitlines()[2:]]
    assert rows == sorted(f"{path.parent.name}: {path.stem}" for path in REPORTED.glob("*/*.yaml"))
