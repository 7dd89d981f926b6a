"""The page of the rules agrees with the rules, and with the comparison of tools."""

import re
from pathlib import Path

from patternbook.rules import EVERY_RULE, RULES
from patternbook.rules.reading import Source
from tests.rules.defects import DEFECTS
from tools.compare import REPORTED
from tools.fixtures import FEW, tables
from tools.rules import COMPARED, FIXTURES, page
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


def test_the_comparison_by_templates_of_other_projects_names_rules_of_these_only() -> None:
    """The templates are not in this repository. The table was made once."""
    text = FIXTURES.read_text(encoding="utf-8").rpartition("\n\n")[2]
    named = re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.MULTILINE)
    assert named
    assert set(named) <= {rule.id for rule in RULES}


def test_a_table_counts_the_places_of_each_kind_and_who_notices_them() -> None:
    names = [f"Q{number}" for number in range(FEW)]
    queues = {name: {"Type": "AWS::SQS::Queue"} for name in names}
    source = Source({"Resources": {**queues, "Vpc": {"Type": "AWS::EC2::VPC"}}}, {})
    reports = {
        "cfn-lint": {"a.yaml": {("E1", "Vpc"), ("E2", "Q0"), ("W3", "Q1"), *(("E4", name) for name in names)}},
        "CDK": {"a.yaml": {("F2", "Q0")}},
        "checkov": {},
        "patternbook": {"a.yaml": {("sqs-any-topic", "Q0"), ("sqs-any-topic", "gone")}},
    }
    of_others, ours = tables({"a.yaml": source}, reports).split("\n\n")[1:]
    assert of_others.splitlines()[2:] == [
        f"| `E4` | {FEW} | {FEW} | 1 |  | 1 |",
        "| 2 other kinds | 1 | 1 | 1 |  | 1 |",
        f"| **All** | {FEW} | {FEW} | 1 |  | 1 |",
    ]
    assert ours.splitlines()[2:] == ["| 1 other kind | 1 | 1 | 1 |  | 1 |", "| **All** | 1 | 1 | 1 |  | 1 |"]
