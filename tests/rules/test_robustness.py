"""Any input is read and checked, or refused, but nothing fails with another error."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patternbook.rules import RULES
from patternbook.rules.engine import check
from patternbook.rules.reading import TemplateError, _as_template, parse
from patternbook.rules.rule import Rule
from patternbook.rules.template import Resource, Template
from tests.rules.cases import CASES
from tests.rules.cases.base import changed


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    refused_or_checked(content)


@settings(deadline=None)
@given(st.text(alphabet="{}[]\"':,-&*!<|>?#%@`~ \n\tabRef0123.\\u\u2028é\x85", max_size=80))
def test_any_text_of_json_and_yaml_characters_is_read_or_refused(text: str) -> None:
    refused_or_checked(text.encode())
    refused_or_checked(b"Resources:\n  A:\n    Type: X\n    Properties:\n      P: " + text.encode())


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=4)
            | st.sampled_from(
                [
                    "Ref",
                    "Fn::Sub",
                    "Fn::Join",
                    "Fn::If",
                    "Fn::Select",
                    "Fn::GetAtt",
                    "Fn::Split",
                    "Fn::FindInMap",
                    "Fn::Cidr",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(values, values, values, values)
def test_any_json_is_checked(sections: Any, conditions: Any, properties: Any, metadata: Any) -> None:
    body = {"Type": "AWS::ECS::Service", "Properties": {"P": properties}, "DependsOn": sections, "Metadata": metadata}
    document = {
        "Resources": {"A": body, "B": {"Type": "X", "Condition": "C"}},
        "Conditions": {"C": conditions},
        "Parameters": sections,
        "Mappings": conditions,
        "Outputs": properties,
        "Transform": metadata,
    }
    refused_or_checked(json.dumps(document).encode())


@settings(deadline=None)
@given(st.sampled_from([(case, change) for case in CASES.values() for change in case.changes if change]), st.data())
def test_any_value_at_any_place_is_checked(chosen: tuple[Any, Any], data: st.DataObject) -> None:
    """The cases, with any value at the places that the rules look at."""
    case, change = chosen
    resources = changed(case.sound, change)
    for path in change:
        if "." in path:
            name, *keys = path.split(".")
            for length in range(1, len(keys) + 1):
                if data.draw(st.booleans()):
                    mutant = changed(resources, {".".join((name, *keys[:length])): data.draw(values)})
                    refused_or_checked(json.dumps({"Resources": mutant}).encode())


NONSENSE: list[Any] = [
    *(None, True, -1, 2.5, "", "x", [], {}, [None], [[]], [{}], {"a": {}}, ["x", 1], {"Ref": "Nobody"}),
    *({"Ref": "AWS::NoValue"}, {"Fn::If": ["C", [], {}]}, {"Fn::Sub": "${A}x"}, [{"Ref": "Nobody"}]),
]


@pytest.mark.parametrize("rule", CASES)
def test_nonsense_at_each_place_is_checked(rule: str) -> None:
    """Each value in a case is replaced by each kind of nonsense, one at a time.

    Only rules that read the resource with the nonsense are run, because the others do the same as without it.
    """
    case = CASES[rule]
    resources = changed(case.sound, case.changes[-1])
    readers = readers_of(resources)
    assert rule in {each.id for rules in readers.values() for each in rules}
    for path in places(resources):
        for value in NONSENSE:
            mutant = {"Resources": replaced(resources, path, value)}
            try:
                _as_template(mutant)
            except TemplateError:
                continue
            assert_checked(mutant, readers[path[0]])


def readers_of(resources: dict[str, Any]) -> dict[str, list[Rule]]:
    """The rules that read each resource, its properties or its dependencies."""

    read: set[str] = set()

    class Recorder(Template):
        """A template that records the resources whose properties a rule reads."""

        def _resource(self, name: str) -> Resource:
            read.add(name)
            return super()._resource(name)

    readers: dict[str, list[Rule]] = {name: [] for name in resources}
    for each in RULES:
        read.clear()
        template = Recorder({"Resources": resources}, today=LATER, region=REGION)
        list(each.check(template))
        for name in read | template.dependencies._direct.keys():
            readers[name].append(each)
    return readers


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for path in [path] if path] + [each for key, item in below for each in places(item, (*path, key))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


LATER, REGION = date(2030, 1, 1), "eu-west-1"
"""A date and a Region with which rules that depend on them read their resources, too."""


def refused_or_checked(content: bytes) -> None:
    try:
        document = parse(content).document
    except TemplateError:
        return
    assert_checked(document, RULES)


def assert_checked(document: dict[str, Any], rules: Sequence[Rule]) -> None:
    for finding in check(document, rules, today=LATER, region=REGION):
        assert finding.problem.message.endswith(".")
