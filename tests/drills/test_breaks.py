"""What ``make prove`` breaks of each pattern: it exists, its alarm is promised, and AWS knows the calls."""

from collections.abc import Mapping
from datetime import datetime, timezone
from hashlib import md5
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
import pytest

import app
from patternbook.testing.drills.drilling import Stack as DrilledStack
from proving import breaking
from proving.bells import bell_named
from proving.breaking import Scene
from proving.breaks import BREAKS, Break, Unbroken, promise_of
from rehearsal.running import RehearsalError
from rehearsal.stack import Resource
from tests.deployed.answers import mistakes
from tests.drills.book import Templates
from tests.in_memory import DESCRIPTIONS

BROKEN = [name for name, each in BREAKS.items() if isinstance(each, Break)]
THEN = datetime(2026, 11, 29, tzinfo=timezone.utc)
ANSWERS: Mapping[str, Any] = {
    "ecs.list_tasks": {"taskArns": ["arn:aws:ecs:us-east-1:111122223333:task/cluster/1"]},
    "ecs.describe_services": {"services": [{"desiredCount": 0}]},
    "lambda.get_function_concurrency": {"ReservedConcurrentExecutions": 7},
    "s3.get_bucket_policy": {"Policy": "{}"},
    "s3.list_object_versions": {"Versions": [{"Key": "uploads/x", "VersionId": "1"}]},
    "stepfunctions.start_execution": {
        "executionArn": "arn:aws:states:us-east-1:111122223333:execution:x:y",
        "startDate": THEN,
    },
}
PUTS_BACK = {
    "ecs.update_service": {"desiredCount": 0},
    "lambda.put_function_concurrency": {"ReservedConcurrentExecutions": 7},
    "s3.put_bucket_policy": {"Policy": "{}"},
    "s3.delete_object": {"Key": "uploads/x", "VersionId": "1"},
}
"""The parameters of the last call of an operation that puts something right."""


class Calls:
    """Clients whose calls botocore validates, and nobody gets."""

    def __init__(self) -> None:
        core = botocore.session.Session()
        core.register_component("data_loader", DESCRIPTIONS)
        self._session = boto3.Session("x", "x", region_name="us-east-1", botocore_session=core)
        self._session.events.register("before-parameter-build", self._note)
        self._session.events.register("before-call", self._answer)
        self.made: list[tuple[str, dict[str, Any]]] = []

    def client(self, service: str) -> Any:
        return self._session.client(service)

    def _note(self, params: Any, model: Any, **_: Any) -> None:
        name = botocore.xform_name(model.name)
        self.made.append((f"{model.service_model.service_name}.{name}", dict(params)))

    def _answer(self, **_: Any) -> Any:
        operation = self.made[-1][0]
        answer = ANSWERS.get(operation, {})
        assert operation not in ANSWERS or not mistakes(operation, answer)
        return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": {}}


def test_every_pattern_says_what_is_broken() -> None:
    assert BREAKS.keys() == {pattern.__name__ for pattern in app.PATTERNS}
    assert [name for name, each in BREAKS.items() if isinstance(each, Unbroken)] == [
        "EcrStack",
        "DeployRoleStack",
    ]


@pytest.mark.parametrize("pattern", BROKEN)
def test_the_alarm_is_there_and_the_drill_rings_it_in_time(pattern: str, book: list[Templates]) -> None:
    broken = BREAKS[pattern]
    assert isinstance(broken, Break)
    promise = promise_of(pattern, broken)
    for templates in book:
        stack = DrilledStack(templates[pattern])
        if not stack.can(promise.event):
            continue
        rings = {ring.name: ring.minutes for ring in stack.rings(promise.event, minutes=promise.minutes)}
        assert 1 <= rings.get(broken.rings, 0) <= promise.minutes, f"{promise.event.title} rings {rings}"


@pytest.mark.parametrize("pattern", BROKEN)
def test_a_break_is_put_right_by_calls_that_aws_knows(
    pattern: str, book: list[Templates], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(breaking, "ask_for_page", asked.append)
    broken = BREAKS[pattern]
    assert isinstance(broken, Break)
    template = book[0][pattern]
    outputs = {name: "https://example.com" if name.endswith("Url") else "output" for name in template["Outputs"]}
    calls, ids = Calls(), Ids({name: name for name in template["Resources"]})
    scene = Scene(calls.client, ids, outputs)

    broken.undo(scene)
    changing = [name for name, _ in calls.made if not name.split(".")[1].startswith(("get", "list", "describe"))]
    assert not set(changing) & {"ecs.update_service", "lambda.put_function_concurrency", "s3.put_bucket_policy"}

    for _ in range(2):
        broken.do(scene)
    assert calls.made or asked
    calls.made.clear()
    broken.undo(scene)
    for operation, parameters in calls.made:
        expected = PUTS_BACK.get(operation, {})
        assert {name: parameters[name] for name in expected} == expected
    assert not scene.kept or broken.begins_after


class Ids(dict[str, str]):
    """The logical id for each construct path, as the CDK makes it; a path that no resource has is an error."""

    def __missing__(self, path: str) -> str:
        words = [part for part, _ in groupby(path.split("/")) if part != "Resource"]
        digest = md5(path.encode(), usedforsecurity=False).hexdigest()[:8].upper()
        name = "".join(words) + digest if "/" in path else path
        found = [each for each in self if each.startswith(name)]
        assert found, f"no resource has the path {path}"
        return found[0]


@pytest.mark.parametrize("pattern", BROKEN)
def test_the_alarm_is_found_by_its_path(pattern: str, book: list[Templates]) -> None:
    broken = BREAKS[pattern]
    assert isinstance(broken, Break)
    resources = book[0][pattern]["Resources"]
    path = f"Monitoring/{broken.rings}/Resource"
    kind = resources[Ids({name: name for name in resources})[path]]["Type"]
    found = bell_named(broken.rings, [Resource(path, kind, "physical")], None)
    assert found.name == "physical"
    with pytest.raises(RehearsalError, match=f"no alarm 'Nope'. It has {broken.rings}"):
        bell_named("Nope", [Resource(path, kind, "physical")], None)
