"""Each line of the study notes is shown by a template, a test or a rule of this book, as docs/notes.md says."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import app
from patternbook.rules import EVERY_RULE
from patternbook.testing.reading import Reading
from patternbook.testing.synthesis import refusal, variant
from tests.book import Books
from tests.notes import ROOT, Line, Place, differences, ids_of, read
from tools.notes import PAGE, page

TOPICS = read()
LINES = [(topic, line) for topic, lines in TOPICS.items() for line in lines]
each_line = pytest.mark.parametrize(("topic", "line"), LINES, ids=[f"{topic}: {line.notes}" for topic, line in LINES])
PATTERNS = {pattern.__name__: pattern for pattern in app.PATTERNS}

Templates = Callable[[Place], Reading]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, books: Books) -> Templates:
    """The template of a place. Stacks of the sandbox with default settings are those of the whole book."""

    @cache
    def make(stack: str, stage: str, settings: str) -> Reading:
        given = yaml.safe_load(settings)
        if stage == "sandbox" and not given:
            [found] = [each for each in books("sandbox", "defaults").node.children if isinstance(each, PATTERNS[stack])]
            return Reading(found)
        return Reading(variant(PATTERNS[stack], tmp_path_factory.mktemp("notes"), posture=stage, **given))

    return lambda place: make(place.stack, place.stage, yaml.safe_dump(place.settings))


@pytest.fixture(scope="module")
def collected(request: pytest.FixtureRequest) -> set[str]:
    """The tests of the list that pytest collects. Another process collects those that are not in this session."""
    asked = {test for _, line in LINES for test in line.tests}
    found = asked & ids_of(request.session)
    return found | collect(asked - found, ROOT)


def collect(asked: set[str], folder: Path) -> set[str]:
    """Those of the tests that pytest collects in a folder, by another process."""
    answer = subprocess.run(
        [sys.executable, "-m", "tests.notes", *sorted(asked)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return set(answer.stdout.splitlines())


@each_line
def test_it_is_shown(topic: str, line: Line, template: Templates, collected: set[str]) -> None:
    assert line.places or line.tests, f"{topic}: {line.notes}: name a place or a test that shows it"
    for place in line.places:
        assert place.has or place.lacks or place.refuses
        if place.has or place.lacks:
            assert differences(place, template(place)) == [], place.stack
        if place.refuses:
            found = refusal(PATTERNS[place.stack], posture=place.stage, **place.settings)
            assert found.keys() == place.refuses.keys()
            assert [part for name, part in place.refuses.items() if part not in found[name]] == [], found
    assert [test for test in line.tests if test not in collected] == [], "pytest does not run these tests"
    assert [rule for rule in line.rules if rule not in {each.id for each in EVERY_RULE}] == [], "there is no such rule"


def test_no_line_is_there_twice() -> None:
    lines = [(topic, line.notes) for topic, line in LINES]
    assert sorted(lines) == sorted(set(lines))
    shown = [(topic, line.model_dump_json(exclude={"notes"})) for topic, line in LINES]
    assert sorted(shown) == sorted(set(shown)), "two lines are shown by the same"


def test_every_pattern_shows_a_line() -> None:
    beyond_the_notes = {"DeployRoleStack"}
    assert {place.stack for _, line in LINES for place in line.places} == PATTERNS.keys() - beyond_the_notes


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Write the page again: python -m tools.notes > docs/notes.md"


class TestTheList:
    """A changed property, a renamed test and a skipped test are noticed."""

    @pytest.mark.parametrize(
        ("has", "says"),
        [
            ({"AWS::ECS::Service": {}}, "AWS::ECS::Service: there must be one"),
            (
                {"AWS::ECR::Repository": {"ImageTagMutability": "MUTABLE"}},
                "AWS::ECR::Repository: ImageTagMutability must be 'MUTABLE', but is 'IMMUTABLE'",
            ),
            (
                {"AWS::ECR::Repository": {"ImageScanningConfiguration": {"ScanOnPush": "true"}}},
                "AWS::ECR::Repository: ImageScanningConfiguration.ScanOnPush must be 'true', but is True",
            ),
            (
                {"AWS::ECR::Repository": {"ImageTagMutability": None}},
                "AWS::ECR::Repository: ImageTagMutability must be None, but is 'IMMUTABLE'",
            ),
            (
                {"AWS::ECR::Repository": {"LifecyclePolicy": {"LifecyclePolicyText": '*"countNumber":15*'}}},
                "AWS::ECR::Repository: LifecyclePolicy.LifecyclePolicyText must be ",
            ),
            (
                {"AWS::Events::Rule": {"EventPattern": {"source": ["aws.ecs"]}}},
                "AWS::Events::Rule: EventPattern.source must contain 'aws.ecs', but is ['aws.ecr']",
            ),
        ],
    )
    def test_another_property_is_a_difference(self, template: Templates, has: dict[str, Any], says: str) -> None:
        place = Place(stack="EcrStack", has=has)
        [found] = differences(place, template(place))
        assert found.startswith(says)

    def test_a_resource_that_must_not_be_there_is_a_difference(self, template: Templates) -> None:
        place = Place(stack="EcrStack", lacks=["AWS::ECR::Repository", "AWS::ECS::Service"])
        assert differences(place, template(place)) == ["AWS::ECR::Repository: there must be none"]

    def test_only_tests_that_run_are_collected(self, tmp_path: Path) -> None:
        (tmp_path / "test_it.py").write_text(
            "import pytest\n"
            "@pytest.mark.parametrize('number', [1, 2])\n"
            "def test_a(number): ...\n"
            "@pytest.mark.skip\n"
            "def test_b(): ...\n"
            "class TestC:\n"
            "    pytestmark = pytest.mark.xfail\n"
            "    def test_d(self): ...\n",
            encoding="utf-8",
        )
        tests = ("test_a", "test_a[2]", "test_a[3]", "test_b", "TestC::test_d", "test_renamed")
        asked = {f"test_it.py::{name}" for name in tests} | {"test_renamed.py::test_a"}
        assert collect(asked, tmp_path) == {"test_it.py::test_a", "test_it.py::test_a[2]"}
