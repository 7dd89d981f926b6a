"""What is known of a template: intrinsic functions, worlds, and who waits for whom."""

from typing import Any

import pytest

from patternbook.rules.engine import ERROR, WARNING, check, rule
from patternbook.rules.template import (
    MAX_WORLDS,
    MISSING,
    UNKNOWN,
    Graph,
    Reference,
    Template,
    Text,
    Zone,
    resource_bodies,
    worlds,
)
from tests.rules.smallest import TODAY

SECTIONS: dict[str, Any] = {
    "Parameters": {
        "Free": {"Type": "String", "Default": "default"},
        "Fixed": {"Type": "String", "AllowedValues": ["only"]},
        "LookedUp": {"Type": "AWS::SSM::Parameter::Value<String>", "AllowedValues": ["/a"]},
        "Listed": {"Type": "CommaDelimitedList", "AllowedValues": ["a,b"]},
    },
    "Mappings": {"Sizes": {"small": {"cpu": 256}, "large": {"cpu": 1024}}},
}


def value(written: Any, *, region: str | None = None, world: dict[str, Any] | None = None, **sections: Any) -> Any:
    """What is known of a property."""
    document = {
        **SECTIONS,
        **sections,
        "Resources": {"Thing": {"Type": "X", "Properties": {"P": written}}, "Other": {"Type": "X"}},
    }
    template = Template(document, today=TODAY, region=region, world=world)
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
        ({"Fn::Sub": "${Other.Arn}:1"}, Text((Reference("Other", "Arn"), ":1"))),
        ({"Fn::Sub": ["${A}${B}", {"A": "a", "B": {"Ref": "Free"}}]}, Text(("a", UNKNOWN))),
        ({"Fn::Sub": "${Free"}, "${Free"),
        ({"Fn::Sub": 1}, UNKNOWN),
        ({"Fn::Join": ["-", ["a", {"Ref": "Fixed"}, 1]]}, "a-only-1"),
        ({"Fn::Join": ["", ["a", {"Fn::Join": ["", ["b", {"Ref": "Other"}]]}]]}, Text(("ab", Reference("Other")))),
        ({"Fn::Join": ["", []]}, ""),
        ({"Fn::Join": ["", {"Ref": "Listed"}]}, UNKNOWN),
        ({"Fn::Join": "x"}, UNKNOWN),
        ({"Fn::Select": [1, ["a", "b"]]}, "b"),
        ({"Fn::Select": ["0", {"Fn::Split": [",", "a,b"]}]}, "a"),
        ({"Fn::Select": [2, ["a", "b"]]}, UNKNOWN),
        ({"Fn::Select": [{"Ref": "Free"}, ["a"]]}, UNKNOWN),
        ({"Fn::Select": [-1, ["a"]]}, UNKNOWN),
        ({"Fn::Select": ["9" * 5000, ["a"]]}, UNKNOWN),
        ({"Fn::Base64": {"Fn::Sub": "a ${Other} ${Free}"}}, Text((UNKNOWN, Reference("Other")))),
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
def test_what_an_intrinsic_function_gives(written: Any, known: Any) -> None:
    assert value(written) == known


def test_the_region_is_known_where_somebody_says_it() -> None:
    assert value({"Fn::Sub": "${AWS::Region}a"}, region="eu-west-1") == "eu-west-1a"


def test_a_property_of_what_is_unknown_is_unknown_and_of_what_is_not_there_not_there() -> None:
    resources = {"Thing": {"Type": "X", "Properties": {"P": {"Ref": "Free"}, "L": ["a", {"Ref": "Free"}], "S": "s"}}}
    thing = Template({**SECTIONS, "Resources": resources}, today=TODAY).resources["Thing"]
    assert thing["P"]["Q"].unknown
    assert thing["N"]["Q"].missing
    assert thing["S"]["Q"].unknown, "a text where an object should be is for others to find"
    assert not thing["L"].whole_list
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
def test_numbers_and_flags_may_be_texts(written: Any, number: Any, flag: Any, text: Any) -> None:
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


def seen(document: dict[str, Any], region: str | None = None) -> set[tuple[Any, bool]]:
    """In all worlds: a property that one condition decides on, and whether there is a resource with another."""
    found = set()
    for world in worlds(document, region):
        template = Template(document, today=TODAY, region=region, world=world)
        found.add((template.resources["Always"]["P"].value, "Sometimes" in template.resources))
    return found


EMPTY = {"Fn::Equals": [{"Ref": "Stage"}, ""]}
SAME = {"Fn::Equals": [{"Ref": "Stage"}, {"Ref": "Other"}]}
IMPORTED = {"Fn::ImportValue": "stage"}
EQUALS = {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}


@pytest.mark.parametrize(
    ("parameter", "conditions", "expected"),
    [
        # Two conditions on one parameter agree in every world.
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
        # What no parameter answers can be both, but is the same wherever it is asked.
        (
            {},
            {key: {"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Stage"}]}, ""]} for key in "AB"},
            {("yes", True), (MISSING, False)},
        ),
        # Literals are equal or not.
        ({}, {"A": {"Fn::Equals": ["a", "a"]}, "B": {"Fn::Equals": [1, "2"]}}, {("yes", False)}),
        # Two parameters, of which nobody knows, are the same or not, and a condition and its negation do not both hold.
        (
            {},
            {"A": SAME, "B": {"Fn::Equals": [{"Ref": "Other"}, {"Ref": "Stage"}]}},
            {("yes", True), (MISSING, False)},
        ),
        ({}, {"A": SAME, "B": {"Fn::Not": [{"Condition": "A"}]}}, {("yes", False), (MISSING, True)}),
        # A value that nobody knows is one thing at a time.
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
        # What the template itself knows.
        ({}, {key: {"Fn::Equals": [{"Fn::Join": ["", ["a", "b"]]}, "ab"]} for key in "AB"}, {("yes", True)}),
        # What CloudFormation refuses.
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
def test_worlds_are_what_parameters_can_be(
    parameter: dict[str, Any], conditions: dict[str, Any], expected: set[tuple[Any, bool]]
) -> None:
    assert seen(conditional(parameter, **conditions)) == expected


def test_a_known_region_is_the_only_world() -> None:
    here = {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    document = conditional({}, A=here, B=here)
    assert seen(document) == {("yes", True), (MISSING, False)}
    assert seen(document, region="us-east-1") == {("yes", True)}
    assert seen(document, region="eu-west-1") == {(MISSING, False)}


def test_there_are_not_more_worlds_than_one_can_look_at() -> None:
    names = [f"P{index}" for index in range(40)]
    document = {
        "Parameters": {name: {"Type": "String", "Default": "no"} for name in names},
        "Conditions": {name: {"Fn::Equals": [{"Ref": name}, "yes"]} for name in names},
        "Resources": {},
    }
    found = worlds(document)
    assert len(found) == MAX_WORLDS
    assert "yes" not in found[0].values(), "the defaults come first"


def test_who_waits_for_whom() -> None:
    resources = {
        "A": {"Type": "X", "DependsOn": "B", "Properties": {"P": {"Fn::Sub": "${C.Arn}-${!D}"}}},
        "B": {"Type": "X", "DependsOn": ["E"], "Properties": {"P": [{"Fn::GetAtt": ["F", "Arn"]}]}},
        "C": {"Type": "X", "Properties": {"P": {"Fn::If": ["X", {"Ref": "G"}, {"Ref": "A"}]}}},
        **{name: {"Type": "X"} for name in "DEFGH"},
    }
    graph = Graph(resource_bodies({"Resources": resources}))
    assert graph.before("A") == set("ABCEFG"), "a circle does not go on for ever"
    assert graph.before("B") == {"E", "F"}
    assert graph.before("H") == set()


@rule("test-error", ERROR)
def _wrong(template: Template) -> Any:
    for each in template.of_type("X"):
        if each["P"].text == "yes":
            yield each["P"].problem("yes")


@rule("test-warning", WARNING)
def _doubtful(template: Template) -> Any:
    yield from _wrong.check(template)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"A": EQUALS, "B": EQUALS}, ["test-error"]),  # some choice avoids it: no warning
        ({"A": {"Fn::Equals": ["a", "a"]}, "B": EQUALS}, ["test-error", "test-warning"]),
        ({"A": {"Fn::Equals": ["a", "b"]}, "B": EQUALS}, []),
    ],
)
def test_an_error_counts_if_it_can_happen_and_a_warning_if_nothing_avoids_it(
    conditions: dict[str, Any], expected: list[str]
) -> None:
    found = check(conditional({}, **conditions), (_wrong, _doubtful), today=TODAY)
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
def test_an_error_counts_only_where_no_other_answer_excludes_it(changes: dict[str, Any], expected: bool) -> None:
    document = {**conditional({}, A=EQUALS, B=EQUALS), **changes}
    assert bool(check(document, (_wrong,), today=TODAY)) is expected


def test_an_element_has_the_same_path_in_every_world() -> None:
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
def test_nothing_is_said_of_what_a_macro_rewrites(transform: Any, expected: int) -> None:
    document = {"Transform": transform, "Resources": {"T": {"Type": "X", "Properties": {"P": "yes"}}}}
    assert len(check(document, (_wrong,), today=TODAY)) == expected
