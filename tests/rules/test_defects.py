"""The templates of the patterns have no findings, and a defect in one of them is found by its rule alone."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from patternbook.rules import RULES
from patternbook.rules.engine import check
from patternbook.rules.rule import ADVICE
from tests.rules.cases.base import TODAY
from tests.rules.conftest import Templates
from tests.rules.defects import DEFECTS, Defect


def found(document: dict[str, Any], *, today: date = TODAY, region: str | None = None) -> set[str]:
    """The rules of the findings. Advice counts only for what a defect adds."""
    findings = check(document, RULES, today=today, region=region)
    return {
        each.rule.id for each in findings if each.severity is not ADVICE or each.problem.resource.startswith("Mutant")
    }


def with_defect(templates: Templates, defect: Defect) -> Iterator[tuple[str, dict[str, Any]]]:
    """A copy of each template that has a place for the defect, with the defect."""
    for name in templates.with_type(defect.resource_type):
        document = json.loads(templates.texts[name])
        if defect.apply(document):
            yield name, document


def test_no_pattern_has_a_finding(templates: Templates) -> None:
    findings = {name: found(json.loads(text)) for name, text in templates.texts.items()}
    assert {name: ids for name, ids in findings.items() if ids} == {}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: f"{each.rule} {each.name}")
def test_a_defect_is_found_by_its_rule_alone(defect: Defect, templates: Templates) -> None:
    results = {
        name: found(document, today=defect.today, region=defect.region)
        for name, document in with_defect(templates, defect)
    }
    if not results:
        assert not templates.with_type(defect.resource_type), "no template has a place for the defect"
        assert not any(defect.apply(json.loads(text)) for text in templates.texts.values()), "wrong resource_type"
        pytest.skip(f"no pattern has an {defect.resource_type}")
    assert {name: ids for name, ids in results.items() if ids != {defect.rule}} == {}


def test_each_rule_has_a_defect() -> None:
    assert list(dict.fromkeys(defect.rule for defect in DEFECTS)) == [rule.id for rule in RULES]
