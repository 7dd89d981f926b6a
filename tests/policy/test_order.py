"""Rung 7: what a running workload needs exists before it starts and goes after it ends."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

import app
from patternbook import PatternStack
from tests.book import SCENARIOS, patterns_with
from tests.expected_failures import differences
from tests.policy.conftest import Templates
from tests.policy.ordering import Order


@pytest.mark.parametrize("pattern", app.PATTERNS, ids=lambda pattern: pattern.__name__)
class TestEveryPattern:
    def test_workloads_depend_on_what_they_need(self, pattern: type[PatternStack], templates: Templates) -> None:
        found = {
            (need.summary, f"{posture}, {options}: {need}")
            for posture, options in SCENARIOS
            if pattern in patterns_with(options)
            for need in Order(templates(posture, options)[pattern.__name__]).findings()
        }
        unexpected = differences("order", pattern.__name__, {summary for summary, _ in found})
        details = [detail for summary, detail in sorted(found) if f"{pattern.__name__}: {summary}" in unexpected]
        assert not unexpected, "\n".join([*unexpected, *details])

    def test_every_function_has_a_log_group_of_the_stack(
        self, pattern: type[PatternStack], templates: Templates
    ) -> None:
        for posture, options in SCENARIOS:
            if pattern in patterns_with(options):
                assert Order(templates(posture, options)[pattern.__name__]).unlogged_functions() == set()

    def test_each_dependency_that_is_removed_is_a_finding(
        self, pattern: type[PatternStack], templates: Templates
    ) -> None:
        template = templates("production", "every option")[pattern.__name__]
        # References alone lead to the other needs.
        guarded = Order(without_depends_on(template, *template["Resources"])).findings()
        for name in {need.needed for need in guarded}:
            found = Order(without_depends_on(template, name)).findings()
            assert {need for need in guarded if need.needed == name} <= found


def test_workloads_of_a_pattern_need_things_of_each_kind(templates: Templates) -> None:
    kinds = {need.kind for need in Order(templates("production", "every option")["EcsEc2Stack"]).needs()}
    assert kinds == {
        *("routes", "public routes", "endpoints", "security group rules", "permissions", "resource policies"),
        *("listeners", "capacity", "mount targets"),
    }


def without_depends_on(template: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The template without these names in ``DependsOn``."""
    changed = copy.deepcopy(dict(template))
    for body in changed["Resources"].values():
        given = body.pop("DependsOn", [])
        body["DependsOn"] = [each for each in ([given] if isinstance(given, str) else given) if each not in names]
    return changed
