"""Every pattern in a known account and Region: it looks nothing up, and its template is the one for any environment."""

import json
import re
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from patternbook.app import add_stage
from patternbook.settings.stages import Stage
from tests.book import book_app, patterns_with, settings_of, stage_of, template_files
from tests.policy.conftest import Templates
from tests.policy.test_findings import Metadata, Report

ACCOUNT, REGION = "111122223333", "eu-west-1"
PINNED: Final = {"LambdaEdgeStack": "us-east-1"}
SCENARIOS = [("sandbox", "every option"), ("production", "defaults")]


def in_environment(template: Any, region: str) -> Any:
    """A template with values in place of references to account, Region and partition."""
    values = {
        "AWS::AccountId": ACCOUNT,
        "AWS::Region": region,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }
    # The logical id of a function's version ends with a hash of the function, to which the name of the bucket belongs.
    text = re.sub(r"(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}", r"\1", json.dumps(template))
    known = _known(json.loads(text), values)
    # In a known Region, CDK needs no mapping of what differs by Region or partition.
    return _looked_up(known, known.pop("Mappings", {}))


def _looked_up(value: Any, mappings: dict[str, Any]) -> Any:
    """A value with what a mapping has in place of each look-up."""
    if isinstance(value, list):
        return [_looked_up(each, mappings) for each in value]
    match value:
        case {"Fn::FindInMap": [name, first, second]}:
            return mappings[name][first][second]
        case {"Fn::Join": ["", list(parts)]}:
            return _joined([_looked_up(part, mappings) for part in parts])
        case dict():
            return {name: _looked_up(each, mappings) for name, each in value.items()}
        case other:
            return other


def _known(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_known(each, values) for each in value]
    if isinstance(value, str):
        return reduce(lambda text, name: text.replace(f"${{{name}}}", values[name]), values, value)
    if not isinstance(value, dict):
        return value
    match {name: _known(each, values) for name, each in value.items()}:
        case {"Effect": _, "Resource": list(resources), **others}:  # CDK sorts them by their text
            return {**others, "Resource": sorted(resources, key=json.dumps)}
        case {"Ref": str(name)} if name in values:
            return values[name]
        case {"Fn::Sub": str(text)} if "${" not in text:
            return text
        case {"Fn::Join": ["", list(parts)]}:
            return _joined(parts)
        case other:
            return other


def _joined(parts: list[Any]) -> Any:
    """Joins neighbouring texts. If nothing else is left, the text itself."""
    joined: list[Any] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return joined[0] if joined and len(joined) == 1 else {"Fn::Join": ["", joined]}


@pytest.mark.parametrize(("posture", "options"), SCENARIOS)
def test_a_known_environment(posture: str, options: str, templates: Templates, tmp_path: Path) -> None:
    """The stacks of the sandbox get it themselves; those of production get it from their stage."""
    book = book_app(Stage(settings={}), tmp_path, checked=False)
    stage = stage_of(posture, settings_of(posture, options))
    if stage.name:
        add_stage(book, patterns_with(options), replace(stage, account=ACCOUNT, region=REGION))
    else:
        for pattern in patterns_with(options):
            settings = stage.settings[pattern.__name__]
            pattern(
                book,
                pattern.__name__,
                settings=settings,
                posture=stage.posture,
                env=cdk.Environment(account=ACCOUNT, region=REGION),
            )
    cdk.Validations.of(book).add_plugins(AwsSolutionsChecks(book))
    book.synth()
    manifests = [json.loads(path.read_text(encoding="utf-8")) for path in tmp_path.rglob("manifest.json")]
    assert [each["missing"] for each in manifests if "missing" in each] == []
    written, expected = template_files(tmp_path), templates(posture, options)
    assert written.keys() == expected.keys()
    for stack, path in written.items():
        region = PINNED.get(stack, REGION)
        found = json.loads(path.read_text(encoding="utf-8"))
        assert in_environment(found, region) == in_environment(expected[stack], region), stack
    report = Report(tmp_path / "validation-report.json")
    assert Metadata(tmp_path).acknowledgements.keys() == report.acknowledged.keys()
