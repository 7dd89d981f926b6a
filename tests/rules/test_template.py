"""The template as rules see it: intrinsic functions, scenarios and dependencies."""

from typing import Any

import pytest

from patternbook.rules.engine import ERROR, WARNING, check, rule
from patternbook.rules.template import (
    MAX_SCENARIOS,
    MISSING,
    UNKNOWN,
    Dependencies,
    PartialText,
    Reference,
    Template,
    Zone,
    resource_bodies,
    scenarios_of,
)
from tests.rules.cases.base import TODAY

SECTIONS: dict[str, Any] = {
    "Parameters": {
        "Free": {"Type": "String", "Default": "default"},
        "Fixed": {"Type": "String", "AllowedValues": ["only"]},
        "LookedUp": {"Type": "AWS::SSM::Parameter::Value<String>", "AllowedValues": ["/a"]},
        "Listed": {"Type": "CommaDelimitedList", "AllowedValues": ["a,b"]},
    },
    "Mappings": {"Sizes": {"small": {"cpu": 256}, "large": {"cpu": 1024}}},
}


def value(written: Any, *, region: str | None = None, scenario: dict[str, Any] | None = None, **sections: Any) -> Any:
    """The resolved value of a property."""
    document = {
        **SECTIONS,
        **sections,
        "Resources": {"Thing": {"Type": "X", "Properties": {"P": written}}, "Other": {"Type": "X"}},
    }
    template = Template(document, today=TODAY, region=region, scenario=scenario)
    return template.resources["Thing"]["P"].value


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("text", "text"),
        (5, 5),
        (None, None),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
        ({"Ref": "AWS::NoValue"}, MISSING),
        ({"Ref": "Free"}, UNKNOWN),  # a default is a choice
        ({"Ref": "Fixed"}, "only"),
        ({"Ref": "LookedUp"}, UNKNOWN),
        ({"Ref": "Listed"}, UNKNOWN),
        ({"Ref": "Nobody"}, UNKNOWN),
        ({"Ref": ["x"]}, UNKNOWN),
        ({"Ref": "AWS::Region"}, UNKNOWN),
        ({"Ref": "Other"}, Reference("Other")),
        ({"Fn::GetAtt": ["Other", "Arn"]}, Reference("Other", "Arn")),
        ({"Fn::GetAtt": "Other.Outputs.Arn"}, Reference("Other", "Outputs.Arn")),
        ({"Fn::GetAtt": ["Nobody", "Arn"]}, UNKNOWN),
        ({"Fn::GetAtt": ["Other", {"Ref": "Free"}]}, UNKNOWN),
        ({"Fn::GetAtt": 1}, UNKNOWN),
        ({"Fn::Sub": "a-${Fixed}"}, "a-only"),
        ({"Fn::Sub": "${!Literal} ${Fixed}"}, "${Literal} only"),
        ({"Fn::Sub": "${Other}"}, Reference("Other")),
        ({"Fn::Sub": "${Other.Arn}:1"}, PartialText((Reference("Other", "Arn"), ":1"))),
        ({"Fn::Sub": ["${A}${B}", {"A": "a", "B": {"Ref": "Free"}}]}, PartialText(("a", UNKNOWN))),
        ({"Fn::Sub": "${Free"}, "${Free"),
        ({"Fn::Sub": 1}, UNKNOWN),
        ({"Fn::Join": ["-", ["a", {"Ref": "Fixed"}, 1]]}, "a-only-1"),
        (
            {"Fn::Join": ["", ["a", {"Fn::Join": ["", ["b", {"Ref": "Other"}]]}]]},
            PartialText(("ab", Reference("Other"))),
        ),
        ({"Fn::Join": ["", []]}, ""),
        ({"Fn::Join": ["", {"Ref": "Listed"}]}, UNKNOWN),
        ({"Fn::Join": "x"}, UNKNOWN),
        ({"Fn::Select": [1, ["a", "b"]]}, "b"),
        ({"Fn::Select": ["0", {"Fn::Split": [",", "a,b"]}]}, "a"),
        ({"Fn::Select": [2, ["a", "b"]]}, UNKNOWN),
        ({"Fn::Select": [{"Ref": "Free"}, ["a"]]}, UNKNOWN),
        ({"Fn::Select": [-1, ["a"]]}, UNKNOWN),
        ({"Fn::Select": ["9" * 5000, ["a"]]}, UNKNOWN),
        ({"Fn::Base64": {"Fn::Sub": "a ${Other} ${Free}"}}, PartialText((UNKNOWN, Reference("Other")))),
        ({"Fn::Base64": "a"}, UNKNOWN),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, Zone(0, '""')),
        ({"Fn::Split": ["", "a"]}, UNKNOWN),
        ({"Fn::Split": [",", {"Ref": "Free"}]}, UNKNOWN),
        ({"Fn::FindInMap": ["Sizes", "small", "cpu"]}, 256),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Free"}, "cpu"]}, UNKNOWN),
        ({"Fn::FindInMap": ["Sizes", "huge", "cpu"]}, UNKNOWN),
        ({"Fn::ToJsonString": {"a": {"Ref": "Fixed"}}}, '{"a": "only"}'),
        ({"Fn::ToJsonString": {"a": {"Ref": "Other"}}}, UNKNOWN),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Cidr": ["10.0.0.0/8", 100000, 8]}, [f"10.0.{each}.0/24" for each in range(256)]),
        ({"Fn::Cidr": ["nonsense", 2, 8]}, UNKNOWN),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 99]}, UNKNOWN),
        ({"Fn::Cidr": ["10.0.0.0/16", float("inf"), 8]}, UNKNOWN),
        ({"Fn::ImportValue": "x"}, UNKNOWN),
        ({"Fn::Transform": {"Name": "M"}}, UNKNOWN),
        ({"a": 1, "Fn::ForEach::Loop": []}, UNKNOWN),
        ({"Fn::If": ["Nobody", "a", "b"]}, UNKNOWN),
        ({"Fn::If": ["Nobody", "a", "a"]}, "a"),
        ({"Fn::If": ["Nobody", True, 1]}, UNKNOWN),
        ("{{resolve:ssm:name}}", UNKNOWN),
        ({"Fn::Sub": "{{resolve:secretsmanager:${Other}}}"}, UNKNOWN),
    ],
)
def test_an_intrinsic_function_is_resolved(written: Any, known: Any) -> None:
    assert value(written) == known


def test_a_given_region_is_known() -> None:
    assert value({"Fn::Sub": "${AWS::Region}a"}, region="eu-west-1") == "eu-west-1a"


def test_a_member_of_an_unknown_value_is_unknown_and_of_a_missing_one_missing() -> None:
    resources = {"Thing": {"Type": "X", "Properties": {"P": {"Ref": "Free"}, "L": ["a", {"Ref": "Free"}], "S": "s"}}}
    thing = Template({**SECTIONS, "Resources": resources}, today=TODAY).resources["Thing"]
    assert thing["P"]["Q"].unknown
    assert thing["N"]["Q"].missing
    assert thing["S"]["Q"].unknown, "other tools report a text in place of an object"
    assert not thing["L"].fully_known
    assert thing["L"].texts is None
    assert thing["N"].texts == []
    assert thing["L"].items[1].path == ("L", 1)


@pytest.mark.parametrize(
    ("written", "number", "flag", "text"),
    [
        ("256", 256, None, "256"),
        (256, 256, None, "256"),
        ("true", None, True, "true"),
        (True, None, True, None),
        ("FALSE", None, False, "FALSE"),
        ("x", None, None, "x"),
        ("1" * 5000, float("inf"), None, "1" * 5000),
        ([], None, None, None),
    ],
)
def test_a_number_or_boolean_can_be_a_text(written: Any, number: Any, flag: Any, text: Any) -> None:
    template = Template({"Resources": {"T": {"Type": "X", "Properties": {"P": written}}}}, today=TODAY)
    node = template.resources["T"]["P"]
    assert (node.number, node.flag, node.text) == (number, flag, text)


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
    """In each scenario the value that condition A decides, and whether the resource of condition B exists."""
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


def test_resources_of_several_types_are_in_the_order_of_the_template() -> None:
    resources = {name: {"Type": name[0]} for name in ("X1", "Y1", "X2", "Z1")}
    template = Template({"Resources": resources}, today=TODAY)
    assert [each.id for each in template.of_type("Y", "X")] == ["X1", "Y1", "X2"]
    assert [each.id for each in template.of_type("X")] == ["X1", "X2"]
    assert template.of_type("W") == []


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


def test_dependencies_follow_dependson_and_references() -> None:
    resources = {
        "A": {"Type": "X", "DependsOn": "B", "Properties": {"P": {"Fn::Sub": "${C.Arn}-${!D}"}}},
        "B": {"Type": "X", "DependsOn": ["E"], "Properties": {"P": [{"Fn::GetAtt": ["F", "Arn"]}]}},
        "C": {"Type": "X", "Properties": {"P": {"Fn::If": ["X", {"Ref": "G"}, {"Ref": "A"}]}}},
        **{name: {"Type": "X"} for name in "DEFGH"},
    }
    dependencies = Dependencies(resource_bodies({"Resources": resources}))
    assert dependencies.of("A") == set("ABCEFG"), "a circle ends"
    assert dependencies.of("B") == {"E", "F"}
    assert dependencies.of("H") == set()


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
