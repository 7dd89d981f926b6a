"""The scenarios of a template, and the findings that count in some or all of them."""

import itertools
from typing import Any

import pytest

from patternbook.rules.engine import check
from patternbook.rules.rule import ADVICE, ERROR, WARNING, Severity, rule
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


def switches(number: int) -> dict[str, Any]:
    """A template with conditions on many parameters."""
    names = [f"P{index}" for index in range(number)]
    return {
        "Parameters": {name: {"Type": "String", "Default": "no"} for name in names},
        "Conditions": {name: {"Fn::Equals": [{"Ref": name}, "yes"]} for name in names},
        "Resources": {},
    }


def test_the_number_of_scenarios_is_limited() -> None:
    found = scenarios_of(switches(40))
    assert len(found) < 3 * MAX_SCENARIOS
    assert "yes" not in found[0].values(), "the defaults come first"


@pytest.mark.parametrize("number", [6, 7, 40])
def test_every_pair_of_values_occurs_in_a_scenario(number: int) -> None:
    found = scenarios_of(switches(number))
    for one, other in itertools.combinations(found[0], 2):
        assert len({(each[one], each[other]) for each in found}) == 4, (one, other)


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
        ({"Rules": {"R": {"Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "Other"}, "x"]}}]}}}, False),
        ({"Rules": {"R": {"Assertions": [{"Assert": {"Fn::Equals": ["a", "a"]}}]}}}, True),
        ({"Rules": {"R": {"Assertions": [{"Assert": {"Fn::Not": [EQUALS]}}]}}}, False),
        ({"Rules": {"R": {"RuleCondition": {"Fn::Not": [EQUALS]}, "Assertions": [{"Assert": EQUALS}]}}}, True),
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


def choices() -> dict[str, Any]:
    """A template with a property that two parameters decide."""
    names = ("One", "Two")
    return {
        "Parameters": {name: {"Type": "String", "AllowedValues": ["a", "b"], "Default": "a"} for name in names},
        "Conditions": {name: {"Fn::Equals": [{"Ref": name}, "b"]} for name in names},
    }


@rule("test-pair", ERROR)
def _both(template: Template) -> Any:
    thing = template.resources["T"]
    if thing["P"].text == thing["Q"].text == "bad":
        yield thing["P"].problem("bad.")


def if_(condition: str, yes: Any, no: Any) -> dict[str, Any]:
    return {"Fn::If": [condition, yes, no]}


@pytest.mark.parametrize(
    ("p", "q", "severity"),
    [
        (if_("One", "bad", "x"), if_("Two", "bad", "x"), ADVICE),  # two choices that may exclude each other
        (if_("One", "bad", "x"), if_("One", "bad", "x"), ERROR),
        (if_("One", "bad", "x"), "bad", ERROR),
        (if_("Both", "bad", "x"), "bad", ERROR),  # one condition of the template means the combination
        (if_("One", if_("Two", "bad", "x"), "x"), "bad", ERROR),  # so does one property
        (if_("One", "x", "bad"), if_("Two", "x", "bad"), ERROR),  # the defaults
    ],
)
def test_a_combination_that_nobody_wrote_is_advice(p: Any, q: Any, severity: Severity) -> None:
    document: dict[str, Any] = {**choices(), "Resources": {"T": {"Type": "X", "Properties": {"P": p, "Q": q}}}}
    if "Both" in str(p):
        document["Conditions"]["Both"] = {"Fn::And": [{"Condition": "One"}, {"Condition": "Two"}]}
    assert [each.severity for each in check(document, (_both,), today=TODAY)] == [severity]


DEFAULT = {"Type": "String", "Default": "yes"}


def with_default(written: Any = None, conditions: Any = None, **sections: Any) -> list[tuple[str, str]]:
    """The findings for a property that a parameter with the default "yes" decides."""
    document = {
        "Parameters": {"Stage": DEFAULT},
        "Conditions": conditions or {},
        "Resources": {"T": {"Type": "X", "Properties": {"P": written or {"Ref": "Stage"}}}},
        **sections,
    }
    found = check(document, (_says_yes, _says_yes_as_warning), today=TODAY)
    return [(each.severity.value, each.problem.message) for each in found]


BY_DEFAULT = "yes This is so with the default of the parameter Stage."
STAGE_IS_YES = {"Fn::Equals": [{"Ref": "Stage"}, "yes"]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [("error", BY_DEFAULT), ("warning", BY_DEFAULT)]),
        ({"written": {"Fn::Sub": "${Stage}"}}, [("error", BY_DEFAULT), ("warning", BY_DEFAULT)]),
        ({"Parameters": {"Stage": {"Type": "String", "AllowedValues": ["no", "on"], "Default": "yes"}}}, []),
        ({"Parameters": {"Stage": {**DEFAULT, "AllowedPattern": "n.*"}}}, []),
        ({"Parameters": {"Stage": {**DEFAULT, "MaxLength": 2}}}, []),
        ({"Parameters": {"Stage": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "yes"}}}, []),
        ({"Rules": {"R": {"Assertions": [{"Assert": {"Fn::Not": [STAGE_IS_YES]}}]}}}, []),
        ({"Rules": {"R": {"Assertions": [{"Assert": {"Fn::Contains": [["no"], {"Ref": "Stage"}]}}]}}}, []),
        (
            {"Rules": {"R": {"Assertions": [{"Assert": {"Fn::Contains": [["yes"], {"Ref": "Stage"}]}}]}}},
            [("error", BY_DEFAULT), ("warning", BY_DEFAULT)],
        ),
        # A condition on the parameter makes two scenarios, one of which has the default.
        ({"conditions": {"A": STAGE_IS_YES}}, [("error", "yes")]),
        # A function of the parameter decides the condition: only the scenario with all defaults is known.
        (
            {
                "written": {"Fn::If": ["A", {"Ref": "Stage"}, "no"]},
                "conditions": {"A": {"Fn::Equals": [{"Fn::Join": ["", ["a", {"Ref": "Stage"}]]}, "ayes"]}},
            },
            [("error", BY_DEFAULT)],
        ),
    ],
)
def test_a_default_is_a_value_unless_the_template_refuses_it(given: Any, expected: Any) -> None:
    assert with_default(**given) == expected


def test_a_default_that_avoids_a_warning_counts() -> None:
    @rule("test-absent", WARNING)
    def unless_no(template: Template) -> Any:
        yield from (each["P"].problem("not no") for each in template.of_type("X") if each["P"].text != "no")

    document = {
        "Parameters": {"Stage": {"Type": "String", "Default": "no"}},
        "Resources": {"T": {"Type": "X", "Properties": {"P": {"Ref": "Stage"}}}},
    }
    assert check(document, (unless_no,), today=TODAY) == []


def test_the_default_of_a_list_is_a_list() -> None:
    @rule("test-items", ERROR)
    def listed(template: Template) -> Any:
        yield from (each.problem(each.text or "") for each in template.resources["T"]["P"].items)

    document = {
        "Parameters": {"Items": {"Type": "CommaDelimitedList", "Default": "a, b"}},
        "Resources": {"T": {"Type": "X", "Properties": {"P": {"Ref": "Items"}}}},
    }
    messages = [each.problem.message for each in check(document, (listed,), today=TODAY)]
    assert [each.partition(" This")[0] for each in messages] == ["a", "b"]
