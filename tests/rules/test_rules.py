"""Each rule, by the smallest templates that break it."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest

from patternbook.rules import EVERY_RULE, FAMILIES, RULES
from patternbook.rules.engine import check
from tests.rules.smallest import CASES, TODAY, changed, document

BY_ID = {rule.id: rule for rule in RULES}


def found(
    resources: Mapping[str, Any], *, today: date = TODAY, region: str | None = None, **sections: Any
) -> list[str]:
    """The ids of what is found, each as often as it is found."""
    return [each.rule.id for each in check({**document(resources), **sections}, RULES, today=today, region=region)]


def broken() -> Iterator[Any]:
    for rule, case in CASES.items():
        for number, _ in enumerate(case.changes):
            yield pytest.param(rule, number, id=f"{rule}-{number}")


@pytest.mark.parametrize("rule", CASES)
def test_nothing_is_found_where_nothing_is_wrong(rule: str) -> None:
    case = CASES[rule]
    assert found(case.sound, today=case.today_of_sound, region=case.region_of_sound) == []


@pytest.mark.parametrize(("rule", "number"), broken())
def test_a_defect_is_found_by_its_rule_alone(rule: str, number: int) -> None:
    case = CASES[rule]
    resources = changed(case.sound, case.changes[number])
    assert set(found(resources, today=case.today, region=case.region)) == {rule}


@pytest.mark.parametrize(("rule", "number"), broken())
def test_what_cannot_be_known_is_not_found(rule: str, number: int) -> None:
    """The same defect, where each of the values could be another: it comes from a parameter."""
    case = CASES[rule]
    change = case.changes[number]
    unknown = {path: {"Ref": "Parameter"} for path in change if "." in path and not path.endswith("DependsOn")}
    resources = changed(changed(case.sound, change), unknown)
    # Where a rule goes by the date, or by the Region, or by what waits for what, there is more that it knows.
    if unknown.keys() == change.keys() and unknown and case.region is None:
        parameters = {"Parameter": {"Type": "String", "Default": "x"}}
        assert rule not in found(resources, today=case.today, Parameters=parameters)


def test_each_rule_has_such_templates() -> None:
    assert list(CASES) == list(BY_ID)


def test_ids_are_unique_and_begin_with_their_family() -> None:
    ids = [rule.id for rule in EVERY_RULE]
    assert len(set(ids)) == len(ids)
    for family, rules in FAMILIES.items():
        assert len({rule.id.partition("-")[0] for rule in rules}) == 1, family
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", each) for each in ids)


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: rule.id)
def test_the_docstring_says_what_is_wrong_how_to_mend_it_and_who_says_so(rule: Any) -> None:
    assert len(rule._paragraphs) == 3, "what is wrong; how to mend it; the document"
    assert rule.wrong.endswith(".")
    assert rule.mend.endswith(".")
    assert ". " not in rule.wrong, "one sentence"
    assert re.fullmatch(r"https://docs\.aws\.amazon\.com/\S+", rule.source)
