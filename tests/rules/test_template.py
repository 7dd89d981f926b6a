"""The template as rules see it: intrinsic functions, properties and dependencies."""

from typing import Any

import pytest

from patternbook.rules.template import (
    MISSING,
    UNKNOWN,
    Dependencies,
    PartialText,
    Reference,
    Template,
    Zone,
    resource_bodies,
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


def test_resources_of_several_types_are_in_the_order_of_the_template() -> None:
    resources = {name: {"Type": name[0]} for name in ("X1", "Y1", "X2", "Z1")}
    template = Template({"Resources": resources}, today=TODAY)
    assert [each.id for each in template.of_type("Y", "X")] == ["X1", "Y1", "X2"]
    assert [each.id for each in template.of_type("X")] == ["X1", "X2"]
    assert template.of_type("W") == []


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
