"""``make explain`` says of each resource of a template what it is for."""

from typing import Any

import pytest

from patternbook import Network
from tools.explain import Explained, Group, Resource, as_text, by_type, explained, first_sentence, main


@pytest.fixture(scope="module")
def production() -> Explained:
    return explained(patterns="EcrStack", stages="production")["production/EcrStack"]


def resource(logical_id: str, kind: str) -> Resource:
    return Resource(logical_id, kind, logical_id, "", {})


def test_every_resource_belongs_to_one_construct(production: Explained) -> None:
    ids = [each.logical_id for group in production.groups for each in group.resources]
    assert sorted(ids) == sorted(production.template["Resources"])


def test_the_innermost_construct_of_the_book_has_the_resource(production: Explained) -> None:
    constructs = {group.name: group.construct.__name__ for group in production.groups}
    assert constructs["Repository"] == "Repository", "a construct of the CDK that the stack uses directly"
    assert constructs["Findings"] == "NotificationTopic", "which has a topic of the CDK in it"


def test_a_construct_of_the_book_has_its_place_and_one_of_the_cdk_has_none(production: Explained) -> None:
    places = {group.name: group.source for group in production.groups}
    assert places["Repository"] is None
    file, line = places["Findings"] or ("", 0)
    assert file == "constructs/patternbook/monitoring/topic.py"
    assert line > 1


def test_the_text_has_the_purpose_of_each_construct_and_type(production: Explained) -> None:
    said = " ".join(as_text(production).split())
    for group in production.groups:
        assert f"{group.name}: {group.construct.__name__} (" in said
        assert group.purpose.endswith(".")
        assert group.purpose in said
        for each in group.resources:
            assert each.purpose in said


def test_resources_of_one_type_stand_together() -> None:
    mixed = [resource("a", "X"), resource("b", "Y"), resource("c", "X")]
    assert [(kind, [each.name for each in same]) for kind, same in by_type(mixed)] == [("X", ["a", "c"]), ("Y", ["b"])]


def test_an_alarm_says_what_has_happened_without_the_page() -> None:
    found = explained(patterns="WorkflowStack")["WorkflowStack"]
    alarms = [each for group in found.groups for each in group.resources if each.type == "AWS::CloudWatch::Alarm"]
    assert alarms
    assert all(each.says and "docs/" not in each.says for each in alarms)


@pytest.mark.parametrize(
    ("docstring", "said"),
    [
        ("A queue of :class:`~a.b.Work`. It holds ``items``.", "A queue of Work."),
        ("Keeps v1.2 of\na file.\n\nMore.", "Keeps v1.2 of a file."),
        ("No full stop", "No full stop"),
        (None, ""),
    ],
)
def test_the_first_sentence_of_a_docstring(docstring: Any, said: str) -> None:
    def documented() -> None:
        """Replaced."""

    documented.__doc__ = docstring
    assert first_sentence(documented) == said


def test_a_group_takes_the_sentence_of_its_class() -> None:
    assert Group("Network", Network, ()).purpose.startswith("A VPC ")


def test_an_unknown_stack_is_one_message() -> None:
    with pytest.raises(SystemExit, match=r'STACK must be a stack of the book, got .Ecr.\. Did you mean "EcrStack"'):
        main("Ecr")
