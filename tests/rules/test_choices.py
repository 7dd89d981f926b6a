"""The values that a parameter allows, each tried alone where no condition asks for it."""

from typing import Any

import pytest

from patternbook.rules import RULES
from patternbook.rules.engine import check
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Template
from tests.rules.cases.base import TODAY

REF = {"Ref": "Size"}
SIZES = {"Type": "String", "AllowedValues": ["small", "bad", "large", "worse", "worst", "evil"]}
OTHER = {"Fn::Equals": [{"Ref": "Other"}, "yes"]}
NO_OTHER = {"Fn::Not": [{"Condition": "Other"}]}
BAD = "This is so with Size=bad, worse, worst or 1 other value."


@rule("test-size", ERROR)
def _is_bad(template: Template) -> Any:
    for thing in template.of_type("X"):
        if thing["P"].text in ("bad", "worse", "worst", "evil") and thing["Q"].text in (None, "bad"):
            yield thing["P"].problem(f"It is {thing['P'].text}.")


@rule("test-warning", WARNING)
def _is_bad_as_warning(template: Template) -> Any:
    yield from _is_bad.check(template)


def found(written: Any, parameter: Any = None, q: Any = "bad", **sections: Any) -> list[str]:
    """The messages for a property P that a parameter decides, beside a property Q."""
    document = {
        "Parameters": {"Size": parameter or SIZES, "Other": {"Type": "String"}, "Third": SIZES},
        "Resources": {"T": {"Type": "X", "Properties": {"P": written, "Q": q}}},
        **sections,
    }
    return [each.problem.message for each in check(document, (_is_bad, _is_bad_as_warning), today=TODAY)]


@pytest.mark.parametrize("written", [REF, {"Fn::Sub": "${Size}"}, {"Fn::FindInMap": ["Sizes", REF, "p"]}])
def test_each_allowed_value_is_tried_and_the_finding_names_those_that_fail(written: Any) -> None:
    mapped = {"Sizes": {each: {"p": each} for each in SIZES["AllowedValues"]}}
    assert found(written, Mappings=mapped) == [f"It is bad. {BAD}"]


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ({"AllowedValues": ["small", "worse"]}, ["It is worse. This is so with Size=worse."]),
        ({"AllowedValues": ["worse", "small", "bad"]}, ["It is worse. This is so with Size=worse or bad."]),
        ({"AllowedValues": ["small", "bad"], "AllowedPattern": "s.*"}, []),
        ({"AllowedValues": ["small", "bad"], "MinLength": 4}, []),
        ({"AllowedValues": ["small", "bad"], "Type": "CommaDelimitedList"}, []),
        ({"AllowedValues": ["small", "bad"], "Type": "AWS::SSM::Parameter::Value<String>"}, []),
        ({"AllowedValues": ["small", None, {}]}, []),
        ({"AllowedValues": "bad"}, []),
        ({"AllowedValues": ["small", *(f"v{number}" for number in range(2000)), "bad"]}, []),  # too many
        ({}, []),
    ],
)
def test_a_value_that_the_parameter_refuses_does_not_count(parameter: Any, expected: list[str]) -> None:
    assert found(REF, {"Type": "String", **parameter}) == expected


def test_a_default_that_fails_is_told_once() -> None:
    message = "It is bad. This is so with the default of the parameter Size."
    assert found(REF, {**SIZES, "Default": "bad"}) == [message, message]


def test_values_of_two_parameters_are_not_combined() -> None:
    assert found(REF, q={"Ref": "Third"}) == [f"It is bad. {BAD}"], "the rule finds it without Third, too"
    small = {"Type": "String", "AllowedValues": ["small", "bad"]}

    @rule("test-both", ERROR)
    def both(template: Template) -> Any:
        thing = template.resources["T"]
        if thing["P"].text == "bad" and thing["Q"].text == "bad":
            yield thing["P"].problem("Both are bad.")

    document = {
        "Parameters": {"One": small, "Two": small},
        "Resources": {"T": {"Type": "X", "Properties": {"P": {"Ref": "One"}, "Q": {"Ref": "Two"}}}},
    }
    assert check(document, (both,), today=TODAY) == []


def if_(condition: str, yes: Any, no: Any) -> dict[str, Any]:
    return {"Fn::If": [condition, yes, no]}


@pytest.mark.parametrize(
    ("written", "q", "conditions", "expected"),
    [
        # Whenever the value is used, it fails.
        (if_("Other", REF, "small"), "bad", {"Other": OTHER}, [f"It is bad. {BAD}"]),
        (if_("Other", "small", REF), "bad", {"Other": OTHER}, [f"It is bad. {BAD}"]),
        # The value fails beside one choice only, which may exclude it in practice.
        (REF, if_("Other", "bad", "good"), {"Other": OTHER}, []),
        (if_("Other", REF, "small"), if_("Other", "bad", "good"), {"Other": OTHER}, [f"It is bad. {BAD}"]),
        # The conditions may depend on each other, so the branch may be impossible.
        (
            if_("Both", REF, "small"),
            "bad",
            {"Other": OTHER, "Both": {"Fn::And": [{"Fn::Equals": [{"Fn::Sub": "${Other}x"}, "zx"]}, NO_OTHER]}},
            [],
        ),
        # A condition asks for one of the values: that is a scenario of its own, and the others are tried.
        (
            if_("Small", "good", REF),
            "bad",
            {"Small": {"Fn::Equals": [REF, "bad"]}},
            ["It is worse. This is so with Size=worse, worst or evil."],
        ),
        (
            if_("Small", "good", REF),
            "bad",
            {"Small": {"Fn::Or": [{"Fn::Equals": [REF, each]} for each in ("bad", "worse", "worst", "evil")]}},
            [],
        ),
        # Only a function of the parameter decides the condition.
        (REF, "bad", {"Other": {"Fn::Equals": [{"Fn::Join": ["", [REF, {"Ref": "Other"}]]}, "x"]}}, []),
    ],
)
def test_a_value_counts_if_it_fails_whenever_it_is_used(
    written: Any, q: Any, conditions: Any, expected: list[str]
) -> None:
    assert found(written, q=q, Conditions=conditions) == expected


def assertion(function: Any) -> dict[str, Any]:
    return {"Rules": {"R": {"Assertions": [{"Assert": function}]}}}


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ({"Fn::Contains": [["small", "bad"], REF]}, ["It is bad. This is so with Size=bad."]),
        ({"Fn::Not": [{"Fn::Contains": [["bad", "worse", "worst", "evil"], REF]}]}, []),
        ({"Fn::Or": [{"Fn::Equals": [REF, "small"]}, OTHER]}, []),  # it depends on the other parameter
        (OTHER, [f"It is bad. {BAD}"]),
    ],
)
def test_a_value_that_rules_refuse_does_not_count(function: Any, expected: list[str]) -> None:
    assert found(REF, **assertion(function)) == expected


def test_an_offered_runtime_that_has_ended_is_found() -> None:
    function = {"Runtime": REF, "Handler": "a.b", "Role": {"Ref": "Other"}, "Code": {"ZipFile": "x"}}
    runtimes = {"Type": "String", "AllowedValues": ["python3.14", "nodejs12.x"]}
    document = {
        "Parameters": {"Size": runtimes, "Other": {"Type": "String"}},
        "Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": function}},
    }
    [finding] = check(document, RULES, today=TODAY)
    assert finding.rule.id == "lambda-runtime-ended"
    assert finding.problem.message.endswith(" This is so with Size=nodejs12.x.")
