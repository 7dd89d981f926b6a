"""Templates are read from JSON and YAML, or refused with one line."""

import json
from pathlib import Path

import pytest

from patternbook.rules import RULES
from patternbook.rules.engine import check
from patternbook.rules.reading import MAX_BYTES, MAX_DEPTH, TemplateError, parse, read
from patternbook.rules.template import Template
from tests.rules.cases.base import TODAY

YAML = b"""\
# A comment
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Thing:
    Type: AWS::X
    Condition: IsIt
    Properties:
      Ref: !Ref Other
      Att: !GetAtt Other.Outputs.Arn
      AttList: !GetAtt [Other, Arn]
      Sub: !Sub "${Other}-x"
      SubList: !Sub ["${A}", {A: 1}]
      Join: !Join [":", [a, !Ref Other]]
      If: !If [IsIt, !Ref Other, !Ref AWS::NoValue]
      Zone: !Select [0, !GetAZs ""]
      Account: 012345678901
      Octal: 0777
      Time: 22:22
      Date: 2026-11-25
      Number: 256
      Float: 1.5
      Text: "256"
      Yes: yes
      Off: off
      Null:
      Tilde: ~
      Tagged: !!str 5
      Block: |
        a
        b
  "Other":
    Type: AWS::Y
"""
READ = {
    "Ref": {"Ref": "Other"},
    "Att": {"Fn::GetAtt": ["Other", "Outputs.Arn"]},
    "AttList": {"Fn::GetAtt": ["Other", "Arn"]},
    "Sub": {"Fn::Sub": "${Other}-x"},
    "SubList": {"Fn::Sub": ["${A}", {"A": 1}]},
    "Join": {"Fn::Join": [":", ["a", {"Ref": "Other"}]]},
    "If": {"Fn::If": ["IsIt", {"Ref": "Other"}, {"Ref": "AWS::NoValue"}]},
    "Zone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
    "Account": "012345678901",
    "Octal": "0777",
    "Time": "22:22",
    "Date": "2026-11-25",
    "Number": 256,
    "Float": 1.5,
    "Text": "256",
    "true": True,
    "false": False,
    "null": None,
    "Tilde": None,
    "Tagged": "5",
    "Block": "a\nb\n",
}


def test_yaml_is_read_like_cloudformation_does() -> None:
    source = parse(YAML)
    assert source.document["Resources"]["Thing"]["Properties"] == READ
    assert source.document["AWSTemplateFormatVersion"] == "2010-09-09"
    assert source.lines == {"Thing": 4, "Other": 31}


def test_json_is_read_with_line_numbers() -> None:
    text = json.dumps({"Resources": {"A": {"Type": "X"}, 'B"\\': {"Type": "Y"}}}, indent=1)
    source = parse(b"\xef\xbb\xbf" + text.encode())
    assert source.document["Resources"] == {"A": {"Type": "X"}, 'B"\\': {"Type": "Y"}}
    assert source.lines == {"A": 3, 'B"\\': 6}


def test_aliases_and_merges_are_resolved() -> None:
    content = b"A: &a {Type: X, P: 1}\nResources:\n  B: *a\n  C:\n    <<: *a\n    P: 2\n"
    assert parse(content).document["Resources"] == {"B": {"Type": "X", "P": 1}, "C": {"Type": "X", "P": 2}}


def test_a_loop_of_the_language_extensions_is_accepted() -> None:
    parse(b'{"Resources": {"Fn::ForEach::Loop": ["x", ["a"], {}], "A": {"Type": "X"}}}')


LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    f"{chr(98 + each)}: &{chr(98 + each)} [{','.join(['*' + chr(97 + each)] * 10)}]\n".encode() for each in range(9)
)
REFUSED = [
    (b"", "nothing"),
    (b"\n\n# only a comment\n", "nothing"),
    (b"[]", "a list"),
    (b"- a\n- b\n", "a list"),
    (b"just text", "a text"),
    (b"42", "a single value"),
    (b"{}", "no Resources"),
    (b'{"name": "package", "version": "1.0.0"}', "no Resources"),
    (b'{"Resources": []}', "no Resources"),
    (b'{"Resources": {}}', "no Resources"),
    (b'{"Resources": {"A": []}}', "'A' has no Type"),
    (b'{"Resources": {"A": {"Type": 5}}}', "'A' has no Type"),
    (b'{"Resources": {"A": {"Type": "X", "Properties": []}}}', "the Properties of the resource 'A' must be an object"),
    (b'{"Resources": {"A": {"Type": "X"}', "not valid JSON: Expecting ',' delimiter in line 1"),
    (b'{"Resources": {"A": {"Type": "X"}}} more', "not valid JSON: Extra data"),
    (b'{"Resources": {"A": {"Type": "X",, }}}', "not valid JSON: Expecting property name"),
    (b'{"Resources": {"A": "}, ]", }', "not valid JSON"),
    (b'{"Resources": {"A": {"Type": "X", "Properties": {"P": NaN}}}}', "NaN"),
    (b'{"a": ' + b"9" * 5000 + b"}", "not valid JSON"),
    (b"\xff\xfe{\x00", "not UTF-8: byte 0 is 0xff"),
    (b"a: caf\xe9", "not UTF-8: byte 6 is 0xe9"),
    (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "deeper than 100"),
    (b"[" * 1_000_000, "deeper than 100"),
    (b'{"a":' + b"[" * 1_000_000, "deeper than 100"),
    (b"- " * 1_000, "deeper than 100"),
    (LAUGHS, "more than 1,000,000 values"),
    (b"a: &a\n  b: *a\n", "the alias *a in line 2 has no anchor"),
    (b"a: *nobody\n", "the alias *nobody in line 1 has no anchor"),
    (b"a: b: c", "YAML: mapping values are not allowed in this context in line 1"),
    (b"a:\n\t- b\n", "YAML: found character that cannot start any token in line 2"),
    (b"a: \x00", "YAML"),
    (b"? [a]\n: b\n", "a key must be a text, got an object or a list in line 1"),
    (b"a: 1\n---\nb: 2\n", "one YAML document, got more than one"),
    (b"%TAG ! tag:example.com,2026:\n---\n- a", "a list"),
    (b"!Ref x", "Resources"),
    (b" " * (MAX_BYTES + 1), "larger than 5 MiB"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_garbage_is_refused_with_one_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "template"
    path.write_bytes(content)
    with pytest.raises(TemplateError) as caught:
        read(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_maximum_depth_is_read() -> None:
    depth = MAX_DEPTH - 4
    document = json.dumps(
        {"Resources": {"A": {"Type": "X", "Properties": json.loads('{"a":' * depth + "1" + "}" * depth)}}}
    )
    assert check(parse(document.encode()).document, RULES, today=TODAY) == []


@pytest.mark.parametrize(
    ("content", "notice"),
    [
        (b'{"Resources": {"A": {"Type": "X"}, "A": {"Type": "Y"}}}', "the key 'A' is twice in one object"),
        (b"Resources:\n  A: {Type: X}\n  A: {Type: Y}\n", "the key 'A' is twice in one object, in line 3"),
        (b'{"Resources": {"A": {"Type": "Y",},\n},}', "commas before the end of an object"),
    ],
)
def test_what_cloudformation_accepts_is_read_with_a_notice(content: bytes, notice: str) -> None:
    source = parse(content)
    assert source.document["Resources"] == {"A": {"Type": "Y"}}
    assert len(source.notices) == 1
    assert notice in source.notices[0]


def test_a_comma_before_a_bracket_in_a_text_stays() -> None:
    assert parse(b'{"Resources": {"A": {"Type": "a,}\\",]"},}}').document["Resources"] == {"A": {"Type": 'a,}",]'}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"Resources: {N: {Type: !Rain::Module ../vpc.yaml}}",
            "a template for Rain: 'N' includes a module; run 'rain pkg'",
        ),
        (b'{"Resources": {"N": {"Type": {"Rain::Module": "x"}}}}', "a template for Rain"),
        (b"Rain: {}\nResources: {A: {Type: X}}", "a template for Rain"),
        (b"apiVersion: v1\nkind: Service\n", "no Resources; it looks like a Kubernetes manifest"),
        (b'{"StartAt": "A", "States": {}}', "a definition of Step Functions"),
        (b"service: x\nprovider: {name: aws}\nresources: {Resources: {A: {Type: X}}}", "run 'serverless package'"),
        (b"services: {web: {image: x}}", "Docker Compose"),
        (b"version: 0.0\nResources: [{Service: {}}]", "an AppSpec of CodeDeploy"),
        (b'{"version": "48.0.0", "artifacts": {}}', "check its *.template.json"),
        (b'[{"ParameterKey": "A", "ParameterValue": "b"}]', "a list of parameters"),
        (b"{% if x %}\nResources: {A: {Type: X}}\n{% endif %}", "placeholders of a template engine such as Jinja"),
        (b"Resources:\n  A:\n    Type: X\n    Properties:\n{{ properties }}\n", "placeholders of a template engine"),
    ],
)
def test_the_message_says_what_a_file_is(content: bytes, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(content)
    assert message in str(caught.value)


@pytest.mark.parametrize("path", ["missing.yaml", "."])
def test_a_path_without_a_file_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(TemplateError):
        read(tmp_path / path)


def test_a_number_in_yaml_keeps_its_spelling_as_a_text() -> None:
    document = parse(b"Resources: {T: {Type: X, Properties: {Version: 1.30, Size: 1.50, Count: 7}}}").document
    thing = Template(document, today=TODAY).resources["T"]
    assert thing["Version"].text == "1.30"
    assert (thing["Size"].number, thing["Size"].value) == (1.5, 1.5)
    assert thing["Count"].text == "7"
    assert json.dumps(document["Resources"]["T"]["Properties"]) == '{"Version": 1.3, "Size": 1.5, "Count": 7}'


def test_a_number_as_a_key_is_a_text_and_no_boolean() -> None:
    assert parse(b"Resources: {T: {Type: X, Properties: {1: a, 0: b, yes: c}}}").document["Resources"]["T"][
        "Properties"
    ] == {"1": "a", "0": "b", "true": "c"}


def test_a_resource_can_be_included_from_another_file() -> None:
    included = {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://bucket/key"}}}
    document = parse(json.dumps({"Resources": {"R": included, "T": {"Type": "X"}}}).encode()).document
    template = Template(document, today=TODAY)
    assert list(template.resources) == ["T"]
    assert not template.complete
