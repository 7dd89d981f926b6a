"""The patterns themselves: nothing is found in them, and each defect that is written into one is found, alone."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from patternbook.rules import RULES
from patternbook.rules.engine import check
from tests.rules.mutations import MUTATIONS, Mutation
from tests.rules.smallest import TODAY

Templates = dict[str, dict[str, Any]]


def found(document: dict[str, Any], *, today: date = TODAY, region: str | None = None) -> set[str]:
    return {each.rule.id for each in check(document, RULES, today=today, region=region)}


def test_nothing_is_found_in_any_pattern(templates: Templates) -> None:
    assert {name: ids for name, document in templates.items() if (ids := found(document))} == {}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{each.rule} {each.words}")
def test_a_defect_is_found_by_its_rule_alone(mutation: Mutation, templates: Templates) -> None:
    results = {}
    for name, document in templates.items():
        mutant = deepcopy(document)
        if mutation.mutate(mutant):
            results[name] = found(mutant, today=mutation.today, region=mutation.region)
    if not results:
        types = {body["Type"] for document in templates.values() for body in document["Resources"].values()}
        assert mutation.about not in types, "no pattern has what this is about"
        pytest.skip(f"no pattern has an {mutation.about}")
    assert {name: ids for name, ids in results.items() if ids != {mutation.rule}} == {}


def test_each_rule_has_a_defect() -> None:
    assert list(dict.fromkeys(mutation.rule for mutation in MUTATIONS)) == [rule.id for rule in RULES]
