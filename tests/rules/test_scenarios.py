"""The scenarios of a template, and the findings that count in some or all of them."""

from typing import Any

import pytest

from patternbook.rules.engine import ERROR, WARNING, check, rule
from patternbook.rules.template import MAX_SCENARIOS, MISSING, UNKNOWN, Template, scenarios_of
from tests.rules.cases.base import TODAY


def conditional(parameter: dict[str, Any], **conditions: Any) -> dict[str, Any]:
    return {
        "Parameters": {"Stage": {"Type": "String", **parameter}, "Other": {"Type": "String"}},
        "Conditions": conditions,
        "Resources": {
            "Always": {"Type": "X", "Properties": {"P": {"Fn::If": ["A", "yes", {"Ref": "AWS::NoValue"}]}}},
            "Sometimes": {"Type": "X", "Condition": "B"},
        },
    }


def outcomes(document: dict[str, Any], region: str | None = None) -> set[tuple[Any, bool]]:
    """The value that condition A decides, and whether the resource of condition B exists, in each scenario."""
    found = set()
    for scenario in scenarios_of(document, region):
        template = Template(document, today=TODAY, region=region, scenario=scenario)
        found.add((template.resources["Always"]["P"].value, "Sometimes" in template.resources))
    return found


EMPTY = {"Fn::Equals": [{"Ref": "Stage"}, ""]}
SAME = {"Fn::Equals": [{"Ref": "Stage"}, {"Ref": "Other"}]}
IMPORTED = {"Fn::ImportValue": "stage"}
EQUALS = {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}


@pytest.mark.parametrize(
    ("parameter", "conditions", "expected"),
    [
        # Two conditions on one parameter agree in each scenario.
        ({}, {"A": EQUALS, "B": {"Fn::Not": [{"Condition": "A"}]}}, {("yes", False), (MISSING, True)}),
        (
            {},
            {"A": EQUALS, "B": {"Fn::Equals": ["dev", {"Ref": "Stage"}]}},
            {("yes", False), (MISSING, True), (MISSING, False)},
        ),
        (
            {"AllowedValues": ["prod", "dev"]},
            {"A": EQUALS, "B": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]}},
            {("yes", False), (MISSING, True)},
        ),
        ({"AllowedValues": ["dev"]}, {"A": EQUALS, "B": EQUALS}, {(MISSING, False)}),
        # A function that no parameter decides can be equal or not, but all conditions get the same answer.
        (
            {},
            {key: {"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Stage"}]}, ""]} for key in "AB"},
            {("yes", True), (MISSING, False)},
        ),
        # Literals are equal or not.
        ({}, {"A": {"Fn::Equals": ["a", "a"]}, "B": {"Fn::Equals": [1, "2"]}}, {("yes", False)}),
        # Two parameters are equal or not. A condition and its negation are never both true.
        (
            {},
            {"A": SAME, "B": {"Fn::Equals": [{"Ref": "Other"}, {"Ref": "Stage"}]}},
            {("yes", True), (MISSING, False)},
        ),
        ({}, {"A": SAME, "B": {"Fn::Not": [{"Condition": "A"}]}}, {("yes", False), (MISSING, True)}),
        # An unknown value equals one literal at a time.
        (
            {},
            {"A": {"Fn::Equals": [IMPORTED, "a"]}, "B": {"Fn::Equals": ["b", IMPORTED]}},
            {("yes", False), (MISSING, True), (MISSING, False)},
        ),
        (
            {},
            {"A": EQUALS, "B": {"Fn::Equals": [{"Fn::Sub": "${Stage}"}, "dev"]}},
            {("yes", False), (MISSING, True), (MISSING, False)},
        ),
        # The template itself has the answer.
        ({}, {key: {"Fn::Equals": [{"Fn::Join": ["", ["a", "b"]]}, "ab"]} for key in "AB"}, {("yes", True)}),
        # CloudFormation refuses some values of a parameter.
        ({"MinLength": 1}, {"A": EMPTY, "B": EMPTY}, {(MISSING, False)}),
        ({"MinLength": "5"}, {"A": EQUALS, "B": EQUALS}, {(MISSING, False)}),
        ({"MaxLength": 3}, {"A": EQUALS, "B": EQUALS}, {(MISSING, False)}),
        ({"MaxLength": float("inf")}, {"A": EQUALS, "B": EQUALS}, {("yes", True), (MISSING, False)}),
        ({"MaxLength": "x"}, {"A": EQUALS, "B": EQUALS}, {("yes", True), (MISSING, False)}),
        ({"AllowedPattern": "arn:.+"}, {"A": EMPTY, "B": EMPTY}, {(MISSING, False)}),
        ({"AllowedPattern": "(arn:.+)?"}, {"A": EMPTY, "B": EMPTY}, {("yes", True), (MISSING, False)}),
        ({"AllowedPattern": "(", "Default": ""}, {"A": EMPTY, "B": EMPTY}, {("yes", True), (MISSING, False)}),
        ({"AllowedPattern": "(?:|){60}x"}, {"A": EMPTY, "B": EMPTY}, {(MISSING, False)}),
        (
            {},
            {"A": {"Fn::Or": [EQUALS, {"Fn::Equals": ["a", "a"]}]}, "B": {"Fn::And": [EQUALS, {"Condition": "B"}]}},
            {("yes", True), ("yes", False)},
        ),
        ({}, {"A": "nonsense", "B": {"Fn::Equals": "nonsense"}}, {(UNKNOWN, True)}),
    ],
)
def test_scenarios_cover_the_values_of_parameters(
    parameter: dict[str, Any], conditions: dict[str, Any], expected: set[tuple[Any, bool]]
) -> None:
    assert outcomes(conditional(parameter, **conditions)) == expected


def test_a_given_region_leaves_one_scenario() -> None:
    here = {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    document = conditional({}, A=here, B=here)
    assert outcomes(document) == {("yes", True), (MISSING, False)}
    assert outcomes(document, region="us-east-1") == {("yes", True)}
    assert outcomes(document, region="eu-west-1") == {(MISSING, False)}


def test_the_number_of_scenarios_is_limited() -> None:
    names = [f"P{index}" for index in range(40)]
    document = {
        "Parameters": {name: {"Type": "String", "Default": "no"} for name in names},
        "Conditions": {name: {"Fn::Equals": [{"Ref": name}, "yes"]} for name in names},
        "Resources": {},
    }
    found = scenarios_of(document)
    assert len(found) == MAX_SCENARIOS
    assert "yes" not in found[0].values(), "the defaults come first"


@rule("test-error", ERROR)
def _says_yes(template: Template) -> Any:
    for each in template.of_type("X"):
        if each["P"].text == "yes":
            yield each["P"].problem("yes")


@rule("test-warning", WARNING)
def _says_yes_as_warning(template: Template) -> Any:
    yield from _says_yes.check(template)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"A": EQUALS, "B": EQUALS}, ["test-error"]),  # one scenario avoids it, so there is no warning
        ({"A": {"Fn::Equals": ["a", "a"]}, "B": EQUALS}, ["test-error", "test-warning"]),
        ({"A": {"Fn::Equals": ["a", "b"]}, "B": EQUALS}, []),
    ],
)
def test_one_scenario_makes_an_error_and_all_make_a_warning(conditions: dict[str, Any], expected: list[str]) -> None:
    found = check(conditional({}, **conditions), (_says_yes, _says_yes_as_warning), today=TODAY)
    assert [each.rule.id for each in found] == expected


HERE = {"Ref": "AWS::Region"}
IN_MAP = {"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "cpu"]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"Rules": {"R": {"Assertions": []}}}, False),
        ({"Conditions": {"A": SAME, "B": EQUALS}}, True),
        ({"Conditions": {"A": {"Fn::Equals": [IN_MAP, "256"]}, "B": {"Fn::Equals": [IN_MAP, "512"]}}}, True),
        ({"Conditions": {"A": {"Fn::Equals": [IN_MAP, "256"]}, "B": EQUALS}}, False),
        ({"Conditions": {"A": {"Fn::Equals": [IN_MAP, "256"]}, "B": SAME}}, False),
        ({"Conditions": {key: {"Fn::Equals": [{"Fn::FindInMap": ["M", HERE, key]}, "1"]} for key in "AB"}}, False),
    ],
)
def test_one_scenario_makes_no_error_if_it_may_be_impossible(changes: dict[str, Any], expected: bool) -> None:
    document = {**conditional({}, A=EQUALS, B=EQUALS), **changes}
    assert bool(check(document, (_says_yes,), today=TODAY)) is expected


def test_an_element_has_the_same_path_in_each_scenario() -> None:
    listed = [{"Fn::If": ["A", "no", {"Ref": "AWS::NoValue"}]}, "yes"]

    @rule("test-list", WARNING)
    def in_list(template: Template) -> Any:
        yield from (each.problem("yes") for each in template.resources["L"]["P"].items if each.text == "yes")

    document = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Conditions": {"A": EQUALS},
        "Resources": {"L": {"Type": "X", "Properties": {"P": listed}}},
    }
    assert [each.location for each in check(document, (in_list,), today=TODAY)] == ["P.1"]


@pytest.mark.parametrize(
    ("transform", "expected"),
    [("AWS::Serverless-2016-10-31", 1), (["AWS::LanguageExtensions"], 1), ("MyMacro", 0), ([{"Name": "MyMacro"}], 0)],
)
def test_a_template_with_a_macro_is_not_checked(transform: Any, expected: int) -> None:
    document = {"Transform": transform, "Resources": {"T": {"Type": "X", "Properties": {"P": "yes"}}}}
    assert len(check(document, (_says_yes,), today=TODAY)) == expected
